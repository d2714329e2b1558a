package lambda_test

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
)

// traceWriter is a cloud.TraceWriter that collects documents, and its daemon.
type traceWriter struct {
	err       error
	documents []string
	callers   []cloud.Caller
	open      int
}

func (w *traceWriter) PutSegments(_ context.Context, caller cloud.Caller, documents ...string) ([]cloud.UnprocessedSegment, error) {
	w.callers = append(w.callers, caller)
	if w.err == nil {
		w.documents = append(w.documents, documents...)
	}
	return nil, w.err
}

func (w *traceWriter) RecordSegments(ctx context.Context, caller cloud.Caller, segments ...cloud.Segment) ([]cloud.UnprocessedSegment, error) {
	var documents []string
	for _, s := range segments {
		document, err := json.Marshal(s)
		if err != nil {
			return nil, err
		}
		documents = append(documents, string(document))
	}
	return w.PutSegments(ctx, caller, documents...)
}

func (w *traceWriter) Daemon(caller cloud.Caller, function string) (cloud.TraceDaemon, error) {
	w.callers = append(w.callers, caller)
	w.open++
	return w, nil
}

func (w *traceWriter) Address() string { return "127.0.0.1:2345" }
func (w *traceWriter) Close()          { w.open-- }

// TestActiveTracing checks the two segments that Lambda records for each run, and the
// header that makes the function's own records a part of the second one.
func TestActiveTracing(t *testing.T) {
	const root, parent = "1-67891233-abcdef012345678912345678", "53995c3f42cd8ad8"
	const segment = `{"id":"ID","trace_id":"` + root + `",PARENT"name":"add","origin":"AWS::Lambda","start_time":946684800,"end_time":946684800.003,` +
		`"aws":{"function_arn":"` + addARN + `","request_id":"ID"}}`
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		mode, header string
		failed       bool
		recorded     bool
		want         string // the header without the lineage
		parent       string // of the first segment
	}{
		"root":        {"Active", "Root=" + root, false, true, "Root=" + root + ";Parent=ID;Sampled=1", ""},
		"caller":      {"Active", "Root=" + root + ";Parent=" + parent + ";Sampled=1", false, true, "Root=" + root + ";Parent=ID;Sampled=1", `"parent_id":"` + parent + `",`},
		"failure":     {"Active", "Root=" + root + ";Parent=" + parent + ";Sampled=1", true, true, "Root=" + root + ";Parent=ID;Sampled=1", `"parent_id":"` + parent + `",`},
		"not sampled": {"Active", "Root=" + root + ";Parent=" + parent + ";Sampled=0", false, false, "Root=" + root + ";Parent=" + parent + ";Sampled=0", ""},
		"to decide":   {"Active", "Root=" + root + ";Sampled=?", false, true, "Root=" + root + ";Sampled=1;Parent=ID", ""},
		"passive":     {"PassThrough", "Root=" + root + ";Parent=" + parent + ";Sampled=1", false, false, "Root=" + root + ";Parent=" + parent + ";Sampled=1", ""},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k, w := newKit(t), &traceWriter{}
				k.options.Dir, k.options.Traces = dir, w
				var header string
				k.handle = func(ctx context.Context, e runtimeapi.Event) (runtimeapi.Response, error) {
					header = e.TraceID
					response, err := sleep(3e6)(ctx, e)
					if tc.failed {
						response = runtimeapi.Response{Payload: []byte(`{"errorType":"T","errorMessage":"m"}`), Failed: true}
					}
					return response, err
				}
				s := k.open(t)
				create(t, s, "add", func(c *lambda.Config) { c.TracingMode = tc.mode })
				out, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add", TraceHeader: tc.header})
				if err != nil {
					t.Fatal(err)
				}
				s.Close()
				if !slices.Contains(k.specs[0].Env, "AWS_XRAY_DAEMON_ADDRESS=127.0.0.1:2345") || !slices.Contains(k.specs[0].Env, "_AWS_XRAY_DAEMON_PORT=2345") || w.open != 0 {
					t.Errorf("%d daemons, variables %v", w.open, k.specs[0].Env)
				}
				if got, _, _ := strings.Cut(ids.ReplaceAllString(header, "Parent=ID"), ";Lineage="); got != tc.want && header != tc.want+";Lineage=3b391274:0" {
					t.Errorf("header %s, want %s", header, tc.want)
				}
				if !tc.recorded {
					if len(w.documents) > 0 {
						t.Errorf("recorded %q", w.documents)
					}
					return
				}
				var service, function struct {
					ID     string
					Parent string `json:"parent_id"`
				}
				if len(w.documents) != 2 || json.Unmarshal([]byte(w.documents[0]), &service) != nil || json.Unmarshal([]byte(w.documents[1]), &function) != nil {
					t.Fatalf("recorded %q", w.documents)
				}
				if function.Parent != service.ID || !strings.Contains(header, "Parent="+function.ID) {
					t.Errorf("header %s, segments %q", header, w.documents)
				}
				wantService := strings.Replace(segment, "PARENT", tc.parent, 1)
				wantFunction := strings.Replace(strings.Replace(segment, "PARENT", `"parent_id":"ID",`, 1), "AWS::Lambda", "AWS::Lambda::Function", 1)
				if tc.failed {
					wantFunction = strings.TrimSuffix(wantFunction, "}") + `,"fault":true,"cause":{"exceptions":[{"id":"ID","message":"m","type":"T"}]}}`
				}
				got := strings.NewReplacer(service.ID, "ID", function.ID, "ID", out.RequestID, "ID").Replace(strings.Join(w.documents, "\n"))
				got = regexp.MustCompile(`"id":"[0-9a-f]{16}"`).ReplaceAllString(got, `"id":"ID"`)
				if diff := cmp.Diff(wantService+"\n"+wantFunction, got); diff != "" {
					t.Error(diff)
				}
				for _, caller := range w.callers {
					if caller.Role != "worker" {
						t.Errorf("recorded by %+v", caller)
					}
				}
			})
		})
	}
}

var ids = regexp.MustCompile("Parent=[0-9a-f]{16}")

// TestTracingRefused proves that a role without permission costs the traces, with one
// warning per environment, and nothing else.
func TestTracingRefused(t *testing.T) {
	k, w := newKit(t), &traceWriter{err: cloud.Errorf(403, "AccessDeniedException", "no")}
	k.options.Traces = w
	s := k.open(t)
	create(t, s, "add", func(c *lambda.Config) { c.TracingMode = "Active" })
	invoke(t, s, "add")
	invoke(t, s, "add")
	if got := k.warnings(); !slices.Equal(got, []string{"no traces from this environment: AccessDeniedException: no"}) {
		t.Errorf("warnings %q", got)
	}
}
