package serverless

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// nearly is the part of a limit that is too close to it.
const nearly = 0.8

// watch raises an alarm when invocations fail or come close to a limit, and
// when events wait or are lost.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (f *Function) watch(l functionLimits) error {
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

	once := pulumi.Float64(1)
	alarms := []alarm{
		{name: "errors", metric: errors, atLeast: once,
			meaning: pulumi.Sprintf("%s failed: its log says why.", f.name)},
		{name: "throttles", metric: throttles, atLeast: once,
			meaning: pulumi.Sprintf("%s was not invoked because there were too many concurrent invocations: raise its concurrency or slow its callers down.", f.name)},
		{name: "duration", metric: duration, atLeast: scaled(l.timeout, nearly*1000),
			meaning: pulumi.Sprintf("%s took nearly its timeout of %d seconds: find what is slow in its traces.", f.name, l.timeout)},
		{name: "age", metric: age, atLeast: scaled(l.maxAge, 1000.0/2),
			meaning: pulumi.Sprintf("Events for %s have waited for half of the time after which Lambda gives up on them: it fails or is throttled.", f.name)},
		{name: "dropped", metric: dropped, atLeast: once,
			meaning: pulumi.Sprintf("Lambda gave up on events for %s: they are in its queue of failures.", f.name)},
		{name: "undelivered", metric: undelivered, atLeast: once,
			meaning: pulumi.Sprintf("Lambda could not put a failed event of %s into its queue of failures, so it is lost: look at the permissions of its role.", f.name)},
	}
	if l.reserved {
		alarms = append(alarms, alarm{name: "concurrency", metric: concurrency, atLeast: nearlyAll(l.concurrency),
			meaning: pulumi.Sprintf("%s has nearly as many concurrent invocations as the %d that are reserved for it: reserve more or slow its callers down.", f.name, l.concurrency)})
	}
	return f.env.watch(f.env.child(f.name), f, alarms...)
}

// nearlyAll returns the part of a limit that is too close to it, but at least 1.
func nearlyAll(limit pulumi.IntOutput) pulumi.Float64Output {
	return limit.ApplyT(func(n int) float64 { return max(1, nearly*float64(n)) }).(pulumi.Float64Output)
}
