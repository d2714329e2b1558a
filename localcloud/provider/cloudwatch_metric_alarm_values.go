package provider

import (
	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
	"tally/localcloud/provider/schema"
)

// AdoptAlarms turns the alarms that an earlier version of the local cloud only recorded
// into alarms that are evaluated.
func AdoptAlarms(s *Services) error {
	for _, r := range s.Recorded.Resources() {
		if r.Type != "aws:cloudwatch/metricAlarm:MetricAlarm" {
			continue
		}
		_, err := s.CloudWatch.PutAlarm(alarmOf(schema.Plain(properties(r.Inputs))))
		if err == nil {
			err = s.Recorded.Delete(r.Type, r.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func alarmOf(in schema.Values) cloudwatch.Alarm {
	a := cloudwatch.Alarm{
		Name: in.String("name"), Description: in.String("alarmDescription"), MetricStat: statOf(in, in.String("statistic")+in.String("extendedStatistic")),
		Comparison: in.String("comparisonOperator"), ThresholdID: in.String("thresholdMetricId"),
		EvaluationPeriods: in.Int("evaluationPeriods"), DatapointsToAlarm: in.Int("datapointsToAlarm"),
		MissingData: in.String("treatMissingData"), LowSamples: in.String("evaluateLowSampleCountPercentiles"),
		ActionsEnabled: in.Bool("actionsEnabled"), AlarmActions: in.Strings("alarmActions"), OKActions: in.Strings("okActions"),
		InsufficientActions: in.Strings("insufficientDataActions"), Tags: in.Map("tagsAll"),
	}
	if in.Has("threshold") {
		threshold := in.Float("threshold")
		a.Threshold = &threshold
	}
	for _, q := range in.Objects("metricQueries") {
		query := cloudwatch.Query{ID: q.String("id"), Expression: q.String("expression"), Label: q.String("label"),
			AccountID: q.String("accountId"), Period: q.Int("period"), ReturnData: q.Bool("returnData")}
		if q.Has("metric") {
			m := q.Object("metric")
			stat := statOf(m, m.String("stat"))
			query.Stat = &stat
		}
		a.Queries = append(a.Queries, query)
	}
	return a
}

func statOf(in schema.Values, stat string) cloudwatch.MetricStat {
	m := cloudwatch.MetricStat{
		Metric: cloudwatch.Metric{Namespace: in.String("namespace"), Name: in.String("metricName")},
		Period: in.Int("period"), Stat: stat, Unit: in.String("unit"),
	}
	for name, value := range in.Map("dimensions") {
		m.Dimensions = append(m.Dimensions, cloud.Dimension{Name: name, Value: value})
	}
	m.Metric = m.Sorted()
	return m
}

func liveAlarm(a cloudwatch.Alarm) map[string]any {
	live := liveStat(a.MetricStat)
	live["statistic"], live["extendedStatistic"] = orNil(a.Stat), nil
	if stat, _ := cloudwatch.ParseStatistic(a.Stat); !stat.Simple() {
		live["statistic"], live["extendedStatistic"] = nil, orNil(a.Stat)
	}
	var threshold any
	if a.Threshold != nil {
		threshold = *a.Threshold
	}
	for name, value := range map[string]any{
		"name": a.Name, "arn": a.ARN, "alarmDescription": orNil(a.Description), "comparisonOperator": a.Comparison,
		"threshold": threshold, "thresholdMetricId": orNil(a.ThresholdID),
		"evaluationPeriods": a.EvaluationPeriods, "datapointsToAlarm": orNil(a.DatapointsToAlarm),
		"treatMissingData": a.MissingData, "evaluateLowSampleCountPercentiles": orNil(a.LowSamples),
		"actionsEnabled": a.ActionsEnabled, "alarmActions": orNilList(a.AlarmActions), "okActions": orNilList(a.OKActions),
		"insufficientDataActions": orNilList(a.InsufficientActions), "metricQueries": liveQueries(a.Queries), "tagsAll": a.Tags,
	} {
		live[name] = value
	}
	return live
}

func liveStat(m cloudwatch.MetricStat) map[string]any {
	dimensions := map[string]string{}
	for _, d := range m.Dimensions {
		dimensions[d.Name] = d.Value
	}
	return map[string]any{
		"metricName": orNil(m.Name), "namespace": orNil(m.Namespace), "dimensions": orNilMap(dimensions),
		"period": orNil(m.Period), "unit": orNil(m.Unit),
	}
}

func liveQueries(queries []cloudwatch.Query) any {
	var all []any
	for _, q := range queries {
		var metric any
		if q.Stat != nil {
			m := liveStat(*q.Stat)
			m["stat"] = q.Stat.Stat
			metric = m
		}
		all = append(all, map[string]any{
			"id": q.ID, "expression": orNil(q.Expression), "label": orNil(q.Label), "period": orNil(q.Period),
			"accountId": orNil(q.AccountID), "returnData": q.ReturnData, "metric": metric,
		})
	}
	return orNilList(all)
}
