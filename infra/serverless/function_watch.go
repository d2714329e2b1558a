package serverless

import "github.com/pulumi/pulumi/sdk/v3/go/pulumi"

// nearly is the fraction of a limit that raises an alarm.
const nearly = 0.8

// watch creates the function's alarms and graphs. The alarms are raised if
// invocations fail or come close to a limit, and if events wait or are lost.
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
			meaning: pulumi.Sprintf("An invocation of %s failed: its log contains the reason.", f.name)},
		{name: "throttles", metric: throttles, atLeast: once,
			meaning: pulumi.Sprintf("An invocation of %s was throttled: raise its concurrency or slow down its callers.", f.name)},
		{name: "duration", metric: duration, atLeast: scaled(l.timeout, nearly*1000),
			meaning: pulumi.Sprintf("An invocation of %s took 80%% of its timeout of %d seconds: find the slow part in its traces.", f.name, l.timeout)},
		{name: "age", metric: age, atLeast: scaled(l.maxAge, 1000.0/2),
			meaning: pulumi.Sprintf("An event for %s has waited for half of its maximum age: look for errors and throttles of the function.", f.name)},
		{name: "dropped", metric: dropped, atLeast: once,
			meaning: pulumi.Sprintf("Lambda gave up on an event for %s: its failure queue contains the event and the reason.", f.name)},
		{name: "undelivered", metric: undelivered, atLeast: once,
			meaning: pulumi.Sprintf("Lambda could not send a failed event of %s to its failure queue, so the event is lost: check the permissions of the function's role.", f.name)},
	}
	if l.reserved {
		alarms = append(alarms, alarm{name: "concurrency", metric: concurrency, atLeast: nearlyAll(l.concurrency),
			meaning: pulumi.Sprintf("Invocations of %s use 80%% of its reserved concurrency of %d: reserve more or slow down its callers.", f.name, l.concurrency)})
	}
	return f.env.watch("function", f.env.child(f.name), f, alarms...)
}

// nearlyAll returns the number that is nearly the limit, but at least 1.
func nearlyAll(limit pulumi.IntOutput) pulumi.Float64Output {
	return limit.ApplyT(func(n int) float64 { return max(1, nearly*float64(n)) }).(pulumi.Float64Output)
}
