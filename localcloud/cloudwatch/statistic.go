package cloudwatch

import (
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// Statistic computes one number from the values of a period.
type Statistic struct {
	name string
	kind string // "Sum", "p", "TM", …
	// low and high bound the values of a trimmed statistic: as percentages of the
	// number of values or, if absolute, as values.
	low, high float64
	absolute  bool
}

// simpleStatistics are those that need no percentiles.
var simpleStatistics = []string{"SampleCount", "Average", "Sum", "Minimum", "Maximum"}

var (
	shortForm = regexp.MustCompile(`^(p|tm|wm|tc|ts)(100|\d{1,2})(\.\d{1,10})?$`)
	longForm  = regexp.MustCompile(`^(PR|TM|WM|TC|TS)\(([^:()]*):([^:()]*)\)$`)
)

// ParseStatistic parses a name such as "Sum", "p99.9", "tm90", "TM(10%:90%)" or
// "PR(:300)". It returns false if there is no such statistic.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Statistics-definitions.html
func ParseStatistic(name string) (Statistic, bool) {
	s := Statistic{name: name, kind: name, low: math.Inf(-1), high: math.Inf(1)}
	if slices.Contains(simpleStatistics, name) {
		return s, true
	}
	if name == "IQM" {
		s.kind, s.low, s.high = "TM", 25, 75
		return s, true
	}
	if m := shortForm.FindStringSubmatch(name); m != nil {
		s.high, _ = strconv.ParseFloat(m[2]+m[3], 64)
		s.kind, s.low = m[1], 0
		if s.kind != "p" {
			s.kind = strings.ToUpper(s.kind)
		}
		return s, s.high <= 100
	}
	m := longForm.FindStringSubmatch(name)
	if m == nil || m[2] == "" && m[3] == "" {
		return s, false
	}
	return s.between(m[1], m[2], m[3])
}

// between sets the bounds of a statistic in the long form. Bounds are either both
// percentages or both values; one of them may be omitted.
func (s Statistic) between(kind, low, high string) (Statistic, bool) {
	s.kind = kind
	percent := strings.HasSuffix(low, "%") || strings.HasSuffix(high, "%")
	s.absolute = !percent
	if percent {
		s.low, s.high = 0, 100
	}
	ok := true
	parse := func(text string, into *float64) {
		if text == "" {
			return
		}
		digits, isPercent := strings.CutSuffix(text, "%")
		n, err := strconv.ParseFloat(digits, 64)
		ok = ok && err == nil && isPercent == percent && (!percent || n >= 0 && n <= 100)
		*into = n
	}
	parse(low, &s.low)
	parse(high, &s.high)
	return s, ok && s.low <= s.high && !(kind == "PR" && percent)
}

// Simple reports whether the statistic is one of SampleCount, Average, Sum, Minimum
// and Maximum, as opposed to an extended one.
func (s Statistic) Simple() bool { return slices.Contains(simpleStatistics, s.kind) }

// of returns the statistic of a bucket. It returns false if there is no data, or, for
// an extended statistic, if some values are negative or unknown.
func (s Statistic) of(b bucket) (float64, bool) {
	if b.count == 0 {
		return 0, false
	}
	switch s.kind {
	case "SampleCount":
		return b.count, true
	case "Sum":
		return b.sum, true
	case "Average":
		return b.sum / b.count, true
	case "Minimum":
		return b.minimum, true
	case "Maximum":
		return b.maximum, true
	}
	if b.opaque || b.minimum < 0 {
		return 0, false
	}
	if s.kind == "p" {
		return percentile(b, s.high), true
	}
	return s.trimmed(b)
}

// percentile returns the smallest value that at least p percent of the values do not
// exceed.
func percentile(b bucket, p float64) float64 {
	rank := p / 100 * b.count
	seen := 0.0
	for _, v := range b.values {
		if seen += v.count; seen >= rank {
			return v.value
		}
	}
	return b.maximum
}

// trimmed returns a statistic of the values within the bounds.
func (s Statistic) trimmed(b bucket) (float64, bool) {
	count, sum := 0.0, 0.0
	before := 0.0
	for _, v := range b.values {
		inside := v.count
		if s.absolute {
			if v.value <= s.low || v.value > s.high {
				inside = 0
			}
		} else {
			from, to := s.low/100*b.count, s.high/100*b.count
			inside = max(0, min(before+v.count, to)-max(before, from))
		}
		before += v.count
		count += inside
		sum += inside * v.value
	}
	switch s.kind {
	case "TC":
		return count, true
	case "TS":
		return sum, true
	case "PR":
		return 100 * count / b.count, true
	case "WM": // values outside count as the nearest one inside
		low, high := s.edges(b)
		return winsorized(b, low, high), true
	}
	return sum / count, count > 0
}

// edges returns the bounds as values.
func (s Statistic) edges(b bucket) (low, high float64) {
	if s.absolute {
		return s.low, s.high
	}
	return percentile(b, s.low), percentile(b, s.high)
}

func winsorized(b bucket, low, high float64) float64 {
	sum := 0.0
	for _, v := range b.values {
		sum += v.count * max(low, min(v.value, high))
	}
	return sum / b.count
}
