package sns

import (
	"context"
	"net/http"

	"tally/localcloud/cloud"
)

// SQSTarget returns a target that sends each message to a queue. The queue's policy
// must let sns.amazonaws.com send to it.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html
func SQSTarget(queues cloud.Sender) Target { return sqsTarget{queues} }

type sqsTarget struct{ queues cloud.Sender }

func (t sqsTarget) Deliver(ctx context.Context, d Delivery) (Receipt, error) {
	id, err := send(ctx, t.queues, d, d.Subscription.Endpoint)
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{cloud.EncodeJSON(map[string]string{"sqsMessageId": id}), http.StatusOK}, nil
}

// send sends a delivery to a queue, on behalf of the topic.
func send(ctx context.Context, queues cloud.Sender, d Delivery, queueARN string) (messageID string, err error) {
	topic, err := cloud.ParseARN(d.Subscription.TopicARN)
	if err != nil {
		return "", err
	}
	return queues.SendMessage(ctx, cloud.Caller{Service: principal, SourceARN: topic}, queueARN, queueMessage(d, topic.Region))
}
