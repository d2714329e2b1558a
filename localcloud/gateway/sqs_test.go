package gateway

import (
	"fmt"
	"maps"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	snstypes "github.com/aws/aws-sdk-go-v2/service/sns/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// queues creates the queue work with the dead-letter queue dead, and returns their
// URLs.
func (k *kit) queues(t testing.TB) (work, dead string) {
	t.Helper()
	d := must(k.SQS.CreateQueue(sqs.Queue{Name: "dead", VisibilityTimeoutSeconds: 30, Tags: map[string]string{"a": "1", "b": "2"}}))(t)
	w := must(k.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30,
		RedrivePolicy: `{"deadLetterTargetArn":"` + d.ARN + `","maxReceiveCount":1}`}))(t)
	return w.URL, d.URL
}

// The SDK's client verifies the checksums that it receives.
func TestQueuesWithSDK(t *testing.T) {
	k := newKit(t)
	work, dead := k.queues(t)
	client := awssqs.NewFromConfig(k.config(developer))
	ctx := t.Context()

	if out := must(client.GetQueueUrl(ctx, &awssqs.GetQueueUrlInput{QueueName: aws.String("work")}))(t); *out.QueueUrl != work {
		t.Errorf("URL %s", *out.QueueUrl)
	}
	attributes := map[string]types.MessageAttributeValue{
		"s.one": {DataType: aws.String("String"), StringValue: aws.String("a&b é")},
		"b":     {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
	}
	sent := must(client.SendMessage(ctx, &awssqs.SendMessageInput{QueueUrl: &work, MessageBody: aws.String("<a & b>"), MessageAttributes: attributes,
		MessageSystemAttributes: map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=1")}}}))(t)
	batch := must(client.SendMessageBatch(ctx, &awssqs.SendMessageBatchInput{QueueUrl: &work, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("good"), MessageBody: aws.String("two"), MessageAttributes: attributes},
		{Id: aws.String("bad"), MessageBody: aws.String("three"), DelaySeconds: 901},
	}}))(t)
	if len(batch.Successful) != 1 || *batch.Successful[0].Id != "good" || len(batch.Failed) != 1 || *batch.Failed[0].Id != "bad" || !batch.Failed[0].SenderFault {
		t.Errorf("batch %+v", batch)
	}

	receive := func(url string, names ...string) []types.Message {
		return must(client.ReceiveMessage(ctx, &awssqs.ReceiveMessageInput{QueueUrl: &url, MaxNumberOfMessages: 10, MessageAttributeNames: names,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{"All"}}))(t).Messages
	}
	got := receive(work, "s.*")
	if len(got) != 2 || *got[0].MessageId != *sent.MessageId || *got[0].Body != "<a & b>" || got[0].Attributes["AWSTraceHeader"] != "Root=1" ||
		len(got[0].MessageAttributes) != 1 || *got[0].MessageAttributes["s.one"].StringValue != "a&b é" {
		t.Fatalf("received %+v", got)
	}
	must(client.ChangeMessageVisibility(ctx, &awssqs.ChangeMessageVisibilityInput{QueueUrl: &work, ReceiptHandle: got[0].ReceiptHandle}))(t)
	must(client.DeleteMessageBatch(ctx, &awssqs.DeleteMessageBatchInput{QueueUrl: &work, Entries: []types.DeleteMessageBatchRequestEntry{
		{Id: aws.String("a"), ReceiptHandle: got[1].ReceiptHandle}}}))(t)
	if again := receive(work); len(again) != 0 {
		t.Errorf("received %+v more than once", again)
	}
	letters := receive(dead, "All")
	if len(letters) != 1 || letters[0].Attributes["DeadLetterQueueSourceArn"] != "arn:aws:sqs:us-east-1:000000000000:work" ||
		string(letters[0].MessageAttributes["b"].BinaryValue) != "\x00\xff" {
		t.Fatalf("dead letters %+v", letters)
	}
	changed := must(client.ChangeMessageVisibilityBatch(ctx, &awssqs.ChangeMessageVisibilityBatchInput{QueueUrl: &dead,
		Entries: []types.ChangeMessageVisibilityBatchRequestEntry{{Id: aws.String("a"), ReceiptHandle: letters[0].ReceiptHandle, VisibilityTimeout: 9}}}))(t)
	if len(changed.Successful) != 1 {
		t.Errorf("changed %+v", changed)
	}
	must(client.DeleteMessage(ctx, &awssqs.DeleteMessageInput{QueueUrl: &dead, ReceiptHandle: letters[0].ReceiptHandle}))(t)
	must(client.PurgeQueue(ctx, &awssqs.PurgeQueueInput{QueueUrl: &dead}))(t)
	about := must(client.GetQueueAttributes(ctx, &awssqs.GetQueueAttributesInput{QueueUrl: &dead,
		AttributeNames: []types.QueueAttributeName{"QueueArn", "ApproximateNumberOfMessages", "Policy"}}))(t).Attributes
	if want := map[string]string{"QueueArn": "arn:aws:sqs:us-east-1:000000000000:dead", "ApproximateNumberOfMessages": "0"}; !reflect.DeepEqual(about, want) {
		t.Errorf("attributes %v", about)
	}
	if tags := must(client.ListQueueTags(ctx, &awssqs.ListQueueTagsInput{QueueUrl: &dead}))(t).Tags; !reflect.DeepEqual(tags, map[string]string{"a": "1", "b": "2"}) {
		t.Errorf("tags %v", tags)
	}
	if sources := must(client.ListDeadLetterSourceQueues(ctx, &awssqs.ListDeadLetterSourceQueuesInput{QueueUrl: &dead}))(t).QueueUrls; !reflect.DeepEqual(sources, []string{work}) {
		t.Errorf("sources %v", sources)
	}
}

func TestQueuesArePaged(t *testing.T) {
	k := newKit(t)
	for i := range 3 {
		must(k.SQS.CreateQueue(sqs.Queue{Name: fmt.Sprint("q", i)}))(t)
	}
	must(k.SQS.CreateQueue(sqs.Queue{Name: "other"}))(t)
	client := awssqs.NewFromConfig(k.config(developer))
	var got []string
	pages := awssqs.NewListQueuesPaginator(client, &awssqs.ListQueuesInput{QueueNamePrefix: aws.String("q"), MaxResults: aws.Int32(2)})
	for pages.HasMorePages() {
		got = append(got, must(pages.NextPage(t.Context()))(t).QueueUrls...)
	}
	base := k.url + "/000000000000/"
	if want := []string{base + "q0", base + "q1", base + "q2"}; !reflect.DeepEqual(got, want) {
		t.Errorf("queues %v", got)
	}
}

// Without MaxResults there is no second page.
func TestQueuesWithoutMaxResults(t *testing.T) {
	urls, next, err := queuePage(slices.Repeat([]sqs.Queue{{Name: "q"}}, 1001), "", nil)
	if len(urls) != 1000 || next != "" || err != nil {
		t.Errorf("%d queues, next page %q, %v", len(urls), next, err)
	}
}

// A role without permissions cannot read anything about queues.
func TestQueueReadsAreAuthorized(t *testing.T) {
	k := newKit(t)
	work, _ := k.queues(t)
	client := awssqs.NewFromConfig(k.config(k.role(t, nothing)))
	_, attributes := client.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{QueueUrl: &work})
	_, tags := client.ListQueueTags(t.Context(), &awssqs.ListQueueTagsInput{QueueUrl: &work})
	_, queues := client.ListQueues(t.Context(), nil)
	_, sources := client.ListDeadLetterSourceQueues(t.Context(), &awssqs.ListDeadLetterSourceQueuesInput{QueueUrl: &work})
	_, address := client.GetQueueUrl(t.Context(), &awssqs.GetQueueUrlInput{QueueName: aws.String("work")})
	for action, err := range map[string]error{
		"getqueueattributes": attributes, "listqueuetags": tags, "listqueues": queues, "listdeadlettersourcequeues": sources, "getqueueurl": address,
	} {
		if got := code(err); !strings.HasPrefix(got, "AccessDenied: ") || !strings.Contains(got, "is not authorized to perform: sqs:"+action+" on resource: ") {
			t.Errorf("%s: %s", action, got)
		}
	}
}

// The responses of both protocols, byte by byte.
func TestQueuesOnTheWire(t *testing.T) {
	k := newKit(t)
	work, _ := k.queues(t)
	json := func(operation, body string) request {
		return request{method: "POST", path: "/", service: "sqs", body: body,
			header: map[string]string{"Content-Type": "application/x-amz-json-1.0", "X-Amz-Target": "AmazonSQS." + operation}}
	}
	form := func(path string, pairs ...string) request {
		values := url.Values{"Version": {sqsVersion}}
		for i := 0; i < len(pairs); i += 2 {
			values.Set(pairs[i], pairs[i+1])
		}
		return request{method: "POST", path: path, service: "sqs", body: values.Encode(), header: map[string]string{"Content-Type": formType}}
	}
	response := func(operation, result string) string {
		return `<` + operation + `Response xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><` + operation + `Result>` + result + `</` + operation +
			`Result><ResponseMetadata><RequestId>ID</RequestId></ResponseMetadata></` + operation + `Response>`
	}
	failure := func(code, message string) string {
		return `<ErrorResponse xmlns="http://queue.amazonaws.com/doc/2012-11-05/"><Error><Type>Sender</Type><Code>` + code +
			`</Code><Message>` + message + `</Message></Error><RequestId>ID</RequestId></ErrorResponse>`
	}
	const noQueue = "AWS.SimpleQueueService.NonExistentQueue"
	for name, c := range map[string]struct {
		request
		status int
		older  string // X-Amzn-Query-Error
		body   string
	}{
		"URL":               {json("GetQueueUrl", `{"QueueName":"work"}`), 200, "", `{"QueueUrl":"` + work + `"}`},
		"empty":             {json("ReceiveMessage", `{"QueueUrl":"`+work+`"}`), 200, "", `{}`},
		"no queue":          {json("PurgeQueue", `{"QueueUrl":"`+work+`x"}`), 400, noQueue + ";Sender", `{"__type":"com.amazonaws.sqs#QueueDoesNotExist","message":"The specified queue does not exist."}`},
		"no body":           {json("SendMessage", `{"QueueUrl":"`+work+`"}`), 400, "MissingParameter;Sender", `{"__type":"com.amazonaws.sqs#MissingRequiredParameterException","message":"The request must contain the parameter MessageBody."}`},
		"too many":          {json("ReceiveMessage", `{"QueueUrl":"`+work+`","MaxNumberOfMessages":11}`), 400, "InvalidParameterValue;Sender", `{"__type":"com.amazonaws.sqs#InvalidParameterValueException","message":"Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."}`},
		"empty batch":       {json("DeleteMessageBatch", `{"QueueUrl":"`+work+`"}`), 400, "AWS.SimpleQueueService.EmptyBatchRequest;Sender", `{"__type":"com.amazonaws.sqs#EmptyBatchRequest","message":"There should be at least one DeleteMessageBatchRequestEntry in the request."}`},
		"misspelled member": {json("GetQueueUrl", `{"Queue":"work"}`), 400, "ValidationException;Sender", `{"__type":"com.amazonaws.sqs#ValidationException","message":"1 validation error detected: GetQueueUrl does not take the parameter 'Queue'; it takes QueueName, QueueOwnerAWSAccountId"}`},
		"unsigned": {request{method: "POST", path: "/", header: map[string]string{"X-Amz-Target": "AmazonSQS.ListQueues"}}, 403, "MissingAuthenticationToken;Sender",
			`{"__type":"com.amazonaws.sqs#MissingAuthenticationTokenException","message":"Request is missing Authentication Token"}`},

		"URL by form":      {form("/", "Action", "GetQueueUrl", "QueueName", "work"), 200, "", response("GetQueueUrl", `<QueueUrl>`+work+`</QueueUrl>`)},
		"queue as path":    {form("/000000000000/dead", "Action", "ListQueueTags"), 200, "", response("ListQueueTags", `<Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>b</Key><Value>2</Value></Tag>`)},
		"empty by form":    {form("/", "Action", "ReceiveMessage", "QueueUrl", work), 200, "", response("ReceiveMessage", "")},
		"no queue by form": {form("/", "Action", "PurgeQueue", "QueueUrl", work+"x"), 400, "", failure(noQueue, "The specified queue does not exist for this wsdl version.")},
		"misspelled by form": {form("/", "Action", "PurgeQueue", "Queueurl", work), 400, "",
			failure("ValidationError", "1 validation error detected: PurgeQueue does not take the parameter &#39;Queueurl&#39;; it takes QueueUrl")},
		"bare name": {form("/", "Action", "GetQueueAttributes", "QueueUrl", work, "AttributeName", "DelaySeconds"), 200, "",
			response("GetQueueAttributes", `<Attribute><Name>DelaySeconds</Name><Value>0</Value></Attribute>`)},
		"empty list": {form("/", "Action", "GetQueueAttributes", "QueueUrl", work, "AttributeName", ""), 200, "", response("GetQueueAttributes", "")},
		"not a number": {form("/", "Action", "GetQueueAttributes", "QueueUrl", work, "AttributeName.x", "All"), 400, "",
			failure("ValidationError", "1 validation error detected: GetQueueAttributes does not take the parameter &#39;AttributeName.x&#39;; it takes QueueUrl, AttributeName.N")},
		"misspelled inside": {json("SendMessageBatch", `{"QueueUrl":"`+work+`","Entries":[{"Id":"a","Messagebody":"b"}]}`), 400, "ValidationException;Sender",
			`{"__type":"com.amazonaws.sqs#ValidationException","message":"1 validation error detected: SendMessageBatch does not take the parameter 'Entries.Messagebody'; ` +
				`it takes Entries.Id, Entries.MessageBody, Entries.DelaySeconds, Entries.MessageGroupId, Entries.MessageAttributes, Entries.MessageSystemAttributes"}`},
		"wrong type": {json("SendMessage", `{"QueueUrl":"`+work+`","DelaySeconds":"1"}`), 400, "SerializationException;Sender",
			`{"__type":"com.amazonaws.sqs#SerializationException","message":"Parameter DelaySeconds: json: cannot unmarshal string into Go value of type int"}`},
		"no number": {form("/", "Action", "ReceiveMessage", "QueueUrl", work, "WaitTimeSeconds", "x"), 400, "",
			failure("MalformedInput", "Parameter WaitTimeSeconds: strconv.Atoi: parsing &#34;x&#34;: invalid syntax")},
		"batch by form": {form("/", "Action", "DeleteMessageBatch", "QueueUrl", work, "DeleteMessageBatchRequestEntry.1.Id", "a", "DeleteMessageBatchRequestEntry.1.ReceiptHandle", "x"), 200, "",
			response("DeleteMessageBatch", `<BatchResultErrorEntry><Id>a</Id><SenderFault>true</SenderFault><Code>ReceiptHandleIsInvalid</Code>`+
				`<Message>The input receipt handle &#34;x&#34; is not a valid receipt handle.</Message></BatchResultErrorEntry>`)},
	} {
		status, header, body := send(t, c.build(t, k.url))
		body = strings.ReplaceAll(body, header.Get("X-Amzn-Requestid"), "ID")
		if status != c.status || header.Get("X-Amzn-Query-Error") != c.older || body != c.body {
			t.Errorf("%s: %d %s\n got %s\nwant %s", name, status, header.Get("X-Amzn-Query-Error"), body, c.body)
		}
	}
}

// A message that was sent in one protocol is received in the other.
func TestMessageAcrossProtocols(t *testing.T) {
	k := newKit(t)
	work, _ := k.queues(t)
	values := url.Values{"Action": {"SendMessage"}, "Version": {sqsVersion}, "QueueUrl": {work}, "MessageBody": {"<m> é"},
		"MessageAttribute.1.Name": {"MyAttribute"}, "MessageAttribute.1.Value.DataType": {"String"}, "MessageAttribute.1.Value.StringValue": {"foobar"},
		"MessageAttribute.2.Name": {"b"}, "MessageAttribute.2.Value.DataType": {"Binary"}, "MessageAttribute.2.Value.BinaryValue": {"AP8="}}
	post := request{method: "POST", path: "/000000000000/work", service: "sqs", body: values.Encode(), header: map[string]string{"Content-Type": formType}}
	if status, _, body := send(t, post.build(t, k.url)); status != 200 {
		t.Fatalf("%d %s", status, body)
	}
	out := must(awssqs.NewFromConfig(k.config(developer)).ReceiveMessage(t.Context(),
		&awssqs.ReceiveMessageInput{QueueUrl: &work, MessageAttributeNames: []string{"All"}, VisibilityTimeout: 0}))(t)
	m := out.Messages[0]
	if *m.Body != "<m> é" || *m.MessageAttributes["MyAttribute"].StringValue != "foobar" || string(m.MessageAttributes["b"].BinaryValue) != "\x00\xff" {
		t.Errorf("received %+v", m)
	}
}

// A receiver names the message attributes and the system attributes that it wants.
func TestRequestedAttributes(t *testing.T) {
	k := newKit(t)
	queue := must(k.SQS.CreateQueue(sqs.Queue{Name: "visible"}))(t) // a received message stays visible
	client := awssqs.NewFromConfig(k.config(developer))
	value := types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String("v")}
	must(client.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &queue.URL, MessageBody: aws.String("m"),
		MessageAttributes: map[string]types.MessageAttributeValue{"a": value, "b.c": value, "b.d": value}}))(t)
	for _, c := range []struct {
		names string
		want  []string
	}{
		{"", nil}, {"All", []string{"a", "b.c", "b.d"}}, {".*", []string{"a", "b.c", "b.d"}}, {"*", []string{"a", "b.c", "b.d"}},
		{"b.*", []string{"b.c", "b.d"}}, {"a b.d", []string{"a", "b.d"}}, {"b", nil}, {"b*", nil}, {"x.*", nil},
	} {
		out := must(client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &queue.URL,
			MessageAttributeNames: strings.Fields(c.names)}))(t)
		if got := slices.Sorted(maps.Keys(out.Messages[0].MessageAttributes)); !slices.Equal(got, c.want) {
			t.Errorf("%q returns %q, want %q", c.names, got, c.want)
		}
	}
	for _, in := range []awssqs.ReceiveMessageInput{
		{AttributeNames: []types.QueueAttributeName{"SenderId", "ApproximateReceiveCount"}},
		{MessageSystemAttributeNames: []types.MessageSystemAttributeName{"SenderId", "ApproximateReceiveCount"}},
	} {
		in.QueueUrl = &queue.URL
		out := must(client.ReceiveMessage(t.Context(), &in))(t)
		if got := slices.Sorted(maps.Keys(out.Messages[0].Attributes)); !slices.Equal(got, []string{"ApproximateReceiveCount", "SenderId"}) {
			t.Errorf("received %q", got)
		}
	}
}

// A message's group travels from a standard topic to a standard queue.
func TestMessageGroups(t *testing.T) {
	k := newKit(t)
	queue := must(k.SQS.CreateQueue(sqs.Queue{Name: "fair", VisibilityTimeoutSeconds: 30, Policy: `{"Statement":{"Effect":"Allow",` +
		`"Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}}`}))(t)
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	must(k.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: queue.ARN}))(t)
	queues, topics := awssqs.NewFromConfig(k.config(developer)), awssns.NewFromConfig(k.config(developer))
	received := func() (groups []string) {
		for len(groups) < 3 {
			out := must(queues.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &queue.URL, MaxNumberOfMessages: 10, WaitTimeSeconds: 5,
				MessageSystemAttributeNames: []types.MessageSystemAttributeName{"MessageGroupId"}}))(t)
			for _, m := range out.Messages {
				groups = append(groups, m.Attributes["MessageGroupId"])
			}
		}
		slices.Sort(groups)
		return groups
	}

	must(queues.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &queue.URL, MessageBody: aws.String("m"), MessageGroupId: aws.String("a")}))(t)
	batch := must(queues.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &queue.URL, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("1"), MessageBody: aws.String("m"), MessageGroupId: aws.String("b")},
		{Id: aws.String("2"), MessageBody: aws.String("m"), MessageGroupId: aws.String("b c")},
		{Id: aws.String("3"), MessageBody: aws.String("m")}}}))(t)
	if len(batch.Failed) != 1 || *batch.Failed[0].Id != "2" {
		t.Errorf("failed %+v", batch.Failed)
	}
	if got := received(); !slices.Equal(got, []string{"", "a", "b"}) {
		t.Errorf("received %q from the queue", got)
	}

	must(topics.Publish(t.Context(), &awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("m"), MessageGroupId: aws.String("a")}))(t)
	must(topics.PublishBatch(t.Context(), &awssns.PublishBatchInput{TopicArn: &topic.ARN, PublishBatchRequestEntries: []snstypes.PublishBatchRequestEntry{
		{Id: aws.String("1"), Message: aws.String("m"), MessageGroupId: aws.String("b")}, {Id: aws.String("2"), Message: aws.String("m")}}}))(t)
	if got := received(); !slices.Equal(got, []string{"", "a", "b"}) {
		t.Errorf("received %q from the topic", got)
	}
}

// The trace of a request to SNS or SQS goes with the message, unless the message has
// one of its own.
func TestTraces(t *testing.T) {
	k := newKit(t)
	queue := must(k.SQS.CreateQueue(sqs.Queue{Name: "traced", VisibilityTimeoutSeconds: 30, Policy: `{"Statement":{"Effect":"Allow",` +
		`"Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}}`}))(t)
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	must(k.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: queue.ARN}))(t)
	traced := k.config(developer)
	traced.APIOptions = append(traced.APIOptions, smithyhttp.AddHeaderValue("X-Amzn-Trace-Id", "Root=1"))
	queues, topics := awssqs.NewFromConfig(traced), awssns.NewFromConfig(traced)
	own := map[string]types.MessageSystemAttributeValue{"AWSTraceHeader": {DataType: aws.String("String"), StringValue: aws.String("Root=2")}}
	unknown := map[string]types.MessageSystemAttributeValue{"SenderId": {DataType: aws.String("String"), StringValue: aws.String("me")}}

	must(queues.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &queue.URL, MessageBody: aws.String("one")}))(t)
	batch := must(queues.SendMessageBatch(t.Context(), &awssqs.SendMessageBatchInput{QueueUrl: &queue.URL, Entries: []types.SendMessageBatchRequestEntry{
		{Id: aws.String("1"), MessageBody: aws.String("two")},
		{Id: aws.String("2"), MessageBody: aws.String("own"), MessageSystemAttributes: own},
		{Id: aws.String("3"), MessageBody: aws.String("bad"), MessageSystemAttributes: unknown}}}))(t)
	if len(batch.Failed) != 1 || *batch.Failed[0].Id != "3" || *batch.Failed[0].Code != "InvalidParameterValue" {
		t.Errorf("failed %+v", batch.Failed)
	}
	must(awssqs.NewFromConfig(k.config(developer)).SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &queue.URL, MessageBody: aws.String("none")}))(t)
	must(topics.Publish(t.Context(), &awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("published")}))(t)
	must(topics.PublishBatch(t.Context(), &awssns.PublishBatchInput{TopicArn: &topic.ARN, PublishBatchRequestEntries: entries(1, nil)}))(t)

	got := map[string]int{}
	for range 6 {
		out := must(queues.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{QueueUrl: &queue.URL, WaitTimeSeconds: 5,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{"AWSTraceHeader"}}))(t)
		for _, m := range out.Messages {
			got[m.Attributes["AWSTraceHeader"]]++
		}
	}
	if want := map[string]int{"Root=1": 4, "Root=2": 1, "": 1}; !maps.Equal(got, want) {
		t.Errorf("traces %v, want %v", got, want)
	}
}

func FuzzQueueForm(f *testing.F) {
	f.Add("QueueUrl=u&SendMessageBatchRequestEntry.1.Id=a&SendMessageBatchRequestEntry.1.MessageAttribute.1.Name=n&SendMessageBatchRequestEntry.1.MessageAttribute.1.Value.BinaryValue=AP8%3D")
	f.Add("SendMessageBatchRequestEntry.2.DelaySeconds=1&SendMessageBatchRequestEntry.x=y&SendMessageBatchRequestEntry=")
	f.Fuzz(func(t *testing.T, body string) {
		values, err := url.ParseQuery(body)
		if err != nil {
			return
		}
		form, err := newForm(values)
		if err != nil {
			return
		}
		var in sendBatchInput
		switch err := form.decode("SendMessageBatch", &in); {
		case err != nil && cloud.ErrorCode(err) == "":
			t.Errorf("%q: %v", body, err)
		case err == nil && in.URL != values.Get("QueueUrl"):
			t.Errorf("%q became %+v", body, in)
		}
	})
}
