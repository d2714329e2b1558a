package provider

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
	"tally/localcloud/provider/schema"
)

// metricAlarm returns the type of metric alarms. Their ID is their name.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
func metricAlarm(place cloud.Place, service *cloudwatch.Service) *Resource {
	r := &Resource{
		Type: schema.Type{
			Token: "aws:cloudwatch/metricAlarm:MetricAlarm", Noun: "CloudWatch Metric Alarm",
			Inputs: []schema.Property{
				{Name: "name", AutoName: 255, ForceNew: true, Check: nonEmpty(255)},
				{Name: "comparisonOperator", Required: true, Check: oneOf(
					"GreaterThanOrEqualToThreshold", "GreaterThanThreshold", "LessThanThreshold", "LessThanOrEqualToThreshold",
					belowOrAboveBand, belowBand, aboveBand)},
				{Name: "evaluationPeriods", Kind: schema.Int, Required: true, Check: between(1, 86400)},
				{Name: "datapointsToAlarm", Kind: schema.Int, Check: between(1, 86400)},
				{Name: "metricName", Check: nonEmpty(255)},
				{Name: "namespace", Check: matching("[^:].{0,254}", "1 to 255 characters that do not begin with a colon")},
				{Name: "dimensions", Kind: schema.Map, Check: atMostDimensions},
				{Name: "period", Kind: schema.Int, Check: period},
				{Name: "statistic", Check: statistic},
				{Name: "extendedStatistic", Check: extendedStatistic},
				{Name: "unit", Check: unit},
				{Name: "threshold", Kind: schema.Float},
				{Name: "thresholdMetricId"},
				{Name: "treatMissingData", Default: "missing", Check: oneOf("breaching", "notBreaching", "ignore", "missing")},
				{Name: "evaluateLowSampleCountPercentiles", Check: oneOf("evaluate", "ignore")},
				{Name: "alarmDescription", Check: length(0, 1024)},
				{Name: "actionsEnabled", Kind: schema.Bool, Default: true},
				{Name: "alarmActions", Kind: schema.List, Check: alarmActions(place.Region)},
				{Name: "okActions", Kind: schema.List, Check: alarmActions(place.Region)},
				{Name: "insufficientDataActions", Kind: schema.List, Check: alarmActions(place.Region)},
				{Name: "metricQueries", Kind: schema.Objects, Properties: metricQuery()},
				tagged(cloud.CheckTags),
			},
			Outputs:  []schema.Output{{Name: "arn"}, schema.TagOutput()},
			Together: alarmTogether,
		},
		Read: func(_ context.Context, id string, _ schema.Values) (string, map[string]any, error) {
			a, err := service.Alarm(id)
			return id, liveAlarm(a.Alarm), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error { return service.DeleteAlarm(id) },
	}
	put := func(in schema.Values) (map[string]any, error) {
		if err := r.Validate(in); err != nil {
			return nil, err
		}
		a, err := service.PutAlarm(alarmOf(in))
		return liveAlarm(a), err
	}
	r.Create = func(_ context.Context, in schema.Values) (string, map[string]any, error) {
		live, err := put(in)
		return in.String("name"), live, err
	}
	r.Update = func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) { return put(in) }
	return r
}

// alarmActions accepts at most five ARNs of services that CloudWatch can call, in that
// region.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
// https://github.com/cds-snc/notification-terraform/pull/128
func alarmActions(region string) func(any) error {
	each := each(func(v any) error { return alarmAction(region, v.(string)) })
	return func(v any) error {
		if n := len(v.([]any)); n > 5 {
			return fmt.Errorf("expected at most 5, got %d", n)
		}
		return each(v)
	}
}

func alarmAction(region, action string) error {
	arn, err := cloud.ParseARN(action)
	switch {
	case err != nil:
		return err
	case !slices.Contains(actionServices, arn.Service):
		return fmt.Errorf("CloudWatch has no alarm action for %s: it must be an ARN of %s", arn, strings.Join(actionServices, ", "))
	case arn.Region != "" && arn.Region != region:
		return cloud.Errorf(http.StatusBadRequest, "ValidationError", "Invalid region %s specified. Only %s is supported.", arn.Region, region)
	}
	return nil
}

// actionServices are the services in the ARNs that PutMetricAlarm lists as valid
// actions.
var actionServices = []string{"sns", "lambda", "autoscaling", "automate", "swf", "ssm", "ssm-incidents", "aiops"}

// Comparisons with the band of an anomaly detection model.
const (
	belowOrAboveBand = "LessThanLowerOrGreaterThanUpperThreshold"
	belowBand        = "LessThanLowerThreshold"
	aboveBand        = "GreaterThanUpperThreshold"
)

// alarmExpression accepts the expressions of alarms, which cannot search for metrics.
//
// https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_cloudwatch.SearchExpressionProps.html
func alarmExpression(v any) error {
	if strings.Contains(v.(string), "SEARCH(") {
		return errors.New("SEARCH is not supported on Metric Alarms")
	}
	return nonEmpty(2048)(v)
}

func metricQuery() []schema.Property {
	return []schema.Property{
		{Name: "id", Required: true, Check: matching("[a-z][a-zA-Z0-9_]{0,254}", "letters, digits and underscores after a lowercase letter")},
		{Name: "expression", Check: alarmExpression},
		{Name: "label"},
		{Name: "period", Kind: schema.Int, Check: period},
		{Name: "returnData", Kind: schema.Bool},
		{Name: "accountId"},
		{Name: "metric", Kind: schema.Object, Properties: []schema.Property{
			{Name: "metricName", Required: true, Check: nonEmpty(255)},
			{Name: "namespace"},
			{Name: "dimensions", Kind: schema.Map, Check: atMostDimensions},
			{Name: "period", Kind: schema.Int, Required: true, Check: period},
			{Name: "stat", Required: true, Check: queryStatistic},
			{Name: "unit", Check: unit},
		}},
	}
}

func atMostDimensions(v any) error {
	if n := len(v.(map[string]any)); n > 30 {
		return fmt.Errorf("expected at most 30 dimensions, got %d", n)
	}
	return nil
}

func period(v any) error {
	if n := int(v.(float64)); n < 60 && n != 10 && n != 20 && n != 30 || n > 86400 || n >= 60 && n%60 != 0 {
		return fmt.Errorf("must be 10, 20, 30 or a multiple of 60 seconds up to 86400, not %d", n)
	}
	return nil
}

var statistic = oneOf("SampleCount", "Average", "Sum", "Minimum", "Maximum")

var unit = oneOf(func() (units []any) {
	for _, u := range cloudwatch.Units {
		units = append(units, u)
	}
	return units
}()...)

// queryStatistic accepts what a metric of a query can have: either kind of
// statistic.
func queryStatistic(v any) error {
	if statistic(v) == nil || extendedStatistic(v) == nil {
		return nil
	}
	return fmt.Errorf(`must be a statistic such as "Sum" or "p99", not %q`, v)
}

func extendedStatistic(v any) error {
	if s, ok := cloudwatch.ParseStatistic(v.(string)); !ok || s.Simple() {
		return fmt.Errorf(`must be a percentile or another extended statistic, such as "p99" or "TM(10%%:90%%)", not %q`, v)
	}
	return nil
}

// alarmTogether refuses combinations of inputs that CloudWatch refuses.
func alarmTogether(in schema.Values, fail schema.Fail) {
	if in.Given("metricQueries") {
		for _, name := range []string{"metricName", "namespace", "dimensions", "period", "statistic", "extendedStatistic", "unit"} {
			if in.Given(name) {
				fail(name, "conflicts with metricQueries, which have metrics of their own")
			}
		}
		queriesTogether(in.Objects("metricQueries"), in.Given("thresholdMetricId"), fail)
	} else {
		for _, name := range []string{"metricName", "namespace", "period"} {
			if !in.Given(name) {
				fail(name, "is required without metricQueries")
			}
		}
		if in.Given("statistic") == in.Given("extendedStatistic") {
			fail("statistic", "exactly one of statistic and extendedStatistic must be given")
		}
	}
	thresholdTogether(in, fail)
	periods := in.Int("evaluationPeriods")
	if n := in.Int("datapointsToAlarm"); periods > 0 && n > periods {
		fail("datapointsToAlarm", "expected at most the %d evaluationPeriods, got %d", periods, n)
	}
	longest := 24 * time.Hour
	if in.Int("period") >= 3600 {
		longest *= 7
	}
	if span := time.Duration(periods*in.Int("period")) * time.Second; span > longest {
		fail("evaluationPeriods", "metrics cannot be checked across more than %s (evaluationPeriods times period), but this is %s", longest, span)
	}
}

// thresholdTogether refuses a threshold that does not suit the comparison: alarms
// compare either with a number, 0 if it is omitted, or with a band.
//
// https://github.com/aws/aws-cdk/issues/10540
// https://github.com/aws-cloudformation/cfn-lint/pull/1306
// https://github.com/cdklabs/cdk-monitoring-constructs/issues/340
func thresholdTogether(in schema.Values, fail schema.Fail) {
	operator := in.String("comparisonOperator")
	banded := slices.Contains([]string{belowOrAboveBand, belowBand, aboveBand}, operator)
	switch {
	case in.Given("threshold") && in.Given("thresholdMetricId"):
		fail("thresholdMetricId", "Threshold and ThresholdMetricId cannot both be set")
	case operator == "": // not known yet
	case banded && !in.Given("thresholdMetricId"):
		fail("thresholdMetricId", "ComparisonOperators for ranges require ThresholdMetricId to be set")
	case !banded && in.Given("thresholdMetricId"):
		fail("threshold", "PutMetricAlarm request should have valid Threshold parameter")
	case banded && !mayBeBand(in.String("thresholdMetricId"), in):
		fail("thresholdMetricId", "Threshold metric expression must use ANOMALY_DETECTION_BAND function")
	}
}

// mayBeBand reports whether the query with that ID is, or may turn out to be, the
// band of an anomaly detection model.
func mayBeBand(id string, in schema.Values) bool {
	if in.Given("metricQueries") && !in.Has("metricQueries") {
		return true
	}
	return slices.ContainsFunc(in.Objects("metricQueries"), func(q schema.Values) bool {
		if other := q.String("id"); id != "" && other != "" && id != other {
			return false
		}
		known := q.Has("expression") == q.Given("expression")
		return !known || strings.Contains(strings.ToUpper(q.String("expression")), "ANOMALY_DETECTION_BAND")
	})
}

// queriesTogether refuses combinations of queries that CloudWatch refuses. An alarm
// watches one of them. If it compares with a band, the band returns data, too.
func queriesTogether(queries []schema.Values, banded bool, fail schema.Fail) {
	var ids []string
	returned, known := 0, true
	for i, q := range queries {
		at := fmt.Sprintf("metricQueries[%d]", i)
		if q.Given("metric") == q.Given("expression") {
			fail(at, "exactly one of metric and expression must be given")
		}
		if id := q.String("id"); slices.Contains(ids, id) {
			fail(at+".id", "is the id of another query: %q", id)
		} else if id != "" {
			ids = append(ids, id)
		}
		known = known && q.Has("returnData") == q.Given("returnData")
		if q.Bool("returnData") {
			returned++
		}
	}
	if known && len(queries) > 0 && returned != 1 && !banded {
		fail("metricQueries", "exactly one query must have returnData, the one that the alarm watches; %d have it", returned)
	}
}
