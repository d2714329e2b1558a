package gateway

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

// The responses on the wire, byte by byte except for request IDs.
func TestWire(t *testing.T) {
	k := newKit(t)
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	post := func(service, body string) request {
		return request{method: "POST", path: "/", service: service, body: body, header: map[string]string{"Content-Type": formType}}
	}
	target := func(operation, body string) request {
		return request{method: "POST", path: "/", service: "logs", body: body,
			header: map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": operation}}
	}
	snsError := func(code, message string) string {
		return `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>Sender</Type><Code>` + code +
			`</Code><Message>` + message + `</Message></Error><RequestId>ID</RequestId></ErrorResponse>`
	}
	for name, c := range map[string]struct {
		request
		status      int
		contentType string
		body        string
	}{
		"list": {post("sns", "Action=ListTopics&Version=2010-03-31"), 200, "text/xml",
			`<ListTopicsResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListTopicsResult><Topics><member><TopicArn>` + topic.ARN +
				`</TopicArn></member></Topics></ListTopicsResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ListTopicsResponse>`},
		"empty list": {post("sns", "Action=ListSubscriptions&Version=2010-03-31"), 200, "text/xml",
			`<ListSubscriptionsResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><ListSubscriptionsResult><Subscriptions></Subscriptions></ListSubscriptionsResult>` +
				`<ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></ListSubscriptionsResponse>`},
		"by GET": {request{method: "GET", path: "/?Action=GetCallerIdentity&Version=2011-06-15", service: "sts"}, 200, "text/xml",
			`<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:iam::000000000000:user/developer</Arn>` +
				`<UserId>USER</UserId><Account>000000000000</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></GetCallerIdentityResponse>`},
		"not found": {post("sns", "Action=Publish&Version=2010-03-31&Message=a&TopicArn="+topic.ARN+"x"), 404, "text/xml", snsError("NotFound", "Topic does not exist")},
		"misspelled": {post("sns", "Action=ListTopics&Version=2010-03-31&Nexttoken=a"), 400, "text/xml",
			snsError("ValidationError", "1 validation error detected: ListTopics does not take the parameter &#39;Nexttoken&#39;; it takes NextToken")},
		"twice": {post("sns", "Action=ListTopics&Version=2010-03-31&NextToken=a&NextToken=b"), 400, "text/xml", snsError("MalformedInput", "Parameter NextToken is given 2 times")},
		"no action": {post("sns", ""), 400, "text/xml", snsError("InvalidAction", "Could not find operation  for version ; the local cloud serves "+
			"AddPermission, ConfirmSubscription, CreateTopic, DeleteTopic, GetSubscriptionAttributes, GetTopicAttributes, ListSubscriptions, ListSubscriptionsByTopic, "+
			"ListTagsForResource, ListTopics, Publish, PublishBatch, RemovePermission, SetSubscriptionAttributes, SetTopicAttributes, Subscribe, TagResource, "+
			"Unsubscribe, UntagResource of version 2010-03-31")},
		"unknown action": {post("sts", "Action=AssumeRoot&Version=2011-06-15"), 400, "text/xml",
			`<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type><Code>InvalidAction</Code><Message>` +
				`Could not find operation AssumeRoot for version 2011-06-15; the local cloud serves AssumeRole, GetCallerIdentity of version 2011-06-15</Message></Error><RequestId>ID</RequestId></ErrorResponse>`},
		"not a form": {request{method: "POST", path: "/", service: "sns", body: "{}", header: map[string]string{"Content-Type": "application/json"}}, 400, "text/xml",
			snsError("MalformedInput", "The Content-Type must be application/x-www-form-urlencoded, not &#34;application/json&#34;")},
		"unsigned": {request{method: "POST", path: "/", body: "Action=ListTopics"}, 403, "text/xml",
			snsError("MissingAuthenticationToken", "Request is missing Authentication Token")},

		"groups": {target("Logs_20140328.DescribeLogGroups", "{}"), 200, "application/x-amz-json-1.1", `{"logGroups":[]}`},
		"misspelled member": {target("Logs_20140328.GetLogEvents", `{"LogGroupName":"g"}`), 400, "application/x-amz-json-1.1",
			`{"__type":"ValidationException","message":"1 validation error detected: GetLogEvents does not take the parameter 'LogGroupName'; it takes logGroupName, ` +
				`logGroupIdentifier, logStreamName, startTime, endTime, limit, nextToken, startFromHead, unmask"}`},
		"not json": {target("Logs_20140328.DescribeLogGroups", "["), 400, "application/x-amz-json-1.1",
			`{"__type":"SerializationException","message":"The body is not a JSON object: unexpected end of JSON input"}`},
		"unknown target": {target("DynamoDB_20120810.PutItem", "{}"), 400, "application/x-amz-json-1.1",
			`{"__type":"UnknownOperationException","message":"Unknown operation DynamoDB_20120810.PutItem; the local cloud serves CreateLogGroup, CreateLogStream, DeleteLogGroup, DeleteRetentionPolicy, DescribeLogGroups, DescribeLogStreams, FilterLogEvents, GetLogEvents, PutLogEvents, PutRetentionPolicy of Logs_20140328"}`},
		"unsigned target": {request{method: "POST", path: "/", header: map[string]string{"X-Amz-Target": "Logs_20140328.GetLogEvents"}}, 400, "application/x-amz-json-1.1",
			`{"__type":"MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`},

		"functions": {request{method: "GET", path: "/2015-03-31/functions/", service: "lambda"}, 200, "application/json", `{"Functions":[]}`},
		"no function": {request{method: "GET", path: "/2015-03-31/functions/add/policy", service: "lambda"}, 404, "application/json",
			`{"Message":"Function not found: arn:aws:lambda:us-east-1:000000000000:function:add","Type":"User","message":"Function not found: arn:aws:lambda:us-east-1:000000000000:function:add"}`},
		"misspelled query": {request{method: "GET", path: "/2015-03-31/functions?maxItems=1", service: "lambda"}, 400, "application/json",
			lambdaError("1 validation error detected: ListFunctions does not take the parameter 'maxItems'; it takes Marker, MaxItems, FunctionVersion, MasterRegion")},
		"max items": {request{method: "GET", path: "/2015-03-31/functions?MaxItems=0", service: "lambda"}, 400, "application/json",
			lambdaError("1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value from 1 to 10000")},
		"unknown path": {request{method: "PATCH", path: "/2015-03-31/functions/add", service: "lambda"}, 404, "application/json",
			lambdaError("Unknown operation PATCH /2015-03-31/functions/add; the local cloud serves " + lambdaOperations().names())},
		"unsigned path":       {request{method: "GET", path: "/2015-03-31/functions"}, 403, "application/json", lambdaError("Request is missing Authentication Token")},
		"unsigned newer path": {request{method: "GET", path: "/2019-09-25/functions/add/event-invoke-config"}, 403, "application/json", lambdaError("Request is missing Authentication Token")},
		"wrong secret": {request{method: "GET", path: "/2015-03-31/functions", service: "lambda", keys: cloud.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "x"}}, 403, "application/json",
			lambdaError("The security token included in the request is invalid.")},
	} {
		status, header, body := send(t, c.build(t, k.url))
		id := header.Get("X-Amzn-Requestid")
		body = strings.ReplaceAll(body, id, "ID")
		if before, after, ok := strings.Cut(body, "<UserId>"); ok {
			_, after, _ = strings.Cut(after, "</UserId>")
			body = before + "<UserId>USER</UserId>" + after
		}
		if status != c.status || header.Get("Content-Type") != c.contentType || body != c.body || len(id) != 36 {
			t.Errorf("%s: %d %s, id %s\n got %s\nwant %s", name, status, header.Get("Content-Type"), id, body, c.body)
		}
	}
}

func lambdaError(message string) string {
	return `{"Message":"` + message + `","Type":"User","message":"` + message + `"}`
}

// A page in a browser must not control the local cloud, even if it could sign
// requests.
func TestPagesAreRefused(t *testing.T) {
	k := newKit(t)
	for name, change := range map[string]func(*http.Request){
		"origin":    func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:3000") },
		"preflight": func(r *http.Request) { r.Method = "OPTIONS"; r.Header.Set("Origin", "null") },
		"rebinding": func(r *http.Request) { r.Host = "rebound.example" },
	} {
		req := request{method: "GET", path: "/?Action=ListTopics&Version=2010-03-31", service: "sns"}.build(t, k.url)
		change(req)
		if status, _, body := send(t, req); status != 403 || !strings.Contains(body, "<Code>AccessDenied</Code>") {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestOtherErrorsAreInternalFailures(t *testing.T) {
	k := newKit(t)
	g := New(here, k.Services, k).(*gateway)
	c := g.newCall(httptest.NewRequest("GET", "/secret", nil))
	got := c.refusal(io.ErrUnexpectedEOF)
	if got.Code != "InternalFailure" || got.Status != 500 || strings.Contains(got.Message, "EOF") {
		t.Errorf("%+v", got)
	}
	if len(k.entries) != 1 || k.entries[0].Level != cloud.Warning || k.entries[0].Message != "GET /secret: unexpected EOF" {
		t.Errorf("%+v", k.entries)
	}
	if res := g.services["sns"].protocols[0].refuse(got, "id"); !strings.Contains(string(res.body), "<Type>Receiver</Type>") {
		t.Errorf("%s", res.body)
	}
}

// Invalid input leads to an error of AWS, never to an internal failure.
func FuzzForm(f *testing.F) {
	f.Add("Action=Publish&Version=2010-03-31&MessageAttributes.entry.1.Name=a&MessageAttributes.entry.1.Value.BinaryValue=AA==")
	f.Add("Action=PublishBatch&PublishBatchRequestEntries.member.2.Id=a&PublishBatchRequestEntries.member.1.MessageAttributes.entry.3.Name=b")
	f.Add("a=%zz&b;c")
	f.Fuzz(func(t *testing.T, body string) {
		r := httptest.NewRequest("POST", "/", nil)
		r.Header.Set("Content-Type", formType)
		form, err := readForm(&call{Request: r, body: []byte(body)})
		if err == nil {
			var in publishInput
			if err = form.decode("Publish", &in); err == nil {
				_, err = snsMessage(in.Message, in.Subject, in.Structure, in.GroupID, in.Attributes)
			}
		}
		if err != nil && cloud.ErrorCode(err) == "" {
			t.Errorf("%q: %v", body, err)
		}
	})
}

// The pages hold every item once, in order, whatever their size.
func FuzzPage(f *testing.F) {
	f.Add("a,b,c", 2, "")
	f.Add("", 1, "!")
	f.Fuzz(func(t *testing.T, list string, size int, token string) {
		items := slices.Compact(slices.Sorted(strings.FieldsFuncSeq(list, func(r rune) bool { return r == ',' }))) // no key is empty
		self := func(s string) string { return s }
		if size < 1 || size > 1000 {
			return
		}
		_, _, _ = page(items, token, size, self) // any token: no panic
		var all []string
		for token = ""; ; {
			some, next, ok := page(items, token, size, self)
			if !ok || len(some) > size {
				t.Fatalf("%d items of %d, %v", len(some), size, ok)
			}
			if all = append(all, some...); next == "" {
				break
			}
			token = next
		}
		if !slices.Equal(all, items) {
			t.Errorf("%q, want %q", all, items)
		}
	})
}

func FuzzDecodeJSON(f *testing.F) {
	f.Add([]byte(`{"logGroupName":"g","startTime":1,"limit":null}`))
	f.Add([]byte(`{"logGroupName":`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var in filterEventsInput
		if err := decodeJSON(body, "FilterLogEvents", &in); err != nil && cloud.ErrorCode(err) == "" {
			t.Errorf("%q: %v", body, err)
		}
	})
}

func TestListInForm(t *testing.T) {
	form := must(newForm(url.Values{"a.10.x": {"j"}, "a.2.x": {"b"}, "a.2.y.z": {"c"}, "ab.1.x": {"no"}, "a.x": {"no"}, "a.02.x": {"no"}, "a.-1.x": {"no"}, "a": {""}}))(t)
	list := form.root.find("a").items()
	if len(list) != 2 || list[0].find("x").value != "b" || list[0].find("y.z").value != "c" || list[1].find("x").value != "j" {
		t.Errorf("%v", list)
	}
}
