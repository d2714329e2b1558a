package main

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// FuzzStrategy checks that the steps of a strategy lead to its name again.
func FuzzStrategy(f *testing.F) {
	for _, name := range []string{"", allAtOnce, "canary-10-5m", "linear-40-2s", "linear-50-1m", "linear-99-99m", "canary-100-5m", "canary-10-5m-"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s, err := parseStrategy(name)
		if err != nil || name == allAtOnce {
			if len(s) > 0 {
				t.Errorf("%q has the steps %v", name, s)
			}
			return
		}
		kind, _, _ := strings.Cut(name, "-")
		if kind == "canary" && len(s) != 1 {
			t.Errorf("%q has the steps %v", name, s)
		}
		for i, step := range s {
			if step.percent != s[0].percent*(i+1) || step.percent < 1 || step.percent > 99 || step.hold != s[0].hold {
				t.Errorf("%q has the steps %v", name, s)
			}
		}
		if last := s[len(s)-1].percent; kind == "linear" && last+s[0].percent < 100 {
			t.Errorf("%q ends at %d%%", name, last)
		}
		minutes, seconds := fmt.Sprintf("%s-%d-%dm", kind, s[0].percent, s[0].hold/time.Minute), fmt.Sprintf("%s-%d-%ds", kind, s[0].percent, s[0].hold/time.Second)
		if name != minutes && name != seconds {
			t.Errorf("%q has the steps %v, like %q and %q", name, s, minutes, seconds)
		}
	})
}

// FuzzProgress checks that a progress that has been read from a description is written
// in the same way, and that every progress can be read.
func FuzzProgress(f *testing.F) {
	now := time.Date(2026, 11, 30, 2, 40, 5, 0, time.UTC)
	f.Add(progress{12, now, now.Add(time.Minute)}.String(), uint16(12), now.Unix(), int64(60))
	f.Add("rolling out 012 since 2026-11-30T02:40:05+01:00, this share since x", uint16(12), int64(0), int64(0))
	f.Fuzz(func(t *testing.T, description string, version uint16, started, later int64) {
		a := alias{version: 1, additional: int(version), percent: 10, description: description}
		before := time.Now()
		if p := a.progress(); p.version != int(version) || p.started.Before(before) != p.since.Before(before) && !p.since.After(before) {
			t.Errorf("%q is %+v", description, p)
		} else if p.started.Before(before) && (alias{additional: int(version), description: p.String()}).progress() != (progress{p.version, p.started.UTC(), p.since.UTC()}) &&
			!strings.Contains(description, ".") { // written without fractions of a second
			t.Errorf("%q is %+v, which is written as %q", description, p, p)
		}
		const years = 8000 * 365 * 24 * 3600 // RFC 3339 ends with the year 9999
		p := progress{int(version), time.Unix(started%years, 0).UTC(), time.Unix(started%years+later%years/100, 0).UTC()}
		if p.started.Year() < 0 || p.since.Year() < 0 || p.since.Year() > 9999 {
			return
		}
		a.description = p.String()
		if got := a.progress(); got != p || utf8.RuneCountInString(a.description) > maxDescription {
			t.Errorf("%q is %+v", p, got)
		}
	})
}

// FuzzRejection checks that a rejection for any reason can be read again: if it could
// not, the next run would roll out the same version.
func FuzzRejection(f *testing.F) {
	f.Add(uint16(12), "alarm a was raised: 5 was at least 1", int64(1764470405))
	f.Add(uint16(1), strings.Repeat("é", 300), int64(0))
	f.Add(uint16(1), "", int64(0))
	f.Fuzz(func(t *testing.T, version uint16, reason string, at int64) {
		r := rejection{int(version), time.Unix(at%(1<<36), 0).UTC(), reason}
		text := r.String()
		got, ok := alias{description: text}.rejection()
		if !ok || got.version != r.version || !got.at.Equal(r.at) || utf8.RuneCountInString(text) > maxDescription {
			t.Fatalf("%q is %+v, %t", text, got, ok)
		}
		if again, ok := (alias{description: got.String()}).rejection(); !ok || again != got {
			t.Errorf("%q is %+v, and then %+v", text, got, again)
		}
		if (alias{description: text, additional: int(version)}).progress().started.Equal(r.at) {
			t.Errorf("%q is a progress", text)
		}
	})
}

// FuzzAlias checks what an alias of Lambda means: which versions share the invocations,
// and that a share is neither none nor all of them.
func FuzzAlias(f *testing.F) {
	f.Add("11", "12", 0.1)
	f.Add("11", "", 0.0)
	f.Add("$LATEST", "12", 1.0)
	f.Add("11", "12", 0.001)
	f.Fuzz(func(t *testing.T, version, additional string, weight float64) {
		if !(weight >= 0 && weight <= 1) {
			return // Lambda has no other weights
		}
		routing := &types.AliasRoutingConfiguration{AdditionalVersionWeights: map[string]float64{additional: weight}}
		if additional == "" {
			routing = nil
		}
		a, err := decodeAlias(&version, routing, aws.String("d"), aws.String("r"))
		if err != nil {
			return
		}
		if n, _ := strconv.Atoi(version); a.version != n || a.description != "d" || a.revision != "r" {
			t.Errorf("%+v", a)
		}
		if routing == nil && (a.additional != 0 || a.split() || a.serving() != a.version) {
			t.Errorf("without an additional version: %+v", a)
		}
		if shared := weight > 0 && weight < 1; routing != nil && a.additional != 0 && a.split() != shared {
			t.Errorf("with %g for version %d: %+v", weight, a.additional, a)
		}
	})
}

// FuzzCommand checks that the arguments of a command, written in order, are the same
// command.
func FuzzCommand(f *testing.F) {
	for _, args := range []string{"", "status", "rollback", "rollback add", "rollback -to 3 add", "rollback -to -3 add", "prune -keep 2", "prune --keep=2 -- -a", "prune -keep 0", "roll"} {
		f.Add(args)
	}
	f.Fuzz(func(t *testing.T, args string) {
		if strings.Contains(args, "-h") {
			return // prints the help
		}
		c, err := parseCommand(strings.Fields(args))
		if err != nil {
			return
		}
		if c.keep < 1 || c.to < 0 || c.to != 0 && (c.name != "rollback" || c.function == "") {
			t.Errorf("%q is %+v", args, c)
		}
		var again []string
		switch c.name {
		case "rollback":
			again = append(again, c.name, "-to", strconv.Itoa(c.to))
		case "prune":
			again = append(again, c.name, "-keep", strconv.Itoa(c.keep))
		case "status":
			again = append(again, c.name)
		}
		if c.function != "" {
			again = append(again, "--", c.function)
		}
		if got, err := parseCommand(again); err != nil || got != c {
			t.Errorf("%q is %+v, and %q is %+v, %v", args, c, again, got, err)
		}
	})
}
