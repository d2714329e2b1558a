package main

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// TestDecodeAlarm decodes which alarms are evaluated on a version, and how.
func TestDecodeAlarm(t *testing.T) {
	errors := types.MetricAlarm{
		AlarmName: aws.String("a-errors"), StateValue: types.StateValueAlarm, StateReason: aws.String("5 was at least 1"),
		Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Statistic: types.StatisticSum, Period: aws.Int32(60),
		Dimensions:         []types.Dimension{{Name: aws.String("FunctionName"), Value: aws.String("a")}},
		ComparisonOperator: types.ComparisonOperatorGreaterThanOrEqualToThreshold, Threshold: aws.Float64(1), EvaluationPeriods: aws.Int32(3),
	}
	got := decodeAlarm(errors)
	if got.name != "a-errors" || !got.raised || got.reason != "5 was at least 1" || got.function != "a" || got.metric != "Errors" ||
		got.statistic != "Sum" || got.period != 60 || got.datapoints != 3 || !got.breaches(1) || got.breaches(0.9) {
		t.Errorf("%+v", got)
	}
	latency := errors
	latency.Statistic, latency.ExtendedStatistic, latency.DatapointsToAlarm = "", aws.String("p99"), aws.Int32(2)
	latency.StateValue, latency.ComparisonOperator = types.StateValueInsufficientData, types.ComparisonOperatorGreaterThanThreshold
	if got := decodeAlarm(latency); got.raised || got.statistic != "p99" || got.datapoints != 2 || got.breaches(1) || !got.breaches(1.1) {
		t.Errorf("%+v", got)
	}
	few, api := errors, errors
	few.ComparisonOperator = types.ComparisonOperatorLessThanThreshold
	api.Namespace = aws.String("AWS/ApiGateway")
	for _, a := range []types.MetricAlarm{few, api} {
		if got := decodeAlarm(a); got.function != "" {
			t.Errorf("%+v is evaluated on a version", got)
		}
	}
}
