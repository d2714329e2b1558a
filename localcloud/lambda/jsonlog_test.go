package lambda_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// TestJSONLog checks Lambda's platform events and that the function's own lines
// are unchanged.
func TestJSONLog(t *testing.T) {
	const (
		initStart = `{"time":"2000-01-01T00:00:00.000Z","type":"platform.initStart","record":{"initializationType":"on-demand","phase":"init",` +
			`"runtimeVersion":"provided:al2023","runtimeVersionArn":"arn:aws:lambda:us-east-1::runtime:provided.al2023",` +
			`"functionName":"add","functionVersion":"$LATEST"}}`
		start  = `{"time":"2000-01-01T00:00:00.110Z","type":"platform.start","record":{"requestId":"ID","version":"$LATEST"}}`
		ended  = `{"time":"2000-01-01T00:00:00.113Z","type":"platform.`
		report = ended + `report","record":{"requestId":"ID","metrics":{"durationMs":3.01,"billedDurationMs":4,"memorySizeMB":128,` +
			`"maxMemoryUsedMB":36,"initDurationMs":110.1},"status":`
		done    = ended + `runtimeDone","record":{"requestId":"ID","metrics":{"durationMs":3.01},"status":`
		timeout = `{"time":"2000-01-01T00:00:01.110Z","type":"platform.`
	)
	slow := sleep(3010 * time.Microsecond)
	for name, tc := range map[string]struct {
		level  string
		handle func(context.Context, runtimeapi.Event) (runtimeapi.Response, error)
		want   []string
	}{
		"info":  {"INFO", slow, []string{initStart, "a line", start, report + `"success"}}`}},
		"debug": {"DEBUG", slow, []string{initStart, "a line", start, done + `"success"}}`, report + `"success"}}`}},
		"warn":  {"WARN", slow, []string{"a line"}},
		"failed": {"WARN", func(ctx context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
			response, err := slow(ctx, ev)
			response.Failed = true
			return response, err
		}, []string{"a line", done + `"error"}}`, report + `"error"}}`}},
		"exit": {"WARN", func(ctx context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
			_, _ = slow(ctx, ev)
			return runtimeapi.Response{}, &lambda.Failure{Type: "Runtime.ExitError", Message: "Runtime exited with error: exit status 1"}
		}, []string{"a line", done + `"error","errorType":"Runtime.ExitError"}}`, report + `"error","errorType":"Runtime.ExitError"}}`}},
		"timeout": {"WARN", sleep(time.Minute), []string{"a line",
			timeout + `runtimeDone","record":{"requestId":"ID","metrics":{"durationMs":1000},"status":"timeout"}}`,
			timeout + `report","record":{"requestId":"ID","metrics":{"durationMs":1000,"billedDurationMs":1000,"memorySizeMB":128,` +
				`"maxMemoryUsedMB":36,"initDurationMs":110.1},"status":"timeout"}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.options.Dir, k.handle = dir, tc.handle
				k.start = func(_ context.Context, spec lambda.Spec) error {
					spec.Output("a line")
					time.Sleep(110100 * time.Microsecond)
					return nil
				}
				s := k.open(t)
				create(t, s, "add", func(c *lambda.Config) { c.LogFormat, c.SystemLogLevel, c.TimeoutSeconds = "JSON", tc.level, 1 })
				out := invoke(t, s, "add")
				s.Close()
				got := strings.ReplaceAll(strings.Join(k.log, "\n"), out.RequestID, "ID")
				if diff := cmp.Diff(strings.Join(tc.want, "\n"), got); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}

func TestJSONInitFailure(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.start = func(context.Context, lambda.Spec) error {
			return &runtimeapi.InitError{Payload: []byte(`{"errorType":"Config"}`)}
		}
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) { c.LogFormat, c.SystemLogLevel = "JSON", "WARN" })
		invoke(t, s, "add")
		s.Close()
		const want = `{"time":"2000-01-01T00:00:00.000Z","type":"platform.initReport","record":{"initializationType":"on-demand","phase":"init",` +
			`"metrics":{"durationMs":0},"status":"error","errorType":"Config"}}`
		if len(k.log) != 4 || k.log[0] != want || k.log[1] != strings.Replace(want, `"init"`, `"invoke"`, 1) {
			t.Errorf("log\n%s", strings.Join(k.log, "\n"))
		}
	})
}

// logLines are lines that a function writes, each with the lowest application log
// level at which it is dropped if the log format is JSON; "" for never.
var logLines = []struct{ line, dropped string }{
	{`{"time":"2026-01-02T03:04:05.6Z","level":"DEBUG","msg":"x"}`, "INFO"},
	{`{"timestamp":"2026-01-02T03:04:05Z","level":"warn"}`, "ERROR"},
	{`{"time":"2026-01-02T03:04:05+01:00","level":"ERROR"}`, "FATAL"},
	{`{"time":"2026-01-02T03:04:05Z","level":"FATAL"}`, ""},
	{`{"time":"2026-01-02T03:04:05Z","level":"LOUD"}`, "WARN"},
	{`{"time":"2026-01-02T03:04:05Z","level":4}`, "WARN"},
	{`{"time":"yesterday","level":"ERROR"}`, "WARN"}, // counts as INFO
	{`{"msg":"x"}`, "WARN"},
	{`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"Sums":1}`, "WARN"}, // the time of metrics is not the line's
	{`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[]},"Sums":1,"level":"FATAL","timestamp":"2026-01-02T03:04:05Z"}`, ""},
	{`plain`, ""},
	{`[1]`, ""},
	{``, ""},
}

func TestApplicationLogLevel(t *testing.T) {
	levels := []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}
	for at, level := range append(levels, "Text") {
		k := newKit(t)
		k.start = func(_ context.Context, spec lambda.Spec) error {
			for _, l := range logLines {
				spec.Output(l.line)
			}
			return nil
		}
		s := k.open(t)
		create(t, s, "add", func(c *lambda.Config) {
			if level != "Text" {
				c.LogFormat, c.ApplicationLogLevel = "JSON", level
			}
		})
		invoke(t, s, "add")
		s.Close()
		for _, l := range logLines {
			dropped := level != "Text" && l.dropped != "" && at >= slices.Index(levels, l.dropped)
			if slices.Contains(k.log, l.line) == dropped {
				t.Errorf("%s: %s: dropped %t, want %t", level, l.line, !dropped, dropped)
			}
		}
		variable := slices.Contains(k.specs[0].Env, "AWS_LAMBDA_LOG_FORMAT=JSON") && slices.Contains(k.specs[0].Env, "AWS_LAMBDA_LOG_LEVEL="+level)
		if variable != (level != "Text") {
			t.Errorf("%s: variables %v", level, k.specs[0].Env)
		}
	}
}

// FuzzLogLine checks that a line is either logged unchanged or dropped as a whole,
// and that plain text is never dropped.
func FuzzLogLine(f *testing.F) {
	for _, l := range logLines {
		f.Add(l.line)
	}
	k := newKit(f)
	s, err := lambda.New(k.options)
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	c := config("add")
	c.LogFormat, c.ApplicationLogLevel, c.SystemLogLevel = "JSON", "FATAL", "WARN"
	if _, err := s.CreateFunction(c, bundle(f, "x")); err != nil {
		f.Fatal(err)
	}
	var written string
	k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
		k.specs[0].Output(written)
		return runtimeapi.Response{Payload: []byte("1")}, nil
	}
	f.Fuzz(func(t *testing.T, line string) {
		written = line
		out, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
		if err != nil {
			t.Fatal(err)
		}
		var object map[string]any
		plain := json.Unmarshal([]byte(line), &object) != nil
		if tail := string(out.LogTail); len(line) < 4000 && tail != line+"\n" && (tail != "" || plain) {
			t.Errorf("%q became %q", line, tail)
		}
	})
}
