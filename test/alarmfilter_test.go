package test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"tally/localcloud/filter"
)

// changeOfState is the message that CloudWatch publishes when an alarm changes its
// state from the second argument to the first.
const changeOfState = `{"AlarmName":"tally-prod-main-api-5xx-1a2b3c4","AlarmDescription":"tally prod: …","AWSAccountId":"123456789012",
	"AlarmConfigurationUpdatedTimestamp":"2026-01-02T03:04:05.678+0000","NewStateValue":%q,
	"NewStateReason":"Threshold Crossed: 1 datapoint [1.0 (02/01/26 03:04:00)] was greater than or equal to the threshold (1.0).",
	"StateChangeTime":"2026-01-02T03:05:06.789+0000","Region":"US East (N. Virginia)",
	"AlarmArn":"arn:aws:cloudwatch:us-east-1:123456789012:alarm:tally-prod-main-api-5xx-1a2b3c4","OldStateValue":%q,
	"OKActions":["arn:aws:sns:us-east-1:123456789012:tally-prod-main-alarms-1a2b3c4"],
	"AlarmActions":["arn:aws:sns:us-east-1:123456789012:tally-prod-main-alarms-1a2b3c4"],"InsufficientDataActions":[],
	"Trigger":{"MetricName":"5xx","Namespace":"AWS/ApiGateway","StatisticType":"Statistic","Statistic":"SUM","Unit":null,
	"Dimensions":[{"value":"a1b2c3d4e5","name":"ApiId"}],"Period":60,"EvaluationPeriods":1,
	"ComparisonOperator":"GreaterThanOrEqualToThreshold","Threshold":1.0,"TreatMissingData":"notBreaching","EvaluateLowSampleCountPercentile":""}}`

// TestAlarmFilter matches the changes of an alarm's state against the filter policy
// with which prod subscribes the people on call. They are told when an alarm is
// raised and when it is cleared, but not when a new alarm is evaluated for the first
// time.
func TestAlarmFilter(t *testing.T) {
	raw, err := os.ReadFile("golden/prod.txt")
	if err != nil {
		t.Fatal(err)
	}
	_, subscription, found := strings.Cut(string(raw), "\naws:sns/topicSubscription:TopicSubscription main-alarms-email\n")
	subscription, _, ended := strings.Cut(subscription, "\n\n")
	_, policy, filtered := strings.Cut(subscription, "  filterPolicy: ")
	if !found || !ended || !filtered || !strings.Contains(policy, "filterPolicyScope: "+filter.Body) {
		t.Fatalf("the subscription of prod's alarms has no filter policy for the body:\n%s", subscription)
	}
	var document json.RawMessage
	if err := json.NewDecoder(strings.NewReader(policy)).Decode(&document); err != nil {
		t.Fatal(err)
	}
	parsed, err := filter.Parse(filter.Body, string(document))
	if err != nil {
		t.Fatal(err)
	}
	const ok, alarm, insufficient = "OK", "ALARM", "INSUFFICIENT_DATA"
	for _, change := range []struct {
		from, to string
		told     bool
	}{
		{insufficient, ok, false},
		{insufficient, alarm, true},
		{ok, alarm, true},
		{alarm, ok, true},
		{ok, insufficient, false},
		{alarm, insufficient, true},
	} {
		if got := parsed.MatchBody(fmt.Sprintf(changeOfState, change.to, change.from)); got != change.told {
			t.Errorf("from %s to %s: delivered %v, want %v", change.from, change.to, got, change.told)
		}
	}
}
