package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestParseTrace checks the parts of a command of 100 ms: 10 ms of it pass before the
// program is built and 5 ms after it has ended.
func TestParseTrace(t *testing.T) {
	spans := []string{
		interval("pulumi", 0, 100),
		interval("pulumirpc.LanguageRuntime/GetPluginInfo", 5, 6),
		interval("pulumirpc.LanguageRuntime/Run", 10, 95),
		interval("/pulumirpc.LanguageRuntime/Run", 11, 94),             // the same call, seen by the host
		interval("pulumirpc.ResourceMonitor/RegisterResource", 40, 45), // the stack
		interval("pulumirpc.ResourceMonitor/RegisterResource", 60, 80), // two resources at once
		interval("pulumirpc.ResourceMonitor/RegisterResource", 65, 90), //
		interval("pulumirpc.ResourceProvider/Check", 61, 63),           //
		interval("pulumirpc.ResourceProvider/Diff", 66, 70),            // overlaps with the next
		interval("pulumirpc.ResourceProvider/Check", 68, 71),           //
		interval("pulumirpc.ResourceProvider/Cancel", 96, 98),          // after the program
	}
	trace := `{"resourceSpans":[{"scopeSpans":[{"spans":[` + strings.Join(spans[:4], ",") + `]}]}]}` + "\n" +
		`{"resourceSpans":[{"scopeSpans":[{"spans":[` + strings.Join(spans[4:], ",") + `]}]}]}` + "\n"
	got, err := parseTrace([]byte(trace))
	if err != nil {
		t.Fatal(err)
	}
	const ms = time.Millisecond
	want := parts{build: 30 * ms, program: 15 * ms, provider: 9 * ms, engine: 46 * ms}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	for _, bad := range []string{"no JSON\n", `{"resourceSpans":[]}` + "\n"} {
		if _, err := parseTrace([]byte(bad)); err == nil || !strings.Contains(err.Error(), "trace of pulumi") {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// interval returns a span from one millisecond to another.
func interval(name string, from, to int) string {
	return fmt.Sprintf(`{"name":%q,"startTimeUnixNano":"%d000000","endTimeUnixNano":"%d000000"}`, name, 1000+from, 1000+to)
}

func TestMatch(t *testing.T) {
	began := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	sent := map[string]time.Time{"a": began, "b": began.Add(time.Second)}
	const log = `03:04:05.002 example {"timestamp":"2026-01-02T03:04:05.002Z","message":"sum","messageId":"a"}
START
{"timestamp":"2026-01-02T03:04:05.9Z","message":"message failed","messageId":"b"}
{"timestamp":"2026-01-02T03:04:05.9Z","message":"sum","messageId":"of an earlier burst"}
{"timestamp":"2026-01-02T03:04:07.9Z","message":"sum","messageId":"a"}
`
	d, complete, err := match(sent, strings.NewReader(log))
	if err != nil || complete || !slices.Equal(d.milliseconds, []float64{2}) {
		t.Errorf("without message b: %v, complete %v, %v", d, complete, err)
	}
	d, complete, err = match(sent, strings.NewReader(log+`{"timestamp":"2026-01-02T03:04:07Z","message":"sum","messageId":"b"}`))
	if err != nil || !complete || !slices.Equal(d.milliseconds, []float64{2, 1000}) || d.perSecond != 1 {
		t.Errorf("with both: %v, complete %v, %v; want 2 messages in 2 s", d, complete, err)
	}
}

func TestInitDuration(t *testing.T) {
	const log = `10:00:00 f {"type":"platform.report","record":{"metrics":{"durationMs":5,"initDurationMs":84.72}}}
10:00:01 f {"type":"platform.report","record":{"metrics":{"durationMs":5}}}
10:00:02 f a line of the function
`
	if got, ok := initDuration(log); !ok || got != 84.72 {
		t.Errorf("got %v, %v", got, ok)
	}
	if got, ok := initDuration("START\n"); ok {
		t.Errorf("without a report: %v", got)
	}
}

func TestParseFlags(t *testing.T) {
	o, chosen, err := parse([]string{"-only", "sns,http", "-long", "-docs", "docs"})
	if err != nil || len(chosen) != 2 || chosen[0].name != "sns" || o.docs != "" || o.requests != 100_000 || !slices.Equal(o.sizes, []int{1, 10, 100}) {
		t.Errorf("%+v, %d sections, %v", o, len(chosen), err)
	}
	for args, want := range map[string]string{
		"-only http,htp": `there is no section "htp", only start, http`,
		"-n 0":           "must be at least 1",
	} {
		if _, _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q in it", args, err, want)
		}
	}
}

func TestMessages(t *testing.T) {
	got, err := messages(`{"function":"f","message":"START"}` + "\n" + `{"function":"f","message":"{\"type\":\"x\"}"}` + "\n")
	if want := "START\n{\"type\":\"x\"}\n"; got != want || err != nil {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
	if got, err := messages("15:04:05.000 f START\n"); err == nil {
		t.Errorf("messages of another format: %q", got)
	}
}
