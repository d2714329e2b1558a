package sns

import (
	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
)

// redrive sends a message that could not be delivered to the dead-letter queue of its
// subscription. The message is lost if there is no such queue, so that queue is "", or
// if the queue refuses it. If the queue cannot take it at the moment, the message waits.
func (s *Service) redrive(d Delivery, o owed, queue string) backlog.Result {
	topic, sub := d.Subscription.TopicARN, d.Subscription
	if queue == "" {
		s.lose(topic, "message %s is lost: subscription %s could not deliver it to %s: %s", d.MessageID, sub.ARN, sub.Where(), o.Failure)
		return s.forget(o)
	}
	ctx, step := d.step(queue, 0)
	id, err := send(ctx, s.Queues, d, queue)
	step.End(s.Journal, d.describe(id, err))
	switch {
	case err == nil:
		s.measure(topic, cloud.Counted("NumberOfNotificationsRedrivenToDlq", 1))
		s.warn(topic, "message %s is in the dead-letter queue %s: subscription %s could not deliver it to %s: %s", d.MessageID, queue, sub.ARN, sub.Where(), o.Failure)
	case final(err):
		s.measure(topic, cloud.Counted("NumberOfNotificationsFailedToRedriveToDlq", 1))
		s.lose(topic, "message %s is lost: subscription %s could not deliver it to %s: %s; its dead-letter queue %s refused it: %v", d.MessageID, sub.ARN, sub.Where(), o.Failure, queue, err)
	default:
		s.warn(topic, "message %s waits for the dead-letter queue %s: %v", d.MessageID, queue, err)
		return postpone(o, lateRetry)
	}
	return s.forget(o)
}
