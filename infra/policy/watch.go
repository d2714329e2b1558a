package policy

import (
	"errors"
	"fmt"
)

const (
	alarm    = "aws:cloudwatch/metricAlarm:MetricAlarm"
	logGroup = "aws:cloudwatch/logGroup:LogGroup"
)

var watchRules = []Rule{
	{
		Controls: []string{"CloudWatch.15"}, Title: "alarms have an action",
		Types: []string{alarm}, Property: "alarmActions",
		Check: require("alarmActions"),
	},
	{
		Controls: []string{"CloudWatch.17", "CKV_AWS_319"}, Title: "alarm actions are enabled",
		Types: []string{alarm}, Property: "actionsEnabled",
		Check: func(r Resource, _ Graph) error {
			if r.input("actionsEnabled") == false {
				return errors.New("notifies no one: actionsEnabled is false")
			}
			return nil
		},
	},
	{
		Controls: []string{"CloudWatch.16", "CKV_AWS_338"}, Title: "logs are retained for at least a year",
		Types: []string{logGroup}, Property: "retentionInDays",
		Check: func(r Resource, _ Graph) error {
			if days, ok := r.input("retentionInDays").(float64); ok && days != 0 && days < 365 {
				return fmt.Errorf("retains logs for %v days, less than 365", days)
			}
			return nil
		},
	},
	{
		Controls: []string{"CKV_AWS_66"}, Title: "logs expire",
		Types: []string{logGroup}, Property: "retentionInDays",
		Check: require("retentionInDays"),
	},
	{
		Controls: []string{"CKV_AWS_158"}, Title: "logs are encrypted with a customer-managed key",
		Types: []string{logGroup}, Property: "kmsKeyId",
		Check: require("kmsKeyId"),
	},
}
