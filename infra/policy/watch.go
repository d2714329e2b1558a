package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

const (
	alarm    = "aws:cloudwatch/metricAlarm:MetricAlarm"
	logGroup = "aws:cloudwatch/logGroup:LogGroup"
)

var watchRules = []Rule{
	{
		// Stricter than the control, which is satisfied with an action that
		// reaches nobody.
		Controls: []string{"CloudWatch.15"}, Title: "alarms have an action that tells somebody",
		Types: []string{alarm}, Property: "alarmActions, and the subscriptions of the topics",
		Check: tellsSomebody,
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

// tellsSomebody follows the alarm's actions to topics of the stack. It returns an
// error unless there is such a topic and each has a subscription. A queue or a
// delivery stream is not enough: it stores notifications without telling anybody.
func tellsSomebody(r Resource, all Graph) error {
	if !r.has("alarmActions") {
		return errors.New("has no alarmActions")
	}
	topics := slices.DeleteFunc(slices.Clone(r.References["alarmActions"]), func(action string) bool {
		return !strings.HasPrefix(action, topic+" ")
	})
	if len(topics) == 0 {
		return errors.New("has no action that is a topic of this stack, so nobody knows whom it tells")
	}
	for _, action := range topics {
		subscribed := slices.ContainsFunc(all, func(s Resource) bool {
			return s.Type == topicSubscription && slices.Contains(s.References["topic"], action) &&
				!slices.Contains([]any{"sqs", "firehose"}, s.input("protocol"))
		})
		if !subscribed {
			return fmt.Errorf("tells nobody: %s has no subscription", strings.TrimPrefix(action, topic+" "))
		}
	}
	return nil
}
