package cloudwatch

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// StatisticsRequest holds the parameters of MetricStatistics.
type StatisticsRequest struct {
	Metric
	Start, End time.Time
	Period     int      // seconds
	Statistics []string // simple ones
	Extended   []string // other statistics
	Unit       string   // "" for all
}

// Datapoint holds the statistics of one period, by their names.
type Datapoint struct {
	Time       time.Time
	Unit       string
	Statistics map[string]float64
}

// maxStatistics is the maximum number of data points that GetMetricStatistics returns.
const maxStatistics = 1440

// MetricStatistics returns the statistics of a metric. As on AWS, they are in no
// particular order. It fails with InvalidParameterValue, InvalidParameterCombination
// and MissingParameter.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricStatistics.html
func (s *Service) MetricStatistics(r StatisticsRequest) ([]Datapoint, error) {
	stats, err := r.check()
	if err != nil {
		return nil, err
	}
	var all []Datapoint
	s.metricsMu.Lock()
	defer s.metricsMu.Unlock()
	for _, one := range s.metrics.in(r.Metric, r.Unit) {
		g := grid{r.Start.Unix() - r.Start.Unix()%60, r.End.Unix(), int64(r.Period)}.of([]*series{one})
		for at := range g.starts([]*series{one}) {
			b := between([]*series{one}, at, min(at+g.step, g.to))
			d := Datapoint{time.Unix(at, 0).UTC(), one.unit, map[string]float64{}}
			for _, stat := range stats {
				if v, ok := stat.of(b); ok {
					d.Statistics[stat.name] = v
				}
			}
			if len(d.Statistics) > 0 {
				all = append(all, d)
			}
		}
	}
	rand.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	return all, nil
}

// check applies the rules of GetMetricStatistics and returns the parsed statistics.
func (r StatisticsRequest) check() ([]Statistic, error) {
	var p problems
	r.Metric.check(&p, "")
	checkRange(&p, r.Start, r.End)
	if r.Period == 0 {
		p.add("The parameter Period is required.")
	}
	if err := p.err(missing); err != nil && (r.Namespace == "" || r.Name == "" || r.Period == 0 || r.Start.IsZero() || r.End.IsZero()) {
		return nil, err
	}
	if !validPeriod(r.Period) {
		p.add(periodProblem("Period"))
	}
	checkUnit(&p, "Unit", r.Unit)
	var stats []Statistic
	for i, name := range slices.Concat(r.Statistics, r.Extended) {
		stat, ok := ParseStatistic(name)
		simple := i < len(r.Statistics)
		switch {
		case ok && stat.Simple() == simple:
		case simple:
			p.add(fmt.Sprintf("The parameter Statistics.member.%d must be a value in the set %v.", i+1, simpleStatistics))
		default:
			p.add(fmt.Sprintf("The value %s for parameter ExtendedStatistics.member.%d is not a valid statistic.", name, i+1-len(r.Statistics)))
		}
		stats = append(stats, stat)
	}
	if err := p.err(invalidValue); err != nil {
		return nil, err
	}
	switch n := (r.End.Unix() - r.Start.Unix()) / int64(r.Period); {
	case len(stats) == 0:
		return nil, refusal(invalidCombination, "At least one of the parameters Statistics and ExtendedStatistics must be specified.")
	case len(r.Statistics) > 0 && len(r.Extended) > 0:
		return nil, refusal(invalidCombination, "The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both.")
	case n > maxStatistics:
		return nil, refusal(invalidCombination, "You have requested up to %s datapoints, which exceeds the limit of %s. "+
			"You may reduce the datapoints requested by increasing Period, or decreasing the time range.", thousands(n), thousands(maxStatistics))
	}
	return stats, nil
}

func thousands(n int64) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
