package provider

import (
	"testing"

	"tally/localcloud/sns"
)

// A refresh sees what clients change through AWS's operations.
func TestRefreshSeesWhatClientsChange(t *testing.T) {
	c := start(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	topic := c.create(topicToken, "t", map[string]any{"displayName": "Numbers"})
	queue := c.create(queueToken, "q", nil)
	sub := c.create(subscriptionToken, "s", map[string]any{"topic": topic.arn(), "protocol": "sqs", "endpoint": queue.arn()})

	_, err := c.services.SNS.ChangeTopic(topic.arn(), func(t *sns.Topic) error { return t.Set("DisplayName", "by hand") })
	must(err)
	must(c.services.SQS.SetAttributes(queue.id, map[string]string{"DelaySeconds": "7"}))
	must(c.services.SNS.SetSubscriptionAttribute(sub.id, "RawMessageDelivery", "true"))
	if got := c.read(topic, "").state["displayName"]; got.StringValue() != "by hand" {
		t.Errorf("displayName %v", got)
	}
	if got := c.read(queue, "").state["delaySeconds"]; got.NumberValue() != 7 {
		t.Errorf("delaySeconds %v", got)
	}
	if got := c.read(sub, "").state["rawMessageDelivery"]; !got.BoolValue() {
		t.Errorf("rawMessageDelivery %v", got)
	}

	must(c.services.SNS.Unsubscribe(sub.id))
	must(c.services.SQS.DeleteQueue(queue.id))
	must(c.services.SNS.DeleteTopic(topic.id))
	for _, m := range []made{topic, queue, sub} {
		if got := c.read(m, ""); got.id != "" {
			t.Errorf("%s still exists", got.id)
		}
	}
}
