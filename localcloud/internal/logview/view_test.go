package logview

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"tally/localcloud/control"
)

// functions are deployed in every test.
var functions = []string{"tally-local-main-add-numbers-1a2b3c4", "tally-local-main-greet-5d6e7f8"}

// view returns the rows of events, which are given as "FUNCTION STREAM MESSAGE" in order, a
// second apart.
func view(t *testing.T, set func(*View), events ...string) string {
	t.Helper()
	var b strings.Builder
	v := New(&b, functions)
	set(v)
	for i, e := range events {
		var f, stream int
		words := strings.SplitN(e, " ", 3)
		if _, err := fmt.Sscan(words[0]+" "+words[1], &f, &stream); err != nil {
			t.Fatal(err)
		}
		event := control.LogEvent{Time: time.Date(2026, 1, 2, 3, 4, i, 0, time.Local), Function: functions[f], Stream: words[1], Message: words[2]}
		if err := v.Add(event); err != nil {
			t.Fatal(err)
		}
	}
	if err := v.Flush(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func start(id string) string {
	return `{"time":"t","type":"platform.start","record":{"requestId":"` + id + `","version":"1"}}`
}

func report(id, status string) string {
	return `{"time":"t","type":"platform.report","record":{"requestId":"` + id + `","metrics":{"durationMs":12.4},"status":"` + status + `"}}`
}

const panicked = `2026/01/02 03:04:05 {"errorMessage":"runtime error: index out of range [3] with length 0","errorType":"boundsError","stackTrace":[` +
	`{"path":"runtime/panic.go","line":115,"label":"goPanicIndex"},` +
	`{"path":"encoding/json/decode.go","line":9,"label":"Unmarshal"},` +
	`{"path":"github.com/x/y@v1.2.3/y.go","line":7,"label":"Y"},` +
	`{"path":"greet/handler.go","line":42,"label":"handler.handle"},` +
	`{"path":"github.com/aws/aws-lambda-go@v1.50.0/lambda/handler.go","line":115,"label":"Invoke"}]}`

func TestView(t *testing.T) {
	for _, test := range []struct {
		name   string
		set    func(*View)
		events []string
		want   string
	}{
		{"one line an invocation, of environments that overlap", nil, []string{
			"0 1 " + `{"time":"t","type":"platform.initStart","record":{}}`,
			"0 1 " + start("a"),
			"1 1 START RequestId: b Version: 1",
			"0 1 " + `{"timestamp":"t","level":"INFO","message":"sum","messageId":"m","num1":3,"sum":7,"requestId":"a"}`,
			"1 1 hello\tfrom \x1b[31mgreet",
			"0 1 " + `{"_aws":{},"sums":1}`,
			"1 1 END RequestId: b",
			"0 1 " + report("a", "success"),
			"1 1 REPORT RequestId: b\tDuration: 1999.99 ms\tBilled Duration: 2000 ms\t",
		}, `03:04:01.000  add-numbers    12 ms  sum num1=3 sum=7 messageId=m
03:04:02.000  greet        2000 ms  hello from  [31mgreet
`},
		{"the most severe line, cut", nil, []string{
			"1 1 " + start("a"),
			"1 1 " + `{"level":"WARN","message":"` + strings.Repeat("w", 60) + `"}`,
			"1 1 " + `{"level":"INFO","message":"later"}`,
			"1 1 " + report("a", "success"),
		}, "03:04:00.000  greet          12 ms  " + strings.Repeat("w", 44-1) + "…\n"},
		{"a panic", nil, []string{"1 1 " + start("a"), "1 1 " + panicked, "1 1 " + report("a", "error")},
			`03:04:00.000  greet          12 ms  failed
              panic: boundsError: runtime error: index out of range [3] with
              length 0
              at greet/handler.go:42, in handler.handle
`},
		{"a panic in a structured log, before the process ends", nil, []string{"1 1 " + start("a"),
			"1 1 " + `{"timestamp":"t","level":"ERROR","message":` + strconv.Quote(strings.TrimPrefix(panicked, "2026/01/02 03:04:05 ")) + `}`,
			"1 1 " + `{"level":"ERROR","message":"the process should exit"}`, "1 1 " + report("a", "error")},
			`03:04:00.000  greet          12 ms  failed: the process should exit
              panic: boundsError: runtime error: index out of range [3] with
              length 0
              at greet/handler.go:42, in handler.handle
`},
		{"an error", nil, []string{"1 1 " + start("a"), "1 1 " + `t {"errorMessage":"broken","errorType":"errorString"}`, "1 1 " + report("a", "error")},
			"03:04:00.000  greet          12 ms  failed\n              errorString: broken\n"},
		{"the end of a process", nil, []string{"1 1 START RequestId: b Version: 1", "1 1 REPORT RequestId: b\tDuration: 3.00 ms\tStatus: error\tError Type: Runtime.ExitError\t"},
			"03:04:00.000  greet           3 ms  failed (Runtime.ExitError)\n"},
		{"a timeout", nil, []string{"1 1 " + start("a"), "1 1 last words", "1 1 " + report("a", "timeout")},
			"03:04:00.000  greet          12 ms  timeout: last words\n"},
		{"only failures", func(v *View) { v.Failed = true }, []string{
			"0 1 " + start("a"), "0 1 " + report("a", "success"), "0 1 " + start("b"), "0 1 " + report("b", "timeout"),
		}, "03:04:02.000  add-numbers    12 ms  timeout\n"},
		{"colors", func(v *View) { v.Color = true }, []string{
			"0 1 " + start("a"), "0 1 fine", "0 1 " + report("a", "success"), "0 1 " + start("b"), "0 1 " + report("b", "timeout"),
			"0 1 " + start("c"), "0 1 " + `{"level":"WARN","message":"w"}`, "0 1 " + report("c", "success"),
		}, "03:04:00.000  add-numbers    12 ms  fine\n\x1b[31m03:04:03.000  add-numbers    12 ms  timeout\x1b[0m\n\x1b[33m03:04:05.000  add-numbers    12 ms  w\x1b[0m\n"},
		{"no end, and no beginning", nil, []string{"0 1 " + start("a"), "0 1 working", "1 1 orphan", "0 1 " + start("b")},
			"03:04:00.000  add-numbers        …  working\n03:04:02.000  greet              …  orphan\n03:04:03.000  add-numbers        …  \n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.set == nil {
				test.set = func(*View) {}
			}
			got := view(t, test.set, test.events...)
			if got != test.want {
				t.Errorf("got\n%s\nwant\n%s", got, test.want)
			}
			for line := range strings.Lines(got) {
				if n := len([]rune(strings.TrimSpace(line))); n > 80 && !strings.Contains(line, "\x1b") {
					t.Errorf("%d columns: %s", n, line)
				}
			}
		})
	}
}

func TestShorten(t *testing.T) {
	for _, test := range []struct{ full, short []string }{
		{functions, []string{"add-numbers", "greet"}},
		{[]string{"tally-local-main-greet-5d6e7f8"}, []string{"tally-local-main-greet"}},
		{[]string{"a-greet-1a2b3c4", "a-greet-5d6e7f8", "a-b-greet-5d6e7f8"}, []string{"greet-1a2b3c4", "greet-5d6e7f8", "b-greet"}},
		{[]string{"one", "a-two"}, []string{"one", "a-two"}},
	} {
		n := shorten(test.full)
		for i, full := range test.full {
			if got := n.of(full); got != test.short[i] {
				t.Errorf("%s is %s, want %s", full, got, test.short[i])
			}
		}
	}
	if got := shorten(nil).of("new-1a2b3c4"); got != "new-1a2b3c4" {
		t.Errorf("a new function is %s", got)
	}
}
