package gateway

import (
	"cmp"
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

const (
	snsVersion   = "2010-03-31"
	snsNamespace = "http://sns.amazonaws.com/doc/2010-03-31/"
	snsPage      = 100 // topics or subscriptions
)

// https://docs.aws.amazon.com/sns/latest/api/API_Operations.html
func snsOperations() map[string]queryOperation {
	return map[string]queryOperation{
		"Publish": {
			parameters: append([]string{"TopicArn", "TargetArn"}, messageParameters("")...),
			run:        publish,
		},
		"PublishBatch": {
			parameters: append([]string{"TopicArn", batchEntries + ".N.Id"}, messageParameters(batchEntries+".N.")...),
			run:        publishBatch,
		},
		"ListTopics": {
			parameters: []string{"NextToken"},
			action:     "SNS:ListTopics", on: allTopics, run: listTopics,
		},
		"GetTopicAttributes": {
			parameters: []string{"TopicArn"},
			action:     "SNS:GetTopicAttributes", on: theTopic, run: getTopicAttributes,
		},
		"ListSubscriptions": {
			parameters: []string{"NextToken"},
			action:     "SNS:ListSubscriptions", on: allTopics, run: listSubscriptions,
		},
		"ListSubscriptionsByTopic": {
			parameters: []string{"TopicArn", "NextToken"},
			action:     "SNS:ListSubscriptionsByTopic", on: theTopic, run: listSubscriptionsByTopic,
		},
		"GetSubscriptionAttributes": {
			parameters: []string{"SubscriptionArn"},
			action:     "SNS:GetSubscriptionAttributes", on: topicOfSubscription, run: getSubscriptionAttributes,
		},
	}
}

const (
	batchEntries = "PublishBatchRequestEntries.member"
	attributes   = "MessageAttributes.entry"
)

func messageParameters(prefix string) []string {
	names := []string{"Message", "Subject", "MessageStructure", attributes + ".N.Name", attributes + ".N.Value.DataType",
		attributes + ".N.Value.StringValue", attributes + ".N.Value.BinaryValue"}
	for i := range names {
		names[i] = prefix + names[i]
	}
	return names
}

func publish(c *call, p form) (any, error) {
	topic := "TopicArn"
	if !p.has(topic) {
		topic = "TargetArn"
	}
	if !p.has(topic) {
		return nil, invalidParameter("TopicArn or TargetArn Reason: no value for required parameter")
	}
	m, err := message(p)
	if err != nil {
		return nil, err
	}
	id, err := c.SNS.Publish(c.Context(), c.caller, p.get(topic), m)
	return struct {
		MessageID string `xml:"MessageId"`
	}{id}, err
}

func publishBatch(c *call, p form) (any, error) {
	var entries []sns.BatchEntry
	for _, entry := range p.list(batchEntries) {
		m, err := message(entry)
		if err != nil {
			return nil, err
		}
		entries = append(entries, sns.BatchEntry{ID: entry.get("Id"), Message: m})
	}
	results, err := c.SNS.PublishBatch(c.Context(), c.caller, p.get("TopicArn"), entries)
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

func message(p form) (sns.Message, error) {
	m := sns.Message{Body: p.get("Message"), Subject: p.get("Subject"), Structure: p.get("MessageStructure")}
	if p.has("Subject") && m.Subject == "" {
		return m, invalidParameter("Subject") // an absent one is none
	}
	for _, entry := range p.list(attributes) {
		name := entry.get("Name")
		binary, err := base64.StdEncoding.DecodeString(entry.get("Value.BinaryValue"))
		if err != nil {
			return m, cloud.Errorf(http.StatusBadRequest, "MalformedInput", "BinaryValue of message attribute '%s' is not base64: %v", name, err)
		}
		if _, ok := m.Attributes[name]; ok {
			return m, invalidParameter("MessageAttributes Reason: attribute '" + name + "' is given twice")
		}
		if m.Attributes == nil {
			m.Attributes = map[string]sns.Attribute{}
		}
		m.Attributes[name] = sns.Attribute{
			DataType: entry.get("Value.DataType"), StringValue: entry.get("Value.StringValue"), BinaryValue: binary,
		}
	}
	return m, nil
}

func allTopics(c *call, _ form) target {
	return target{resource: c.place.ARN("sns", "*").String()}
}

// theTopic has no policy where it does not exist: who may not read it does not
// learn that.
func theTopic(c *call, p form) target {
	topic, _ := c.SNS.Topic(p.get("TopicArn"))
	return target{p.get("TopicArn"), topic.Policy}
}

func topicOfSubscription(c *call, p form) target {
	sub, err := c.SNS.Subscription(p.get("SubscriptionArn"))
	if err != nil {
		return target{resource: p.get("SubscriptionArn")}
	}
	topic, _ := c.SNS.Topic(sub.TopicARN)
	return target{sub.TopicARN, topic.Policy}
}

// members is a list; an empty one is still an element, as in AWS's replies.
type members[T any] struct {
	Member []T `xml:"member"`
}

func listTopics(c *call, p form) (any, error) {
	topics, next, ok := page(c.SNS.Topics(), p.get("NextToken"), snsPage, func(t sns.Topic) string { return t.ARN })
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

func listSubscriptions(c *call, p form) (any, error) {
	return subscriptionPage(c, p, c.SNS.Subscriptions())
}

func listSubscriptionsByTopic(c *call, p form) (any, error) {
	if _, err := c.SNS.Topic(p.get("TopicArn")); err != nil {
		return nil, err
	}
	other := func(s sns.Subscription) bool { return s.TopicARN != p.get("TopicArn") }
	return subscriptionPage(c, p, slices.DeleteFunc(c.SNS.Subscriptions(), other))
}

func subscriptionPage(c *call, p form, all []sns.Subscription) (any, error) {
	subs, next, ok := page(all, p.get("NextToken"), snsPage, func(s sns.Subscription) string { return s.ARN })
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
		out.Subscriptions.Member = append(out.Subscriptions.Member, member{arn, c.place.Account, s.Protocol, s.Endpoint, s.TopicARN})
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

// set adds an attribute, unless it has no value.
func (m *attributeMap) set(key, value string) {
	if value != "" {
		m.Entries = append(m.Entries, entry{key, value})
	}
}

// effectiveDelivery is how AWS sends over HTTP where nobody says otherwise.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-delivery-retries.html
const effectiveDelivery = `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,` +
	`"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},` +
	`"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}`

func getTopicAttributes(c *call, p form) (any, error) {
	t, err := c.SNS.Topic(p.get("TopicArn"))
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

func getSubscriptionAttributes(c *call, p form) (any, error) {
	s, err := c.SNS.Subscription(p.get("SubscriptionArn"))
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
		{"ConfirmationWasAuthenticated", strconv.FormatBool(!s.PendingConfirmation)},
	}}
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
