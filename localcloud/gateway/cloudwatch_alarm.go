package gateway

import (
	"slices"
	"strconv"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
)

type describeAlarmsInput struct {
	AlarmNames      []string `query:"AlarmNames.member"`
	AlarmNamePrefix string
	AlarmTypes      []string `query:"AlarmTypes.member"`
	StateValue      string
	ActionPrefix    string
	MaxRecords      *int
	NextToken       string
	// Here there are no composite alarms.
	ChildrenOfAlarmName string
	ParentsOfAlarmName  string
}

func (c *call) alarm(name string) target {
	return target{resource: c.place.ARN("cloudwatch", "alarm:"+name).String()}
}

func allAlarms(c *call, _ describeAlarmsInput) (target, error) { return c.alarm("*"), nil }

func namedAlarm[In interface{ alarmName() string }](c *call, in In) (target, error) {
	return c.alarm(in.alarmName()), nil
}

type alarmOutput struct {
	AlarmName                          string
	AlarmArn                           string
	AlarmDescription                   string `json:",omitempty" xml:",omitempty"`
	AlarmConfigurationUpdatedTimestamp instant
	ActionsEnabled                     bool
	OKActions                          list[string]
	AlarmActions                       list[string]
	InsufficientDataActions            list[string]

	StateValue                 string
	StateReason                string
	StateReasonData            string `json:",omitempty" xml:",omitempty"`
	StateUpdatedTimestamp      instant
	StateTransitionedTimestamp instant

	MetricName        string `json:",omitempty" xml:",omitempty"`
	Namespace         string `json:",omitempty" xml:",omitempty"`
	Statistic         string `json:",omitempty" xml:",omitempty"`
	ExtendedStatistic string `json:",omitempty" xml:",omitempty"`
	Dimensions        list[cloud.Dimension]
	Period            int               `json:",omitempty" xml:",omitempty"`
	Unit              string            `json:",omitempty" xml:",omitempty"`
	Metrics           list[queryOutput] `json:",omitempty" xml:",omitempty"`
	ThresholdMetricId string            `json:",omitempty" xml:",omitempty"`

	EvaluationPeriods                int
	DatapointsToAlarm                int      `json:",omitempty" xml:",omitempty"`
	Threshold                        *float64 `json:",omitempty" xml:",omitempty"`
	ComparisonOperator               string
	TreatMissingData                 string `json:",omitempty" xml:",omitempty"`
	EvaluateLowSampleCountPercentile string `json:",omitempty" xml:",omitempty"`
}

type queryOutput struct {
	Id         string
	MetricStat *statOutput `json:",omitempty" xml:",omitempty"`
	Expression string      `json:",omitempty" xml:",omitempty"`
	Label      string      `json:",omitempty" xml:",omitempty"`
	Period     int         `json:",omitempty" xml:",omitempty"`
	ReturnData bool
}

type statOutput struct {
	Metric metricOutput
	Period int
	Stat   string
	Unit   string `json:",omitempty" xml:",omitempty"`
}

func outputQuery(q cloudwatch.Query) queryOutput {
	out := queryOutput{Id: q.ID, Expression: q.Expression, Label: q.Label, Period: q.Period, ReturnData: q.ReturnData}
	if q.Stat != nil {
		out.MetricStat = &statOutput{outputMetric(q.Stat.Metric), q.Stat.Period, q.Stat.Stat, q.Stat.Unit}
	}
	return out
}

func outputAlarm(a cloudwatch.AlarmState) alarmOutput {
	same := func(s string) string { return s }
	out := alarmOutput{
		AlarmName: a.Name, AlarmArn: a.ARN, AlarmDescription: a.Description,
		AlarmConfigurationUpdatedTimestamp: instant{a.Updated}, ActionsEnabled: a.ActionsEnabled,
		OKActions: listOf(a.OKActions, same), AlarmActions: listOf(a.AlarmActions, same), InsufficientDataActions: listOf(a.InsufficientActions, same),
		StateValue: a.State.Value, StateReason: a.State.Reason, StateReasonData: a.State.Data,
		StateUpdatedTimestamp: instant{a.State.Set}, StateTransitionedTimestamp: instant{a.State.Since},
		MetricName: a.MetricStat.Name, Namespace: a.Namespace, Dimensions: outputMetric(a.Metric).Dimensions,
		Period: a.Period, Unit: a.Unit, Metrics: listOf(a.Queries, outputQuery), ThresholdMetricId: a.ThresholdID,
		EvaluationPeriods: a.EvaluationPeriods, DatapointsToAlarm: a.DatapointsToAlarm, ComparisonOperator: a.Comparison,
		TreatMissingData: a.MissingData, EvaluateLowSampleCountPercentile: a.LowSamples,
	}
	if out.Threshold = a.Threshold; a.Threshold == nil && a.ThresholdID == "" {
		out.Threshold = new(float64)
	}
	if stat, _ := cloudwatch.ParseStatistic(a.Stat); stat.Simple() {
		out.Statistic = a.Stat
	} else {
		out.ExtendedStatistic = a.Stat
	}
	return out
}

func describeAlarms(c *call, in describeAlarmsInput) (any, error) {
	found, err := c.CloudWatch.Alarms(cloudwatch.AlarmFilter{
		Names: in.AlarmNames, Prefix: in.AlarmNamePrefix, State: in.StateValue, ActionPrefix: in.ActionPrefix})
	if err != nil {
		return nil, err
	}
	if len(in.AlarmTypes) > 0 && !slices.Contains(in.AlarmTypes, "MetricAlarm") || in.ChildrenOfAlarmName+in.ParentsOfAlarmName != "" {
		found = nil
	}
	size, err := recordLimit(in.MaxRecords)
	if err != nil {
		return nil, err
	}
	alarms, next, ok := page(found, in.NextToken, size, func(a cloudwatch.AlarmState) string { return a.Name })
	if !ok {
		return nil, invalidToken()
	}
	return struct {
		MetricAlarms    list[alarmOutput]
		CompositeAlarms list[string]
		NextToken       string `json:",omitempty" xml:",omitempty"`
	}{listOf(alarms, outputAlarm), list[string]{}, next}, nil
}

// recordLimit returns the number of records on a page.
func recordLimit(given *int) (int, error) {
	const standard, most = 50, 100
	if given == nil {
		return standard, nil
	}
	if *given < 1 || *given > most {
		return 0, cloud.Violated("ValidationError", *given, "maxRecords", "Member must have value from 1 to %d", most)
	}
	return *given, nil
}

func invalidToken() error {
	return cloud.Errorf(0, "InvalidNextToken", "The service cannot process the NextToken.")
}

type alarmsForMetricInput struct {
	MetricName        string
	Namespace         string
	Statistic         string
	ExtendedStatistic string
	Dimensions        []dimensionInput `query:"Dimensions.member"`
	Period            int
	Unit              string
}

func describeAlarmsForMetric(c *call, in alarmsForMetricInput) (any, error) {
	if in.MetricName == "" || in.Namespace == "" {
		return nil, cloud.Errorf(0, "ValidationError", "The parameters MetricName and Namespace are required.")
	}
	return struct{ MetricAlarms list[alarmOutput] }{listOf(c.CloudWatch.AlarmsOn(cloudwatch.MetricStat{
		Metric: metricInput{in.Namespace, in.MetricName, in.Dimensions}.metric(),
		Period: in.Period, Stat: in.Statistic + in.ExtendedStatistic, Unit: in.Unit,
	}), outputAlarm)}, nil
}

type setAlarmInput struct{ AlarmName, StateValue, StateReason, StateReasonData string }

func (in setAlarmInput) alarmName() string { return in.AlarmName }

func setAlarmState(c *call, in setAlarmInput) (any, error) {
	return struct{}{}, c.CloudWatch.SetState(in.AlarmName, cloudwatch.State{Value: in.StateValue, Reason: in.StateReason, Data: in.StateReasonData})
}

type alarmHistoryInput struct {
	AlarmName          string
	AlarmContributorID string   `json:"AlarmContributorId"` // only alarms of several series have contributors
	AlarmTypes         []string `query:"AlarmTypes.member"`
	HistoryItemType    string
	StartDate, EndDate instant
	MaxRecords         *int
	NextToken          string
	ScanBy             string
}

func (in alarmHistoryInput) alarmName() string {
	if in.AlarmName == "" {
		return "*"
	}
	return in.AlarmName
}

func describeAlarmHistory(c *call, in alarmHistoryInput) (any, error) {
	type item struct {
		AlarmName       string
		AlarmType       string
		Timestamp       instant
		HistoryItemType string
		HistorySummary  string
		HistoryData     string `json:",omitempty" xml:",omitempty"`
	}
	if err := checkScan(in.ScanBy); err != nil {
		return nil, err
	}
	size, err := recordLimit(in.MaxRecords)
	if err != nil {
		return nil, err
	}
	found := c.CloudWatch.History(cloudwatch.HistoryFilter{Alarm: in.AlarmName, Type: in.HistoryItemType,
		Start: in.StartDate.Time, End: in.EndDate.Time, Ascending: in.ScanBy == "TimestampAscending"})
	skip := 0
	if in.NextToken != "" {
		if skip, err = strconv.Atoi(in.NextToken); err != nil || skip < 0 || skip > len(found) {
			return nil, invalidToken()
		}
	}
	rest := found[skip:]
	next := ""
	if len(rest) > size {
		rest, next = rest[:size], strconv.Itoa(skip+size)
	}
	return struct {
		AlarmHistoryItems list[item]
		NextToken         string `json:",omitempty" xml:",omitempty"`
	}{listOf(rest, func(h cloudwatch.HistoryItem) item {
		return item{h.Alarm, "MetricAlarm", instant{h.Time}, h.Type, h.Summary, h.Data}
	}), next}, nil
}
