package cloudwatch

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// Datum is one data point, or several of the same metric, that a client publishes.
// Exactly one of Value, Values and Statistics is set.
type Datum struct {
	Name       string
	Dimensions []cloud.Dimension
	Time       time.Time // zero for now
	Unit       string    // "" for None
	Resolution int       // in seconds: 60, 1, or 0 for 60
	Value      *float64
	Values     []float64
	Counts     []float64 // of Values; nil for 1 each
	Statistics *StatisticSet
}

// StatisticSet summarizes values that are not known individually.
type StatisticSet struct{ SampleCount, Sum, Minimum, Maximum float64 }

// PutMetrics publishes data points, or none of them. It fails with
// InvalidParameterValue, InvalidParameterCombination and MissingParameter.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
func (s *Service) PutMetrics(namespace string, data []Datum) error {
	now := time.Now()
	if err := checkData(namespace, data, now); err != nil {
		return err
	}
	s.metricsMu.Lock()
	defer s.metricsMu.Unlock()
	for _, d := range data {
		s.put(namespace, d, now)
	}
	s.metrics.bound(now.Unix())
	return nil
}

func (s *Service) put(namespace string, d Datum, now time.Time) {
	if d.Time.IsZero() {
		d.Time = now
	}
	if d.Unit == "" {
		d.Unit = "None"
	}
	dimensions := slices.SortedFunc(slices.Values(d.Dimensions), compareDimensions)
	to := s.metrics.series(namespace, d.Name, dimensions, d.Unit, now.Unix())
	to.fine = to.fine || d.Resolution == 1
	at := d.Time.Unix()
	switch {
	case d.Statistics != nil:
		to.addStatistics(at, d.Statistics.Minimum, d.Statistics.Maximum, d.Statistics.Sum, d.Statistics.SampleCount)
	case d.Value != nil:
		to.add(at, *d.Value, 1)
	}
	for i, v := range d.Values {
		count := 1.0
		if d.Counts != nil {
			count = d.Counts[i]
		}
		to.add(at, v, count)
	}
}

// Limits of PutMetricData.
const (
	maxData     = 1000
	maxPerDatum = 150 // values of a datum
	maxPast     = 14 * 24 * time.Hour
	maxFuture   = 2 * time.Hour
	largestData = 0x1p360
)

func checkData(namespace string, data []Datum, now time.Time) error {
	var absent, invalid, combined problems
	switch {
	case namespace == "":
		absent.add("The parameter Namespace is required.")
	case strings.HasPrefix(namespace, "AWS/"):
		invalid.add(`The value AWS/ for parameter Namespace is invalid.`)
	case namespace[0] == ':':
		invalid.add("The value " + namespace + " for parameter Namespace is invalid: it must not begin with a colon.")
	}
	checkLength(&invalid, "Namespace", namespace, 255)
	switch {
	case len(data) == 0:
		absent.add("The parameter MetricData is required.")
	case len(data) > maxData:
		invalid.add(fmt.Sprintf("The collection MetricData must not have a size greater than %d.", maxData))
	}
	for i, d := range data {
		at := fmt.Sprintf("MetricData.member.%d.", i+1)
		if d.Name == "" {
			absent.add("The parameter " + at + "MetricName is required.")
		}
		d.checkValues(&absent, &combined, &invalid, at)
		d.check(&invalid, at, now)
	}
	for _, p := range []struct {
		problems
		code string
	}{{absent, missing}, {invalid, invalidValue}, {combined, invalidCombination}} {
		if err := p.err(p.code); err != nil {
			return err
		}
	}
	return nil
}

// checkValues checks that there is one kind of value.
func (d Datum) checkValues(absent, combined, invalid *problems, at string) {
	given := 0
	for _, is := range []bool{d.Value != nil, len(d.Values) > 0, d.Statistics != nil} {
		if is {
			given++
		}
	}
	switch {
	case given == 0:
		absent.add(fmt.Sprintf("At least one of the parameters %sValue, %sValues and %sStatisticValues must be specified.", at, at, at))
	case given > 1:
		combined.add(fmt.Sprintf("The parameters %sValue, %sValues and %sStatisticValues are mutually exclusive and you have specified more than one.", at, at, at))
	}
	if d.Counts != nil && len(d.Counts) != len(d.Values) {
		invalid.add(fmt.Sprintf("The parameters %sValues and %sCounts must be of the same size.", at, at))
	}
	if len(d.Values) > maxPerDatum {
		invalid.add(fmt.Sprintf("The collection %sValues must not have a size greater than %d.", at, maxPerDatum))
	}
}

func (d Datum) check(p *problems, at string, now time.Time) {
	checkLength(p, at+"MetricName", d.Name, 255)
	checkASCII(p, at+"MetricName", d.Name)
	checkDimensions(p, at+"Dimensions", d.Dimensions)
	checkUnit(p, at+"Unit", d.Unit)
	if !slices.Contains([]int{0, 1, 60}, d.Resolution) {
		p.add(fmt.Sprintf("The parameter %sStorageResolution must be a value in the set [ 1, 60 ].", at))
	}
	if age := now.Sub(d.Time); !d.Time.IsZero() && (age > maxPast || age < -maxFuture) {
		p.add(fmt.Sprintf("The parameter %sTimestamp must be a time from two weeks ago to two hours from now.", at))
	}
	numbers := slices.Concat(d.Values, d.Counts)
	if d.Value != nil {
		numbers = append(numbers, *d.Value)
	}
	if d.Statistics != nil {
		numbers = append(numbers, d.Statistics.SampleCount, d.Statistics.Sum, d.Statistics.Minimum, d.Statistics.Maximum)
		if d.Statistics.SampleCount < 0 || d.Statistics.Minimum > d.Statistics.Maximum {
			p.add(fmt.Sprintf("The value for parameter %sStatisticValues is invalid.", at))
		}
	}
	for _, n := range numbers {
		if math.IsNaN(n) || math.Abs(n) > largestData {
			p.add(fmt.Sprintf("The value %v for parameter %sValue is invalid.", n, at))
		}
	}
}
