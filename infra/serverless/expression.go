package serverless

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// zones are the names of the time zones in the IANA database that Go contains. Which others
// time.LoadLocation accepts depends on the machine.
//
//go:embed zones.txt
var zones string

var zoneNames = strings.Fields(zones)

// isTimezone reports whether a name is that of an IANA time zone.
func isTimezone(name string) bool { return slices.Contains(zoneNames, name) }

var rateForm = regexp.MustCompile(`^([1-9][0-9]{0,8}) (minute|hour|day)(s?)$`)

// checkExpression returns an error if EventBridge Scheduler would refuse a schedule
// expression, or if its form is not one that AWS documents. It accepts units in the plural,
// as in "rate(1 days)", and in the singular only after 1.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func checkExpression(expression string) error {
	kind, rest, _ := strings.Cut(expression, "(")
	value, closed := strings.CutSuffix(rest, ")")
	switch {
	case kind == "rate" && closed:
		m := rateForm.FindStringSubmatch(value)
		if m == nil || m[1] != "1" && m[3] == "" {
			return errors.New("a rate is a whole number and a unit, such as rate(1 hour) or rate(5 minutes)")
		}
		return nil
	case kind == "at" && closed:
		if _, err := time.Parse("2006-01-02T15:04:05", value); err != nil || len(value) != len("2006-01-02T15:04:05") {
			return errors.New("a time is a date and a time of day without a zone, such as at(2027-01-31T09:30:00)")
		}
		return nil
	case kind == "cron" && closed:
		return checkCron(value)
	}
	return errors.New("it must be rate(…), cron(…) or at(…)")
}

// cronField describes the values of a field of a cron expression.
type cronField struct {
	name     string
	min, max int
	names    string // of the values from min on, three letters each
}

var cronFields = []cronField{
	{"minute", 0, 59, ""}, {"hour", 0, 23, ""}, {"day of month", 1, 31, ""},
	{"month", 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"}, {"day of week", 1, 7, "SUNMONTUEWEDTHUFRISAT"}, {"year", 1970, 2199, ""},
}

// The fields with forms of their own.
const (
	dayOfMonth = 2
	dayOfWeek  = 4
)

// checkCron checks the fields of a cron expression, of which the year is optional.
func checkCron(expression string) error {
	fields := strings.Split(expression, " ")
	if len(fields) == len(cronFields)-1 {
		fields = append(fields, "*")
	}
	if len(fields) != len(cronFields) {
		return errors.New("a cron expression has the fields minute, hour, day of month, month, day of week and, optionally, year")
	}
	if (fields[dayOfMonth] == "?") == (fields[dayOfWeek] == "?") {
		return errors.New("either the day of month or the day of week must be ?")
	}
	for i, f := range cronFields {
		if (i == dayOfMonth || i == dayOfWeek) && (fields[i] == "?" || f.isSpecial(i, fields[i])) {
			continue
		}
		for _, item := range strings.Split(fields[i], ",") {
			if !f.isItem(item) {
				return fmt.Errorf("%q is not valid for the %s", item, f.name)
			}
		}
	}
	return nil
}

// isSpecial reports whether s is a form that only a day can have: "L", "15W", "6L" or
// "3#2".
func (f cronField) isSpecial(field int, s string) bool {
	if s == "L" {
		return true
	}
	day, form := strings.CutSuffix(s, "W")
	if field == dayOfWeek {
		if day, form = strings.CutSuffix(s, "L"); !form {
			var week string
			day, week, _ = strings.Cut(s, "#")
			form = len(week) == 1 && week >= "1" && week <= "5"
		}
	}
	n, ok := digits(day)
	return form && ok && n >= f.min && n <= f.max
}

// isItem reports whether s is a value, a range or "*", or one of them with a step.
func (f cronField) isItem(s string) bool {
	s, step, stepped := strings.Cut(s, "/")
	if n, ok := digits(step); stepped && (!ok || n < 1 || n > f.max || f.name == "day of week") {
		return false
	}
	if s == "*" {
		return true
	}
	first, last, isRange := strings.Cut(s, "-")
	from, ok := f.value(first)
	if !isRange {
		return ok
	}
	to, okLast := f.value(last)
	return ok && okLast && (from <= to || f.name != "year") // "20-2" contains 23 and 0
}

// value returns the number of a value, which may be a name.
func (f cronField) value(s string) (int, bool) {
	if i := strings.Index(f.names, s); len(s) == 3 && i >= 0 && i%3 == 0 {
		return f.min + i/3, true
	}
	n, ok := digits(s)
	return n, ok && n >= f.min && n <= f.max
}

// digits returns the number that consists of only digits.
func digits(s string) (int, bool) {
	if s == "" || len(s) > 4 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}
