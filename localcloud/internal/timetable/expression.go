// Package timetable runs what EventBridge and Secrets Manager schedule: it parses schedule
// expressions, computes their times exactly, waits for them, and retries what fails.
package timetable

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Expression is a parsed schedule expression: a rate, a cron expression or a time.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
type Expression struct {
	period time.Duration // of a rate, or 0
	cron   *cron         // or nil
	at     time.Time     // of a one-time schedule, as if it were UTC
	zone   *time.Location
}

// ErrInvalid is the error of Parse. Services have their own words for it.
var ErrInvalid = errors.New("invalid schedule expression")

var (
	rateForm = regexp.MustCompile(`^rate\(([1-9][0-9]{0,8}) (minute|hour|day)(s?)\)$`)
	cronForm = regexp.MustCompile(`^cron\(([^()]+)\)$`)
	atForm   = regexp.MustCompile(`^at\(([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})\)$`)
)

var units = map[string]time.Duration{"minute": time.Minute, "hour": time.Hour, "day": 24 * time.Hour}

// longestPeriod keeps the times of rates far from the limits of time.Duration.
const longestPeriod = 100 * 365 * 24 * time.Hour

// Parse parses an expression of EventBridge Scheduler, whose times are in a zone. It accepts
// only the forms that AWS documents: AWS may accept more. The year of a cron expression is
// optional. The unit of a rate may always be in the plural, as in "rate(1 days)"; in the
// singular, which only the API reference has, it is accepted after 1.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
func Parse(expression string, zone *time.Location) (Expression, error) {
	if m := rateForm.FindStringSubmatch(expression); m != nil {
		n, err := strconv.Atoi(m[1])
		if err != nil || n != 1 && m[3] == "" || time.Duration(n) > longestPeriod/units[m[2]] {
			return Expression{}, ErrInvalid
		}
		return Expression{period: time.Duration(n) * units[m[2]], zone: zone}, nil
	}
	if m := cronForm.FindStringSubmatch(expression); m != nil {
		c, ok := parseCron(m[1])
		if !ok {
			return Expression{}, ErrInvalid
		}
		return Expression{cron: c, zone: zone}, nil
	}
	if m := atForm.FindStringSubmatch(expression); m != nil {
		at, err := time.Parse("2006-01-02T15:04:05", m[1])
		if err != nil {
			return Expression{}, ErrInvalid
		}
		return Expression{at: at, zone: zone}, nil
	}
	return Expression{}, ErrInvalid
}

// oneInPlural matches a rate that Scheduler accepts and a rule does not.
var oneInPlural = regexp.MustCompile(`^rate\(1 [a-z]+s\)$`)

// ParseRule parses an expression of an EventBridge rule, whose times are in UTC. Unlike
// Scheduler, rules have no one-time schedules, require the year, and require the singular
// after 1.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html
func ParseRule(expression string) (Expression, error) {
	e, err := Parse(expression, time.UTC)
	if err != nil || e.Once() || oneInPlural.MatchString(expression) || e.cron != nil && strings.Count(expression, " ") != 5 {
		return Expression{}, ErrInvalid
	}
	return e, nil
}

// Once reports whether the expression has only one time.
func (e Expression) Once() bool { return e.period == 0 && e.cron == nil }

// Rate reports whether the expression is a rate.
func (e Expression) Rate() bool { return e.period > 0 }

// Next returns the first time after a moment, or the zero Time if there is none. The times
// of a rate follow each other from the moment on.
//
// A local time that daylight saving time skips does not occur, and one that it repeats
// occurs once.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
func (e Expression) Next(after time.Time) time.Time {
	if e.period > 0 {
		return after.Add(e.period).UTC()
	}
	if e.Once() {
		if t, exists := resolve(e.at, e.zone); exists && t.After(after) {
			return t
		}
		return time.Time{}
	}
	for local := civil(after.In(e.zone)); ; {
		var ok bool
		if local, ok = e.cron.next(local); !ok {
			return time.Time{}
		}
		if t, exists := resolve(local, e.zone); exists && t.After(after) {
			return t
		}
	}
}

// civil returns the date and the time of day of t as if they were UTC.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// resolve returns the first moment at which clocks in the zone show a local time, and
// whether there is one.
func resolve(local time.Time, zone *time.Location) (first time.Time, exists bool) {
	for _, near := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
		_, offset := local.Add(near).In(zone).Zone()
		t := local.Add(-time.Duration(offset) * time.Second)
		if civil(t.In(zone)).Equal(local) && (!exists || t.Before(first)) {
			first, exists = t, true
		}
	}
	return first, exists
}
