package cloudwatch

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// Limits of the data that is kept; times are in seconds. As on AWS, minutes are kept for
// 15 days and, for metrics with a high resolution, seconds for three hours. The seconds
// of other metrics are kept for alarms, whose minutes the Pace makes shorter. The oldest
// data is dropped when there is too much of it.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_concepts.html#metrics-retention
const (
	keptMinutes     = 15 * 24 * 60 * 60
	keptFineSeconds = 3 * 60 * 60
	keptSeconds     = 30 * 60
	maxMetrics      = 5000    // those updated least recently are dropped first
	maxBuckets      = 200_000 // of all metrics
)

// Metric is the identity of a metric.
type Metric struct {
	Namespace  string            // "AWS/Lambda"
	Name       string            `json:"MetricName"` // "Errors"; the tag, because an alarm has a name, too
	Dimensions []cloud.Dimension // sorted by name
}

// Sorted returns the metric with its dimensions sorted by name.
func (m Metric) Sorted() Metric {
	m.Dimensions = slices.SortedFunc(slices.Values(m.Dimensions), compareDimensions)
	return m
}

// Key returns a string that is unique to the metric and not empty.
func (m Metric) Key() string {
	parts := []string{m.Namespace, m.Name}
	for _, d := range m.Dimensions {
		parts = append(parts, d.Name, d.Value)
	}
	return strings.Join(parts, "\x00")
}

func compareDimensions(a, b cloud.Dimension) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Value, b.Value))
}

// metrics holds the data of all metrics. Its methods require the service's lock.
type metrics struct {
	byKey   map[string]*metric
	key     []byte // of the last metric that was looked up; reused
	buckets int    // of all series
}

// metric is the data of one metric: a series for each unit, usually one.
type metric struct {
	Metric
	series  []*series
	updated int64 // when data last arrived, in seconds
}

func newMetrics() *metrics { return &metrics{byKey: map[string]*metric{}} }

// find returns a metric, or nil. It leaves the metric's key in m.key.
func (m *metrics) find(namespace, name string, dimensions []cloud.Dimension) *metric {
	m.key = append(append(append(m.key[:0], namespace...), 0), name...)
	for _, d := range dimensions {
		m.key = append(append(append(append(m.key, 0), d.Name...), 0), d.Value...)
	}
	return m.byKey[string(m.key)]
}

// series returns the series of a metric with that unit. It creates both if necessary.
func (m *metrics) series(namespace, name string, dimensions []cloud.Dimension, unit string, now int64) *series {
	found := m.find(namespace, name, dimensions)
	if found == nil {
		found = &metric{Metric: Metric{strings.Clone(namespace), strings.Clone(name), slices.Clone(dimensions)}}
		m.byKey[string(m.key)] = found
	}
	found.updated = max(found.updated, now)
	for _, s := range found.series {
		if s.unit == unit {
			return s
		}
	}
	s := &series{unit: strings.Clone(unit), all: m}
	found.series = append(found.series, s)
	return s
}

// in returns the series of a metric in that unit, or in all units if it is "". The
// metric's dimensions may have any order.
func (m *metrics) in(id Metric, unit string) []*series {
	id = id.Sorted()
	found := m.find(id.Namespace, id.Name, id.Dimensions)
	if found == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(found.series), func(s *series) bool { return unit != "" && s.unit != unit })
}

// bound drops data if there is too much.
func (m *metrics) bound(now int64) {
	if len(m.byKey) > maxMetrics {
		keys := slices.SortedFunc(maps.Keys(m.byKey), func(a, b string) int { return cmp.Compare(m.byKey[a].updated, m.byKey[b].updated) })
		m.drop(keys[:maxMetrics/10])
	}
	if m.buckets > maxBuckets {
		m.shrink(now)
	}
}

func (m *metrics) drop(keys []string) {
	for _, key := range keys {
		for _, s := range m.byKey[key].series {
			m.buckets -= len(s.buckets)
		}
		delete(m.byKey, key)
	}
}

// shrink merges all seconds into minutes, except those of the last ten minutes. If that
// does not halve the data, it drops the oldest half.
func (m *metrics) shrink(now int64) {
	var starts []int64
	m.each(func(s *series) {
		s.compact(now - 10*60)
		for _, b := range s.buckets {
			starts = append(starts, b.start)
		}
	})
	if m.buckets <= maxBuckets/2 {
		return
	}
	slices.Sort(starts)
	m.each(func(s *series) { s.forget(starts[len(starts)/2]) })
}

func (m *metrics) each(visit func(*series)) {
	for _, metric := range m.byKey {
		for _, s := range metric.series {
			visit(s)
		}
	}
}
