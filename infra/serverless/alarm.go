package serverless

import (
	"cmp"
	"fmt"
	"unicode/utf8"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarm describes an alarm on a metric, which it evaluates in periods of one
// minute.
type alarm struct {
	name    string             // appended to the component's name: "errors"
	section string             // of the runbook, the end of name; "" for name
	meaning pulumi.StringInput // one sentence: what happened, and where to look first
	metric  metric
	atLeast pulumi.Float64Input // the threshold
	minutes int                 // the number of consecutive periods; 0 for 1
	// holds means that the alarm stays in its state while there is no data.
	// Otherwise, missing data counts as OK.
	holds bool
}

// metric identifies a metric in CloudWatch and its statistic.
type metric struct {
	namespace, name string
	statistic       string // "Sum", "Maximum" or a percentile, "p99"
	dimensions      pulumi.StringMap
}

// watch creates the alarms of a component. kind is the kind of component,
// "function", and component its Pulumi name.
func (e *Environment) watch(kind, component string, parent pulumi.Resource, alarms ...alarm) error {
	if e.alarms == nil {
		return nil // the topic of alarms cannot report its own failures
	}
	for _, a := range alarms {
		missing := "notBreaching"
		if a.holds {
			missing = "ignore"
		}
		args := &cloudwatch.MetricAlarmArgs{
			AlarmDescription:   e.describe(kind, component, a),
			AlarmActions:       pulumi.Array{e.alarms},
			OkActions:          pulumi.Array{e.alarms},
			Namespace:          pulumi.String(a.metric.namespace),
			MetricName:         pulumi.String(a.metric.name),
			Dimensions:         a.metric.dimensions,
			ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
			Threshold:          a.atLeast.ToFloat64Output().ToFloat64PtrOutput(),
			Period:             pulumi.Int(60),
			EvaluationPeriods:  pulumi.Int(max(a.minutes, 1)),
			TreatMissingData:   pulumi.String(missing),
			Tags:               e.tags,
		}
		if a.metric.statistic[0] == 'p' {
			args.ExtendedStatistic = pulumi.String(a.metric.statistic)
		} else {
			args.Statistic = pulumi.String(a.metric.statistic)
		}
		if _, err := cloudwatch.NewMetricAlarm(e.ctx, component+"-"+a.name, args, pulumi.Parent(parent)); err != nil {
			return err
		}
	}
	return nil
}

// maxDescription is the length of the longest description that CloudWatch allows.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
const maxDescription = 1024

// describe returns the description of an alarm, which its notifications contain:
// the project and the stack, what the alarm means, and a link to the section of the
// runbook.
func (e *Environment) describe(kind, component string, a alarm) pulumi.StringPtrOutput {
	description := pulumi.Sprintf("%s %s: %s", e.ctx.Project(), e.ctx.Stack(), a.meaning)
	if e.args.Runbook != nil {
		page := text("environment "+e.name, "Runbook", e.args.Runbook, runbookForm)
		description = pulumi.Sprintf("%s What to do: %s#%s-%s", description, page, kind, cmp.Or(a.section, a.name))
	}
	return description.ApplyT(func(text string) (*string, error) {
		if n := utf8.RuneCountInString(text); n > maxDescription {
			return nil, fmt.Errorf("environment %s: the description of the alarm %s-%s would have %d characters, but CloudWatch allows at most %d: shorten Runbook",
				e.name, component, a.name, n, maxDescription)
		}
		return &text, nil
	}).(pulumi.StringPtrOutput)
}

// raisedOrCleared selects the notifications of alarms that are raised or cleared.
// It omits the first evaluation of a new alarm, which changes its state from
// INSUFFICIENT_DATA to OK.
//
// https://docs.aws.amazon.com/sns/latest/dg/and-or-logic.html
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
func raisedOrCleared() *SubscriptionArgs {
	alarm := pulumi.ToStringArray([]string{"ALARM"})
	return &SubscriptionArgs{
		FilterPolicyScope: "MessageBody",
		FilterPolicy: pulumi.Map{"$or": pulumi.Array{
			pulumi.Map{"NewStateValue": alarm}, pulumi.Map{"OldStateValue": alarm},
		}},
	}
}
