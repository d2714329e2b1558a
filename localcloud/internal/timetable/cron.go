package timetable

import (
	"strconv"
	"strings"
	"time"
)

// cron is a parsed cron expression. Its times are local times.
type cron struct {
	minutes, hours, months set
	years                  []bool // from firstYear on
	days                   func(year int, month time.Month, day int) bool
}

// set holds numbers from 0 to 63.
type set uint64

func (s set) has(n int) bool { return s&(1<<n) != 0 }

const (
	firstYear = 1970
	lastYear  = 2199
)

// field describes the values of a field.
type field struct {
	min, max int
	names    string // of the values from min on, three letters each
}

var (
	minuteField = field{0, 59, ""}
	hourField   = field{0, 23, ""}
	dayField    = field{1, 31, ""}
	monthField  = field{1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC"}
	weekField   = field{1, 7, "SUNMONTUEWEDTHUFRISAT"}
	yearField   = field{firstYear, lastYear, ""}
)

// parseCron parses the six fields of a cron expression, of which the last, the year, is
// optional.
func parseCron(expression string) (*cron, bool) {
	f := strings.Split(expression, " ")
	if len(f) == 5 {
		f = append(f, "*")
	}
	if len(f) != 6 || (f[2] == "?") == (f[4] == "?") {
		return nil, false
	}
	c := &cron{years: make([]bool, lastYear-firstYear+1)}
	var ok [5]bool
	c.minutes, ok[0] = minuteField.set(f[0])
	c.hours, ok[1] = hourField.set(f[1])
	c.months, ok[2] = monthField.set(f[3])
	ok[3] = yearField.each(f[5], func(year int) { c.years[year-firstYear] = true })
	if f[4] == "?" {
		c.days, ok[4] = daysOfMonth(f[2])
	} else {
		c.days, ok[4] = daysOfWeek(f[4])
	}
	return c, ok == [5]bool{true, true, true, true, true}
}

// daysOfMonth parses a day of the month: values, "L" for the last day, or "15W" for the
// weekday nearest to a day in the same month.
func daysOfMonth(s string) (func(int, time.Month, int) bool, bool) {
	if s == "L" {
		return func(year int, month time.Month, day int) bool { return day == lastDay(year, month) }, true
	}
	if n, isWeekday := strings.CutSuffix(s, "W"); isWeekday {
		near, ok := digits(n)
		return func(year int, month time.Month, day int) bool { return day == nearestWeekday(year, month, near) }, ok && near >= 1 && near <= 31
	}
	days, ok := dayField.set(s)
	return func(_ int, _ time.Month, day int) bool { return days.has(day) }, ok
}

// daysOfWeek parses a day of the week: values, "L" for the last day of the week, "6L" for
// the last Friday of the month, or "3#2" for its second Tuesday.
func daysOfWeek(s string) (func(int, time.Month, int) bool, bool) {
	if s == "L" {
		s = "7"
	}
	if n, isLast := strings.CutSuffix(s, "L"); isLast {
		want, ok := digits(n)
		return func(year int, month time.Month, day int) bool {
			return weekday(year, month, day) == want && day+7 > lastDay(year, month)
		}, ok && want >= 1 && want <= 7
	}
	if n, nth, numbered := strings.Cut(s, "#"); numbered {
		want, ok := digits(n)
		week, okWeek := digits(nth)
		return func(year int, month time.Month, day int) bool {
			return weekday(year, month, day) == want && (day+6)/7 == week
		}, ok && okWeek && want >= 1 && want <= 7 && week >= 1 && week <= 5
	}
	days, ok := weekField.set(s)
	return func(year int, month time.Month, day int) bool { return days.has(weekday(year, month, day)) }, ok
}

// set parses the values of a field.
func (f field) set(s string) (values set, ok bool) {
	ok = f.each(s, func(n int) { values |= 1 << n })
	return values, ok
}

// each calls add for the values of a field: a list of values, ranges and "*", each with an
// optional step. "5/15" starts at 5, and "20-2" contains 23 and 0.
func (f field) each(s string, add func(int)) bool {
	for _, item := range strings.Split(s, ",") {
		from, to, step, ok := f.item(item)
		if !ok {
			return false
		}
		for n := from; n <= to; n += step {
			add(f.min + (n-f.min)%(f.max-f.min+1))
		}
	}
	return true
}

// item parses an item of the list. The end is beyond the maximum if the range wraps around.
func (f field) item(s string) (from, to, step int, ok bool) {
	s, steps, stepped := strings.Cut(s, "/")
	step = 1
	if stepped {
		if step, ok = digits(steps); !ok || step < 1 || step > f.max || f == weekField {
			return 0, 0, 0, false
		}
	}
	if s == "*" {
		return f.min, f.max, step, true
	}
	first, last, isRange := strings.Cut(s, "-")
	if from, ok = f.value(first); !ok {
		return 0, 0, 0, false
	}
	switch {
	case isRange:
		if to, ok = f.value(last); to < from && f != yearField {
			to += f.max - f.min + 1
		}
	case stepped:
		to = f.max
	default:
		to = from
	}
	return from, to, step, ok && from <= to
}

// value parses a number or a name.
func (f field) value(s string) (int, bool) {
	if i := strings.Index(f.names, s); len(s) == 3 && i >= 0 && i%3 == 0 {
		return f.min + i/3, true
	}
	n, ok := digits(s)
	return n, ok && n >= f.min && n <= f.max
}

// digits parses a number of up to four digits.
func digits(s string) (int, bool) {
	if s == "" || len(s) > 4 || strings.Trim(s, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil
}

func lastDay(year int, month time.Month) int {
	return time.Date(year, month+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// weekday returns the day of the week, from 1 for Sunday to 7.
func weekday(year int, month time.Month, day int) int {
	return int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Weekday()) + 1
}

// nearestWeekday returns the weekday of the month that is nearest to a day, or 0 if the
// month does not have that day.
func nearestWeekday(year int, month time.Month, day int) int {
	last := lastDay(year, month)
	if day > last {
		return 0
	}
	switch time.Weekday(weekday(year, month, day) - 1) {
	case time.Saturday:
		if day == 1 {
			return 3
		}
		return day - 1
	case time.Sunday:
		if day == last {
			return day - 2
		}
		return day + 1
	}
	return day
}

// next returns the first local time after another, and false if there is none.
func (c *cron) next(after time.Time) (time.Time, bool) {
	t := after.Truncate(time.Minute).Add(time.Minute)
	year, month, day := t.Date()
	from := t.Hour()*60 + t.Minute() // on the first day
	for ; year <= lastYear; year, month, day, from = year+1, time.January, 1, 0 {
		if year < firstYear || !c.years[year-firstYear] {
			continue
		}
		for ; month <= time.December; month, day, from = month+1, 1, 0 {
			if !c.months.has(int(month)) {
				continue
			}
			for last := lastDay(year, month); day <= last; day, from = day+1, 0 {
				if !c.days(year, month, day) {
					continue
				}
				if minute, ok := c.minute(from); ok {
					return time.Date(year, month, day, minute/60, minute%60, 0, 0, time.UTC), true
				}
			}
		}
	}
	return time.Time{}, false
}

// minute returns the first minute of a day that is not before another.
func (c *cron) minute(from int) (int, bool) {
	for n := from; n < 24*60; n++ {
		if !c.hours.has(n / 60) {
			n += 59 - n%60
			continue
		}
		if c.minutes.has(n % 60) {
			return n, true
		}
	}
	return 0, false
}
