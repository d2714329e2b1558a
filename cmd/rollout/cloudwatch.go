package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
)

// watcher reads alarms and metrics.
type watcher struct {
	*cloudwatch.Client
	prefix string // of the names of the stack's alarms
	topic  string // the ARN of the topic that they notify
}

func newWatcher(config aws.Config, prefix, topic string) watcher {
	return watcher{cloudwatch.NewFromConfig(config), prefix, topic}
}

// alarms returns the alarms of the stack: those with its prefix, except for those of
// another stack whose name begins with the same letters, which notify another topic.
func (w watcher) alarms(ctx context.Context) (all []alarm, err error) {
	pages := cloudwatch.NewDescribeAlarmsPaginator(w, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &w.prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, a := range page.MetricAlarms {
			if slices.Contains(a.AlarmActions, w.topic) {
				all = append(all, decodeAlarm(a))
			}
		}
	}
	return all, nil
}

func decodeAlarm(a types.MetricAlarm) alarm {
	out := alarm{
		name: aws.ToString(a.AlarmName), raised: a.StateValue == types.StateValueAlarm, reason: aws.ToString(a.StateReason),
		metric: aws.ToString(a.MetricName), statistic: string(a.Statistic), period: aws.ToInt32(a.Period),
		breaches:   comparison(a.ComparisonOperator, aws.ToFloat64(a.Threshold)),
		datapoints: int(aws.ToInt32(a.EvaluationPeriods)),
	}
	if out.statistic == "" {
		out.statistic = aws.ToString(a.ExtendedStatistic)
	}
	if n := aws.ToInt32(a.DatapointsToAlarm); n > 0 {
		out.datapoints = int(n)
	}
	if len(a.Dimensions) == 1 && aws.ToString(a.Namespace) == "AWS/Lambda" && aws.ToString(a.Dimensions[0].Name) == "FunctionName" && out.breaches != nil {
		out.function = aws.ToString(a.Dimensions[0].Value)
	}
	return out
}

// comparison returns a function that reports whether a value breaches the threshold,
// or nil if the operator cannot be applied to one version: a part of the traffic is
// always less than all of it, and anomaly detection has no threshold.
func comparison(operator types.ComparisonOperator, threshold float64) func(float64) bool {
	switch operator {
	case types.ComparisonOperatorGreaterThanOrEqualToThreshold:
		return func(v float64) bool { return v >= threshold }
	case types.ComparisonOperatorGreaterThanThreshold:
		return func(v float64) bool { return v > threshold }
	}
	return nil
}

// maxQueries is the maximum number of queries in one request.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
const maxQueries = 500

// metrics queries the metrics that Lambda reports for the version that executed an
// invocation of the alias live.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
func (w watcher) metrics(ctx context.Context, queries []query, start time.Time) ([][]float64, error) {
	values := make([][]float64, len(queries))
	minute := func(t time.Time) time.Time { return t.Truncate(time.Minute) }
	for first := 0; first < len(queries); first += maxQueries {
		in := &cloudwatch.GetMetricDataInput{StartTime: aws.Time(minute(start)), EndTime: aws.Time(minute(time.Now()).Add(time.Minute))}
		for i, q := range queries[first:min(first+maxQueries, len(queries))] {
			in.MetricDataQueries = append(in.MetricDataQueries, types.MetricDataQuery{Id: aws.String(fmt.Sprint("q", first+i)), MetricStat: &types.MetricStat{
				Metric: &types.Metric{Namespace: aws.String("AWS/Lambda"), MetricName: aws.String(q.metric), Dimensions: []types.Dimension{
					{Name: aws.String("FunctionName"), Value: aws.String(q.function)},
					{Name: aws.String("Resource"), Value: aws.String(q.function + ":" + live)},
					{Name: aws.String("ExecutedVersion"), Value: aws.String(strconv.Itoa(q.version))},
				}},
				Stat: aws.String(q.statistic), Period: aws.Int32(q.period),
			}})
		}
		pages := cloudwatch.NewGetMetricDataPaginator(w, in)
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				return nil, err
			}
			for _, result := range page.MetricDataResults {
				i, err := strconv.Atoi(strings.TrimPrefix(aws.ToString(result.Id), "q"))
				if err != nil || result.StatusCode == types.StatusCodeInternalError {
					return nil, fmt.Errorf("metric %s: %s %w", aws.ToString(result.Label), result.StatusCode, err)
				}
				values[i] = append(values[i], result.Values...)
			}
		}
	}
	return values, nil
}
