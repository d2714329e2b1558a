package cloudwatch

import (
	"maps"
	"slices"
	"time"

	"tally/localcloud/cloud"
)

// MetricFilter selects metrics. Empty fields select all.
type MetricFilter struct {
	Namespace, Name string
	// Dimensions must all be among those of the metric; an empty value matches any.
	Dimensions []cloud.Dimension
	Recent     bool // only metrics with data in the last three hours
}

// Metrics returns the metrics that a filter selects, ordered by namespace, name and
// dimensions. Like AWS, it returns only those with data in the last two weeks.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListMetrics.html
func (s *Service) Metrics(f MetricFilter) []Metric {
	since := time.Now().Add(-14 * 24 * time.Hour)
	if f.Recent {
		since = time.Now().Add(-3 * time.Hour)
	}
	s.metricsMu.Lock()
	defer s.metricsMu.Unlock()
	var found []Metric
	for _, key := range slices.Sorted(maps.Keys(s.metrics.byKey)) {
		if m := s.metrics.byKey[key]; m.updated >= since.Unix() && f.selects(m.Metric) {
			found = append(found, m.Metric)
		}
	}
	return found
}

func (f MetricFilter) selects(m Metric) bool {
	if f.Namespace != "" && f.Namespace != m.Namespace || f.Name != "" && f.Name != m.Name {
		return false
	}
	for _, want := range f.Dimensions {
		if !slices.ContainsFunc(m.Dimensions, func(d cloud.Dimension) bool {
			return d.Name == want.Name && (want.Value == "" || d.Value == want.Value)
		}) {
			return false
		}
	}
	return true
}
