package main

import (
	"context"
	"time"
)

// cloud holds what a rollout does in AWS. Tests replace its functions.
type cloud struct {
	// alias returns the alias live of a function.
	alias func(ctx context.Context, function string) (alias, error)
	// update changes the alias live. It returns errChanged if its revision is not
	// that of a, and otherwise the alias with its new revision.
	update func(ctx context.Context, function string, a alias) (alias, error)
	// versions returns the published versions of a function, in ascending order.
	versions func(ctx context.Context, function string) ([]int, error)
	// referenced returns the versions that any alias of the function points to.
	referenced func(ctx context.Context, function string) (map[int]bool, error)
	// remove deletes a version of a function.
	remove func(ctx context.Context, function string, version int) error
	// alarms returns the alarms of the stack.
	alarms func(ctx context.Context) ([]alarm, error)
	// metrics returns, for each query, the values of the minutes from start on that
	// have data, including the current minute.
	metrics func(ctx context.Context, queries []query, start time.Time) ([][]float64, error)
}

// alarm is an alarm of the stack.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricAlarm.html
type alarm struct {
	name     string
	raised   bool   // in the state ALARM
	reason   string // for its state
	function string // whose metric it watches; "" for none

	metric, statistic string // of Lambda, if function is not ""
	period            int32  // in seconds
	breaches          func(value float64) bool
	datapoints        int // the number of breaching periods that raise the alarm
}

// query is a metric of one version of a function, invoked through live.
type query struct {
	function          string
	version           int
	metric, statistic string
	period            int32 // in seconds
}
