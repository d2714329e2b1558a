package sns

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"

	"tally/localcloud/cloud"
)

// LambdaEvent returns the event with which a delivery invokes a function.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
func LambdaEvent(d Delivery) (string, error) {
	topic, err := cloud.ParseARN(d.Subscription.TopicARN)
	if err != nil {
		return "", err
	}
	return lambdaEvent(d.Subscription.ARN, notify(d, topic.Region)), nil
}

func lambdaEvent(subscription string, n notification) string {
	if n.MessageAttributes == nil {
		n.MessageAttributes = map[string]attributeValue{}
	}
	return cloud.EncodeJSON(event{[]record{{"aws:sns", "1.0", subscription, lambdaNotification(n)}}})
}

// A DeadLetter is the message in a notification that a queue has received.
type DeadLetter struct {
	MessageID    string
	Subscription string // ARN
	Message      string
	Event        string // with which SNS would have invoked a function
}

// ParseNotification parses the body of a message that a topic has sent to a queue. Only its
// UnsubscribeURL has the ARN of the subscription.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
func ParseNotification(body string) (DeadLetter, error) {
	var n notification
	if err := json.Unmarshal([]byte(body), &n); err != nil || n.Type != "Notification" {
		return DeadLetter{}, errors.New("it is not a notification of SNS")
	}
	u, err := url.Parse(n.UnsubscribeURL)
	if err != nil {
		return DeadLetter{}, fmt.Errorf("its UnsubscribeURL: %w", err)
	}
	subscription := u.Query().Get("SubscriptionArn")
	if subscription == "" {
		return DeadLetter{}, errors.New("its UnsubscribeURL does not contain the SubscriptionArn")
	}
	return DeadLetter{n.MessageID, subscription, n.Message, lambdaEvent(subscription, n)}, nil
}
