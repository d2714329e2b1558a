package sns

import (
	"encoding/json"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/filter"
)

// measure reports metrics of a topic.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
func (s *Service) measure(topicARN string, values ...cloud.MetricValue) {
	arn, err := cloud.ParseARN(topicARN)
	if err != nil {
		return
	}
	s.Metrics.Report("AWS/SNS", time.Now(), [][]cloud.Dimension{{{Name: "TopicName", Value: arn.Resource}}}, values)
}

// measurePublished reports a published message.
func (s *Service) measurePublished(topicARN string, m Message) {
	s.measure(topicARN, cloud.Counted("NumberOfMessagesPublished", 1), cloud.MetricValue{Name: "PublishSize", Unit: "Bytes", Value: float64(m.size())})
}

// measureFiltered reports a message that a filter policy rejected, and why.
func (s *Service) measureFiltered(r row, body string, attributes map[string]Attribute) {
	const metric = "NumberOfNotificationsFilteredOut"
	why := "-MessageAttributes"
	switch {
	case r.FilterPolicyScope == filter.Body && json.Valid([]byte(body)):
		why = "-MessageBody"
	case r.FilterPolicyScope == filter.Body:
		why = "-InvalidMessageBody"
	case len(attributes) == 0:
		why = "-NoMessageAttributes"
	}
	s.measure(r.TopicARN, cloud.Counted(metric, 1), cloud.Counted(metric+why, 1))
}
