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
		Check: need("alarmActions"),
	},
	{
		Controls: []string{"CloudWatch.17", "CKV_AWS_319"}, Title: "actions of alarms are enabled",
		Types: []string{alarm}, Property: "actionsEnabled",
		Check: func(r Resource, _ Graph) error {
			if r.input("actionsEnabled") == false {
				return errors.New("has no effect: actionsEnabled is false")
			}
			return nil
		},
	},
	{
		Controls: []string{"CloudWatch.16", "CKV_AWS_338"}, Title: "logs are kept for a year",
		Types: []string{logGroup}, Property: "retentionInDays",
		Check: func(r Resource, _ Graph) error {
			if days, ok := r.input("retentionInDays").(float64); ok && days != 0 && days < 365 {
				return fmt.Errorf("keeps logs for %v days, less than 365", days)
			}
			return nil
		},
	},
	{
		Controls: []string{"CKV_AWS_66"}, Title: "logs are not kept forever",
		Types: []string{logGroup}, Property: "retentionInDays",
		Check: need("retentionInDays"),
	},
	{
		Controls: []string{"CKV_AWS_158"}, Title: "logs are encrypted with a customer-managed key",
		Types: []string{logGroup}, Property: "kmsKeyId",
		Check: need("kmsKeyId"),
	},
}
