package sns

import (
	"context"
	"encoding/json"
	"errors"

	"tally/localcloud/cloud"
)

// deadLetterQueue is the queue that a redrive policy names, "" for no policy.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-configure-dead-letter-queue.html
func deadLetterQueue(redrivePolicy string) (arn string, err error) {
	if redrivePolicy == "" {
		return "", nil
	}
	var p struct{ DeadLetterTargetARN string }
	if err := json.Unmarshal([]byte(redrivePolicy), &p); err != nil {
		return "", errors.New("failed to parse JSON.") //lint:ignore ST1005 AWS's own wording
	}
	if queue, err := cloud.ParseARN(p.DeadLetterTargetARN); err != nil || queue.Service != "sqs" {
		return "", errors.New("deadLetterTargetArn is an invalid arn")
	}
	return p.DeadLetterTargetARN, nil
}

// giveUp moves what cannot be delivered to the subscription's dead-letter
// queue. Without one, or where the queue refuses it, it is lost.
func (s *Service) giveUp(d Delivery, why string) {
	warn := func(format string, args ...any) {
		args = append([]any{d.MessageID, d.Subscription.ARN, d.Subscription.Endpoint, why}, args...)
		s.record(cloud.Warning, d.Subscription.TopicARN, "message %s "+format, args...)
	}
	const failed = "subscription %s could not deliver it to %s: %s"
	queue, err := deadLetterQueue(d.Subscription.RedrivePolicy)
	if queue == "" {
		warn("is lost: " + failed)
		return
	}
	if err == nil {
		_, err = send(context.Background(), s.Queues, d, queue)
	}
	if err != nil {
		warn("is lost: "+failed+"; its dead-letter queue %s refused it: %v", queue, err)
		return
	}
	warn("is in the dead-letter queue %[5]s: subscription %[2]s could not deliver it to %[3]s: %[4]s", queue)
}
