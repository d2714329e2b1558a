package fault

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
)

// Plan says how often which faults happen. A rate is the fraction of all messages, events or
// invocations that a fault hits: 0 for none to 1 for all.
type Plan struct {
	// Seed selects the victims. The same seed selects the same ones, by the order in
	// which they arrive at a topic, queue, function or table after the plan was set.
	Seed uint64 `json:"seed"`
	// Duplicate is the rate of messages that a topic delivers, or a queue returns, and of
	// asynchronous events that a function receives, once more after they were processed
	// or received.
	Duplicate float64 `json:"duplicate,omitempty"`
	// Delay is the rate of deliveries by topics, and of asynchronous events, that wait
	// for DelayFor: more than 0 to 6 hours, the longest that Lambda keeps an event. The
	// time scale divides it if it is a minute or more.
	Delay    float64       `json:"delay,omitempty"`
	DelayFor time.Duration `json:"delayFor,omitempty"`
	// Reorder is the rate of messages and asynchronous events that later ones overtake.
	Reorder float64 `json:"reorder,omitempty"`
	Crashes []Crash `json:"crashes,omitempty"`
	Slow    []Slow  `json:"slow,omitempty"`
	// Throttles and Errors refuse requests to tables.
	Throttles []Table `json:"throttles,omitempty"`
	Errors    []Table `json:"errors,omitempty"`
}

// Crash says how often execution environments of a function crash.
type Crash struct {
	// Function is a name, with or without its autonaming suffix and what precedes the
	// last words of it, or Any. The longest one that selects a function counts.
	Function string           `json:"function"`
	Rate     float64          `json:"rate"`            // of invocations
	Point    cloud.CrashPoint `json:"point,omitempty"` // "" for a different one each time
}

// Slow says how often invocations of a function take longer, and by how much.
type Slow struct {
	Function string        `json:"function"` // as in Crash
	Rate     float64       `json:"rate"`     // of invocations
	For      time.Duration `json:"for"`      // more than 0 to 15 minutes, Lambda's longest timeout
}

// Table says how often requests to a table are refused.
type Table struct {
	Table string  `json:"table"` // a name, as the function of a Crash
	Rate  float64 `json:"rate"`  // of requests
}

// Any selects all functions or tables.
const Any = "*"

const (
	maxDelay = 6 * time.Hour    // the maximum of Plan.DelayFor
	maxSlow  = 15 * time.Minute // the maximum of Slow.For
)

var points = []cloud.CrashPoint{cloud.CrashBefore, cloud.CrashDuring, cloud.CrashAfter}

// IsEmpty reports whether the plan has no faults.
func (p Plan) IsEmpty() bool {
	return p.Duplicate == 0 && p.Delay == 0 && p.Reorder == 0 && len(p.Crashes)+len(p.Slow)+len(p.Throttles)+len(p.Errors) == 0
}

// Check returns all errors of the plan, each with the flag that it comes from.
func (p Plan) Check() error {
	errs := []error{checkRate("--duplicate", p.Duplicate), checkRate("--delay", p.Delay), checkRate("--reorder", p.Reorder)}
	if p.Delay != 0 && (p.DelayFor <= 0 || p.DelayFor > maxDelay) {
		errs = append(errs, fmt.Errorf("--delay waits for %v; it must be more than 0s and at most %v", p.DelayFor, maxDelay))
	}
	errs = append(errs, checkEach("--crash", "FUNCTION=RATE", p.Crashes), checkEach("--slow", "FUNCTION=RATE:DURATION", p.Slow),
		checkEach("--throttle", "TABLE=RATE", p.Throttles), checkEach("--error", "TABLE=RATE", p.Errors))
	for _, c := range p.Crashes {
		if c.Point != "" && !slices.Contains(points, c.Point) {
			errs = append(errs, fmt.Errorf("--crash %s: the moment is %q; it must be one of %v, or omitted for a different one each time", c.Function, c.Point, points))
		}
	}
	for _, s := range p.Slow {
		if s.For <= 0 || s.For > maxSlow {
			errs = append(errs, fmt.Errorf("--slow %s: the invocations take %v longer; it must be more than 0s and at most %v", s.Function, s.For, maxSlow))
		}
	}
	if p.IsEmpty() {
		errs = append(errs, errors.New("no fault is given: use --duplicate, --delay, --reorder, --crash, --slow, --throttle or --error"))
	}
	return errors.Join(errs...)
}

// selective is a fault of the resources that a name selects.
type selective interface {
	selector() string
	rate() float64
}

func (c Crash) selector() string { return c.Function }
func (s Slow) selector() string  { return s.Function }
func (t Table) selector() string { return t.Table }
func (c Crash) rate() float64    { return c.Rate }
func (s Slow) rate() float64     { return s.Rate }
func (t Table) rate() float64    { return t.Rate }

// checkEach returns the errors of the values of a flag with that form.
func checkEach[T selective](flag, form string, all []T) error {
	var errs []error
	seen := map[string]bool{}
	for _, f := range all {
		name := f.selector()
		errs = append(errs, checkRate(flag+" "+name, f.rate()))
		switch {
		case name == "":
			errs = append(errs, fmt.Errorf("%s names nothing; it must be %s, and * selects all", flag, form))
		case seen[name]:
			errs = append(errs, fmt.Errorf("%s %s is given twice", flag, name))
		}
		seen[name] = true
	}
	return errors.Join(errs...)
}

func checkRate(flag string, rate float64) error {
	if rate >= 0 && rate <= 1 { // false for NaN
		return nil
	}
	return fmt.Errorf("%s is %v; a rate must be from 0 for never to 1 for always", flag, rate)
}

// ParseDelay parses the value of --delay: RATE:DURATION, such as "0.2:2s".
func ParseDelay(value string) (rate float64, wait time.Duration, err error) {
	first, second, ok := strings.Cut(value, ":")
	if rate, err = strconv.ParseFloat(first, 64); err == nil && ok {
		wait, err = time.ParseDuration(second)
	}
	if err != nil || !ok {
		return 0, 0, fmt.Errorf("--delay is %q; it must be RATE:DURATION, such as 0.2:2s", value)
	}
	return rate, wait, nil
}

// ParseCrash parses a value of --crash: FUNCTION=RATE or FUNCTION=RATE:POINT, such as
// "handle-message=0.05:during".
func ParseCrash(value string) (Crash, error) {
	function, rest, ok := strings.Cut(value, "=")
	rate, point, _ := strings.Cut(rest, ":")
	r, err := strconv.ParseFloat(rate, 64)
	if err != nil || !ok {
		return Crash{}, fmt.Errorf("--crash is %q; it must be FUNCTION=RATE or FUNCTION=RATE:before, :during or :after, such as handle-message=0.05", value)
	}
	return Crash{Function: function, Rate: r, Point: cloud.CrashPoint(point)}, nil
}

// ParseSlow parses a value of --slow: FUNCTION=RATE:DURATION, such as
// "handle-message=0.1:5s".
func ParseSlow(value string) (s Slow, err error) {
	function, rest, ok := strings.Cut(value, "=")
	rate, wait, timed := strings.Cut(rest, ":")
	s.Function = function
	if s.Rate, err = strconv.ParseFloat(rate, 64); err == nil {
		s.For, err = time.ParseDuration(wait)
	}
	if err != nil || !ok || !timed {
		return Slow{}, fmt.Errorf("--slow is %q; it must be FUNCTION=RATE:DURATION, such as handle-message=0.1:5s", value)
	}
	return s, nil
}

// ParseTable parses a value of --throttle or --error: TABLE=RATE, such as "sums=0.1".
func ParseTable(flag, value string) (Table, error) {
	table, rate, ok := strings.Cut(value, "=")
	r, err := strconv.ParseFloat(rate, 64)
	if err != nil || !ok {
		return Table{}, fmt.Errorf("%s is %q; it must be TABLE=RATE, such as sums=0.1", flag, value)
	}
	return Table{table, r}, nil
}

// String returns the flags of `localcloud fault set` that make the plan.
func (p Plan) String() string {
	flags := []string{fmt.Sprintf("--seed %d", p.Seed)}
	if p.Duplicate > 0 {
		flags = append(flags, fmt.Sprintf("--duplicate %v", p.Duplicate))
	}
	if p.Delay > 0 {
		flags = append(flags, fmt.Sprintf("--delay %v:%v", p.Delay, p.DelayFor))
	}
	if p.Reorder > 0 {
		flags = append(flags, fmt.Sprintf("--reorder %v", p.Reorder))
	}
	for _, c := range p.Crashes {
		flag := fmt.Sprintf("--crash %s=%v", c.Function, c.Rate)
		if c.Point != "" {
			flag += ":" + string(c.Point)
		}
		flags = append(flags, flag)
	}
	for _, s := range p.Slow {
		flags = append(flags, fmt.Sprintf("--slow %s=%v:%v", s.Function, s.Rate, s.For))
	}
	for _, t := range p.Throttles {
		flags = append(flags, fmt.Sprintf("--throttle %s=%v", t.Table, t.Rate))
	}
	for _, t := range p.Errors {
		flags = append(flags, fmt.Sprintf("--error %s=%v", t.Table, t.Rate))
	}
	return strings.Join(flags, " ")
}

// mostSpecific returns the fault that counts for a resource, or the zero one.
func mostSpecific[T selective](all []T, resource string) (best T) {
	for _, f := range all {
		if name := best.selector(); selects(f, resource) && (name == "" || name == Any || f.selector() != Any && len(f.selector()) > len(name)) {
			best = f
		}
	}
	return best
}

func selects(f selective, resource string) bool {
	return f.selector() == Any || cloud.IsNamed(resource, f.selector())
}

// Unused returns the flags, with the names in them, that select none of the functions or
// tables that exist.
func (p Plan) Unused(functions, tables []string) []string {
	return slices.Concat(unused("--crash", p.Crashes, functions), unused("--slow", p.Slow, functions),
		unused("--throttle", p.Throttles, tables), unused("--error", p.Errors, tables))
}

func unused[T selective](flag string, all []T, names []string) (flags []string) {
	for _, f := range all {
		if f.selector() != Any && !slices.ContainsFunc(names, func(name string) bool { return selects(f, name) }) {
			flags = append(flags, flag+" "+f.selector())
		}
	}
	return flags
}
