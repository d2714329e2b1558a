package serverless

import (
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/cloudwatch"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// alarm describes an alarm on a metric, which it evaluates in periods of one
// minute.
type alarm struct {
	name    string             // appended to the component's name: "errors"
	meaning pulumi.StringInput // what happened and where to look first, for the email
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

// watch creates the alarms of a component. component is the component's Pulumi
// name.
func (e *Environment) watch(component string, parent pulumi.Resource, alarms ...alarm) error {
	if e.alarms == nil {
		return nil // the topic of alarms cannot report its own failures
	}
	for _, a := range alarms {
		missing := "notBreaching"
		if a.holds {
			missing = "ignore"
		}
		args := &cloudwatch.MetricAlarmArgs{
			AlarmDescription:   a.meaning.ToStringOutput().ToStringPtrOutput(),
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
