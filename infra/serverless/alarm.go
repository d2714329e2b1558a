package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarm is one thing that must not happen. It looks at periods of one minute,
// and silence is well.
type alarm struct {
	name    string // after the component's: "errors"
	meaning string // of the mail: what happened, and what to look at first
	metric  metric
	atLeast float64 // the value that raises it
	minutes int     // in a row; default 1
}

// metric names what CloudWatch counts.
type metric struct {
	namespace, name string
	statistic       string // "Sum", "Maximum" or a percentile, "p99"
	dimensions      pulumi.StringMap
}

// watch raises the alarms of a component.
func (e *Environment) watch(component string, parent pulumi.Resource, alarms ...alarm) error {
	if e.alarms == nil {
		return nil // the topic for alarms itself: nobody would hear
	}
	for _, a := range alarms {
		args := &cloudwatch.MetricAlarmArgs{
			AlarmDescription:   pulumi.String(a.meaning),
			AlarmActions:       pulumi.Array{e.alarms},
			OkActions:          pulumi.Array{e.alarms},
			Namespace:          pulumi.String(a.metric.namespace),
			MetricName:         pulumi.String(a.metric.name),
			Dimensions:         a.metric.dimensions,
			ComparisonOperator: pulumi.String("GreaterThanOrEqualToThreshold"),
			Threshold:          pulumi.Float64(a.atLeast),
			Period:             pulumi.Int(60),
			EvaluationPeriods:  pulumi.Int(max(a.minutes, 1)),
			TreatMissingData:   pulumi.String("notBreaching"),
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
