package cloudwatch

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// Alarm is a metric alarm. It watches either one metric or, if Queries is set, the one
// query that returns data.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
type Alarm struct {
	Name        string
	Description string
	ARN         string // set by PutAlarm

	MetricStat
	Queries []Query

	Comparison        string   // "GreaterThanOrEqualToThreshold", …
	Threshold         *float64 // nil means 0
	ThresholdID       string   // the query that is the band of an anomaly detection model; "" for Threshold
	EvaluationPeriods int
	DatapointsToAlarm int    // 0 means EvaluationPeriods
	MissingData       string // "missing", "ignore", "breaching" or "notBreaching"
	LowSamples        string // "ignore" or, like "", "evaluate"

	ActionsEnabled      bool
	AlarmActions        []string // ARNs
	OKActions           []string
	InsufficientActions []string

	Tags    map[string]string
	Updated time.Time // set by PutAlarm
}

// threshold returns the threshold as a number.
func (a Alarm) threshold() float64 {
	if a.Threshold == nil {
		return 0
	}
	return *a.Threshold
}

// The states of an alarm.
const (
	StateOK           = "OK"
	StateAlarm        = "ALARM"
	StateInsufficient = "INSUFFICIENT_DATA"
)

// State is the state of an alarm.
type State struct {
	Value  string // StateOK, StateAlarm or StateInsufficient
	Reason string
	Data   string    // the reason as JSON; "" for none
	Since  time.Time // when Value last changed
	Set    time.Time // when the state was last set
}

// AlarmState is an alarm and its state.
type AlarmState struct {
	Alarm
	State State
}

// row is a stored alarm.
type row struct {
	Alarm   Alarm
	State   State
	History []HistoryItem // oldest first
}

// PutAlarm adds an alarm, whose state is then INSUFFICIENT_DATA, or replaces one with
// the same name, which keeps its state. The caller has validated the alarm.
func (s *Service) PutAlarm(a Alarm) (Alarm, error) {
	s.alarmsMu.Lock()
	defer s.alarmsMu.Unlock()
	now := time.Now().UTC()
	a.MetricStat.Metric = a.Metric.Sorted()
	a.ARN = s.options.Place.ARN("cloudwatch", "alarm:"+a.Name).String()
	a.Updated = now
	r, exists := s.alarms.Get(a.Name)
	r.Alarm = a
	summary := `Alarm "` + a.Name + `" updated`
	if !exists {
		r.State = State{Value: StateInsufficient, Reason: "Unchecked: Initial alarm creation", Since: now, Set: now}
		summary = `Alarm "` + a.Name + `" created`
	}
	r.remember(HistoryItem{Time: now, Type: "ConfigurationUpdate", Summary: summary})
	return a, s.alarms.Put(a.Name, r)
}

// DeleteAlarm removes an alarm. It is no error if there is none.
func (s *Service) DeleteAlarm(name string) error {
	s.alarmsMu.Lock()
	defer s.alarmsMu.Unlock()
	return s.alarms.Delete(name)
}

// Alarm returns the alarm with that name, or ResourceNotFound.
func (s *Service) Alarm(name string) (AlarmState, error) {
	r, ok := s.alarms.Get(name)
	if !ok {
		return AlarmState{}, cloud.Errorf(http.StatusNotFound, "ResourceNotFound", "Unknown alarm: %s", name)
	}
	return AlarmState{r.Alarm, r.State}, nil
}

// AlarmFilter selects alarms. Empty fields select all.
type AlarmFilter struct {
	Names        []string
	Prefix       string // of the name
	State        string
	ActionPrefix string // of the ARN of an action
}

// Alarms returns the alarms that a filter selects, ordered by name. It fails with
// ValidationError.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarms.html
func (s *Service) Alarms(f AlarmFilter) ([]AlarmState, error) {
	var p problems
	if f.Prefix != "" && len(f.Names) > 0 {
		p.add("The parameters AlarmNames and AlarmNamePrefix are mutually exclusive and you have specified both.")
	}
	if len(f.Names) > 100 {
		p.add("The collection AlarmNames must not have a size greater than 100.")
	}
	checkState(&p, f.State)
	if err := p.err(validation); err != nil {
		return nil, err
	}
	var found []AlarmState
	for _, r := range s.alarms.All() {
		if f.selects(r) {
			found = append(found, AlarmState{r.Alarm, r.State})
		}
	}
	return found, nil
}

func checkState(p *problems, state string) {
	if !slices.Contains([]string{"", StateOK, StateAlarm, StateInsufficient}, state) {
		p.add(cloud.Violated(validation, state, "stateValue", "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]").Message)
	}
}

func (f AlarmFilter) selects(r row) bool {
	actions := slices.Concat(r.Alarm.AlarmActions, r.Alarm.OKActions, r.Alarm.InsufficientActions)
	return (len(f.Names) == 0 || slices.Contains(f.Names, r.Alarm.Name)) &&
		strings.HasPrefix(r.Alarm.Name, f.Prefix) &&
		(f.State == "" || f.State == r.State.Value) &&
		(f.ActionPrefix == "" || slices.ContainsFunc(actions, func(arn string) bool { return strings.HasPrefix(arn, f.ActionPrefix) }))
}

// AlarmsOn returns the alarms that watch a metric, alone or in a query, ordered by
// name. An empty statistic or unit, and a period of 0, match any.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmsForMetric.html
func (s *Service) AlarmsOn(m MetricStat) []AlarmState {
	m.Metric = m.Metric.Sorted()
	watches := func(other MetricStat) bool {
		return m.Namespace == other.Namespace && m.Name == other.Name && slices.Equal(m.Dimensions, other.Dimensions) &&
			cmp.Or(m.Stat, other.Stat) == other.Stat && cmp.Or(m.Unit, other.Unit) == other.Unit && cmp.Or(m.Period, other.Period) == other.Period
	}
	var found []AlarmState
	for _, r := range s.alarms.All() {
		queried := slices.ContainsFunc(r.Alarm.Queries, func(q Query) bool { return q.Stat != nil && watches(*q.Stat) })
		if queried || len(r.Alarm.Queries) == 0 && watches(r.Alarm.MetricStat) {
			found = append(found, AlarmState{r.Alarm, r.State})
		}
	}
	return found
}

// SetState sets an alarm's state until its next evaluation. It fails with
// ResourceNotFound, ValidationError and InvalidFormat.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_SetAlarmState.html
func (s *Service) SetState(name string, to State) error {
	var p problems
	if to.Value == "" {
		p.add("The parameter StateValue is required.")
	}
	if to.Reason == "" {
		p.add("The parameter StateReason is required.")
	}
	checkState(&p, to.Value)
	checkLength(&p, "StateReason", to.Reason, 1023)
	checkLength(&p, "StateReasonData", to.Data, 4000)
	if err := p.err(validation); err != nil {
		return err
	}
	if err := checkJSON(to.Data); err != nil {
		return err
	}
	if _, err := s.Alarm(name); err != nil {
		return err
	}
	s.alarmsMu.Lock()
	change, err := s.transition(name, to)
	s.alarmsMu.Unlock()
	s.announce(change)
	return err
}
