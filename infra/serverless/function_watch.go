package serverless

import (
	"cmp"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// nearly is the part of a limit that is too close to it.
const nearly = 0.8

// watch raises an alarm when invocations fail or come close to a limit, and
// when events wait or get lost.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (f *Function) watch(args *FunctionArgs) error {
	count := func(name, statistic string) metric {
		return metric{"AWS/Lambda", name, statistic, pulumi.StringMap{"FunctionName": f.Name}}
	}
	var (
		errors      = count("Errors", "Sum")
		throttles   = count("Throttles", "Sum")
		duration    = count("Duration", "Maximum")
		concurrency = count("ConcurrentExecutions", "Maximum")
		age         = count("AsyncEventAge", "Maximum")
		dropped     = count("AsyncEventsDropped", "Sum")
		undelivered = count("DestinationDeliveryFailures", "Sum")
	)
	f.env.show(f.name+": invocations", count("Invocations", "Sum"), errors, throttles, concurrency)
	f.env.show(f.name+": milliseconds", count("Duration", "p50"), count("Duration", "p99"), age)

	timeout := cmp.Or(args.TimeoutSeconds, 10)
	alarms := []alarm{
		{name: "errors", metric: errors, atLeast: 1,
			meaning: fmt.Sprintf("%s failed: its log says why.", f.name)},
		{name: "throttles", metric: throttles, atLeast: 1,
			meaning: fmt.Sprintf("%s was not invoked because too many invocations were under way: raise its concurrency or slow its callers down.", f.name)},
		{name: "duration", metric: duration, atLeast: nearly * 1000 * float64(timeout),
			meaning: fmt.Sprintf("%s took nearly the %d seconds after which it is ended: find what is slow in its traces.", f.name, timeout)},
		{name: "age", metric: age, atLeast: 1000 * float64(maxEventAge(args)) / 2,
			meaning: fmt.Sprintf("Events have waited for %s half of the time after which they are given up: it fails or is throttled.", f.name)},
		{name: "dropped", metric: dropped, atLeast: 1,
			meaning: fmt.Sprintf("Lambda gave up events for %s: they are in its queue of failures.", f.name)},
		{name: "undelivered", metric: undelivered, atLeast: 1,
			meaning: fmt.Sprintf("Lambda could not put a failed event of %s into its queue of failures, so it is lost: look at the permissions of its role.", f.name)},
	}
	if limit := args.ReservedConcurrency; limit > 0 {
		alarms = append(alarms, alarm{name: "concurrency", metric: concurrency, atLeast: max(1, nearly*float64(limit)),
			meaning: fmt.Sprintf("%s runs nearly as often at the same time as the %d that are reserved for it: raise it or slow its callers down.", f.name, limit)})
	}
	return f.env.watch(f.name, f, alarms...)
}
