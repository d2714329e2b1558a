package cloud

import "time"

// Metrics collects what services measure.
type Metrics interface {
	// Report adds the values to the metrics of a namespace ("AWS/Lambda"), once for
	// each set of dimensions. A set is sorted by name; an empty set identifies a
	// metric across all resources. Report never blocks on anything but a short lock,
	// never fails, and retains none of its arguments.
	Report(namespace string, at time.Time, dimensions [][]Dimension, values []MetricValue)
}

// Dimension is part of the identity of a metric, such as FunctionName.
type Dimension struct{ Name, Value string }

// MetricValue is one measurement.
type MetricValue struct {
	Name  string // of the metric: "Errors"
	Unit  string // "Count", "Milliseconds", "Seconds" or "Bytes"
	Value float64
}

// Counted returns a number of things.
func Counted(name string, n int) MetricValue {
	return MetricValue{Name: name, Unit: "Count", Value: float64(n)}
}

// Took returns a duration, in milliseconds with a fraction.
func Took(name string, d time.Duration) MetricValue {
	return MetricValue{Name: name, Unit: "Milliseconds", Value: float64(d) / float64(time.Millisecond)}
}

// NoMetrics is a Metrics that collects nothing.
type NoMetrics struct{}

// Report does nothing.
func (NoMetrics) Report(string, time.Time, [][]Dimension, []MetricValue) {}
