package server

import (
	"encoding/json"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
	"tally/localcloud/control"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
)

// An alarm on the errors of a function that fails is raised, and its message arrives in
// a queue that is subscribed to the alarm's topic, whose policy allows CloudWatch only to
// publish for alarms of this account.
func TestAlarmReachesAQueue(t *testing.T) {
	s := serve(t, t.TempDir())
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	topic, err := s.services.SNS.CreateTopic(sns.Topic{Name: "alarms", Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"cloudwatch.amazonaws.com"},"Action":"sns:Publish","Resource":"arn:aws:sns:us-east-1:000000000000:alarms",` +
		`"Condition":{"StringEquals":{"aws:SourceAccount":"` + Account + `"},"ArnLike":{"aws:SourceArn":"arn:aws:cloudwatch:us-east-1:*:alarm:broken-*"}}}]}`})
	must(err)
	queue, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "mail", Policy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`})
	must(err)
	_, err = s.services.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "sqs", Endpoint: queue.ARN})
	must(err)
	s.deploy(t, "broken")
	one := 1.0
	alarm := cloudwatch.Alarm{
		Name: "broken-errors", Comparison: "GreaterThanOrEqualToThreshold", Threshold: &one, EvaluationPeriods: 1, MissingData: "ignore",
		ActionsEnabled: true, AlarmActions: []string{topic.ARN},
		MetricStat: cloudwatch.MetricStat{Period: 60, Stat: "Sum", Metric: cloudwatch.Metric{
			Namespace: "AWS/Lambda", Name: "Errors", Dimensions: []cloud.Dimension{{Name: "FunctionName", Value: "broken"}}}},
	}
	_, err = s.services.CloudWatch.PutAlarm(alarm)
	must(err)
	alarm.Name = "another-errors" // which the topic's policy does not allow
	_, err = s.services.CloudWatch.PutAlarm(alarm)
	must(err)

	developer := cloud.Caller{ARN: s.place().GlobalARN("iam", "user/developer"), Administrator: true}
	_, err = s.services.Lambda.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "broken", Payload: []byte(`{}`)})
	must(err)
	var notification struct{ Subject, Message string }
	must(json.Unmarshal([]byte(s.receive(t, developer, queue.ARN).Body), &notification))
	var message struct{ AlarmName, NewStateValue, OldStateValue string }
	must(json.Unmarshal([]byte(notification.Message), &message))
	if notification.Subject != `ALARM: "broken-errors" in US East (N. Virginia)` || message.AlarmName != "broken-errors" || message.NewStateValue != "ALARM" {
		t.Errorf("%+v", notification)
	}

	status, err := control.Find(t.Context(), s.config.Dir)
	must(err)
	var active []string
	for _, r := range status.Resources {
		if r.Type == "alarm" && strings.HasPrefix(r.Detail, "ALARM since ") {
			active = append(active, r.Name)
		}
	}
	if strings.Join(active, " ") != "another-errors broken-errors" {
		t.Errorf("the status lists the alarms %q", active)
	}
	refused := s.services.CloudWatch.History(cloudwatch.HistoryFilter{Alarm: "another-errors", Type: "Action"})
	if len(refused) != 1 || !strings.Contains(refused[0].Data, "cloudwatch.amazonaws.com is not authorized to perform: SNS:Publish") {
		t.Errorf("the refused action is recorded as %+v", refused)
	}
}
