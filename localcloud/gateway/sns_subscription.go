package gateway

import (
	"maps"
	"slices"

	"tally/localcloud/sns"
)

type subscribeInput struct {
	TopicARN   string `query:"TopicArn"`
	Protocol   string
	Endpoint   string
	Attributes []topicAttribute `query:"Attributes.entry"`
	ReturnARN  bool             `query:"ReturnSubscriptionArn"`
}

func (in subscribeInput) topic() string { return in.TopicARN }

// https://docs.aws.amazon.com/sns/latest/dg/sns-using-identity-based-policies.html#sns-policy-keys
func (in subscribeInput) conditionKeys() map[string][]string {
	return map[string][]string{"sns:Endpoint": {in.Endpoint}, "sns:Protocol": {in.Protocol}}
}

// https://docs.aws.amazon.com/sns/latest/api/API_Subscribe.html
func subscribe(c *call, in subscribeInput) (any, error) {
	sub := sns.Subscription{TopicARN: in.TopicARN, Protocol: in.Protocol, Endpoint: in.Endpoint}
	set := attributesByName(in.Attributes)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		if err := sub.Set(name, set[name]); err != nil {
			return nil, invalidParameter("Attributes Reason: " + err.Error())
		}
	}
	sub, err := c.SNS.Subscribe(sub)
	arn := sub.ARN
	if sub.PendingConfirmation && !in.ReturnARN {
		arn = "pending confirmation"
	}
	return subscriptionOutput{arn}, err
}

type subscriptionOutput struct {
	SubscriptionARN string `xml:"SubscriptionArn"`
}

type confirmInput struct {
	TopicARN     string `query:"TopicArn"`
	Token        string
	Authenticate string `query:"AuthenticateOnUnsubscribe"`
}

func (in confirmInput) topic() string { return in.TopicARN }

func confirmSubscription(c *call, in confirmInput) (any, error) {
	switch in.Authenticate {
	case "", "true", "false":
	default:
		return nil, invalidParameter("AuthenticateOnUnsubscribe")
	}
	sub, err := c.SNS.ConfirmSubscription(in.TopicARN, in.Token, !c.isUnsigned(), in.Authenticate == "true")
	return subscriptionOutput{sub.ARN}, err
}

type setSubscriptionInput struct {
	SubscriptionARN string `query:"SubscriptionArn"`
	Name            string `query:"AttributeName"`
	Value           string `query:"AttributeValue"`
}

func (in setSubscriptionInput) subscription() string { return in.SubscriptionARN }

func setSubscriptionAttributes(c *call, in setSubscriptionInput) (any, error) {
	if err := sns.CheckSubscriptionARN(in.SubscriptionARN); err != nil {
		return nil, err
	}
	return struct{}{}, c.SNS.SetSubscriptionAttribute(in.SubscriptionARN, in.Name, in.Value)
}

// unsubscribe deletes a subscription. Its owner receives a message if somebody has used the
// UnsubscribeURL.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Unsubscribe.html
func unsubscribe(c *call, in subscriptionInput) (any, error) {
	if err := sns.CheckSubscriptionARN(in.SubscriptionARN); err != nil {
		return nil, err
	}
	if c.isUnsigned() {
		return struct{}{}, c.SNS.Deactivate(in.SubscriptionARN)
	}
	if sub, err := c.SNS.Subscription(in.SubscriptionARN); err == nil && sub.PendingConfirmation {
		return nil, invalidParameter("SubscriptionArn Reason: Cannot unsubscribe a subscription that is pending confirmation")
	}
	return struct{}{}, c.SNS.Unsubscribe(in.SubscriptionARN)
}
