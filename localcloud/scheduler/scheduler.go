// Package scheduler emulates EventBridge Scheduler: groups of schedules, which invoke a
// function, or send to a queue or a topic, with a role of their own. A schedule's time
// passes faster by the pace, like AWS's other long waits; see timetable.Clock.
package scheduler

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/store"
)

// DefaultGroup is the group of the schedules that name none. It always exists.
const DefaultGroup = "default"

// principal is the service principal that assumes the roles of schedules.
const principal = "scheduler.amazonaws.com"

// Schedule is a schedule.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetSchedule.html
type Schedule struct {
	ARN         string // set by the service
	Group, Name string
	Description string
	Expression  string // "rate(1 hour)"
	Timezone    string // "" means UTC
	Start, End  time.Time
	Window      int    // of a flexible schedule, in minutes; 0 means none
	State       string // Enabled or Disabled; "" means Enabled
	Completion  string // KeepAfter or DeleteAfter; "" means KeepAfter
	KMSKeyARN   string // "" for a key of AWS's
	Token       string // of the request that created it; "" for none
	Creation    string // set by the service: another for each schedule of this name
	Target      Target
	Created     time.Time
	Modified    time.Time
}

// Target is what a schedule invokes.
type Target struct {
	ARN, RoleARN string
	Input        string `json:",omitempty"` // "" means the default event
	DeadLetters  string `json:",omitempty"` // the ARN of a queue, or ""
	// MaxAge is in seconds, and 0 means a day. Retries is nil for DefaultRetries.
	MaxAge  int  `json:",omitempty"`
	Retries *int `json:",omitempty"`
}

// The values of State and Completion.
const (
	Enabled     = "ENABLED"
	Disabled    = "DISABLED"
	KeepAfter   = "NONE"
	DeleteAfter = "DELETE"
)

// The retry policy of a target that sets none.
const (
	DefaultMaxAge  = 86400 // seconds
	DefaultRetries = 185
)

// Group is a group of schedules.
//
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_GetScheduleGroup.html
type Group struct {
	ARN, Name         string
	Tags              map[string]string
	Token             string    // of the request that created it; "" for none
	Created, Modified time.Time // zero for the default group
}

// Options configures the service. All but Store, Pace and Metrics are required.
type Options struct {
	Place   cloud.Place
	Store   *store.Store // nil stores nothing durably
	Roles   cloud.RoleAssumer
	Keys    cloud.Keys
	Journal cloud.Journal
	Metrics cloud.Metrics
	Pace    cloud.Pace
	Targets timetable.Targets
	// Endpoint returns the base URL of the URLs of queues.
	Endpoint func() string
}

// Service holds the schedules of one account and region. Its methods may be called
// concurrently.
type Service struct {
	options    Options
	schedules  *store.Table[Schedule] // by key
	groups     *store.Table[Group]    // by name, without the default group
	clock      *timetable.Clock
	deliveries *timetable.Deliveries

	mu sync.Mutex // held while a schedule or a group changes
}

// New opens the schedules in the store. They wait for Start.
func New(o Options) (*Service, error) {
	if o.Metrics == nil {
		o.Metrics = cloud.NoMetrics{}
	}
	s := &Service{options: o}
	var err error
	if s.schedules, err = store.NewTable[Schedule](o.Store, "schedules"); err != nil {
		return nil, err
	}
	if s.groups, err = store.NewTable[Group](o.Store, "schedule-groups"); err != nil {
		return nil, err
	}
	plans := map[string]timetable.Plan{}
	for _, schedule := range s.schedules.All() {
		if schedule.State != Disabled {
			plans[schedule.key()] = schedule.plan()
		}
	}
	if s.clock, err = timetable.New(timetable.Options{Store: o.Store, Name: "schedule-times", Pace: o.Pace, Fire: s.fire}, plans); err != nil {
		return nil, err
	}
	s.deliveries, err = timetable.NewDeliveries(o.Store, "schedule-events", o.Pace, timetable.Workers, courier{s}, func(err error) {
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

// Owed returns how many events each schedule, as "group/name", is owed.
func (s *Service) Owed() []timetable.Owed { return s.deliveries.Owed() }

func (s *Service) note(level cloud.Level, schedule, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{Level: level, Service: "scheduler", Resource: schedule, Message: fmt.Sprintf(format, args...)})
}

// key returns the key of a schedule. Names contain no slash.
func (s Schedule) key() string { return s.Group + "/" + s.Name }

// plan returns when a valid schedule occurs.
func (s Schedule) plan() timetable.Plan {
	zone, _ := timetable.Zone(s.Timezone)
	expression, _ := timetable.Parse(s.Expression, zone)
	return timetable.Plan{Expression: expression, Start: s.Start, End: s.End, AtOnce: true, Window: time.Duration(s.Window) * time.Minute}
}

// withDefaults returns the schedule with the defaults that AWS reports.
func (s Schedule) withDefaults() Schedule {
	set := func(field *string, value string) {
		if *field == "" {
			*field = value
		}
	}
	set(&s.Group, DefaultGroup)
	set(&s.Timezone, "UTC")
	set(&s.State, Enabled)
	set(&s.Completion, KeepAfter)
	if s.Target.MaxAge == 0 {
		s.Target.MaxAge = DefaultMaxAge
	}
	if s.Target.Retries == nil {
		retries := DefaultRetries
		s.Target.Retries = &retries
	}
	return s
}

func refuse(code, format string, args ...any) *cloud.Error {
	status := http.StatusBadRequest
	switch code {
	case "ResourceNotFoundException":
		status = http.StatusNotFound
	case "ConflictException":
		status = http.StatusConflict
	}
	return cloud.Errorf(status, code, format, args...)
}
