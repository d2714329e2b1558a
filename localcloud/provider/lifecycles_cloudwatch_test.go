package provider

import "tally/localcloud/cloudwatch"

func cloudWatchLifeCycles() []lifeCycle {
	byHand := func(change func(*cloudwatch.Alarm)) func(c cloudUnderTest, m made) error {
		return func(c cloudUnderTest, m made) error {
			a, err := c.services.CloudWatch.Alarm(m.id)
			if err != nil {
				return err
			}
			change(&a.Alarm)
			_, err = c.services.CloudWatch.PutAlarm(a.Alarm)
			return err
		}
	}
	return []lifeCycle{{
		token: alarmToken,
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 0.5, "statistic": "Sum",
				"metricName": "Errors", "namespace": "AWS/Lambda", "period": 60, "dimensions": map[string]any{"FunctionName": "f"},
				"alarmActions": []any{"arn:aws:sns:us-east-1:000000000000:alarms"}, "tags": map[string]any{"a": "1"}}
		},
		id: "thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:thing-" + hex,
			"actionsEnabled": "true", "treatMissingData": "missing", "tagsAll": "map.a:1."},
		update: map[string]any{"threshold": 1.5, "okActions": []any{"arn:aws:sns:us-east-1:000000000000:alarms"}},
		diff:   map[string]string{"threshold": "UPDATE", "okActions": "ADD"},
		drift: byHand(func(a *cloudwatch.Alarm) {
			nine := 9.0
			a.Threshold = &nine
		}), seen: []string{"threshold"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
	}, {
		token: alarmToken,
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"comparisonOperator": "LessThanThreshold", "evaluationPeriods": 3, "datapointsToAlarm": 2, "threshold": 0,
				"alarmDescription": "a rate", "treatMissingData": "ignore", "evaluateLowSampleCountPercentiles": "ignore",
				"metricQueries": []any{
					map[string]any{"id": "e", "expression": "m / 60", "label": "rate", "returnData": true},
					map[string]any{"id": "m", "returnData": false, "metric": map[string]any{
						"metricName": "Errors", "namespace": "AWS/Lambda", "period": 60, "stat": "p99", "unit": "Count", "dimensions": map[string]any{"FunctionName": "f"}}},
				}}
		},
		id:      "thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:cloudwatch:us-east-1:000000000000:alarm:thing-" + hex, "actionsEnabled": "true", "tagsAll": "map.."},
		update:  map[string]any{"actionsEnabled": false},
		diff:    map[string]string{"actionsEnabled": "UPDATE"},
		drift:   byHand(func(a *cloudwatch.Alarm) { a.Queries[0].Expression = "m" }), seen: []string{"metricQueries"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
	}}
}
