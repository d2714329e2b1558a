package lambda

import (
	"time"

	"tally/localcloud/cloud"
)

// namespace is that of Lambda's metrics.
const namespace = "AWS/Lambda"

// dimensions returns the sets of dimensions of the metrics of an invocation: for the
// region, the function, what was invoked (a function, version or alias), and the
// version that an alias chose. version is "" if none was chosen yet.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-view.html
func dimensions(to Reference, version string) [][]cloud.Dimension {
	resource := to.Name
	if to.Qualifier != "" {
		resource += ":" + to.Qualifier
	}
	all := []cloud.Dimension{{Name: "ExecutedVersion", Value: version}, {Name: "FunctionName", Value: to.Name}, {Name: "Resource", Value: resource}}
	sets := [][]cloud.Dimension{nil, all[1:2], all[1:3], all}
	if version == "" || to.Qualifier == "" || to.Qualifier == version {
		return sets[:3]
	}
	return sets
}

// measure reports metrics of an invocation.
func (s *Service) measure(to Reference, version string, values ...cloud.MetricValue) {
	s.options.Metrics.Report(namespace, time.Now(), dimensions(to, version), values)
}

// measureRun reports the metrics of an invocation that has ended. Their time is that of
// the end; on AWS, it is that of the start.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
func (s *Service) measureRun(to Reference, version string, failed bool, took time.Duration) {
	errors := 0
	if failed {
		errors = 1
	}
	s.measure(to, version, cloud.Counted("Invocations", 1), cloud.Counted("Errors", errors), cloud.Counted("Throttles", 0), cloud.Took("Duration", took))
}

// measureConcurrency reports how many invocations of the function, and of all
// functions, are in progress.
func (s *Service) measureConcurrency(name string) {
	s.mu.Lock()
	busy, all := s.pools[name].busy, s.busy
	s.mu.Unlock()
	now, metrics := time.Now(), s.options.Metrics
	const metric = "ConcurrentExecutions"
	metrics.Report(namespace, now, [][]cloud.Dimension{{{Name: "FunctionName", Value: name}}}, []cloud.MetricValue{cloud.Counted(metric, busy)})
	metrics.Report(namespace, now, [][]cloud.Dimension{nil}, []cloud.MetricValue{cloud.Counted(metric, all)})
}

// measureRefusal reports the metric of an invocation that did not reach the function,
// if there is one.
func (s *Service) measureRefusal(to Reference, err error) {
	switch cloud.ErrorCode(err) {
	case "TooManyRequestsException":
		s.measure(to, "", cloud.Counted("Throttles", 1))
	case recursive:
		s.measure(to, "", cloud.Counted("RecursiveInvocationsDropped", 1))
	}
}
