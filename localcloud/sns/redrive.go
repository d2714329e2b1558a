package sns

import (
	"context"

	"tally/localcloud/cloud"
)

// giveUp sends a message that could not be delivered to the dead-letter queue of
// its subscription. The message is lost if there is no such queue, so that queue
// is "", or if the queue refuses it.
func (s *Service) giveUp(d Delivery, queue, reason string) {
	warn := func(format string, args ...any) {
		args = append([]any{d.MessageID, d.Subscription.ARN, d.Subscription.Endpoint, reason}, args...)
		s.note(cloud.Warning, d.Subscription.TopicARN, "message %s "+format, args...)
	}
	topic := d.Subscription.TopicARN
	s.measure(topic, cloud.Counted("NumberOfNotificationsFailed", 1))
	const failed = "subscription %s could not deliver it to %s: %s"
	if queue == "" {
		warn("is lost: " + failed)
		return
	}
	if _, err := send(context.Background(), s.Queues, d, queue); err != nil {
		s.measure(topic, cloud.Counted("NumberOfNotificationsFailedToRedriveToDlq", 1))
		warn("is lost: "+failed+"; its dead-letter queue %s refused it: %v", queue, err)
		return
	}
	s.measure(topic, cloud.Counted("NumberOfNotificationsRedrivenToDlq", 1))
	warn("is in the dead-letter queue %[5]s: subscription %[2]s could not deliver it to %[3]s: %[4]s", queue)
}
