package gateway

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
)

// code returns the code and the message of an error of AWS's SDK.
func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode() + ": " + e.ErrorMessage()
	}
	return fmt.Sprint(err)
}

func TestCallerIdentity(t *testing.T) {
	k := newKit(t)
	session := k.role(t, nothing)
	for _, c := range []struct {
		keys         cloud.Credentials
		arn, account string
	}{
		{developer, "arn:aws:iam::000000000000:user/developer", "000000000000"},
		{session, "arn:aws:sts::000000000000:assumed-role/worker/session", "000000000000"},
	} {
		out := must(sts.NewFromConfig(k.config(c.keys)).GetCallerIdentity(t.Context(), nil))(t)
		if *out.Arn != c.arn || *out.Account != c.account || *out.UserId == "" {
			t.Errorf("%s %s %s", *out.Arn, *out.Account, *out.UserId)
		}
	}
	_, err := sts.NewFromConfig(k.config(cloud.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "x"})).GetCallerIdentity(t.Context(), nil)
	if got := code(err); got != "InvalidClientTokenId: The security token included in the request is invalid." {
		t.Error(got)
	}
}

// Each error has the code and the message that AWS returns.
func TestPublishErrors(t *testing.T) {
	k := newKit(t)
	client := awssns.NewFromConfig(k.config(developer))
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	for name, c := range map[string]struct {
		in   awssns.PublishInput
		want string
	}{
		"no topic":      {awssns.PublishInput{Message: aws.String("a")}, "InvalidParameter: Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"},
		"bad arn":       {awssns.PublishInput{TopicArn: aws.String("randomstring"), Message: aws.String("a")}, "InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		"empty arn":     {awssns.PublishInput{TopicArn: aws.String(""), Message: aws.String("a")}, "InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		"unknown topic": {awssns.PublishInput{TopicArn: aws.String(topic.ARN + "x"), Message: aws.String("a")}, "NotFound: Topic does not exist"},
		"empty message": {awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("")}, "InvalidParameter: Invalid parameter: Empty message"},
		"empty subject": {awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("a"), Subject: aws.String("")}, "InvalidParameter: Invalid parameter: Subject"},
		"too long":      {awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String(strings.Repeat("é", 1<<17+1))}, "InvalidParameter: Invalid parameter: Message too long"},
		"structure":     {awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("{}"), MessageStructure: aws.String("json")}, "InvalidParameter: Invalid parameter: Message Structure - No default entry in JSON message body"},
		"not served":    {awssns.PublishInput{PhoneNumber: aws.String("+1"), Message: aws.String("a")}, "ValidationError: 1 validation error detected: Publish does not take the parameter 'PhoneNumber'; it takes TopicArn, TargetArn, Message,"},
	} {
		_, err := client.Publish(t.Context(), &c.in)
		if got := code(err); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestPublish(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "handle"})
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	must(k.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "lambda", Endpoint: f.ARN}))(t)
	client := awssns.NewFromConfig(k.config(developer))

	attributes := map[string]types.MessageAttributeValue{
		"b": {DataType: aws.String("Binary"), BinaryValue: []byte{0, 255}},
		"s": {DataType: aws.String("String"), StringValue: aws.String("a&b=c é")},
	}
	one := must(client.Publish(t.Context(), &awssns.PublishInput{TargetArn: &topic.ARN, Message: aws.String("a+b &=%"),
		Subject: aws.String("two words"), MessageAttributes: attributes}))(t)
	many := must(client.PublishBatch(t.Context(), &awssns.PublishBatchInput{TopicArn: &topic.ARN,
		PublishBatchRequestEntries: entries(10, attributes)}))(t)
	if *one.MessageId == "" || len(many.Successful) != 10 || len(many.Failed) != 0 {
		t.Fatalf("%v %v", one, many)
	}
	for i, s := range many.Successful {
		if *s.Id != fmt.Sprint("id", i) || *s.MessageId == "" {
			t.Errorf("entry %d: %s %s", i, *s.Id, *s.MessageId)
		}
	}
	for want, in := range map[string]*awssns.PublishBatchInput{
		"TooManyEntriesInBatchRequest: The batch request contains more entries than permissible.": {TopicArn: &topic.ARN, PublishBatchRequestEntries: entries(11, nil)},
		"BatchEntryIdsNotDistinct: Two or more batch entries in the request have the same Id.":    {TopicArn: &topic.ARN, PublishBatchRequestEntries: append(entries(1, nil), entries(1, nil)...)},
		"EmptyBatchRequest: The batch request doesn't contain any entries.":                       {TopicArn: &topic.ARN, PublishBatchRequestEntries: entries(0, nil)},
	} {
		if _, err := client.PublishBatch(t.Context(), in); code(err) != want {
			t.Errorf("%s, want %s", code(err), want)
		}
	}
}

func entries(n int, attributes map[string]types.MessageAttributeValue) []types.PublishBatchRequestEntry {
	list := []types.PublishBatchRequestEntry{}
	for i := range n {
		list = append(list, types.PublishBatchRequestEntry{Id: aws.String(fmt.Sprint("id", i)), Message: aws.String("m"), MessageAttributes: attributes})
	}
	return list
}

// The numbers of attributes in a form may be in any order.
func TestMessageFromForm(t *testing.T) {
	read := func(pairs ...string) (sns.Message, error) {
		var in publishInput
		if err := formOf(pairs...).decode("Publish", &in); err != nil {
			return sns.Message{}, err
		}
		return snsMessage(in.Message, in.Subject, in.Structure, in.GroupID, in.Attributes)
	}
	got := must(read("Message", "m", "MessageAttributes.entry.10.Name", "b", "MessageAttributes.entry.10.Value.DataType", "Binary",
		"MessageAttributes.entry.10.Value.BinaryValue", "AP8=", "MessageAttributes.entry.2.Name", "s",
		"MessageAttributes.entry.2.Value.DataType", "Number", "MessageAttributes.entry.2.Value.StringValue", "1"))(t)
	want := sns.Message{Body: "m", Attributes: map[string]sns.Attribute{
		"b": {DataType: "Binary", BinaryValue: []byte{0, 255}}, "s": {DataType: "Number", StringValue: "1"}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	for want, pairs := range map[string][]string{
		"MalformedInput: Parameter MessageAttributes.entry.2.Name: 'a' is given twice": {"MessageAttributes.entry.1.Name", "a", "MessageAttributes.entry.2.Name", "a"},
		"MalformedInput: Parameter MessageAttributes.entry.1.Value.BinaryValue: illegal base64 data at input byte 0": {
			"MessageAttributes.entry.1.Value.BinaryValue", "%"},
		"ValidationError: 1 validation error detected: Publish does not take the parameter 'MessageAttributes.entry.1.Value.StringListValues'; " +
			"it takes TopicArn, TargetArn, Message, Subject, MessageStructure, MessageAttributes.entry.N.Name, MessageAttributes.entry.N.Value.StringValue, " +
			"MessageAttributes.entry.N.Value.BinaryValue, MessageAttributes.entry.N.Value.DataType, MessageGroupId": {"MessageAttributes.entry.1.Value.StringListValues", "a"},
	} {
		if _, err := read(pairs...); err == nil || err.Error() != want {
			t.Errorf("%v: %v, want %s", pairs, err, want)
		}
	}
}

func formOf(pairs ...string) *form {
	f := &form{all: map[string]*parameter{}}
	for i := 0; i < len(pairs); i += 2 {
		f.set(pairs[i], pairs[i+1])
	}
	return f
}

func TestTopicsAndSubscriptions(t *testing.T) {
	k := newKit(t)
	client := awssns.NewFromConfig(k.config(developer))
	if out := must(client.ListTopics(t.Context(), nil))(t); out.Topics == nil || len(out.Topics) != 0 || out.NextToken != nil {
		t.Errorf("no topics: %+v", out)
	}
	var first sns.Topic
	for i := range 250 {
		topic := must(k.SNS.CreateTopic(sns.Topic{Name: fmt.Sprintf("t%03d", i), DisplayName: "Numbers"}))(t)
		if i == 0 {
			first = topic
		}
	}
	endpoint := here.ARN("lambda", "function:handle").String()
	sub := must(k.SNS.Subscribe(sns.Subscription{TopicARN: first.ARN, Protocol: "lambda", Endpoint: endpoint}))(t)

	var seen []string
	pages := awssns.NewListTopicsPaginator(client, nil)
	for n := 0; pages.HasMorePages(); n++ {
		out := must(pages.NextPage(t.Context()))(t)
		if want := []int{100, 100, 50}[n]; len(out.Topics) != want {
			t.Errorf("page %d has %d topics, want %d", n, len(out.Topics), want)
		}
		for _, topic := range out.Topics {
			seen = append(seen, *topic.TopicArn)
		}
	}
	if len(seen) != 250 || seen[0] != first.ARN {
		t.Errorf("%d topics, the first %s", len(seen), seen[0])
	}
	_, err := client.ListTopics(t.Context(), &awssns.ListTopicsInput{NextToken: aws.String("!")})
	if code(err) != "InvalidParameter: Invalid parameter: NextToken" {
		t.Error(code(err))
	}

	got := must(client.GetTopicAttributes(t.Context(), &awssns.GetTopicAttributesInput{TopicArn: &first.ARN}))(t).Attributes
	want := map[string]string{"TopicArn": first.ARN, "Owner": "000000000000", "Policy": first.Policy, "DisplayName": "Numbers",
		"SubscriptionsConfirmed": "1", "SubscriptionsPending": "0", "SubscriptionsDeleted": "0", "EffectiveDeliveryPolicy": effectiveDelivery}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("topic (-want +got)\n%s", diff)
	}
	got = must(client.GetSubscriptionAttributes(t.Context(), &awssns.GetSubscriptionAttributesInput{SubscriptionArn: &sub.ARN}))(t).Attributes
	want = map[string]string{"SubscriptionArn": sub.ARN, "TopicArn": first.ARN, "Protocol": "lambda", "Endpoint": endpoint, "Owner": "000000000000",
		"SubscriptionPrincipal": "arn:aws:iam::000000000000:user/developer", "RawMessageDelivery": "false", "PendingConfirmation": "false", "ConfirmationWasAuthenticated": "true"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subscription (-want +got)\n%s", diff)
	}
	all := must(client.ListSubscriptions(t.Context(), nil))(t).Subscriptions
	its := must(client.ListSubscriptionsByTopic(t.Context(), &awssns.ListSubscriptionsByTopicInput{TopicArn: &first.ARN}))(t).Subscriptions
	others := must(client.ListSubscriptionsByTopic(t.Context(), &awssns.ListSubscriptionsByTopicInput{TopicArn: &seen[1]}))(t).Subscriptions
	if len(all) != 1 || len(its) != 1 || len(others) != 0 || *its[0].SubscriptionArn != sub.ARN || *its[0].Owner != "000000000000" {
		t.Errorf("subscriptions %v, of the topic %v, of another %v", all, its, others)
	}
	_, err = client.GetSubscriptionAttributes(t.Context(), &awssns.GetSubscriptionAttributesInput{SubscriptionArn: aws.String(sub.ARN + "x")})
	if code(err) != "NotFound: Subscription does not exist" {
		t.Error(code(err))
	}
}

func TestOptionalAttributes(t *testing.T) {
	k := newKit(t)
	client := awssns.NewFromConfig(k.config(developer))
	role := "arn:aws:iam::000000000000:role/status"
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers", KMSMasterKeyID: "alias/aws/sns", SignatureVersion: 2, TracingConfig: "Active",
		DeliveryPolicy: "{}", Feedback: map[string]sns.Feedback{"sqs": {FailureRoleARN: role, SuccessRoleARN: role, SuccessSampleRate: 5}}}))(t)
	sub := must(k.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "https", Endpoint: "https://example.com/", RawMessageDelivery: true,
		FilterPolicy: `{"a":[1]}`, RedrivePolicy: `{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:q"}`}))(t)

	got := must(client.GetTopicAttributes(t.Context(), &awssns.GetTopicAttributesInput{TopicArn: &topic.ARN}))(t).Attributes
	want := map[string]string{"TopicArn": topic.ARN, "Owner": "000000000000", "Policy": topic.Policy, "DisplayName": "",
		"SubscriptionsConfirmed": "0", "SubscriptionsPending": "1", "SubscriptionsDeleted": "0", "EffectiveDeliveryPolicy": "{}", "DeliveryPolicy": "{}",
		"KmsMasterKeyId": "alias/aws/sns", "SignatureVersion": "2", "TracingConfig": "Active",
		"SQSFailureFeedbackRoleArn": role, "SQSSuccessFeedbackRoleArn": role, "SQSSuccessFeedbackSampleRate": "5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("topic (-want +got)\n%s", diff)
	}
	got = must(client.GetSubscriptionAttributes(t.Context(), &awssns.GetSubscriptionAttributesInput{SubscriptionArn: &sub.ARN}))(t).Attributes
	want = map[string]string{"SubscriptionArn": sub.ARN, "TopicArn": topic.ARN, "Protocol": "https", "Endpoint": "https://example.com/", "Owner": "000000000000",
		"SubscriptionPrincipal": "arn:aws:iam::000000000000:user/developer", "RawMessageDelivery": "true", "PendingConfirmation": "true", "ConfirmationWasAuthenticated": "false",
		"FilterPolicy": `{"a":[1]}`, "FilterPolicyScope": "MessageAttributes", "RedrivePolicy": sub.RedrivePolicy,
		"EffectiveDeliveryPolicy": `{"healthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,` +
			`"numMinDelayRetries":0,"backoffFunction":"linear"},"sicklyRetryPolicy":null,"throttlePolicy":null,` +
			`"requestPolicy":{"headerContentType":"text/plain; charset=UTF-8"},"guaranteed":false}`}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subscription (-want +got)\n%s", diff)
	}
	all := must(client.ListSubscriptions(t.Context(), nil))(t).Subscriptions
	if len(all) != 1 || *all[0].SubscriptionArn != "PendingConfirmation" {
		t.Errorf("subscriptions %v", all)
	}
}

// A read needs permission for its action on its resource, which a topic's own
// policy may grant.
func TestReadsAreAuthorized(t *testing.T) {
	k := newKit(t)
	client := awssns.NewFromConfig(k.config(k.role(t, nothing)))
	topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers"}))(t)
	in := &awssns.GetTopicAttributesInput{TopicArn: &topic.ARN}
	_, err := client.GetTopicAttributes(t.Context(), in)
	want := "AuthorizationError: User: arn:aws:sts::000000000000:assumed-role/worker/session is not authorized to perform: SNS:GetTopicAttributes" +
		" on resource: arn:aws:sns:us-east-1:000000000000:numbers because no identity-based policy allows the SNS:GetTopicAttributes action"
	if code(err) != want {
		t.Errorf("%s\nwant %s", code(err), want)
	}
	topic.Policy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + roleARN + `"},"Action":"SNS:GetTopicAttributes","Resource":"` + topic.ARN + `"}]}`
	must(k.SNS.UpdateTopic(topic))(t)
	if _, err := client.GetTopicAttributes(t.Context(), in); err != nil {
		t.Error(err)
	}
	if _, err := client.ListTopics(t.Context(), nil); !strings.HasPrefix(code(err), "AuthorizationError: ") {
		t.Error(code(err))
	}
	in.TopicArn = aws.String(topic.ARN + "x") // the caller does not learn that this topic does not exist
	if _, err := client.GetTopicAttributes(t.Context(), in); !strings.HasPrefix(code(err), "AuthorizationError: ") {
		t.Error(code(err))
	}
}
