package gateway

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"tally/localcloud/cloudwatch"
	"tally/localcloud/lambda"
)

// metricsOf publishes two values of a metric with the SDK, and returns the client.
func metricsOf(t *testing.T, k *kit) *sdk.Client {
	t.Helper()
	client := sdk.NewFromConfig(k.config(developer))
	for _, v := range []float64{2, 4} {
		_ = must(client.PutMetricData(t.Context(), &sdk.PutMetricDataInput{
			Namespace: aws.String("tally"),
			MetricData: []types.MetricDatum{{
				MetricName: aws.String("Sums"), Unit: types.StandardUnitCount, Value: aws.Float64(v), Timestamp: aws.Time(time.Now()),
				Dimensions: []types.Dimension{{Name: aws.String("Stage"), Value: aws.String("dev")}},
			}},
		}))(t)
	}
	return client
}

func sumsMetric() *types.Metric {
	return &types.Metric{Namespace: aws.String("tally"), MetricName: aws.String("Sums"),
		Dimensions: []types.Dimension{{Name: aws.String("Stage"), Value: aws.String("dev")}}}
}

func TestMetricsWithTheSDK(t *testing.T) {
	k := newKit(t)
	client := metricsOf(t, k)
	start := time.Now().Add(-10 * time.Minute)

	listed := must(client.ListMetrics(t.Context(), &sdk.ListMetricsInput{Namespace: aws.String("tally")}))(t)
	if len(listed.Metrics) != 1 || *listed.Metrics[0].MetricName != "Sums" || *listed.Metrics[0].Dimensions[0].Value != "dev" {
		t.Errorf("listed %+v", listed.Metrics)
	}

	data := must(client.GetMetricData(t.Context(), &sdk.GetMetricDataInput{
		StartTime: &start, EndTime: aws.Time(time.Now()), ScanBy: types.ScanByTimestampAscending,
		MetricDataQueries: []types.MetricDataQuery{
			{Id: aws.String("m"), ReturnData: aws.Bool(false), MetricStat: &types.MetricStat{Metric: sumsMetric(), Period: aws.Int32(3600), Stat: aws.String("Sum")}},
			{Id: aws.String("p"), MetricStat: &types.MetricStat{Metric: sumsMetric(), Period: aws.Int32(3600), Stat: aws.String("p50")}},
			{Id: aws.String("e"), Expression: aws.String("m * 10"), Label: aws.String("tenfold")},
		},
	}))(t)
	if len(data.MetricDataResults) != 2 {
		t.Fatalf("results %+v", data.MetricDataResults)
	}
	median, tenfold := data.MetricDataResults[0], data.MetricDataResults[1]
	if !slices.Equal(median.Values, []float64{2}) || !slices.Equal(tenfold.Values, []float64{60}) || *tenfold.Label != "tenfold" || *median.Label != "Sums" {
		t.Errorf("median %+v, tenfold %+v", median, tenfold)
	}
	if at := start.Truncate(time.Minute); !median.Timestamps[0].Equal(at) || median.StatusCode != types.StatusCodeComplete {
		t.Errorf("the datapoint is at %s, want %s: %+v", median.Timestamps[0], at, median)
	}

	stats := must(client.GetMetricStatistics(t.Context(), &sdk.GetMetricStatisticsInput{
		Namespace: aws.String("tally"), MetricName: aws.String("Sums"), Dimensions: sumsMetric().Dimensions,
		StartTime: &start, EndTime: aws.Time(time.Now()), Period: aws.Int32(3600),
		Statistics: []types.Statistic{types.StatisticMaximum, types.StatisticAverage},
	}))(t)
	if len(stats.Datapoints) != 1 || *stats.Datapoints[0].Maximum != 4 || *stats.Datapoints[0].Average != 3 || stats.Datapoints[0].Sum != nil {
		t.Errorf("statistics %+v", stats.Datapoints)
	}
}

// TestMetricsErrors checks that the SDK recognizes CloudWatch's errors.
func TestMetricsErrors(t *testing.T) {
	client := sdk.NewFromConfig(newKit(t).config(developer))
	_, err := client.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"),
		MetricData: []types.MetricDatum{{MetricName: aws.String("Errors"), Value: aws.Float64(1)}}})
	if invalid, ok := errors.AsType[*types.InvalidParameterValueException](err); !ok || invalid.ErrorMessage() != "The value AWS/ for parameter Namespace is invalid." {
		t.Errorf("PutMetricData: %v", err)
	}
	_, err = client.SetAlarmState(t.Context(), &sdk.SetAlarmStateInput{AlarmName: aws.String("a"), StateValue: types.StateValueOk, StateReason: aws.String("test")})
	if _, ok := errors.AsType[*types.ResourceNotFound](err); !ok {
		t.Errorf("SetAlarmState: %v", err)
	}
	now := time.Now()
	_, err = client.GetMetricData(t.Context(), &sdk.GetMetricDataInput{StartTime: &now, EndTime: &now,
		MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("5xx"), Expression: aws.String("1")}}})
	want := "The parameter StartTime must not equal parameter EndTime.\n" +
		"The value 5xx for parameter MetricDataQueries.member.1.Id is not matching the expected pattern ^[a-z][a-zA-Z0-9_]*$."
	if api, ok := errors.AsType[smithy.APIError](err); !ok || api.ErrorCode() != "ValidationError" || api.ErrorMessage() != want {
		t.Errorf("GetMetricData: %v", err)
	}
}

func TestAlarmsWithTheSDK(t *testing.T) {
	k := newKit(t)
	client := sdk.NewFromConfig(k.config(developer))
	for _, name := range []string{"tally-a", "tally-b", "other"} {
		_ = must(k.CloudWatch.PutAlarm(cloudwatch.Alarm{
			Name: name, EvaluationPeriods: 1, Comparison: "GreaterThanThreshold", MissingData: "notBreaching", ActionsEnabled: true,
			MetricStat: cloudwatch.MetricStat{Metric: cloudwatch.Metric{Namespace: "tally", Name: "Sums"}, Period: 60, Stat: "p99"},
		}))(t)
	}
	_ = must(client.SetAlarmState(t.Context(), &sdk.SetAlarmStateInput{AlarmName: aws.String("tally-b"), StateValue: types.StateValueAlarm, StateReason: aws.String("drill")}))(t)

	first := must(client.DescribeAlarms(t.Context(), &sdk.DescribeAlarmsInput{AlarmNamePrefix: aws.String("tally-"), MaxRecords: aws.Int32(1)}))(t)
	second := must(client.DescribeAlarms(t.Context(), &sdk.DescribeAlarmsInput{AlarmNamePrefix: aws.String("tally-"), MaxRecords: aws.Int32(1), NextToken: first.NextToken}))(t)
	if len(first.MetricAlarms) != 1 || len(second.MetricAlarms) != 1 || second.NextToken != nil {
		t.Fatalf("pages %+v, %+v", first, second)
	}
	a, b := first.MetricAlarms[0], second.MetricAlarms[0]
	if a.StateValue != types.StateValueInsufficientData || *a.StateReason != "Unchecked: Initial alarm creation" || *a.ExtendedStatistic != "p99" || a.Statistic != "" || *a.Threshold != 0 {
		t.Errorf("alarm %+v", a)
	}
	if b.StateValue != types.StateValueAlarm || *b.StateReason != "drill" || *b.AlarmArn != "arn:aws:cloudwatch:us-east-1:000000000000:alarm:tally-b" {
		t.Errorf("alarm %+v", b)
	}
	active := must(client.DescribeAlarms(t.Context(), &sdk.DescribeAlarmsInput{StateValue: types.StateValueAlarm}))(t)
	onMetric := must(client.DescribeAlarmsForMetric(t.Context(), &sdk.DescribeAlarmsForMetricInput{Namespace: aws.String("tally"), MetricName: aws.String("Sums")}))(t)
	if len(active.MetricAlarms) != 1 || len(onMetric.MetricAlarms) != 3 {
		t.Errorf("%d alarms are active, and %d on the metric", len(active.MetricAlarms), len(onMetric.MetricAlarms))
	}
	history := must(client.DescribeAlarmHistory(t.Context(), &sdk.DescribeAlarmHistoryInput{AlarmName: aws.String("tally-b"), MaxRecords: aws.Int32(1)}))(t)
	if len(history.AlarmHistoryItems) != 1 || *history.AlarmHistoryItems[0].HistorySummary != "Alarm updated from INSUFFICIENT_DATA to ALARM" || history.NextToken == nil {
		t.Errorf("history %+v", history)
	}
}

// TestMetricsInOlderProtocols sends requests as older SDKs do.
func TestMetricsInOlderProtocols(t *testing.T) {
	k := newKit(t)
	metricsOf(t, k)
	at := time.Now().UTC()
	query := request{method: "POST", path: "/", service: "monitoring", header: map[string]string{"Content-Type": formType}, body: "Action=GetMetricStatistics&Version=" + metricsVersion +
		"&Namespace=tally&MetricName=Sums&Dimensions.member.1.Name=Stage&Dimensions.member.1.Value=dev&Period=3600&Statistics.member.1=Sum" +
		"&StartTime=" + at.Add(-10*time.Minute).Format("2006-01-02T15:04:00Z") + "&EndTime=" + at.Add(time.Minute).Format(time.RFC3339)}
	status, _, body := send(t, query.build(t, k.url))
	if status != http.StatusOK || !strings.Contains(body, "<Sum>6</Sum><Unit>Count</Unit>") || !strings.Contains(body, "<Timestamp>"+at.Add(-10*time.Minute).Format("2006-01-02T15:04:00Z")) {
		t.Errorf("Query: %d %s", status, body)
	}
	query.body = "Action=PutMetricData&Version=" + metricsVersion + "&Namespace=tally&MetricData.member.1.MetricName=Sizes" +
		"&MetricData.member.1.StatisticValues.SampleCount=2&MetricData.member.1.StatisticValues.Sum=3&MetricData.member.1.StatisticValues.Minimum=1&MetricData.member.1.StatisticValues.Maximum=2"
	if status, _, body := send(t, query.build(t, k.url)); status != http.StatusOK {
		t.Errorf("Query: %d %s", status, body)
	}

	list := request{method: "POST", path: "/", service: "monitoring", header: map[string]string{targetHeader: metricsTarget + ".ListMetrics"}, body: `{"MetricName":"Sizes"}`}
	var listed struct {
		Metrics []struct{ Namespace, MetricName string }
	}
	status, _, body = send(t, list.build(t, k.url))
	if err := json.Unmarshal([]byte(body), &listed); err != nil || status != http.StatusOK || len(listed.Metrics) != 1 || listed.Metrics[0].MetricName != "Sizes" {
		t.Errorf("JSON: %d %s", status, body)
	}
	list.body = `{"Metric":"Sizes"}`
	if status, header, body := send(t, list.build(t, k.url)); status != http.StatusBadRequest || header.Get("X-Amzn-Query-Error") != "ValidationException;Sender" || !strings.Contains(body, "does not take the parameter 'Metric'") {
		t.Errorf("JSON: %d %v %s", status, header, body)
	}
}

func TestPutMetricDataInANamespace(t *testing.T) {
	k := newKit(t)
	client := sdk.NewFromConfig(k.config(k.role(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"cloudwatch:PutMetricData","Resource":"*",`+
		`"Condition":{"StringEquals":{"cloudwatch:namespace":"tally"}}}]}`)))
	for namespace, allowed := range map[string]bool{"tally": true, "other": false} {
		_, err := client.PutMetricData(t.Context(), &sdk.PutMetricDataInput{Namespace: &namespace,
			MetricData: []types.MetricDatum{{MetricName: aws.String("Sums"), Value: aws.Float64(1)}}})
		if (err == nil) != allowed {
			t.Errorf("%s: %v", namespace, err)
		}
	}
}

// Metrics by the version that an alias chose, with the dimensions in another order
// than Lambda reports them.
func TestMetricsOfAVersion(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "add"})
	must(k.Lambda.PublishVersion("add", "", ""))(t)
	f.MemoryMB = 256
	must(k.Lambda.UpdateFunction(f.Config, nil))(t)
	must(k.Lambda.PublishVersion("add", "", ""))(t)
	must(k.Lambda.CreateAlias(lambda.Alias{Function: "add", Name: "live", Version: "1", AdditionalVersionWeights: map[string]float64{"2": 1}}))(t)
	out := must(awslambda.NewFromConfig(k.config(developer)).Invoke(t.Context(), &awslambda.InvokeInput{
		FunctionName: &f.Name, Qualifier: aws.String("live"), Payload: []byte(`"fail"`)}))(t)
	if *out.ExecutedVersion != "2" || out.FunctionError == nil {
		t.Fatalf("version %s ran: %s", *out.ExecutedVersion, out.Payload)
	}
	for version, want := range map[string][]float64{"1": nil, "2": {1}} {
		data := must(sdk.NewFromConfig(k.config(developer)).GetMetricData(t.Context(), &sdk.GetMetricDataInput{
			StartTime: aws.Time(time.Now().Add(-time.Minute)), EndTime: aws.Time(time.Now().Add(time.Minute)),
			MetricDataQueries: []types.MetricDataQuery{{Id: aws.String("errors"), MetricStat: &types.MetricStat{
				Period: aws.Int32(60), Stat: aws.String("Sum"), Metric: &types.Metric{
					Namespace: aws.String("AWS/Lambda"), MetricName: aws.String("Errors"), Dimensions: []types.Dimension{
						{Name: aws.String("FunctionName"), Value: &f.Name}, {Name: aws.String("Resource"), Value: aws.String("add:live")},
						{Name: aws.String("ExecutedVersion"), Value: &version},
					},
				},
			}}},
		}))(t)
		if got := data.MetricDataResults[0].Values; !slices.Equal(got, want) {
			t.Errorf("the errors of version %s are %v, want %v", version, got, want)
		}
	}
}
