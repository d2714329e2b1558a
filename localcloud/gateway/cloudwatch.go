package gateway

import (
	"encoding/xml"
	"maps"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
)

// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Operations.html
func metricsOperations() operations {
	return operations{
		"DescribeAlarmHistory":    authorized("cloudwatch:DescribeAlarmHistory", namedAlarm, describeAlarmHistory),
		"DescribeAlarms":          authorized("cloudwatch:DescribeAlarms", allAlarms, describeAlarms),
		"DescribeAlarmsForMetric": authorized("cloudwatch:DescribeAlarmsForMetric", allMetrics, describeAlarmsForMetric),
		"GetMetricData":           authorized("cloudwatch:GetMetricData", allMetrics, getMetricData),
		"GetMetricStatistics":     authorized("cloudwatch:GetMetricStatistics", allMetrics, getMetricStatistics),
		"ListMetrics":             authorized("cloudwatch:ListMetrics", allMetrics, listMetrics),
		"PutMetricData":           authorizedByService("cloudwatch:PutMetricData", putMetricData),
		"SetAlarmState":           authorized("cloudwatch:SetAlarmState", namedAlarm, setAlarmState),
	}
}

// allMetrics returns the target of operations that have no resource.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
func allMetrics[In any](*call, In) (target, error) { return target{resource: "*"}, nil }

type metricInput struct {
	Namespace  string
	Name       string           `json:"MetricName"`
	Dimensions []dimensionInput `query:"Dimensions.member"`
}

type dimensionInput struct{ Name, Value string }

func (in metricInput) metric() cloudwatch.Metric {
	m := cloudwatch.Metric{Namespace: in.Namespace, Name: in.Name}
	for _, d := range in.Dimensions {
		m.Dimensions = append(m.Dimensions, cloud.Dimension(d))
	}
	return m
}

type metricOutput struct {
	Namespace  string
	MetricName string
	Dimensions list[cloud.Dimension]
}

func outputMetric(m cloudwatch.Metric) metricOutput {
	return metricOutput{m.Namespace, m.Name, listOf(m.Dimensions, func(d cloud.Dimension) cloud.Dimension { return d })}
}

type metricStatInput struct {
	Metric     metricInput
	Period     int
	Stat, Unit string
}

type metricDataInput struct {
	Queries []struct {
		ID         string           `json:"Id"`
		Stat       *metricStatInput `json:"MetricStat"`
		Expression string
		Label      string
		ReturnData *bool
		Period     int
		AccountID  string `json:"AccountId"` // here there is only one account
	} `json:"MetricDataQueries" query:"MetricDataQueries.member"`
	StartTime     instant
	EndTime       instant
	NextToken     string
	ScanBy        string
	MaxDatapoints int
	LabelOptions  *struct{ Timezone string } // labels here contain no times
}

func (in metricDataInput) request() cloudwatch.DataRequest {
	r := cloudwatch.DataRequest{
		Start: in.StartTime.Time, End: in.EndTime.Time, Token: in.NextToken,
		Ascending: in.ScanBy == "TimestampAscending", MaxDatapoints: in.MaxDatapoints,
	}
	for _, q := range in.Queries {
		query := cloudwatch.Query{ID: q.ID, Expression: q.Expression, Label: q.Label, Period: q.Period, ReturnData: q.ReturnData == nil || *q.ReturnData}
		if q.Stat != nil {
			query.Stat = &cloudwatch.MetricStat{Metric: q.Stat.Metric.metric(), Period: q.Stat.Period, Stat: q.Stat.Stat, Unit: q.Stat.Unit}
		}
		r.Queries = append(r.Queries, query)
	}
	return r
}

func getMetricData(c *call, in metricDataInput) (any, error) {
	type result struct {
		ID         string `json:"Id" xml:"Id"`
		Label      string
		Timestamps list[instant]
		Values     list[float64]
		StatusCode string
	}
	if err := checkScan(in.ScanBy); err != nil {
		return nil, err
	}
	found, next, err := c.CloudWatch.MetricData(in.request())
	return struct {
		Results   list[result] `json:"MetricDataResults" xml:"MetricDataResults"`
		Messages  list[string] // about the request as a whole; there are none here
		NextToken string       `json:",omitempty" xml:",omitempty"`
	}{listOf(found, func(d cloudwatch.Data) result {
		status := "Complete"
		if d.Partial {
			status = "PartialData"
		}
		return result{d.ID, d.Label,
			listOf(d.Points, func(p cloudwatch.Point) instant { return instant{p.Time} }),
			listOf(d.Points, func(p cloudwatch.Point) float64 { return p.Value }), status}
	}), list[string]{}, next}, err
}

// checkScan checks the parameter ScanBy.
func checkScan(by string) error {
	if !slices.Contains([]string{"", "TimestampDescending", "TimestampAscending"}, by) {
		return cloud.Violated("ValidationError", by, "scanBy", "Member must satisfy enum value set: [TimestampDescending, TimestampAscending]")
	}
	return nil
}

type statisticsInput struct {
	Namespace          string
	MetricName         string
	Dimensions         []dimensionInput `query:"Dimensions.member"`
	StartTime, EndTime instant
	Period             int
	Statistics         []string `query:"Statistics.member"`
	ExtendedStatistics []string `query:"ExtendedStatistics.member"`
	Unit               string
}

// extended are the extended statistics of a data point, by name.
type extended map[string]float64

// MarshalXML encodes the statistics as a map in Query.
func (x extended) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	type entry struct {
		Key   string  `xml:"key"`
		Value float64 `xml:"value"`
	}
	var entries struct {
		Entries []entry `xml:"entry"`
	}
	for _, name := range slices.Sorted(maps.Keys(x)) {
		entries.Entries = append(entries.Entries, entry{name, x[name]})
	}
	return e.EncodeElement(entries, start)
}

func getMetricStatistics(c *call, in statisticsInput) (any, error) {
	type datapoint struct {
		Timestamp          instant
		SampleCount        *float64 `json:",omitempty" xml:",omitempty"`
		Average            *float64 `json:",omitempty" xml:",omitempty"`
		Sum                *float64 `json:",omitempty" xml:",omitempty"`
		Minimum            *float64 `json:",omitempty" xml:",omitempty"`
		Maximum            *float64 `json:",omitempty" xml:",omitempty"`
		Unit               string
		ExtendedStatistics extended `json:",omitempty" xml:",omitempty"`
	}
	found, err := c.CloudWatch.MetricStatistics(cloudwatch.StatisticsRequest{
		Metric: metricInput{in.Namespace, in.MetricName, in.Dimensions}.metric(),
		Start:  in.StartTime.Time, End: in.EndTime.Time, Period: in.Period,
		Statistics: in.Statistics, Extended: in.ExtendedStatistics, Unit: in.Unit,
	})
	return struct {
		Label      string
		Datapoints list[datapoint]
	}{in.MetricName, listOf(found, func(d cloudwatch.Datapoint) datapoint {
		out := datapoint{Timestamp: instant{d.Time}, Unit: d.Unit}
		for name, v := range d.Statistics {
			switch name {
			case "SampleCount":
				out.SampleCount = &v
			case "Average":
				out.Average = &v
			case "Sum":
				out.Sum = &v
			case "Minimum":
				out.Minimum = &v
			case "Maximum":
				out.Maximum = &v
			default:
				if out.ExtendedStatistics == nil {
					out.ExtendedStatistics = extended{}
				}
				out.ExtendedStatistics[name] = v
			}
		}
		return out
	})}, err
}

type listMetricsInput struct {
	Namespace             string
	MetricName            string
	Dimensions            []dimensionInput `query:"Dimensions.member"`
	NextToken             string
	RecentlyActive        string
	IncludeLinkedAccounts bool // here there is only one account
	OwningAccount         string
}

func listMetrics(c *call, in listMetricsInput) (any, error) {
	const pageSize = 500
	found := c.CloudWatch.Metrics(cloudwatch.MetricFilter{
		Namespace: in.Namespace, Name: in.MetricName, Recent: in.RecentlyActive != "",
		Dimensions: metricInput{Dimensions: in.Dimensions}.metric().Dimensions,
	})
	if in.OwningAccount != "" && in.OwningAccount != c.place.Account {
		found = nil
	}
	metrics, next, ok := page(found, in.NextToken, pageSize, cloudwatch.Metric.Key)
	if !ok {
		return nil, cloud.Errorf(0, "InvalidParameterValue", "The service cannot process the NextToken.")
	}
	return struct {
		Metrics   list[metricOutput]
		NextToken string `json:",omitempty" xml:",omitempty"`
	}{listOf(metrics, outputMetric), next}, nil
}

type putMetricsInput struct {
	Namespace  string
	MetricData []struct {
		MetricName        string
		Dimensions        []dimensionInput `query:"Dimensions.member"`
		Timestamp         instant
		Value             *float64
		StatisticValues   *cloudwatch.StatisticSet
		Values            []float64 `query:"Values.member"`
		Counts            []float64 `query:"Counts.member"`
		Unit              string
		StorageResolution int
	} `query:"MetricData.member"`
}

// putMetricData authorizes the caller itself, because the namespace is a condition key.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/iam-cw-condition-keys-namespace.html
func putMetricData(c *call, in putMetricsInput) (any, error) {
	err := c.IAM.Authorize(c.Context(), cloud.Request{Caller: c.caller, Action: "cloudwatch:PutMetricData", Resource: "*",
		Context: map[string][]string{"cloudwatch:namespace": {in.Namespace}}})
	if err != nil {
		return nil, err
	}
	var data []cloudwatch.Datum
	for _, d := range in.MetricData {
		data = append(data, cloudwatch.Datum{
			Name: d.MetricName, Dimensions: metricInput{Dimensions: d.Dimensions}.metric().Dimensions,
			Time: d.Timestamp.Time, Unit: d.Unit, Resolution: d.StorageResolution,
			Value: d.Value, Values: d.Values, Counts: d.Counts, Statistics: d.StatisticValues,
		})
	}
	return struct{}{}, c.CloudWatch.PutMetrics(in.Namespace, data)
}
