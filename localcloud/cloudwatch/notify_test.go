package cloudwatch

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

const alarmsTopic = "arn:aws:sns:us-east-1:000000000000:alarms"

// published is a message to a topic.
type published struct {
	caller, source, topic, subject string
	message                        map[string]any
}

// TestActions compares the message of an alarm with that of AWS.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func TestActions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var got []published
		refused := errors.New("AuthorizationError: no")
		k := newKit(t, Options{Publish: func(_ context.Context, c cloud.Caller, topic, subject, message string) error {
			p := published{caller: c.Service, source: c.SourceARN.String(), topic: topic, subject: subject}
			if err := json.Unmarshal([]byte(message), &p.message); err != nil {
				t.Error(err)
			}
			var typed events.CloudWatchAlarmSNSPayload
			if err := json.Unmarshal([]byte(message), &typed); err != nil || typed.Trigger.EvaluationPeriods != 1 {
				t.Errorf("as events.CloudWatchAlarmSNSPayload: %+v, %v", typed, err)
			}
			got = append(got, p)
			if p.message["NewStateValue"] == StateOK {
				return refused
			}
			return nil
		}})
		a := errorsOf("f")
		a.Description = `<"why">`
		a.AlarmActions, a.OKActions, a.InsufficientActions = []string{alarmsTopic}, []string{alarmsTopic}, []string{"arn:aws:lambda:us-east-1:000000000000:function:f"}
		k.put(t, a)
		set := func(state string) {
			t.Helper()
			if err := k.SetState(a.Name, State{Value: state, Reason: "drill"}); err != nil {
				t.Fatal(err)
			}
		}
		set(StateAlarm)
		set(StateAlarm) // no change, so no action
		set(StateOK)
		set(StateInsufficient)

		const arn = "arn:aws:cloudwatch:us-east-1:000000000000:alarm:f-errors"
		want := published{principal, arn, alarmsTopic, `ALARM: "f-errors" in US East (N. Virginia)`, nil}
		if err := json.Unmarshal([]byte(`{
			"AlarmName": "f-errors", "AlarmDescription": "<\"why\">", "AWSAccountId": "000000000000", "AlarmArn": "`+arn+`",
			"AlarmConfigurationUpdatedTimestamp": "2000-01-01T00:00:00.000+0000", "StateChangeTime": "2000-01-01T00:00:00.000+0000",
			"NewStateValue": "ALARM", "NewStateReason": "drill", "OldStateValue": "INSUFFICIENT_DATA", "Region": "US East (N. Virginia)",
			"AlarmActions": ["`+alarmsTopic+`"], "OKActions": ["`+alarmsTopic+`"], "InsufficientDataActions": ["arn:aws:lambda:us-east-1:000000000000:function:f"],
			"Trigger": {"MetricName": "Errors", "Namespace": "AWS/Lambda", "StatisticType": "Statistic", "Statistic": "SUM", "Unit": null,
				"Dimensions": [{"name": "FunctionName", "value": "f"}], "Period": 60, "EvaluationPeriods": 1,
				"ComparisonOperator": "GreaterThanOrEqualToThreshold", "Threshold": 1.0, "TreatMissingData": "notBreaching", "EvaluateLowSampleCountPercentile": ""}
		}`), &want.message); err != nil {
			t.Fatal(err)
		}
		if len(got) != 2 || got[1].message["OldStateValue"] != StateAlarm {
			t.Fatalf("published %+v", got)
		}
		if diff := cmp.Diff(want, got[0], cmp.AllowUnexported(published{})); diff != "" {
			t.Errorf("message (-want +got)\n%s", diff)
		}

		var actions []string
		for _, item := range k.History(HistoryFilter{Type: "Action", Ascending: true}) {
			actions = append(actions, item.Summary)
		}
		if diff := cmp.Diff([]string{"Successfully executed action " + alarmsTopic, "Failed to execute action " + alarmsTopic,
			"Failed to execute action arn:aws:lambda:us-east-1:000000000000:function:f"}, actions); diff != "" {
			t.Errorf("history (-want +got)\n%s", diff)
		}
		if journal := strings.Join(k.entries, "\n"); !strings.Contains(journal, "the action "+alarmsTopic+" failed: AuthorizationError: no") ||
			!strings.Contains(journal, "failed: the local cloud runs no alarm actions of lambda, only those of sns") {
			t.Errorf("journal %s", journal)
		}

		a.ActionsEnabled = false
		k.put(t, a)
		if set(StateAlarm); len(got) != 2 {
			t.Errorf("published although actions are disabled: %+v", got[2:])
		}
	})
}

func TestTriggers(t *testing.T) {
	stat := errorsOf("f").MetricStat
	percentile := errorsOf("f")
	percentile.Stat, percentile.Unit, percentile.DatapointsToAlarm, percentile.LowSamples = "p99", "Milliseconds", 1, "ignore"
	queries := errorsOf("f")
	queries.MetricStat = MetricStat{}
	queries.Queries = []Query{{ID: "e", Expression: "m * 2", Label: "twice", ReturnData: true}, {ID: "m", Stat: &stat}}
	for name, c := range map[string]struct {
		alarm Alarm
		want  string
	}{
		"percentile": {percentile, `{"MetricName":"Errors","Namespace":"AWS/Lambda","StatisticType":"ExtendedStatistic","ExtendedStatistic":"p99","Unit":"Milliseconds",` +
			`"Dimensions":[{"value":"f","name":"FunctionName"}],"Period":60,"EvaluationPeriods":1,"DatapointsToAlarm":1,"ComparisonOperator":"GreaterThanOrEqualToThreshold",` +
			`"Threshold":1.0,"TreatMissingData":"notBreaching","EvaluateLowSampleCountPercentile":"ignore"}`},
		"queries": {queries, `{"EvaluationPeriods":1,"ComparisonOperator":"GreaterThanOrEqualToThreshold","Threshold":1.0,"TreatMissingData":"notBreaching","EvaluateLowSampleCountPercentile":"",` +
			`"Metrics":[{"Expression":"m * 2","Id":"e","Label":"twice","ReturnData":true},{"Id":"m","MetricStat":{"Metric":{"Dimensions":[{"value":"f","name":"FunctionName"}],` +
			`"MetricName":"Errors","Namespace":"AWS/Lambda"},"Period":60,"Stat":"Sum"},"ReturnData":false}]}`},
	} {
		if got := cloud.EncodeJSON(c.alarm.trigger()); got != c.want {
			t.Errorf("%s:\n%s\n%s", name, got, c.want)
		}
	}
}

func TestSubjectsFit(t *testing.T) {
	c := change{alarm: Alarm{Name: strings.Repeat("n", 255)}, to: State{Value: StateAlarm}}
	got := c.subject("eu-west-1")
	if len(got) != 100 || !strings.HasPrefix(got, `ALARM: "nnn`) || !strings.HasSuffix(got, `nnn..." in EU (Ireland)`) {
		t.Errorf("%d characters: %s", len(got), got)
	}
	c.alarm.Name = "a"
	if got := c.subject("xx-1"); got != `ALARM: "a" in xx-1` {
		t.Error(got)
	}
}
