// Package metrics counts what the system is for. A count is one line of the
// function's log, which CloudWatch makes metrics of: it takes no call, no
// permission and no time.
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

// Metrics counts for one service in one environment.
type Metrics struct {
	w                               io.Writer
	namespace, service, environment string
}

// New makes Metrics that write lines to w.
func New(w io.Writer, namespace, service, environment string) *Metrics {
	return &Metrics{w, namespace, service, environment}
}

// OfFunction makes those of the function that the process is of, by the
// variables NAMESPACE, SERVICE and ENVIRONMENT.
func OfFunction() *Metrics {
	return New(os.Stdout, os.Getenv("NAMESPACE"), os.Getenv("SERVICE"), os.Getenv("ENVIRONMENT"))
}

// Count counts one of what is named ("SumsComputed"), in the dimensions
// service, environment, and those given as pairs of a name and a value
// ("reason", "invalid"). A value should be one of few: each makes a metric of
// its own. It panics on a name without a value.
//
// A count that cannot be written is lost: no work fails for want of a metric.
func (m *Metrics) Count(name string, dimensions ...string) {
	values := map[string]string{"service": m.service, "environment": m.environment}
	for pair := range slices.Chunk(dimensions, 2) {
		values[pair[0]] = pair[1]
	}
	line := map[string]any{name: 1, "_aws": metadata{
		Timestamp: time.Now().UnixMilli(),
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
		_, _ = io.WriteString(m.w, text.String()) // in one write: lines of others must not come between
	}
}

// metadata tells CloudWatch which members of the line are metrics.
type metadata struct {
	Timestamp         int64 // milliseconds since 1970
	CloudWatchMetrics []directive
}

type directive struct {
	Namespace  string
	Dimensions [][]string
	Metrics    []definition
}

type definition struct{ Name, Unit string }
