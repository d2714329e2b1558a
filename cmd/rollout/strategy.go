package main

import (
	"fmt"
	"regexp"
	"strconv"
	"time"
)

// allAtOnce is the strategy without steps: the deployment itself moves live to the
// newest version.
const allAtOnce = "all-at-once"

// strategy is how a new version takes over from the previous one: the steps before
// it receives everything.
type strategy []step

// step is a share of the invocations that the new version receives for a while.
type step struct {
	percent int // 1 to 99
	hold    time.Duration
}

var strategyForm = regexp.MustCompile(`^(canary|linear)-([1-9][0-9]?)-([1-9][0-9]?)(m|s)$`)

// parseStrategy parses "all-at-once", "canary-10-5m" (10% for 5 minutes, and then
// everything) and "linear-10-1m" (10% more each minute). A time in seconds, such as
// "5s", is for trying it out: AWS reports metrics once a minute.
func parseStrategy(name string) (strategy, error) {
	if name == allAtOnce {
		return nil, nil
	}
	m := strategyForm.FindStringSubmatch(name)
	if m == nil {
		return nil, fmt.Errorf("the strategy %q is none of %s, canary-<percent>-<minutes>m and linear-<percent>-<minutes>m", name, allAtOnce)
	}
	percent, _ := strconv.Atoi(m[2]) // the pattern admits only numbers
	hold, err := time.ParseDuration(m[3] + m[4])
	if err != nil {
		return nil, err
	}
	if m[1] == "canary" {
		return strategy{{percent, hold}}, nil
	}
	var s strategy
	for share := percent; share < 100; share += percent {
		s = append(s, step{share, hold})
	}
	return s, nil
}

// from returns the steps that are left for a version that has a share already: the
// first is the one with that share or, without such a step, the next larger one.
func (s strategy) from(percent int) strategy {
	for i, step := range s {
		if step.percent >= percent {
			return s[i:]
		}
	}
	return nil
}
