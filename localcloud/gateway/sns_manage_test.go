package gateway

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/sns"
)

// inbox is an HTTP endpoint that collects the messages that it receives.
func inbox(t *testing.T) (url string, messages chan map[string]any) {
	t.Helper()
	messages = make(chan map[string]any, 10)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var m map[string]any
		if err := json.NewDecoder(r.Body).Decode(&m); err != nil {
			t.Error(err)
		}
		messages <- m
	}))
	t.Cleanup(server.Close)
	return server.URL, messages
}

// visit follows a URL in a message, without a signature, and returns the response.
func visit(t *testing.T, url any) (int, string) {
	t.Helper()
	res := must(http.Get(url.(string)))(t)
	defer res.Body.Close()
	return res.StatusCode, string(must(io.ReadAll(res.Body))(t))
}

// The URLs in messages to an HTTP endpoint lead to the gateway, and need no signature.
func TestURLsInMessages(t *testing.T) {
	k := newKit(t)
	client := awssns.NewFromConfig(k.config(developer))
	ctx := t.Context()
	endpoint, messages := inbox(t)
	topic := must(client.CreateTopic(ctx, &awssns.CreateTopicInput{Name: aws.String("numbers")}))(t).TopicArn
	in := &awssns.SubscribeInput{TopicArn: topic, Protocol: aws.String("http"), Endpoint: &endpoint}
	if out := must(client.Subscribe(ctx, in))(t); *out.SubscriptionArn != "pending confirmation" {
		t.Error(*out.SubscriptionArn)
	}
	asked := <-messages
	in.ReturnSubscriptionArn = true
	sub := must(client.Subscribe(ctx, in))(t).SubscriptionArn
	<-messages
	if _, err := client.Unsubscribe(ctx, &awssns.UnsubscribeInput{SubscriptionArn: sub}); !strings.HasSuffix(code(err), "Cannot unsubscribe a subscription that is pending confirmation") {
		t.Error(code(err))
	}

	status, body := visit(t, asked["SigningCertURL"])
	if status != 200 || !strings.HasPrefix(body, "-----BEGIN CERTIFICATE-----\n") {
		t.Errorf("certificate: %d %s", status, body)
	}
	if status, body := visit(t, strings.Replace(asked["SigningCertURL"].(string), ".pem", "0.pem", 1)); status != 404 {
		t.Errorf("another certificate: %d %s", status, body)
	}
	if status, body := visit(t, asked["SubscribeURL"].(string)+"0"); status != 400 || !strings.Contains(body, "Invalid parameter: Token") {
		t.Errorf("another token: %d %s", status, body)
	}
	if status, body = visit(t, asked["SubscribeURL"]); status != 200 || !strings.Contains(body, "<ConfirmSubscriptionResult><SubscriptionArn>"+*sub+"</SubscriptionArn>") {
		t.Errorf("confirmation: %d %s", status, body)
	}
	must(client.Publish(ctx, &awssns.PublishInput{TopicArn: topic, Message: aws.String("1")}))(t)
	got := <-messages
	if got["Message"] != "1" {
		t.Error(got)
	}
	if status, body = visit(t, got["UnsubscribeURL"]); status != 200 {
		t.Errorf("%d %s", status, body)
	}
	if farewell := <-messages; farewell["Type"] != "UnsubscribeConfirmation" {
		t.Error(farewell)
	}
	if list := must(client.ListSubscriptions(ctx, nil))(t).Subscriptions; len(list) != 0 {
		t.Error(list)
	}
}

// Nothing else is possible without a signature, whatever a request contains besides such a
// URL.
func TestUnsignedRequestsAreRefused(t *testing.T) {
	k := newKit(t)
	topic := must(awssns.NewFromConfig(k.config(developer)).CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: aws.String("numbers")}))(t).TopicArn
	const confirm = "/?Action=ConfirmSubscription"
	form := map[string]string{"Content-Type": formType}
	for name, r := range map[string]request{
		"another operation": {method: "GET", path: "/?Action=DeleteTopic&Version=" + snsVersion + "&TopicArn=" + *topic},
		"in the body":       {method: "POST", path: confirm, header: form, body: "Action=DeleteTopic&Version=" + snsVersion + "&TopicArn=" + *topic},
		"a body of GET":     {method: "GET", path: "/?Action=Publish", header: form, body: "Action=ConfirmSubscription"},
		"another service":   {method: "GET", path: confirm, header: map[string]string{targetHeader: "AmazonSQS.ListQueues"}},
		"two operations":    {method: "GET", path: confirm + "&Action=DeleteTopic&TopicArn=" + *topic},
	} {
		status, _, body := send(t, r.build(t, k.url))
		if status != 403 && status != 400 {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
	if n := len(k.SNS.Topics()); n != 1 {
		t.Errorf("%d topics", n)
	}
	page := request{method: "GET", path: confirm + "&TopicArn=" + *topic + "&Token=t", header: map[string]string{"Sec-Fetch-Site": "cross-site"}}
	if status, _, body := send(t, page.build(t, k.url)); status != 403 {
		t.Errorf("an image in a web page: %d %s", status, body)
	}
}

func TestManageTopics(t *testing.T) {
	k := newKit(t)
	client := awssns.NewFromConfig(k.config(developer))
	ctx := t.Context()
	name := aws.String("numbers")
	create := func(attributes map[string]string, tags ...types.Tag) (string, error) {
		out, err := client.CreateTopic(ctx, &awssns.CreateTopicInput{Name: name, Attributes: attributes, Tags: tags})
		if err != nil {
			return "", err
		}
		return *out.TopicArn, nil
	}
	tag := func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }
	arn := must(create(map[string]string{"DisplayName": "Numbers", "SignatureVersion": "2", "HTTPSuccessFeedbackSampleRate": "5"}, tag("team", "blue")))(t)
	for what, again := range map[string]map[string]string{"none": nil, "equal": {"DisplayName": "Numbers", "SignatureVersion": "2"}} {
		if got, err := create(again); err != nil || got != arn {
			t.Errorf("%s: %s, %v", what, got, err)
		}
	}
	refused := func(err error, want string) {
		t.Helper()
		if code(err) != want {
			t.Errorf("got  %s\nwant %s", code(err), want)
		}
	}
	const invalid = "InvalidParameter: Invalid parameter: "
	_, err := create(map[string]string{"DisplayName": "Sums"})
	refused(err, invalid+"Attributes Reason: Topic already exists with different attributes")
	_, err = create(nil, tag("team", "red"))
	refused(err, invalid+"Tags Reason: Topic already exists with different tags")
	_, err = create(nil, tag("a", "1"), tag("a", "2"))
	refused(err, invalid+"Duplicated keys are not allowed.")
	_, err = create(map[string]string{"Color": "red"})
	refused(err, invalid+"AttributeName Reason: Color is not an attribute of a topic that is emulated")

	set := func(attribute, value string) error {
		_, err := client.SetTopicAttributes(ctx, &awssns.SetTopicAttributesInput{TopicArn: &arn, AttributeName: &attribute, AttributeValue: &value})
		return err
	}
	refused(set("SignatureVersion", "3"), invalid+"Attributes Reason: SignatureVersion: Invalid value [3]. Must be 1 or 2.")
	refused(set("Policy", ""), invalid+"Policy is empty")
	if err := set("DisplayName", ""); err != nil {
		t.Error(err)
	}
	attributes := must(client.GetTopicAttributes(ctx, &awssns.GetTopicAttributesInput{TopicArn: &arn}))(t).Attributes
	if attributes["DisplayName"] != "" || attributes["SignatureVersion"] != "2" || attributes["HTTPSuccessFeedbackSampleRate"] != "5" {
		t.Error(attributes)
	}

	grant := &awssns.AddPermissionInput{TopicArn: &arn, Label: aws.String("other"), AWSAccountId: []string{"111111111111"}, ActionName: []string{"Publish"}}
	must(client.AddPermission(ctx, grant))(t)
	topic := must(k.SNS.Topic(arn))(t)
	const statement = `{"Sid":"other","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::111111111111:root"},"Action":"SNS:Publish","Resource":"arn:aws:sns:us-east-1:000000000000:numbers"}`
	if !strings.HasSuffix(topic.Policy, ","+statement+"]}") {
		t.Error(topic.Policy)
	}
	_, err = client.AddPermission(ctx, grant)
	refused(err, invalid+"Statement already exists")
	grant.Label, grant.ActionName = aws.String("bad"), []string{"Fly"}
	_, err = client.AddPermission(ctx, grant)
	refused(err, invalid+"Policy statement action out of service scope! (SNS:Fly)")
	must(client.RemovePermission(ctx, &awssns.RemovePermissionInput{TopicArn: &arn, Label: aws.String("other")}))(t)
	if topic := must(k.SNS.Topic(arn))(t); strings.Contains(topic.Policy, "111111111111") {
		t.Error(topic.Policy)
	}

	must(client.TagResource(ctx, &awssns.TagResourceInput{ResourceArn: &arn, Tags: []types.Tag{tag("a", "1"), tag("b", "2")}}))(t)
	must(client.UntagResource(ctx, &awssns.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"a"}}))(t)
	tags := map[string]string{}
	for _, tag := range must(client.ListTagsForResource(ctx, &awssns.ListTagsForResourceInput{ResourceArn: &arn}))(t).Tags {
		tags[*tag.Key] = *tag.Value
	}
	if diff := cmp.Diff(map[string]string{"team": "blue", "b": "2"}, tags); diff != "" {
		t.Error(diff)
	}
	_, err = client.ListTagsForResource(ctx, &awssns.ListTagsForResourceInput{ResourceArn: aws.String(arn + "x")})
	refused(err, "ResourceNotFound: Resource does not exist")

	for range 2 { // is idempotent
		must(client.DeleteTopic(ctx, &awssns.DeleteTopicInput{TopicArn: &arn}))(t)
	}
	refused(set("DisplayName", "x"), "NotFound: Topic does not exist")
}

func TestManageSubscriptions(t *testing.T) {
	k := newKit(t)
	client := awssns.NewFromConfig(k.config(developer))
	ctx := t.Context()
	topic := must(client.CreateTopic(ctx, &awssns.CreateTopicInput{Name: aws.String("numbers")}))(t).TopicArn
	queue := here.ARN("sqs", "sums").String()
	in := &awssns.SubscribeInput{TopicArn: topic, Protocol: aws.String("sqs"), Endpoint: &queue, Attributes: map[string]string{"RawMessageDelivery": "true"}}
	sub := must(client.Subscribe(ctx, in))(t).SubscriptionArn
	set := func(name, value string) error {
		_, err := client.SetSubscriptionAttributes(ctx, &awssns.SetSubscriptionAttributesInput{SubscriptionArn: sub, AttributeName: &name, AttributeValue: &value})
		return err
	}
	for _, c := range []struct{ name, value, want string }{
		{"FilterPolicy", `{"a":[1]}`, ""},
		{"FilterPolicyScope", "MessageBody", ""},
		{"RawMessageDelivery", "yes", "RawMessageDelivery: Invalid value [yes]. Must be true or false."},
		{"DeliveryPolicy", "{}", "DeliveryPolicy: Delivery protocol [sqs] does not support a delivery policy."},
		{"Color", "red", "AttributeName: Color is not an attribute of a subscription that is emulated"},
	} {
		if err := set(c.name, c.value); (err != nil || c.want != "") && code(err) != "InvalidParameter: Invalid parameter: "+c.want {
			t.Errorf("%s: %s", c.name, code(err))
		}
	}
	got := must(k.SNS.Subscription(*sub))(t)
	if !got.RawMessageDelivery || got.FilterPolicy != `{"a":[1]}` || got.FilterPolicyScope != "MessageBody" {
		t.Errorf("%+v", got)
	}
	if err := set("FilterPolicy", "{}"); err != nil {
		t.Error(err)
	}
	if got := must(k.SNS.Subscription(*sub))(t); got.FilterPolicy != "" {
		t.Errorf("%+v", got)
	}
	for arn, want := range map[string]string{
		"x":        "InvalidParameter: Invalid parameter: SubscriptionArn Reason: An ARN must have at least 6 elements, not 1",
		*topic:     "InvalidParameter: Invalid parameter: SubscriptionId",
		*sub + "x": "",
		*sub:       "",
		" " + *sub: `InvalidParameter: Invalid parameter: SubscriptionArn Reason: An ARN must start with "arn", not " arn"`,
	} {
		if _, err := client.Unsubscribe(ctx, &awssns.UnsubscribeInput{SubscriptionArn: &arn}); err != nil && code(err) != want || err == nil && want != "" {
			t.Errorf("%s: %v", arn, code(err))
		}
	}
	if _, err := k.SNS.Subscription(*sub); err == nil {
		t.Error("the subscription still exists")
	}
}

// The keys of a subscription and of tags can be conditions.
func TestConditionKeysOfInputs(t *testing.T) {
	k := newKit(t)
	client := awssns.NewFromConfig(k.config(k.role(t, `{"Version":"2012-10-17","Statement":[`+
		`{"Effect":"Allow","Action":"sns:*","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/team":"blue"}}},`+
		`{"Effect":"Allow","Action":"sns:Subscribe","Resource":"*","Condition":{"StringEquals":{"sns:Protocol":"sqs"},"StringLike":{"sns:Endpoint":"arn:aws:sqs:*"}}}]}`)))
	ctx := t.Context()
	for value, want := range map[string]bool{"blue": true, "red": false} {
		_, err := client.CreateTopic(ctx, &awssns.CreateTopicInput{Name: aws.String("t-" + value), Tags: []types.Tag{{Key: aws.String("team"), Value: &value}}})
		if (err == nil) != want {
			t.Errorf("%s: %v", value, code(err))
		}
	}
	topic := here.ARN("sns", "t-blue").String()
	for protocol, want := range map[string]bool{"sqs": true, "https": false} {
		_, err := client.Subscribe(ctx, &awssns.SubscribeInput{TopicArn: &topic, Protocol: &protocol, Endpoint: aws.String(here.ARN("sqs", "q").String())})
		if (err == nil) != want {
			t.Errorf("%s: %v", protocol, code(err))
		}
	}
}

// Whoever gives a topic a role must be allowed to pass the role to SNS.
func TestPassRoleToTopic(t *testing.T) {
	k := newKit(t)
	session := k.role(t, nothing)
	arn := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t).ARN
	client := awssns.NewFromConfig(k.config(session))
	set := func(role string) error {
		_, err := client.SetTopicAttributes(t.Context(), &awssns.SetTopicAttributesInput{TopicArn: &arn, AttributeName: aws.String("LambdaFailureFeedbackRoleArn"), AttributeValue: &role})
		return err
	}
	create := func(role string) error {
		_, err := client.CreateTopic(t.Context(), &awssns.CreateTopicInput{Name: aws.String("sums"), Attributes: map[string]string{"SQSSuccessFeedbackRoleArn": role}})
		return err
	}
	const topics = `{"Effect":"Allow","Action":"sns:*","Resource":"*"}`
	pass := func(service string) string {
		return `,{"Effect":"Allow","Action":"iam:PassRole","Resource":"` + roleARN + `","Condition":{"StringEquals":{"iam:PassedToService":"` + service + `"}}}`
	}
	for _, tt := range []struct {
		statements string
		allowed    bool
	}{{topics, false}, {topics + pass("lambda.amazonaws.com"), false}, {topics + pass("sns.amazonaws.com"), true}} {
		if err := k.IAM.PutRolePolicy("worker", "all", `{"Version":"2012-10-17","Statement":[`+tt.statements+`]}`); err != nil {
			t.Fatal(err)
		}
		for name, call := range map[string]func(string) error{"set": set, "create": create} {
			if err := call(roleARN); (err == nil) != tt.allowed || err != nil && !strings.Contains(code(err), "is not authorized to perform: iam:PassRole on resource: "+roleARN) {
				t.Errorf("%s with %s: %v", name, tt.statements, err)
			}
		}
		if err := set(""); err != nil {
			t.Errorf("remove the role: %v", err)
		}
	}
}
