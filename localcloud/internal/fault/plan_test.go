package fault

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

func TestCheck(t *testing.T) {
	for name, c := range map[string]struct {
		plan Plan
		want []string // parts of the error; none if the plan is valid
	}{
		"all": {Plan{Duplicate: 0.1, Delay: 1, DelayFor: 6 * time.Hour, Reorder: 1, Crashes: []Crash{{"f", 0.5, ""}, {"*", 1, cloud.CrashDuring}},
			Slow: []Slow{{"f", 1, time.Second}}, Throttles: []Table{{"t", 0.5}}, Errors: []Table{{"*", 0.1}}}, nil},
		"nothing":           {Plan{Seed: 5}, []string{"no fault is given"}},
		"too often":         {Plan{Duplicate: 1.5}, []string{"--duplicate is 1.5; a rate must be from 0 for never to 1 for always"}},
		"less than never":   {Plan{Reorder: -0.1}, []string{"--reorder is -0.1"}},
		"no number":         {Plan{Delay: math.NaN(), DelayFor: 1}, []string{"--delay is NaN"}},
		"no delay":          {Plan{Delay: 0.5}, []string{"--delay waits for 0s; it must be more than 0s and at most 6h0m0s"}},
		"a long delay":      {Plan{Delay: 0.5, DelayFor: 7 * time.Hour}, []string{"--delay waits for 7h0m0s"}},
		"no function":       {Plan{Crashes: []Crash{{"", 0.5, ""}}}, []string{"--crash names nothing; it must be FUNCTION=RATE"}},
		"no table":          {Plan{Errors: []Table{{"", 0.5}}}, []string{"--error names nothing; it must be TABLE=RATE"}},
		"a table twice":     {Plan{Throttles: []Table{{"t", 0.5}, {"t", 2}}}, []string{"--throttle t is given twice", "--throttle t is 2"}},
		"not slower":        {Plan{Slow: []Slow{{"f", 1, 0}}}, []string{"--slow f: the invocations take 0s longer; it must be more than 0s and at most 15m0s"}},
		"a function twice":  {Plan{Crashes: []Crash{{"f", 0.5, ""}, {"f", 0.6, ""}}}, []string{"--crash f is given twice"}},
		"an unknown moment": {Plan{Crashes: []Crash{{"f", 0.5, "never"}}}, []string{`--crash f: the moment is "never"`, "[before during after]"}},
		"everything wrong":  {Plan{Duplicate: 2, Reorder: 3, Crashes: []Crash{{"f", 4, ""}}}, []string{"--duplicate is 2", "--reorder is 3", "--crash f is 4"}},
	} {
		err := c.plan.Check()
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: error %v", name, err)
		}
		for _, part := range c.want {
			if err != nil && !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %v, want %q", name, err, part)
			}
		}
	}
}

func TestParse(t *testing.T) {
	for value, want := range map[string]Crash{
		"handle-message=0.05":    {"handle-message", 0.05, ""},
		"*=1:after":              {"*", 1, cloud.CrashAfter},
		"f=0.5:sometimes":        {"f", 0.5, "sometimes"}, // Check refuses it
		"tally-main-f-1a2b3c4=0": {"tally-main-f-1a2b3c4", 0, ""},
	} {
		if got, err := ParseCrash(value); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", value, got, err, want)
		}
	}
	for _, value := range []string{"", "f", "f=", "f=often", "0.5", "f:after"} {
		if _, err := ParseCrash(value); err == nil || !strings.Contains(err.Error(), "such as handle-message=0.05") {
			t.Errorf("%q: error %v", value, err)
		}
	}
	if s, err := ParseSlow("*=0.5:2s"); err != nil || s != (Slow{"*", 0.5, 2 * time.Second}) {
		t.Errorf("%+v, %v", s, err)
	}
	for _, value := range []string{"", "f", "f=1", "f=1:", "f=x:2s", "f=1:2", "1:2s"} {
		if _, err := ParseSlow(value); err == nil || !strings.Contains(err.Error(), "such as handle-message=0.1:5s") {
			t.Errorf("%q: error %v", value, err)
		}
	}
	if table, err := ParseTable("--error", "sums=0.5"); err != nil || table != (Table{"sums", 0.5}) {
		t.Errorf("%+v, %v", table, err)
	}
	for _, value := range []string{"", "sums", "sums=", "sums=often"} {
		if _, err := ParseTable("--error", value); err == nil || !strings.Contains(err.Error(), "--error is ") {
			t.Errorf("%q: error %v", value, err)
		}
	}
	if rate, wait, err := ParseDelay("0.2:2s"); err != nil || rate != 0.2 || wait != 2*time.Second {
		t.Errorf("%v, %v, %v", rate, wait, err)
	}
	for _, value := range []string{"", "0.2", "2s", "2s:0.2", "0.2:2", "0.2:"} {
		if _, _, err := ParseDelay(value); err == nil || !strings.Contains(err.Error(), "such as 0.2:2s") {
			t.Errorf("%q: error %v", value, err)
		}
	}
}

// TestString checks that a plan is shown as the flags that make it.
func TestString(t *testing.T) {
	for want, plan := range map[string]Plan{
		"--seed 7 --duplicate 0.1 --delay 0.2:2s --reorder 0.3 --crash f=0.05 --crash *=1:before": {
			Seed: 7, Duplicate: 0.1, Delay: 0.2, DelayFor: 2 * time.Second, Reorder: 0.3, Crashes: []Crash{{"f", 0.05, ""}, {"*", 1, cloud.CrashBefore}},
		},
		"--seed 0 --slow f=1:9s --throttle t=0.5 --error *=0.1": {
			Slow: []Slow{{"f", 1, 9 * time.Second}}, Throttles: []Table{{"t", 0.5}}, Errors: []Table{{"*", 0.1}},
		},
		"--seed 0 --crash f=0": {Crashes: []Crash{{Function: "f"}}},
	} {
		if got := plan.String(); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestMostSpecific(t *testing.T) {
	p := Plan{Crashes: []Crash{{"*", 0.1, ""}, {"message", 0.2, ""}, {"handle-message", 0.3, ""}, {"quiet", 0, ""}, {"gone", 1, ""}},
		Throttles: []Table{{"sums", 1}, {"orders", 1}}, Errors: []Table{{"*", 1}}}
	const handle = "tally-local-main-handle-message-1a2b3c4"
	for function, want := range map[string]string{
		handle: "handle-message", "my-message": "message", "messages": "*", "quiet": "quiet", "add-numbers": "*",
	} {
		if got := mostSpecific(p.Crashes, function).Function; got != want {
			t.Errorf("%s: --crash %s decides, want %s", function, got, want)
		}
	}
	if c := mostSpecific([]Crash{{"f", 1, ""}}, "g"); !cmp.Equal(c, Crash{}) {
		t.Errorf("a function that no flag names: %+v", c)
	}
	if got := p.Unused([]string{handle, "quiet"}, []string{"sums"}); !slices.Equal(got, []string{"--crash gone", "--throttle orders"}) {
		t.Errorf("unused: %q", got)
	}
}
