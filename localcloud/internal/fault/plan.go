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
	// which they arrive at a topic, queue or function after the plan was set.
	Seed uint64 `json:"seed"`
	// Duplicate is the rate of messages that a topic delivers, or a queue returns, and of
	// asynchronous events that a function receives, once more after they were processed
	// or received.
	Duplicate float64 `json:"duplicate,omitempty"`
	// Delay is the rate of deliveries by topics, and of asynchronous events, that wait
	// for DelayFor: more than 0 to 1 hour, which the time scale does not change.
	Delay    float64       `json:"delay,omitempty"`
	DelayFor time.Duration `json:"delayFor,omitempty"`
	// Reorder is the rate of messages and asynchronous events that later ones overtake.
	Reorder float64 `json:"reorder,omitempty"`
	Crashes []Crash `json:"crashes,omitempty"`
}

// Crash says how often execution environments of a function crash.
type Crash struct {
	// Function is a name, with or without its autonaming suffix and what precedes the
	// last words of it, or AnyFunction. The longest one that selects a function counts.
	Function string           `json:"function"`
	Rate     float64          `json:"rate"`            // of invocations
	Point    cloud.CrashPoint `json:"point,omitempty"` // "" for a different one each time
}

// AnyFunction selects all functions.
const AnyFunction = "*"

// maxDelay is the maximum of Plan.DelayFor.
const maxDelay = time.Hour

var points = []cloud.CrashPoint{cloud.CrashBefore, cloud.CrashDuring, cloud.CrashAfter}

// IsEmpty reports whether the plan has no faults.
func (p Plan) IsEmpty() bool {
	return p.Duplicate == 0 && p.Delay == 0 && p.Reorder == 0 && len(p.Crashes) == 0
}

// Check returns all errors of the plan, each with the flag that it comes from.
func (p Plan) Check() error {
	errs := []error{checkRate("--duplicate", p.Duplicate), checkRate("--delay", p.Delay), checkRate("--reorder", p.Reorder)}
	if p.Delay != 0 && (p.DelayFor <= 0 || p.DelayFor > maxDelay) {
		errs = append(errs, fmt.Errorf("--delay waits for %v; it must be more than 0s and at most %v", p.DelayFor, maxDelay))
	}
	seen := map[string]bool{}
	for _, c := range p.Crashes {
		errs = append(errs, checkRate("--crash "+c.Function, c.Rate))
		switch {
		case c.Function == "":
			errs = append(errs, errors.New("--crash names no function; it must be FUNCTION=RATE, and *=RATE for all functions"))
		case seen[c.Function]:
			errs = append(errs, fmt.Errorf("--crash %s is given twice", c.Function))
		case c.Point != "" && !slices.Contains(points, c.Point):
			errs = append(errs, fmt.Errorf("--crash %s: the moment is %q; it must be one of %v, or omitted for a different one each time", c.Function, c.Point, points))
		}
		seen[c.Function] = true
	}
	if p.IsEmpty() {
		errs = append(errs, errors.New("no fault is given: use --duplicate, --delay, --reorder or --crash"))
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
	return strings.Join(flags, " ")
}

// crashOf returns what the plan says about a function.
func (p Plan) crashOf(function string) Crash {
	var best Crash
	for _, c := range p.Crashes {
		if selects(c, function) && (best.Function == "" || best.Function == AnyFunction || c.Function != AnyFunction && len(c.Function) > len(best.Function)) {
			best = c
		}
	}
	return best
}

func selects(c Crash, function string) bool {
	return c.Function == AnyFunction || cloud.IsNamed(function, c.Function)
}

// Unused returns the functions that the plan names and that are not among those that
// exist.
func (p Plan) Unused(functions []string) (unused []string) {
	for _, c := range p.Crashes {
		if !slices.ContainsFunc(functions, func(name string) bool { return selects(c, name) }) && c.Function != AnyFunction {
			unused = append(unused, c.Function)
		}
	}
	return unused
}
