package secretsmanager

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
)

// Rules say when a secret rotates: every so many days, or on a schedule.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
type Rules struct {
	Days     int    `json:",omitempty"` // between two rotations: 1 to 1000, or 0 with a Schedule
	Schedule string `json:",omitempty"` // "rate(10 days)", "cron(0 8 1 * ? *)"; "" with Days
	Duration string `json:",omitempty"` // of the window in which a rotation begins: "3h"; "" for the default
}

// A schedule is when the windows of rotations are.
type schedule struct {
	expression timetable.Expression
	period     time.Duration // of a rate, or 0
	start      int           // the hour at which the first window of a day starts
	every      int           // hours between windows of a day; 0 if a day has only one
	window     time.Duration
}

// CheckRules validates when a secret rotates.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html
func CheckRules(r Rules) error {
	_, err := r.parse()
	return err
}

func (r Rules) parse() (schedule, error) {
	if err := cmp.Or(cloud.CheckOptional(r.Days, CheckDays), cloud.CheckOptional(r.Duration, CheckDuration), cloud.CheckOptional(r.Schedule, CheckSchedule)); err != nil {
		return schedule{}, err
	}
	expression := r.Schedule
	switch {
	case r.Days != 0 && r.Schedule != "":
		return schedule{}, invalid("You cannot specify both rotation frequency and schedule expression together.")
	case r.Days == 0 && r.Schedule == "":
		return schedule{}, invalid("You must specify either AutomaticallyAfterDays or ScheduleExpression in RotationRules.")
	case r.Days == 1:
		expression = "rate(1 day)"
	case r.Days > 1:
		expression = "rate(" + strconv.Itoa(r.Days) + " days)"
	}
	s, err := parseSchedule(expression, maxDays)
	if err == nil {
		err = s.open(r.Duration)
	}
	return s, err
}

const maxDays = 1000

// CheckDays validates a number of days between rotations.
func CheckDays(days int) error {
	switch {
	case days < 1:
		return constraint(strconv.Itoa(days), "automaticallyAfterDays", "have value greater than or equal to 1")
	case days > maxDays:
		return constraint(strconv.Itoa(days), "automaticallyAfterDays", "have value less than or equal to 1000")
	}
	return nil
}

func constraint(value, member, must string) error {
	return refuse("ValidationException", "1 validation error detected: Value '%s' at 'rotationRules.%s' failed to satisfy constraint: Member must %s", value, member, must)
}

var durationForm = regexp.MustCompile(`^([1-9]|1[0-9]|2[0-4])h$`)

// CheckDuration validates the length of a window: hours, such as "3h".
func CheckDuration(d string) error {
	if !durationForm.MatchString(d) {
		return invalid("Duration must be at least 1 hour, at most 24 hour. (It is %q, and should be like \"3h\".)", d)
	}
	return nil
}

// CheckSchedule validates a schedule expression. AWS accepts rates of up to 999 days.
func CheckSchedule(s string) error {
	_, err := parseSchedule(s, maxDays-1)
	return err
}

var rateForm = regexp.MustCompile(`^rate\(([0-9]{1,9}) (hour|day)s?\)$`)

// parseSchedule parses a rate of up to that many days or a cron expression.
func parseSchedule(s string, days int) (schedule, error) {
	if strings.HasPrefix(s, "cron(") {
		return parseCron(s)
	}
	m := rateForm.FindStringSubmatch(s)
	if m == nil || len(s) > maxSchedule {
		return schedule{}, badSchedule(s, "it must be like rate(4 hours), rate(10 days) or cron(0 8 1 * ? *)")
	}
	n, _ := strconv.Atoi(m[1]) // up to 9 digits
	switch {
	case m[2] == "hour" && (n < 4 || n > 23):
		return schedule{}, invalid("Rate in hour should be least 4 and less than 24.")
	case m[2] == "day" && (n < 1 || n > days):
		return schedule{}, invalid("Rate in day should be greater than 0 and less than 1000.")
	}
	e, err := timetable.ParseRule(s) // which knows the same rates
	if err != nil {
		return schedule{}, badSchedule(s, "1 takes the singular, and other numbers the plural")
	}
	if m[2] == "hour" {
		return schedule{expression: e, period: time.Duration(n) * time.Hour, every: n}, nil
	}
	return schedule{expression: e, period: time.Duration(n) * 24 * time.Hour}, nil
}

const maxSchedule = 256

func badSchedule(s, why string) error {
	return invalid("Invalid schedule expression. (%s: %s)", s, why)
}

var (
	hoursForm = regexp.MustCompile(`^([0-9]{1,2})?(?:/([0-9]{1,2}))?$`)
	dayNames  = strings.NewReplacer("SUN", "1", "MON", "2", "TUE", "3", "WED", "4", "THU", "5", "FRI", "6", "SAT", "7")
)

// parseCron parses a cron expression. It accepts only what AWS documents, which differs from
// what EventBridge accepts: the hours are one hour or an increment, and steps and names may
// occur in the day of the week, as in SUN#1.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_schedule.html#rotate-secrets_schedule-cron
func parseCron(s string) (schedule, error) {
	f := strings.Split(strings.TrimSuffix(strings.TrimPrefix(s, "cron("), ")"), " ")
	switch {
	case len(f) != 6 || len(s) > maxSchedule:
		return schedule{}, badSchedule(s, "a cron expression has six fields")
	case f[0] != "0":
		return schedule{}, badSchedule(s, "the minutes must be 0, because rotation windows start on the hour")
	case f[5] != "*":
		return schedule{}, badSchedule(s, "the year must be *")
	case strings.Contains(f[2], "W"):
		return schedule{}, badSchedule(s, "the day of the month cannot be the nearest weekday")
	}
	hours := hoursForm.FindStringSubmatch(f[1])
	if hours == nil || f[1] == "" {
		return schedule{}, badSchedule(s, "the hours must be one hour from 0 to 23, or an increment such as 2/10")
	}
	start, _ := strconv.Atoi(hours[1]) // "" means 0
	every, _ := strconv.Atoi(hours[2])
	if hours[2] != "" && every < 4 {
		return schedule{}, badSchedule(s, "a secret rotates at most every four hours")
	}
	f[1] = strconv.Itoa(start)
	if every > 0 {
		f[1] += "/" + strconv.Itoa(every)
	}
	f[4] = dayOfWeek(f[4])
	e, err := timetable.Parse("cron("+strings.Join(f, " ")+")", time.UTC)
	if err != nil {
		return schedule{}, badSchedule(s, "a field is not valid, or not exactly one of the day of the month and the day of the week is ?")
	}
	return schedule{expression: e, start: start, every: every}, nil
}

var weekStep = regexp.MustCompile(`^([1-7])/([1-7])$`)

// dayOfWeek returns a day of the week in the form of EventBridge.
func dayOfWeek(s string) string {
	if strings.ContainsAny(s, "#L/") {
		s = dayNames.Replace(s)
	}
	m := weekStep.FindStringSubmatch(s)
	if m == nil {
		return s
	}
	first, _ := strconv.Atoi(m[1]) // the form has digits only
	step, _ := strconv.Atoi(m[2])
	var days []string
	for day := first; day <= 7; day += step {
		days = append(days, strconv.Itoa(day))
	}
	return strings.Join(days, ",")
}

// open sets the length of the windows. By default, a window closes after an hour if there
// are several a day, and otherwise at the end of the day.
func (s *schedule) open(duration string) error {
	hours, _ := strconv.Atoi(strings.TrimSuffix(duration, "h"))
	last := s.start // of the day
	if s.period == 0 && s.every > 0 {
		last += (23 - s.start) / s.every * s.every
	}
	switch {
	case duration == "" && s.every > 0:
		hours = 1
	case duration == "":
		hours = 24 - s.start
	case s.every > 0 && hours > s.every:
		return invalid("Duration cannot be greater than Rate in hour.")
	case last+hours > 24:
		return invalid("Starting hour and duration must be within a day.")
	}
	s.window = time.Duration(hours) * time.Hour
	return nil
}

// plan returns when a secret with valid rules rotates from now on. The windows of a rate
// start on the hour or, if it is in days, at midnight.
func (r Rules) plan(now time.Time) timetable.Plan {
	s, _ := r.parse()
	p := timetable.Plan{Expression: s.expression, Window: s.window}
	if s.period > 0 {
		unit := 24 * time.Hour
		if s.every > 0 {
			unit = time.Hour
		}
		p.Start = now.UTC().Truncate(unit).Add(s.period)
	}
	return p
}

// interval returns the days between two rotations, rounded up.
func (r Rules) interval(now time.Time) int {
	p := r.plan(now)
	next := p.Expression.Next(now)
	between := p.Expression.Next(next).Sub(next)
	return int((between + 24*time.Hour - 1) / (24 * time.Hour))
}
