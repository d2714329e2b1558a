package lambda_test

import (
	"context"
	"fmt"
	"regexp"
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

// TestEndings checks the result and the log for every way in which an invocation
// can end. ID stands for the request ID; times are those of the fake clock.
func TestEndings(t *testing.T) {
	exit := &lambda.Failure{Type: "Runtime.ExitError", Message: "Runtime exited with error: exit status 1"}
	fails := func(errs ...error) func(context.Context, lambda.Spec) error {
		return func(ctx context.Context, spec lambda.Spec) error {
			spec.Output("starting")
			time.Sleep(110100 * time.Microsecond)
			if len(errs) == 0 || errs[0] == nil {
				return nil
			}
			err := errs[0]
			errs = errs[1:]
			if err == context.DeadlineExceeded {
				<-ctx.Done()
			}
			return err
		}
	}
	const (
		start  = "START RequestId: ID Version: $LATEST"
		end    = "END RequestId: ID"
		memory = "\tMemory Size: 128 MB\tMax Memory Used: 36 MB\t"
	)
	init := []string{"INIT_START Runtime Version: provided:al2023\tRuntime Version ARN: arn:aws:lambda:us-east-1::runtime:provided.al2023", "starting"}
	for name, tc := range map[string]struct {
		start   func(context.Context, lambda.Spec) error
		handle  func(context.Context, runtimeapi.Event) (runtimeapi.Response, error)
		payload string
		failed  bool
		log     []string
	}{
		"success": {
			start: fails(), handle: sleep(3010 * time.Microsecond), payload: "null",
			log: append(slices.Clone(init), start, end,
				"REPORT RequestId: ID\tDuration: 3.01 ms\tBilled Duration: 4 ms"+memory+"Init Duration: 110.10 ms\t"),
		},
		"error": {
			start: fails(),
			handle: func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
				return runtimeapi.Response{Payload: []byte(`{"errorMessage":"no"}`), Failed: true}, nil
			},
			payload: `{"errorMessage":"no"}`, failed: true,
			log: append(slices.Clone(init), start, end,
				"REPORT RequestId: ID\tDuration: 0.00 ms\tBilled Duration: 0 ms"+memory+"Init Duration: 110.10 ms\t"),
		},
		"timeout": {
			start: fails(), handle: sleep(time.Minute), failed: true,
			payload: `{"errorMessage":"RequestId: ID Error: Task timed out after 1.00 seconds","errorType":"Sandbox.Timedout"}`,
			log: append(slices.Clone(init), start, "2000-01-01T00:00:01.110Z ID Task timed out after 1.00 seconds", end,
				"REPORT RequestId: ID\tDuration: 1000.00 ms\tBilled Duration: 1000 ms"+memory+"Init Duration: 110.10 ms\tStatus: timeout\t"),
		},
		"exit": {
			start: fails(),
			handle: func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
				time.Sleep(2 * time.Millisecond)
				return runtimeapi.Response{}, exit
			},
			payload: `{"errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 1","errorType":"Runtime.ExitError"}`,
			failed:  true,
			log: append(slices.Clone(init), start, "RequestId: ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError", end,
				"REPORT RequestId: ID\tDuration: 2.00 ms\tBilled Duration: 2 ms"+memory+"Init Duration: 110.10 ms\tStatus: error\tError Type: Runtime.ExitError\t"),
		},
		"init exits twice": {
			start:   fails(exit, exit),
			payload: `{"errorMessage":"RequestId: ID Error: Runtime exited with error: exit status 1","errorType":"Runtime.ExitError"}`,
			failed:  true,
			log: append(slices.Clone(init),
				"INIT_REPORT Init Duration: 110.10 ms\tPhase: init\tStatus: error\tError Type: Runtime.ExitError", "starting",
				"INIT_REPORT Init Duration: 110.10 ms\tPhase: invoke\tStatus: error\tError Type: Runtime.ExitError", start,
				"RequestId: ID Error: Runtime exited with error: exit status 1\nRuntime.ExitError", end,
				"REPORT RequestId: ID\tDuration: 110.10 ms\tBilled Duration: 111 ms\tMemory Size: 128 MB\tMax Memory Used: 0 MB\tStatus: error\tError Type: Runtime.ExitError\t"),
		},
		"init is too slow": {
			start: fails(context.DeadlineExceeded), handle: sleep(0), payload: "null",
			log: append(slices.Clone(init), "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout", "starting", start, end,
				"REPORT RequestId: ID\tDuration: 110.10 ms\tBilled Duration: 111 ms"+memory),
		},
		"init is too slow twice": {
			start: fails(context.DeadlineExceeded, context.DeadlineExceeded), failed: true,
			payload: `{"errorMessage":"RequestId: ID Error: Task timed out after 1.00 seconds","errorType":"Sandbox.Timedout"}`,
			log: append(slices.Clone(init), "INIT_REPORT Init Duration: 10000.00 ms\tPhase: init\tStatus: timeout", "starting",
				"INIT_REPORT Init Duration: 1000.00 ms\tPhase: invoke\tStatus: timeout", start,
				"2000-01-01T00:00:11.000Z ID Task timed out after 1.00 seconds", end,
				"REPORT RequestId: ID\tDuration: 1000.00 ms\tBilled Duration: 1000 ms\tMemory Size: 128 MB\tMax Memory Used: 0 MB\tStatus: timeout\t"),
		},
		"init error": {
			start: fails(&runtimeapi.InitError{Payload: []byte(`{"errorType":"Config"}`)},
				&runtimeapi.InitError{Payload: []byte(`{"errorType":"Config"}`)}),
			payload: `{"errorType":"Config"}`, failed: true,
			log: append(slices.Clone(init), "INIT_REPORT Init Duration: 110.10 ms\tPhase: init\tStatus: error\tError Type: Config", "starting",
				"INIT_REPORT Init Duration: 110.10 ms\tPhase: invoke\tStatus: error\tError Type: Config", start, end,
				"REPORT RequestId: ID\tDuration: 110.10 ms\tBilled Duration: 111 ms\tMemory Size: 128 MB\tMax Memory Used: 0 MB\tStatus: error\tError Type: Config\t"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.options.Dir, k.start, k.handle = dir, tc.start, tc.handle
				s := k.open(t)
				create(t, s, "add", func(c *lambda.Config) { c.TimeoutSeconds = 1 })
				out := invoke(t, s, "add")
				alive := len(k.alive()) == 1
				if want := !tc.failed || name == "error"; alive != want {
					t.Errorf("environment alive: %t, want %t", alive, want)
				}
				s.Close()
				id := func(text string) string { return strings.ReplaceAll(text, out.RequestID, "ID") }
				if got := id(string(out.Payload)); got != tc.payload {
					t.Errorf("payload %s, want %s", got, tc.payload)
				}
				if failed := out.FunctionError == "Unhandled"; failed != tc.failed {
					t.Errorf("outcome %+v", out)
				}
				log := id(strings.Join(k.log, "\n"))
				if diff := cmp.Diff(strings.Join(tc.log, "\n"), log); diff != "" {
					t.Errorf("log: -want +got\n%s", diff)
				}
				if got := id(string(out.LogTail)); got != log+"\n" {
					t.Errorf("log tail %q", got)
				}
			})
		})
	}
}

// TestNoLogs checks that a function whose role may not write logs runs without
// them, and that the journal reports this once.
func TestNoLogs(t *testing.T) {
	k := newKit(t)
	k.writeLog = func(caller cloud.Caller) error {
		if caller.Role != "worker" {
			t.Errorf("logs written by %v, want the function's role", caller)
		}
		return cloud.Errorf(403, "AccessDeniedException", "not authorized to perform: logs:PutLogEvents")
	}
	s := k.open(t)
	create(t, s, "add")
	for range 3 {
		invoke(t, s, "add")
	}
	s.Close()
	want := []string{"no logs from this environment: AccessDeniedException: not authorized to perform: logs:PutLogEvents"}
	if diff := cmp.Diff(want, k.warnings()); diff != "" {
		t.Errorf("warnings: -want +got\n%s", diff)
	}
}

// TestVariables checks all environment variables of a function, and the size of its
// /tmp.
func TestVariables(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add", func(c *lambda.Config) {
		c.Environment = map[string]string{"TABLE": "sums", "TZ": "Europe/Rome"}
		c.LogGroup = "/own"
		c.EphemeralMB = 1024
	})
	invoke(t, s, "add")
	if mb := k.specs[0].TmpMB; mb != 1024 {
		t.Errorf("/tmp has %d MB", mb)
	}
	got := map[string]string{}
	for _, variable := range k.specs[0].Env {
		name, value, _ := strings.Cut(variable, "=")
		got[name] = value
	}
	stream := got["AWS_LAMBDA_LOG_STREAM_NAME"]
	if !regexp.MustCompile(`^\d{4}/\d\d/\d\d/\[\$LATEST\][0-9a-f]{32}$`).MatchString(stream) {
		t.Errorf("log stream %s", stream)
	}
	want := map[string]string{
		"AWS_ACCESS_KEY_ID":               "ASIA1",
		"AWS_DEFAULT_REGION":              "us-east-1",
		"AWS_ENDPOINT_URL":                "http://127.0.0.1:4566",
		"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "128",
		"AWS_LAMBDA_FUNCTION_NAME":        "add",
		"AWS_LAMBDA_FUNCTION_VERSION":     "$LATEST",
		"AWS_LAMBDA_INITIALIZATION_TYPE":  "on-demand",
		"AWS_LAMBDA_LOG_GROUP_NAME":       "/own",
		"AWS_LAMBDA_LOG_STREAM_NAME":      stream,
		"AWS_REGION":                      "us-east-1",
		"AWS_SECRET_ACCESS_KEY":           "secret",
		"AWS_SESSION_TOKEN":               "token",
		"AWS_XRAY_CONTEXT_MISSING":        "LOG_ERROR",
		"AWS_XRAY_DAEMON_ADDRESS":         "127.0.0.1:2000",
		"LAMBDA_RUNTIME_DIR":              "/var/runtime",
		"LAMBDA_TASK_ROOT":                "/var/task",
		"LANG":                            "en_US.UTF-8",
		"LD_LIBRARY_PATH":                 "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib",
		"PATH":                            "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
		"TABLE":                           "sums",
		"TZ":                              "Europe/Rome",
		"_AWS_XRAY_DAEMON_ADDRESS":        "127.0.0.1",
		"_AWS_XRAY_DAEMON_PORT":           "2000",
		"_HANDLER":                        "bootstrap",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}

func TestLogTail(t *testing.T) {
	k := newKit(t)
	k.start = func(_ context.Context, spec lambda.Spec) error {
		for n := range 1000 {
			spec.Output(fmt.Sprintf("line %03d of the function", n))
		}
		return nil
	}
	s := k.open(t)
	create(t, s, "add")
	out := invoke(t, s, "add")
	if tail := string(out.LogTail); len(tail) != 4096 || !strings.Contains(tail, "line 999") || !strings.Contains(tail, "REPORT") {
		t.Errorf("%d bytes of log tail: %s", len(tail), tail)
	}
	if tail := string(invoke(t, s, "add").LogTail); !strings.HasPrefix(tail, "START") {
		t.Errorf("the second invocation's log tail: %s", tail)
	}
}
