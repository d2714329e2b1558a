package timetable

import (
	"strings"
	"testing"
	"time"
)

func parse(t testing.TB, expression, zone string) Expression {
	t.Helper()
	z, ok := Zone(zone)
	if !ok {
		t.Fatalf("there is no zone %s", zone)
	}
	e, err := Parse(expression, z)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	return e
}

func moment(t testing.TB, s string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestNext checks the times of expressions, among them the examples of AWS's page.
func TestNext(t *testing.T) {
	const from = "2026-11-30T12:00:30Z" // a Monday
	for _, test := range []struct {
		expression, zone, after string
		want                    string // separated by spaces; "-" for none
	}{
		{"rate(1 days)", "UTC", "2026-12-04T12:00:00Z", "2026-12-05T12:00:00Z"},
		{"cron(0 9 ? * MON)", "UTC", "2026-12-04T12:00:00Z", "2026-12-07T09:00:00Z 2026-12-14T09:00:00Z"}, // in every year
		{"rate(5 minutes)", "UTC", from, "2026-11-30T12:05:30Z 2026-11-30T12:10:30Z"},
		{"rate(1 day)", "Europe/Rome", "2027-03-27T12:00:00Z", "2027-03-28T12:00:00Z"}, // not 11:00, as the clocks would show
		{"at(2026-12-24T18:00:00)", "Europe/Rome", from, "2026-12-24T17:00:00Z -"},
		{"at(2026-11-30T12:00:30)", "UTC", from, "-"},
		{"at(2027-03-28T02:30:00)", "Europe/Rome", from, "-"}, // the clocks skip it

		{"cron(15 10 * * ? *)", "UTC", from, "2026-12-01T10:15:00Z 2026-12-02T10:15:00Z"},
		{"cron(0 18 ? * MON-FRI *)", "UTC", "2026-12-04T17:59:59Z", "2026-12-04T18:00:00Z 2026-12-07T18:00:00Z"},
		{"cron(0 8 1 * ? *)", "UTC", from, "2026-12-01T08:00:00Z 2027-01-01T08:00:00Z"},
		{"cron(0/10 * ? * MON-FRI *)", "UTC", from, "2026-11-30T12:10:00Z 2026-11-30T12:20:00Z"},
		{"cron(0/5 8-17 ? * MON-FRI *)", "UTC", "2026-12-04T17:55:00Z", "2026-12-07T08:00:00Z"},
		{"cron(15 10 ? * 6L 2026-2027)", "UTC", "2027-11-26T10:15:00Z", "2027-12-31T10:15:00Z -"},
		{"cron(0 9 L * ? *)", "UTC", "2028-02-01T00:00:00Z", "2028-02-29T09:00:00Z 2028-03-31T09:00:00Z"},
		{"cron(0 9 ? * L *)", "UTC", from, "2026-12-05T09:00:00Z 2026-12-12T09:00:00Z"},
		{"cron(0 9 ? * 3#2 *)", "UTC", from, "2026-12-08T09:00:00Z 2027-01-12T09:00:00Z"},
		{"cron(0 9 ? * 2#5 *)", "UTC", from, "2027-03-29T09:00:00Z 2027-05-31T09:00:00Z"},
		{"cron(0 9 1W * ? *)", "UTC", "2027-05-01T00:00:00Z", "2027-05-03T09:00:00Z 2027-06-01T09:00:00Z"}, // May 1 is a Saturday
		{"cron(0 9 31W * ? *)", "UTC", "2027-01-01T00:00:00Z", "2027-01-29T09:00:00Z 2027-03-31T09:00:00Z"},
		{"cron(0 9 15W * ? *)", "UTC", "2026-12-01T00:00:00Z", "2026-12-15T09:00:00Z 2027-01-15T09:00:00Z"},
		{"cron(0 9 15W 8 ? 2027)", "UTC", from, "2027-08-16T09:00:00Z -"}, // a Sunday
		{"cron(0,30 9-10 1,15 JAN,JUL ? 2027)", "UTC", "2027-01-15T10:00:00Z", "2027-01-15T10:30:00Z 2027-07-01T09:00:00Z"},
		{"cron(0/30 20-2 ? * MON-FRI *)", "UTC", "2026-12-04T02:00:00Z", "2026-12-04T02:30:00Z 2026-12-04T20:00:00Z"},
		{"cron(0/30 20-2 ? * MON-FRI *)", "UTC", "2026-12-04T23:30:00Z", "2026-12-07T00:00:00Z"},
		{"cron(0 9 ? * SAT-MON *)", "UTC", "2026-12-04T12:00:00Z", "2026-12-05T09:00:00Z 2026-12-06T09:00:00Z 2026-12-07T09:00:00Z 2026-12-12T09:00:00Z"},
		{"cron(0 21-4/3 1 1 ? *)", "UTC", from, "2027-01-01T00:00:00Z 2027-01-01T03:00:00Z 2027-01-01T21:00:00Z"},
		{"cron(5/20 0 1 1 ? *)", "UTC", from, "2027-01-01T00:05:00Z 2027-01-01T00:25:00Z 2027-01-01T00:45:00Z 2028-01-01T00:05:00Z"},
		{"cron(0 0 30 2 ? *)", "UTC", from, "-"},
		{"cron(0 0 29 FEB ? *)", "UTC", from, "2028-02-29T00:00:00Z 2032-02-29T00:00:00Z"},
		{"cron(0 0 1 1 ? 2199)", "UTC", from, "2199-01-01T00:00:00Z -"},

		// Clocks go forward from 2:00 to 3:00, and back from 3:00 to 2:00.
		{"cron(30 2 * * ? *)", "Europe/Rome", "2027-03-27T00:00:00Z", "2027-03-27T01:30:00Z 2027-03-29T00:30:00Z"},
		{"cron(30 2 * * ? *)", "Europe/Rome", "2027-10-30T00:00:00Z", "2027-10-30T00:30:00Z 2027-10-31T00:30:00Z 2027-11-01T01:30:00Z"},
		{"cron(0/30 * * * ? *)", "Europe/Rome", "2027-10-31T00:00:00Z", "2027-10-31T00:30:00Z 2027-10-31T02:00:00Z"},
		{"cron(0/30 * * * ? *)", "Europe/Rome", "2027-10-31T01:10:00Z", "2027-10-31T02:00:00Z"}, // in the repeated hour
		{"cron(0 * * * ? *)", "Europe/Rome", "2027-03-28T00:00:00Z", "2027-03-28T01:00:00Z 2027-03-28T02:00:00Z"},
		{"cron(45 1 * 4 ? 2027)", "Australia/Lord_Howe", "2027-04-03T00:00:00Z", "2027-04-03T14:45:00Z 2027-04-04T15:15:00Z"}, // back by half an hour at 2:00
		{"cron(0 12 30 12 ? *)", "Pacific/Apia", "2011-12-28T00:00:00Z", "2012-12-29T22:00:00Z"},                              // Samoa had no December 30, 2011
	} {
		e := parse(t, test.expression, test.zone)
		at := moment(t, test.after)
		for _, want := range strings.Fields(test.want) {
			next := e.Next(at)
			got := next.Format(time.RFC3339)
			if next.IsZero() {
				got = "-"
			}
			if got != want {
				t.Errorf("%s in %s after %s: got %s, want %s", test.expression, test.zone, at.Format(time.RFC3339), got, want)
			}
			at = next
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for _, invalid := range []string{
		// AWS's answers to these have been recorded:
		// https://github.com/localstack/localstack/blob/main/tests/aws/services/scheduler/test_scheduler.snapshot.json
		"cron(0 1 * * * *)", "cron(7 20 * * NOT *)", "cron(INVALID)", "cron(0 dummy ? * MON-FRI *)", "cron(71 8 1 * ? *)", "cron()",
		"rate(10 seconds)", "rate(10 years)", "rate()", "rate(10)", "rate(10 minutess)", "rate(foo minutes)", "rate(-10 minutes)",
		"rate( 10 minutes )", " rate(10 minutes)", "at(2021-12-31T23:59:59Z)", "at(2021-12-31)",

		"", "rate(1 hour", "rate(0 minutes)", "rate(2 hour)", "rate(01 hour)", "rate(1.5 hours)", "rate(999999999 days)", "rate(36501 days)",
		"at(2027-02-29T00:00:00)", "at(2027-01-31T24:00:00)", "at(2027-01-31T09:30:00.5)", "at(2027-01-31T09:30)",
		"cron(0 9 ? * ? *)", "cron(0 9 1 * MON *)", "cron(0 24 ? * * *)", "cron(0 9 0 * ? *)", "cron(0 9 32 * ? *)", "cron(0 9 1 13 ? *)", "cron(0 9 1 0 ? *)",
		"cron(0 9 ? * 8 *)", "cron(0 9 ? * 0 *)", "cron(0 9 1 * ? 1969)", "cron(0 9 1 * ? 2200)", "cron(0 9 ? * MON-FRI/2 *)", "cron(0 9 ? * */2 *)", "cron(0 9 1 * ? 2028-2027)", "cron(0/0 9 1 * ? *)",
		"cron(0/60 9 1 * ? *)", "cron(/5 9 1 * ? *)", "cron(0 9 1, * ? *)", "cron(0 9 1-2-3 * ? *)", "cron(0 9 W * ? *)", "cron(0 9 LW * ? *)", "cron(0 9 32W * ? *)",
		"cron(0 9 0W * ? *)", "cron(0 9 1W,2W * ? *)", "cron(0 9 L,1 * ? *)", "cron(0 9 L-1 * ? *)", "cron(0 9 ? * 3#6 *)", "cron(0 9 ? * 3#0 *)", "cron(0 9 ? * 8#1 *)",
		"cron(0 9 ? * #1 *)", "cron(0 9 ? * SUN#2 *)", "cron(0 9 ? * FRIL *)", "cron(0 9 ? * 3#1,6#3 *)", "cron(0 9 ? * 0L *)", "cron(0 9 ? * MONDAY *)", "cron(0 9 ? * UNM *)", "cron(0 9 ? * mon *)",
		"cron(0  9 ? * MON *)", "cron(L 9 ? * MON *)", "cron(? 9 ? * MON *)", "cron(0 9 ? * MON ?)", "cron(+1 9 ? * MON *)", "cron(0 9 ? * MON 02027)",
		"cron(0 9 ? *)", "cron(0 9 * * *)", "cron(0 9 ? * MON )", "cron(0 9 ? * MON * *)", "cron(0 9 ? * MON *))", "Cron(0 9 ? * MON *)",
	} {
		if _, err := Parse(invalid, time.UTC); err == nil {
			t.Errorf("%s is valid", invalid)
		}
	}
}

// A rule does not accept all that Scheduler accepts.
func TestParseRule(t *testing.T) {
	for expression, want := range map[string]bool{
		"rate(1 hour)": true, "rate(2 hours)": true, "cron(0 9 ? * MON *)": true,
		"rate(1 hours)": false, "rate(2 hour)": false, "cron(0 9 ? * MON)": false, "at(2027-01-31T09:30:00)": false,
	} {
		if _, err := ParseRule(expression); (err == nil) != want {
			t.Errorf("%s: %v", expression, err)
		}
	}
}

// FuzzNext checks that the times of every valid expression follow each other, that all of
// them match it, and that none between them does.
func FuzzNext(f *testing.F) {
	for _, seed := range []string{"rate(5 minutes)", "rate(1 day)", "at(2027-01-31T09:30:00)", "cron(0/5 8-17 ? JAN-MAR 2#2 2027)", "cron(0 9 15W * ? *)", "cron(0,30 2 L * ? *)",
		"cron(15 10 ? * 6L 2026-2030)", "cron(1/7 */3 1-5/2,31 * ? *)"} {
		f.Add(seed, int64(1_800_000_000), uint8(1))
		f.Add(seed, int64(1_824_940_000), uint8(2)) // the clocks go back in Rome
	}
	zones := []string{"UTC", "Europe/Rome", "Australia/Lord_Howe", "America/New_York"}
	f.Fuzz(func(t *testing.T, expression string, seconds int64, zone uint8) {
		z, _ := Zone(zones[int(zone)%len(zones)])
		e, err := Parse(expression, z)
		if err != nil {
			return
		}
		from := time.Unix(seconds%4_000_000_000, 0).UTC()
		next := e.Next(from)
		if next.IsZero() {
			return
		}
		if !next.After(from) || next.Second() != 0 && e.cron != nil {
			t.Fatalf("%s: %s follows %s", expression, next, from)
		}
		if e.cron == nil {
			return
		}
		for at := from.Truncate(time.Minute); at.Before(next) && at.Sub(from) < 50*time.Hour; at = at.Add(time.Minute) {
			local := civil(at.In(z))
			if first, _ := resolve(local, z); at.After(from) && first.Equal(at) && e.cron.matches(local) {
				t.Fatalf("%s: %s is between %s and %s", expression, at, from, next)
			}
		}
		if !e.cron.matches(civil(next.In(z))) {
			t.Fatalf("%s does not match %s", expression, next)
		}
	})
}

func (c *cron) matches(t time.Time) bool {
	return c.minutes.has(t.Minute()) && c.hours.has(t.Hour()) && c.months.has(int(t.Month())) && t.Year() >= firstYear && t.Year() <= lastYear &&
		c.years[t.Year()-firstYear] && c.days(t.Year(), t.Month(), t.Day())
}
