// Package events emulates the rules of EventBridge that run on a schedule, on the default
// event bus. Their targets are functions, queues and topics, whose policies must allow
// events.amazonaws.com. There are no event patterns and no other buses.
package events

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/store"
)

// principal is the service principal that invokes targets.
const principal = "events.amazonaws.com"

// Rule is a rule with its targets.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
type Rule struct {
	ARN, Name   string // the ARN is set by the service
	Description string
	Expression  string // "rate(1 hour)"
	Disabled    bool
	Tags        map[string]string
	Targets     []Target // in the order in which they were added; set by PutTarget
}

// Target is what a rule invokes. At most one of Input, InputPath and Template is set.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_Target.html
type Target struct {
	ID, ARN     string
	Creation    string            // set by the service: another for each target with this ID
	Input       string            // JSON; "" for none
	InputPath   string            // the JSON path of a part of the event; "" for none
	InputPaths  map[string]string // JSON paths by the names of variables of the template
	Template    string            // of an input transformer; "" for none
	DeadLetters string            // the ARN of a queue; "" for none
	MaxAge      int               // of an event, in seconds; 0 for no retry policy, and thus the default one
	Retries     int               // of the retry policy
}

// The retry policy of a target that sets none.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-retry-policy.html
const (
	DefaultMaxAge  = 86400 // seconds
	DefaultRetries = 185
)

// maxTargets is the maximum number of targets of a rule.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html
const maxTargets = 5

// Options configures the service. All but Store, Pace and Metrics are required.
type Options struct {
	Place   cloud.Place
	Store   *store.Store // nil stores nothing durably
	Journal cloud.Journal
	Metrics cloud.Metrics
	Pace    cloud.Pace
	Targets timetable.Targets
}

// Service holds the rules of one account and region. Its methods may be called
// concurrently.
type Service struct {
	options    Options
	rules      *store.Table[Rule] // by name
	clock      *timetable.Clock
	deliveries *timetable.Deliveries

	mu sync.Mutex // held while a rule changes
}

// New opens the rules in the store. They wait for Start.
func New(o Options) (*Service, error) {
	if o.Metrics == nil {
		o.Metrics = cloud.NoMetrics{}
	}
	s := &Service{options: o}
	var err error
	if s.rules, err = store.NewTable[Rule](o.Store, "event-rules"); err != nil {
		return nil, err
	}
	plans := map[string]timetable.Plan{}
	for _, r := range s.rules.All() {
		if !r.Disabled {
			plans[r.Name] = r.plan()
		}
	}
	if s.clock, err = timetable.New(timetable.Options{Store: o.Store, Name: "event-rule-times", Pace: o.Pace, Fire: s.fire}, plans); err != nil {
		return nil, err
	}
	s.deliveries, err = timetable.NewDeliveries(o.Store, "event-rule-events", o.Pace, timetable.Workers, courier{s}, func(err error) {
		s.note(cloud.Warning, "", "the state cannot be changed: %v", err)
	})
	return s, err
}

// Start begins to invoke targets.
func (s *Service) Start() {
	s.deliveries.Start()
	s.clock.Start()
}

// Close interrupts the deliveries in progress. The next start continues.
func (s *Service) Close() error {
	s.clock.Close()
	s.deliveries.Close()
	return nil
}

// ARN returns the ARN of a rule.
func (s *Service) ARN(rule string) cloud.ARN { return s.options.Place.ARN("events", "rule/"+rule) }

// plan returns when a valid rule occurs. A rate begins with the creation of the rule, and
// first occurs after its period.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func (r Rule) plan() timetable.Plan {
	expression, _ := timetable.Parse(r.Expression, time.UTC)
	return timetable.Plan{Expression: expression}
}

// CreateRule creates a rule. PutRule of the API would change one that exists.
func (s *Service) CreateRule(r Rule) (Rule, error) {
	if err := r.check(); err != nil {
		return Rule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, exists := s.rules.Get(r.Name); exists {
		return Rule{}, refuse("ResourceAlreadyExistsException", "Rule %s already exists.", r.Name)
	}
	r.ARN, r.Targets = s.ARN(r.Name).String(), nil
	return r, s.put(r, true)
}

// UpdateRule replaces the settings and tags of a rule, and keeps its targets.
func (s *Service) UpdateRule(r Rule) (Rule, error) {
	if err := r.check(); err != nil {
		return Rule{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.Rule(r.Name)
	if err != nil {
		return Rule{}, err
	}
	r.ARN, r.Targets = old.ARN, old.Targets
	return r, s.put(r, r.Expression != old.Expression || r.Disabled != old.Disabled)
}

// put stores a rule. If its time has changed, it begins now.
func (s *Service) put(r Rule, begins bool) error {
	switch change := s.rules.Set(r.Name, r); {
	case !begins:
		return s.options.Store.Commit(change)
	case r.Disabled:
		return s.clock.Stop(r.Name, change)
	default:
		return s.clock.Set(r.Name, r.plan(), change)
	}
}

// Rule returns a rule.
func (s *Service) Rule(name string) (Rule, error) {
	r, ok := s.rules.Get(name)
	if !ok {
		return Rule{}, refuse("ResourceNotFoundException", "Rule %s does not exist on EventBus default.", name)
	}
	return r, nil
}

// DeleteRule deletes a rule, which must have no targets.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_DeleteRule.html
func (s *Service) DeleteRule(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.Rule(name)
	if err != nil {
		return err
	}
	if len(r.Targets) > 0 {
		return refuse(validation, "Rule can't be deleted since it has targets.")
	}
	return s.clock.Stop(name, s.rules.Unset(name))
}

// PutTarget adds a target to a rule, or replaces the one with the same ID.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html
func (s *Service) PutTarget(rule string, t Target) error {
	if err := t.check(); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.Rule(rule)
	if err != nil {
		return err
	}
	r.Targets = slices.Clone(r.Targets)
	t.Creation = uuid.NewString()
	if i := r.target(t.ID); i >= 0 {
		t.Creation = r.Targets[i].Creation
		r.Targets[i] = t
	} else if r.Targets = append(r.Targets, t); len(r.Targets) > maxTargets {
		return refuse("LimitExceededException", "The requested resource exceeds the maximum number allowed.")
	}
	return s.put(r, false)
}

// Target returns a target of a rule.
func (s *Service) Target(rule, id string) (Target, error) {
	r, err := s.Rule(rule)
	if err != nil {
		return Target{}, err
	}
	i := r.target(id)
	if i < 0 {
		return Target{}, refuse("ResourceNotFoundException", "Rule %s does not have the target %s.", rule, id)
	}
	return r.Targets[i], nil
}

// RemoveTarget removes a target from a rule. It receives no further events, not even those
// that have failed before; on AWS, it may for a short time. A target with its ID that is added
// later receives none of them.
//
// https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RemoveTargets.html
func (s *Service) RemoveTarget(rule, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Target(rule, id); err != nil {
		return err
	}
	r, _ := s.rules.Get(rule)
	i := r.target(id)
	r.Targets = slices.Delete(slices.Clone(r.Targets), i, i+1)
	return s.put(r, false)
}

// target returns the index of a target, or -1.
func (r Rule) target(id string) int {
	return slices.IndexFunc(r.Targets, func(t Target) bool { return t.ID == id })
}

// Owed returns how many events each target of each rule is owed.
func (s *Service) Owed() []timetable.Owed { return s.deliveries.Owed() }

func (s *Service) note(level cloud.Level, rule, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{Level: level, Service: "events", Resource: rule, Message: fmt.Sprintf(format, args...)})
}

func refuse(code, format string, args ...any) *cloud.Error {
	status := http.StatusBadRequest
	if code == "ResourceNotFoundException" {
		status = http.StatusNotFound
	}
	return cloud.Errorf(status, code, format, args...)
}

// Rules returns all rules with their targets, ordered by name.
func (s *Service) Rules() []Rule { return s.rules.All() }
