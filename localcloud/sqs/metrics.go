package sqs

import (
	"time"

	"tally/localcloud/cloud"
)

// ReportTo makes the service report metrics. The pace is that of the time in which messages
// wait for a consumer. Call it before the service is used.
func (s *Service) ReportTo(m cloud.Metrics, pace cloud.Pace) { s.metrics, s.pace = m, pace }

// report reports metrics of a queue.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
func (s *Service) report(queue string, at time.Time, values ...cloud.MetricValue) {
	s.metrics.Report("AWS/SQS", at, [][]cloud.Dimension{{{Name: "QueueName", Value: queue}}}, values)
}

// reportReceive reports a receive that returned that number of messages.
func (s *Service) reportReceive(queue string, messages int, err error) {
	switch {
	case messages > 0:
		s.report(queue, time.Now(), cloud.Counted("NumberOfMessagesReceived", messages))
	case err == nil:
		s.report(queue, time.Now(), cloud.Counted("NumberOfEmptyReceives", 1))
	}
}

// activeFor is how long SQS reports the state of an empty queue after the last access.
const activeFor = 6 * time.Hour

// Sample reports the state of every active queue at a moment: of those that contain
// messages or were accessed in the last six hours. While the oldest message is available,
// it waits for a consumer, and grows older as fast as the periods of alarms pass. While it is
// delayed or in flight, it grows older in real seconds, as its timeouts are.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/monitoring-using-cloudwatch.html
func (s *Service) Sample(at time.Time) {
	for _, q := range s.Queues() {
		counts, oldest, used, err := s.state(q)
		if err != nil || counts == (Counts{}) && time.Since(used) > activeFor {
			continue
		}
		s.report(q.Name, at,
			cloud.Counted("ApproximateNumberOfMessagesVisible", counts.Available),
			cloud.Counted("ApproximateNumberOfMessagesNotVisible", counts.InFlight),
			cloud.Counted("ApproximateNumberOfMessagesDelayed", counts.Delayed),
			cloud.MetricValue{Name: "ApproximateAgeOfOldestMessage", Unit: "Seconds", Value: oldest.Truncate(time.Second).Seconds()},
		)
	}
}
