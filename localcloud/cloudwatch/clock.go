package cloudwatch

import (
	"fmt"
	"math"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// scaled returns how long a period of an alarm lasts here, in whole seconds.
func (s *Service) scaled(seconds int) int64 {
	d := s.options.Pace.Wait(time.Duration(seconds) * time.Second)
	return max(1, int64(math.Round(d.Seconds())))
}

// notEvaluated begins the reason of the state of an alarm that cannot be evaluated here.
const notEvaluated = "The local cloud does not evaluate this alarm: "

// run evaluates the alarms at the end of every minute of the machine's clock, in which the
// times of metrics are.
func (s *Service) run() {
	minute := time.Duration(s.scaled(60)) * time.Second
	for next := s.wall().Truncate(minute).Add(minute); ; next = next.Add(minute) {
		switch late := s.wall().Sub(next); {
		case late > maxLate*minute:
			next = s.wall().Truncate(minute)
		case late < -2*minute: // the clock was set back; less is a timer that fired early
			next = s.wall().Truncate(minute).Add(minute)
		}
		select {
		case <-time.After(next.Sub(s.wall())):
			s.tick(next)
		case <-s.closing:
			return
		}
	}
}

// maxLate is how many minutes run catches up on. A busy machine delays evaluations, but
// must not hide data from them; after a longer break, or if the clock was set ahead, old
// data no longer matters.
const maxLate = 60

// tick evaluates the alarms on the data up to a moment.
func (s *Service) tick(end time.Time) {
	if s.options.Sample != nil {
		s.options.Sample(end.Add(-time.Second)) // in the period that ends now
	}
	for _, r := range s.alarms.All() {
		if err := s.evaluate(r.Alarm, end.Unix()); err != nil {
			s.note(cloud.Warning, r.Alarm.Name, "the state cannot be stored: %v", err)
		}
	}
}

// evaluate evaluates an alarm on the data up to a moment, in seconds since 1970.
func (s *Service) evaluate(a Alarm, end int64) error {
	points, err := s.datapoints(a, end)
	state, changed := State{Value: StateInsufficient}, true
	switch {
	case err != nil:
		state.Reason = notEvaluated + err.Error()
	case a.fewSamples(points):
		return nil
	default:
		state, changed = a.evaluate(points)
	}
	if !changed {
		return nil
	}
	change, err := s.apply(a, state)
	s.announce(change)
	return err
}

// apply sets the state of an alarm, unless it has that state or was changed since.
func (s *Service) apply(a Alarm, state State) (*change, error) {
	s.alarmsMu.Lock()
	defer s.alarmsMu.Unlock()
	r, exists := s.alarms.Get(a.Name)
	unexplained := strings.HasPrefix(state.Reason, notEvaluated) && r.State.Reason != state.Reason
	if !exists || r.Alarm.Updated != a.Updated || r.State.Value == state.Value && !unexplained {
		return nil, nil
	}
	if unexplained {
		s.note(cloud.Warning, a.Name, "%s", state.Reason)
	}
	return s.transition(a.Name, state)
}

// datapoints returns the datapoints in the evaluation range of an alarm, oldest first.
// As on AWS, its periods end at the moment of the evaluation, and not at multiples of
// their length.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-evaluation-window.html
func (s *Service) datapoints(a Alarm, end int64) ([]datapoint, error) {
	n := a.EvaluationPeriods + extraPeriods
	if len(a.Queries) > 0 {
		return s.computed(a, n, end)
	}
	return s.measured(a.MetricStat, n, end), nil
}

// measured returns the last n datapoints of a metric.
func (s *Service) measured(m MetricStat, n int, end int64) []datapoint {
	stat, _ := ParseStatistic(m.Stat)
	period := s.scaled(m.Period)
	points := make([]datapoint, n)
	s.metricsMu.Lock()
	defer s.metricsMu.Unlock()
	all := s.metrics.in(m.Metric, m.Unit)
	for i := range points {
		from := end - int64(n-i)*period
		b := between(all, from, from+period)
		v, ok := stat.of(b)
		points[i] = datapoint{time.Unix(from, 0), v, b.count, !ok}
	}
	return points
}

// computed returns the last n datapoints of the query that an alarm watches. In the
// expression, time has the pace of AWS, so that rates per second are AWS's.
func (s *Service) computed(a Alarm, n int, end int64) ([]datapoint, error) {
	if a.ThresholdID != "" {
		return nil, fmt.Errorf("there is no anomaly detection here")
	}
	e := &evaluation{queries: a.Queries}
	var watched Query
	for _, q := range a.Queries {
		if q.ReturnData {
			watched = q
		}
	}
	period := e.period(watched)
	e.from = -int64(n * period)
	e.read = func(m MetricStat) values {
		found := values{}
		for i, p := range s.measured(m, n, end) {
			if !p.missing {
				found[int64((i-n)*m.Period)] = p.value
			}
		}
		return found
	}
	r, err := e.query(watched.ID)
	if err != nil {
		return nil, err
	}
	found := r.overTime(e.grid(watched))
	points := make([]datapoint, n)
	for i := range points {
		v, ok := found[int64((i-n)*period)]
		points[i] = datapoint{time.Unix(end-int64(n-i)*s.scaled(period), 0), v, 0, !ok}
	}
	return points, nil
}

func (s *Service) note(level cloud.Level, alarm, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{Level: level, Service: "cloudwatch", Resource: alarm, Message: fmt.Sprintf(format, args...)})
}
