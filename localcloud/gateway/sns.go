package gateway

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

const (
	snsVersion   = "2010-03-31"
	snsNamespace = "http://sns.amazonaws.com/doc/2010-03-31/"
	snsPage      = 100 // topics or subscriptions on a page
)

// https://docs.aws.amazon.com/sns/latest/api/API_Operations.html
func snsOperations() operations {
	return operations{
		"Publish":                   authorizedByService("SNS:Publish", publish),
		"PublishBatch":              authorizedByService("SNS:Publish", publishBatch),
		"ListTopics":                authorized("SNS:ListTopics", allTopics, listTopics),
		"GetTopicAttributes":        authorized("SNS:GetTopicAttributes", theTopic, getTopicAttributes),
		"ListSubscriptions":         authorized("SNS:ListSubscriptions", allTopics, listSubscriptions),
		"ListSubscriptionsByTopic":  authorized("SNS:ListSubscriptionsByTopic", theTopic, listSubscriptionsByTopic),
		"GetSubscriptionAttributes": authorized("SNS:GetSubscriptionAttributes", topicOfSubscription, getSubscriptionAttributes),
		"CreateTopic":               authorized("SNS:CreateTopic", newTopic, createTopic),
		"DeleteTopic":               authorized("SNS:DeleteTopic", theTopic, deleteTopic),
		"SetTopicAttributes":        authorized("SNS:SetTopicAttributes", theTopic, setTopicAttributes),
		"AddPermission":             authorized("SNS:AddPermission", theTopic, addTopicPermission),
		"RemovePermission":          authorized("SNS:RemovePermission", theTopic, removeTopicPermission),
		"TagResource":               authorized("SNS:TagResource", theTopic, tagTopic),
		"UntagResource":             authorized("SNS:UntagResource", theTopic, untagTopic),
		"ListTagsForResource":       authorized("SNS:ListTagsForResource", theTopic, listTopicTags),
		"Subscribe":                 authorized("SNS:Subscribe", theTopic, subscribe),
		"ConfirmSubscription":       authorized("SNS:ConfirmSubscription", theTopic, confirmSubscription).inURL(),
		"SetSubscriptionAttributes": authorized("SNS:SetSubscriptionAttributes", topicOfSubscription, setSubscriptionAttributes),
		"Unsubscribe":               authorized("SNS:Unsubscribe", topicOfSubscription, unsubscribe).inURL(),
	}
}

// traceHeader is the X-Ray trace of a request, which SNS and SQS pass on with the
// message.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sns.html
// https://docs.aws.amazon.com/xray/latest/devguide/xray-services-sqs.html
const traceHeader = "X-Amzn-Trace-Id"

type publishInput struct {
	TopicARN   *string `query:"TopicArn"`
	TargetARN  *string `query:"TargetArn"`
	Message    string
	Subject    *string
	Structure  string                      `query:"MessageStructure"`
	Attributes map[string]messageAttribute `query:"MessageAttributes.entry"`
	GroupID    string                      `query:"MessageGroupId"`
}

func publish(c *call, in publishInput) (any, error) {
	topic := cmp.Or(in.TopicARN, in.TargetARN)
	if topic == nil {
		return nil, invalidParameter("TopicArn or TargetArn Reason: no value for required parameter")
	}
	m, err := snsMessage(in.Message, in.Subject, in.Structure, in.GroupID, in.Attributes)
	if err != nil {
		return nil, err
	}
	m.TraceHeader = c.Header.Get(traceHeader)
	id, err := c.SNS.Publish(c.Context(), c.caller, *topic, m)
	return struct {
		MessageID string `xml:"MessageId"`
	}{id}, err
}

type publishBatchInput struct {
	TopicARN string         `query:"TopicArn"`
	Entries  []publishEntry `query:"PublishBatchRequestEntries.member"`
}

type publishEntry struct {
	ID         string `query:"Id"`
	Message    string
	Subject    *string
	Structure  string                      `query:"MessageStructure"`
	Attributes map[string]messageAttribute `query:"MessageAttributes.entry"`
	GroupID    string                      `query:"MessageGroupId"`
}

func publishBatch(c *call, in publishBatchInput) (any, error) {
	var entries []sns.BatchEntry
	for _, e := range in.Entries {
		m, err := snsMessage(e.Message, e.Subject, e.Structure, e.GroupID, e.Attributes)
		if err != nil {
			return nil, err
		}
		m.TraceHeader = c.Header.Get(traceHeader)
		entries = append(entries, sns.BatchEntry{ID: e.ID, Message: m})
	}
	results, err := c.SNS.PublishBatch(c.Context(), c.caller, in.TopicARN, entries)
	type success struct {
		ID        string `xml:"Id"`
		MessageID string `xml:"MessageId"`
	}
	out := struct {
		Failed     struct{}
		Successful members[success]
	}{}
	for _, r := range results {
		out.Successful.Member = append(out.Successful.Member, success{r.ID, r.MessageID})
	}
	return out, err
}

func snsMessage(body string, subject *string, structure, group string, attributes map[string]messageAttribute) (sns.Message, error) {
	m := sns.Message{Body: body, Structure: structure, GroupID: group}
	if subject != nil {
		if m.Subject = *subject; m.Subject == "" {
			return m, invalidParameter("Subject")
		}
	}
	for name, a := range attributes {
		if m.Attributes == nil {
			m.Attributes = map[string]sns.Attribute{}
		}
		m.Attributes[name] = sns.Attribute{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return m, nil
}

func allTopics[In any](c *call, _ In) (target, error) {
	return target{resource: c.place.ARN("sns", "*").String()}, nil
}

type (
	pageInput  struct{ NextToken string }
	topicInput struct {
		TopicARN string `query:"TopicArn"`
	}
	topicPageInput struct {
		TopicARN  string `query:"TopicArn"`
		NextToken string
	}
	subscriptionInput struct {
		SubscriptionARN string `query:"SubscriptionArn"`
	}
)

func (in topicInput) topic() string               { return in.TopicARN }
func (in topicPageInput) topic() string           { return in.TopicARN }
func (in subscriptionInput) subscription() string { return in.SubscriptionARN }

// theTopic returns the topic that the input names. A missing topic counts as one
// without a policy, so that a caller without permission does not learn whether it
// exists.
func theTopic[In interface{ topic() string }](c *call, in In) (target, error) {
	topic, _ := c.SNS.Topic(in.topic())
	return target{resource: in.topic(), policy: topic.Policy}, nil
}

func topicOfSubscription[In interface{ subscription() string }](c *call, in In) (target, error) {
	sub, err := c.SNS.Subscription(in.subscription())
	if err != nil {
		return target{resource: in.subscription()}, nil
	}
	topic, _ := c.SNS.Topic(sub.TopicARN)
	return target{resource: sub.TopicARN, policy: topic.Policy}, nil
}

// members is a list. An empty one is encoded as an empty element, as AWS does.
type members[T any] struct {
	Member []T `xml:"member"`
}

func listTopics(c *call, in pageInput) (any, error) {
	topics, next, ok := page(c.SNS.Topics(), in.NextToken, snsPage, func(t sns.Topic) string { return t.ARN })
	if !ok {
		return nil, invalidParameter("NextToken")
	}
	type member struct {
		TopicARN string `xml:"TopicArn"`
	}
	out := struct {
		Topics    members[member]
		NextToken string `xml:",omitempty"`
	}{NextToken: next}
	for _, t := range topics {
		out.Topics.Member = append(out.Topics.Member, member{t.ARN})
	}
	return out, nil
}

func listSubscriptions(c *call, in pageInput) (any, error) {
	return subscriptionPage(c, in.NextToken, c.SNS.Subscriptions())
}

func listSubscriptionsByTopic(c *call, in topicPageInput) (any, error) {
	if _, err := c.SNS.Topic(in.TopicARN); err != nil {
		return nil, err
	}
	other := func(s sns.Subscription) bool { return s.TopicARN != in.TopicARN }
	return subscriptionPage(c, in.NextToken, slices.DeleteFunc(c.SNS.Subscriptions(), other))
}

func subscriptionPage(c *call, token string, all []sns.Subscription) (any, error) {
	subs, next, ok := page(all, token, snsPage, func(s sns.Subscription) string { return s.ARN })
	if !ok {
		return nil, invalidParameter("NextToken")
	}
	type member struct {
		SubscriptionARN string `xml:"SubscriptionArn"`
		Owner           string
		Protocol        string
		Endpoint        string
		TopicARN        string `xml:"TopicArn"`
	}
	out := struct {
		Subscriptions members[member]
		NextToken     string `xml:",omitempty"`
	}{NextToken: next}
	for _, s := range subs {
		arn := s.ARN
		if s.PendingConfirmation {
			arn = "PendingConfirmation"
		}
		out.Subscriptions.Member = append(out.Subscriptions.Member, member{arn, c.place.Account, s.Protocol, s.Where(), s.TopicARN})
	}
	return out, nil
}

// entry is one attribute of a topic or subscription.
type entry struct {
	Key   string `xml:"key"`
	Value string `xml:"value"`
}

type attributeMap struct {
	Entries []entry `xml:"Attributes>entry"`
}

// set adds an attribute unless its value is empty.
func (m *attributeMap) set(key, value string) {
	if value != "" {
		m.Entries = append(m.Entries, entry{key, value})
	}
}

// effectiveDelivery is the delivery policy that AWS applies to a topic that has
// none of its own.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
const effectiveDelivery = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,` +
	`"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},` +
	`"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

func getTopicAttributes(c *call, in topicInput) (any, error) {
	t, err := c.SNS.Topic(in.TopicARN)
	if err != nil {
		return nil, err
	}
	confirmed, pending := 0, 0
	for _, s := range c.SNS.Subscriptions() {
		switch {
		case s.TopicARN != t.ARN:
		case s.PendingConfirmation:
			pending++
		default:
			confirmed++
		}
	}
	m := attributeMap{[]entry{
		{"TopicArn", t.ARN},
		{"Owner", c.place.Account},
		{"Policy", t.Policy},
		{"DisplayName", t.DisplayName},
		{"SubscriptionsConfirmed", strconv.Itoa(confirmed)},
		{"SubscriptionsPending", strconv.Itoa(pending)},
		{"SubscriptionsDeleted", "0"},
		{"EffectiveDeliveryPolicy", cmp.Or(t.DeliveryPolicy, effectiveDelivery)},
	}}
	m.set("DeliveryPolicy", t.DeliveryPolicy)
	m.set("KmsMasterKeyId", t.KMSMasterKeyID)
	m.set("TracingConfig", t.TracingConfig)
	if t.SignatureVersion != 0 {
		m.set("SignatureVersion", strconv.Itoa(t.SignatureVersion))
	}
	for _, protocol := range []struct{ name, prefix string }{{"lambda", "Lambda"}, {"sqs", "SQS"}, {"http", "HTTP"}} {
		f := t.Feedback[protocol.name]
		m.set(protocol.prefix+"FailureFeedbackRoleArn", f.FailureRoleARN)
		m.set(protocol.prefix+"SuccessFeedbackRoleArn", f.SuccessRoleARN)
		if f.SuccessSampleRate != 0 {
			m.set(protocol.prefix+"SuccessFeedbackSampleRate", strconv.Itoa(f.SuccessSampleRate))
		}
	}
	return m, nil
}

func getSubscriptionAttributes(c *call, in subscriptionInput) (any, error) {
	s, err := c.SNS.Subscription(in.SubscriptionARN)
	if err != nil {
		return nil, err
	}
	m := attributeMap{[]entry{
		{"SubscriptionArn", s.ARN},
		{"TopicArn", s.TopicARN},
		{"Protocol", s.Protocol},
		{"Endpoint", s.Endpoint},
		{"Owner", c.place.Account},
		{"SubscriptionPrincipal", c.place.GlobalARN("iam", "user/developer").String()},
		{"RawMessageDelivery", strconv.FormatBool(s.RawMessageDelivery)},
		{"PendingConfirmation", strconv.FormatBool(s.PendingConfirmation)},
		{"ConfirmationWasAuthenticated", strconv.FormatBool(s.ConfirmationWasAuthenticated())},
	}}
	m.set("DeliveryPolicy", s.DeliveryPolicy)
	m.set("EffectiveDeliveryPolicy", c.SNS.EffectiveDeliveryPolicy(s))
	if s.FilterPolicy != "" {
		m.set("FilterPolicy", s.FilterPolicy)
		m.set("FilterPolicyScope", s.FilterPolicyScope)
	}
	m.set("RedrivePolicy", s.RedrivePolicy)
	return m, nil
}

func invalidParameter(what string) error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameter", "Invalid parameter: %s", what)
}
