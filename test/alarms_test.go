package test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// alarms is the prefix of the names of the stack's alarms.
const alarms = "tally-local-main-"

// evaluatesAlarms waits until each of the stack's alarms has data: the local cloud
// reports the metrics that they watch, or treats missing data as they say.
func (d deployed) evaluatesAlarms(ctx context.Context) {
	d.t.Helper()
	client := cloudwatch.NewFromConfig(d.cloud.AWSConfig())
	d.await(ctx, func() (done bool, state string) {
		all, err := client.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: aws.String(alarms), MaxRecords: aws.Int32(100)})
		if err != nil {
			d.t.Fatal(err)
		}
		var without []string
		for _, a := range all.MetricAlarms {
			if a.StateValue == types.StateValueInsufficientData {
				without = append(without, *a.AlarmName+": "+*a.StateReason)
			}
		}
		return len(without) == 0 && len(all.MetricAlarms) > 10, fmt.Sprintf("%d alarms, without data: %q", len(all.MetricAlarms), without)
	})
}

// raises waits until the alarm has published to the topic of alarms that it was raised.
func (d deployed) raises(ctx context.Context, alarm string) {
	d.t.Helper()
	client := cloudwatch.NewFromConfig(d.cloud.AWSConfig())
	d.await(ctx, func() (done bool, state string) {
		history, err := client.DescribeAlarmHistory(ctx, &cloudwatch.DescribeAlarmHistoryInput{HistoryItemType: types.HistoryItemTypeAction, MaxRecords: aws.Int32(100)})
		if err != nil {
			d.t.Fatal(err)
		}
		var seen []string
		for _, item := range history.AlarmHistoryItems {
			seen = append(seen, *item.AlarmName+": "+*item.HistorySummary)
			published := strings.HasPrefix(*item.HistorySummary, "Successfully executed action arn:aws:sns:")
			raised := strings.Contains(*item.HistoryData, `\"NewStateValue\\\":\\\"ALARM\\\"`)
			if strings.HasPrefix(*item.AlarmName, alarms+alarm) && published && raised {
				return true, ""
			}
		}
		return false, fmt.Sprintf("no alarm %s was raised; the actions were %q", alarm, seen)
	})
}

// await polls until done, and fails the test with the state after two minutes.
func (d deployed) await(ctx context.Context, poll func() (done bool, state string)) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	for {
		done, state := poll()
		if done {
			return
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			d.t.Fatal(state)
		}
	}
}
