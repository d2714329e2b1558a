package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// Ingest publishes the metrics in a log line in the embedded metric format, and reports
// whether the line is in that format. It fails like PutMetrics, and if a metric is
// neither a number nor a list of numbers. It skips a set of dimensions if the line lacks
// the value of one of them.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func (s *Service) Ingest(line string) (embedded bool, err error) {
	if !strings.Contains(line, `"_aws"`) {
		return false, nil
	}
	var members map[string]json.RawMessage
	if json.Unmarshal([]byte(line), &members) != nil || members["_aws"] == nil {
		return false, nil
	}
	var declared metadata
	if json.Unmarshal(members["_aws"], &declared) != nil {
		return false, nil
	}
	for _, d := range declared.Directives {
		data, err := d.data(members, time.UnixMilli(declared.Timestamp))
		if err == nil && len(data) > 0 {
			err = s.PutMetrics(d.Namespace, data)
		}
		if err != nil {
			return true, err
		}
	}
	return len(declared.Directives) > 0, nil
}

// metadata declares which members of a line are metrics.
type metadata struct {
	Timestamp  int64       // milliseconds since 1970
	Directives []directive `json:"CloudWatchMetrics"`
}

type directive struct {
	Namespace  string
	Dimensions [][]string // sets of members that are dimensions; none means one empty set
	Metrics    []struct {
		Name, Unit        string
		StorageResolution int
	}
}

// data returns the data points of each metric in each set of dimensions.
func (d directive) data(members map[string]json.RawMessage, at time.Time) ([]Datum, error) {
	sets := d.Dimensions
	if len(sets) == 0 {
		sets = [][]string{nil}
	}
	var all []Datum
	for _, names := range sets {
		dimensions, ok := dimensionsOf(names, members)
		if !ok {
			continue
		}
		for _, m := range d.Metrics {
			values, err := numbers(members[m.Name])
			if err != nil {
				return nil, fmt.Errorf("the metric %q: %w", m.Name, err)
			}
			if len(values) > 0 {
				all = append(all, Datum{Name: m.Name, Dimensions: dimensions, Time: at, Unit: m.Unit, Resolution: m.StorageResolution, Values: values})
			}
		}
	}
	return all, nil
}

func dimensionsOf(names []string, members map[string]json.RawMessage) ([]cloud.Dimension, bool) {
	var all []cloud.Dimension
	for _, name := range names {
		var value string
		if json.Unmarshal(members[name], &value) != nil || value == "" {
			return nil, false
		}
		all = append(all, cloud.Dimension{Name: name, Value: value})
	}
	return all, true
}

// numbers returns a number or a list of numbers; none if the member is absent.
func numbers(raw json.RawMessage) ([]float64, error) {
	var one float64
	var list []float64
	switch {
	case raw == nil:
		return nil, nil
	case json.Unmarshal(raw, &one) == nil:
		return []float64{one}, nil
	case json.Unmarshal(raw, &list) == nil:
		return slices.Clip(list), nil
	}
	return nil, fmt.Errorf("it must be a number or a list of numbers, not %s", raw)
}
