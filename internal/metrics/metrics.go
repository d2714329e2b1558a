// Package metrics counts domain events, such as the sums computed. A count is
// one line of the function's log in the embedded metric format, from which
// CloudWatch extracts metrics: it needs neither an API call nor a permission.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
package metrics

import (
	"encoding/json"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"
)

// Metrics counts the events of one service in one environment.
type Metrics struct {
	w                                      io.Writer
	namespace, service, environment, level string
}

// New returns Metrics that write to w, one line per count. The namespace is that
// of the metrics in CloudWatch; service and environment become dimensions.
func New(w io.Writer, namespace, service, environment string) *Metrics {
	return &Metrics{w, namespace, service, environment, "INFO"}
}

// FromEnv returns Metrics for the Lambda function that this process runs. They
// write to standard output and take their names from the environment variables
// NAMESPACE, SERVICE and ENVIRONMENT.
//
// The lines have the level INFO. If the function's log level is higher, theirs is
// FATAL, because Lambda would drop the lines, and the metrics in them. Functions
// log nothing else at that level, so a search for errors finds no metrics.
//
// https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
func FromEnv() *Metrics {
	m := New(os.Stdout, os.Getenv("NAMESPACE"), os.Getenv("SERVICE"), os.Getenv("ENVIRONMENT"))
	switch os.Getenv("AWS_LAMBDA_LOG_LEVEL") {
	case "WARN", "ERROR", "FATAL":
		m.level = "FATAL"
	}
	return m
}

// Count adds one to the metric name, such as "SumsComputed", with the dimensions
// service, environment, and those given as pairs of a name and a value, such as
// "reason", "invalid input". Use few distinct values: CloudWatch bills each
// combination as a metric of its own. Count panics if a name has no value.
//
// Count drops a line that it cannot write, so that no invocation fails because
// of a metric.
func (m *Metrics) Count(name string, dimensions ...string) {
	values := map[string]string{"service": m.service, "environment": m.environment}
	for pair := range slices.Chunk(dimensions, 2) {
		values[pair[0]] = pair[1]
	}
	now := time.Now()
	// Lambda ignores a level without a timestamp.
	line := map[string]any{name: 1, "level": m.level, "timestamp": now.UTC().Format(time.RFC3339Nano), "_aws": metadata{
		Timestamp: now.UnixMilli(),
		CloudWatchMetrics: []directive{{
			Namespace:  m.namespace,
			Dimensions: [][]string{slices.Sorted(maps.Keys(values))},
			Metrics:    []definition{{name, "Count"}},
		}},
	}}
	for dimension, value := range values {
		line[dimension] = value
	}
	var text strings.Builder
	if json.NewEncoder(&text).Encode(line) == nil {
		_, _ = io.WriteString(m.w, text.String()) // one write, so that lines do not interleave
	}
}

// metadata declares which members of the line are metrics.
type metadata struct {
	Timestamp         int64 // Unix time in milliseconds
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }
