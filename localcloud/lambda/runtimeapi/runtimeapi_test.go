package runtimeapi_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tally/localcloud/lambda/runtimeapi"
)

const base = "/2018-06-01/runtime/"

// runtime is a client that uses the API as a function's runtime does.
type runtime struct {
	t   *testing.T
	url string
}

func open(t *testing.T) (*runtimeapi.API, runtime) {
	api := runtimeapi.New()
	return api, runtime{t, serve(t, api)}
}

func (r runtime) get(path string) *http.Response {
	r.t.Helper()
	resp, err := http.Get(r.url + base + path)
	if err != nil {
		r.t.Fatal(err)
	}
	return resp
}

// post returns the status and the body of the response.
func (r runtime) post(path, body string) (int, string) {
	r.t.Helper()
	resp, err := http.Post(r.url+base+path, "application/json", strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	return resp.StatusCode, read(r.t, resp)
}

func read(t *testing.T, resp *http.Response) string {
	t.Helper()
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(raw))
}

// result is what Invoke returned.
type result struct {
	response runtimeapi.Response
	err      error
}

func invoke(ctx context.Context, api *runtimeapi.API, ev runtimeapi.Event) <-chan result {
	done := make(chan result, 1)
	go func() {
		response, err := api.Invoke(ctx, ev)
		done <- result{response, err}
	}()
	return done
}

func TestInvocation(t *testing.T) {
	api, r := open(t)
	done := invoke(t.Context(), api, runtimeapi.Event{
		RequestID: "id-1", FunctionARN: "arn:f", Payload: []byte(`{"a":1}`), Deadline: time.UnixMilli(1700000000123),
		TraceID: "Root=1", ClientContext: `{"c":1}`,
	})
	resp := r.get("invocation/next")
	if body := read(t, resp); resp.StatusCode != 200 || body != `{"a":1}` {
		t.Errorf("next: %d %s", resp.StatusCode, body)
	}
	for name, want := range map[string]string{
		"Content-Type":                        "application/json",
		"Lambda-Runtime-Aws-Request-Id":       "id-1",
		"Lambda-Runtime-Deadline-Ms":          "1700000000123",
		"Lambda-Runtime-Invoked-Function-Arn": "arn:f",
		"Lambda-Runtime-Trace-Id":             "Root=1",
		"Lambda-Runtime-Client-Context":       `{"c":1}`,
	} {
		if got := resp.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if err := api.Ready(t.Context()); err != nil {
		t.Errorf("not ready after next: %v", err)
	}

	const invalidID = `{"errorMessage":"Invalid request ID","errorType":"InvalidRequestID"}`
	const badState = `{"errorMessage":"State transition is not allowed","errorType":"InvalidStateTransition"}`
	for _, step := range []struct {
		path, body string
		status     int
		response   string
	}{
		{"invocation/id-0/response", "3", 400, invalidID},
		{"invocation/id-0/error", "{}", 400, invalidID},
		{"init/error", "{}", 403, badState},
		{"invocation/id-1/response", "3", 202, `{"status":"OK"}`},
		{"invocation/id-1/response", "4", 403, badState},
		{"invocation/id-1/error", "{}", 403, badState},
	} {
		if status, response := r.post(step.path, step.body); status != step.status || response != step.response {
			t.Errorf("%s: %d %s, want %d %s", step.path, status, response, step.status, step.response)
		}
	}
	select {
	case got := <-done:
		t.Errorf("Invoke returned %+v before the runtime requested the next event", got)
	default:
	}
	second := invoke(t.Context(), api, runtimeapi.Event{RequestID: "id-2"})
	read(t, r.get("invocation/next"))
	if got := <-done; got.err != nil || string(got.response.Payload) != "3" || got.response.Failed {
		t.Errorf("response %+v", got)
	}
	// The runtime must respond before it requests the next event.
	if resp := r.get("invocation/next"); resp.StatusCode != 403 || read(t, resp) != badState {
		t.Errorf("next without a response: %d", resp.StatusCode)
	}
	if status, _ := r.post("invocation/id-2/error", `{"errorType":"Oops"}`); status != 202 {
		t.Errorf("error: %d", status)
	}
	invoke(t.Context(), api, runtimeapi.Event{RequestID: "id-3"})
	read(t, r.get("invocation/next"))
	if got := <-second; got.err != nil || string(got.response.Payload) != `{"errorType":"Oops"}` || !got.response.Failed {
		t.Errorf("response %+v", got)
	}
	r.post("invocation/id-3/response", "null")
}

func TestTooLarge(t *testing.T) {
	api, r := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := invoke(ctx, api, runtimeapi.Event{RequestID: "id"})
	read(t, r.get("invocation/next"))
	status, response := r.post("invocation/id/response", strings.Repeat("x", runtimeapi.MaxPayload+1))
	if want := `{"errorMessage":"Exceeded maximum allowed payload size (6291556 bytes).","errorType":"RequestEntityTooLarge"}`; status != 413 || response != want {
		t.Errorf("%d %s", status, response)
	}
	cancel()
	got := <-done
	want := `{"errorMessage":"Response payload size exceeded maximum allowed payload size (6291556 bytes).","errorType":"Function.ResponseSizeTooLarge"}`
	if got.err != nil || !got.response.Failed || string(got.response.Payload) != want {
		t.Errorf("response %+v", got)
	}
}

// TestTrailers checks that a response that an error interrupts is a failure, whose
// payload is the error in the trailers.
func TestTrailers(t *testing.T) {
	api, r := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	done := invoke(ctx, api, runtimeapi.Event{RequestID: "id"})
	read(t, r.get("invocation/next"))
	req, err := http.NewRequest("POST", r.url+base+"invocation/id/response", io.MultiReader(strings.NewReader("hal")))
	if err != nil {
		t.Fatal(err)
	}
	req.Trailer = http.Header{
		"Lambda-Runtime-Function-Error-Type": {"errorString"},
		"Lambda-Runtime-Function-Error-Body": {"eyJlcnJvclR5cGUiOiJlcnJvclN0cmluZyJ9"},
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	read(t, resp)
	cancel()
	if got := <-done; got.err != nil || !got.response.Failed || string(got.response.Payload) != `{"errorType":"errorString"}` {
		t.Errorf("response %+v", got)
	}
}

func TestInitError(t *testing.T) {
	api, r := open(t)
	if status, _ := r.post("init/error", `{"errorType":"Config"}`); status != 202 {
		t.Errorf("status %d", status)
	}
	err := api.Ready(t.Context())
	if e, ok := errors.AsType[*runtimeapi.InitError](err); !ok || string(e.Payload) != `{"errorType":"Config"}` {
		t.Errorf("Ready: %v", err)
	}
}

// TestEndOfContext checks that Ready and Invoke return the context's cause if it
// ends.
func TestEndOfContext(t *testing.T) {
	api, r := open(t)
	ended := errors.New("the process has ended")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(ended)
	if err := api.Ready(ctx); err != ended {
		t.Errorf("Ready: %v", err)
	}
	if _, err := api.Invoke(ctx, runtimeapi.Event{}); err != ended {
		t.Errorf("Invoke without a runtime: %v", err)
	}
	ctx, cancel = context.WithCancelCause(t.Context())
	done := invoke(ctx, api, runtimeapi.Event{RequestID: "id"})
	read(t, r.get("invocation/next"))
	cancel(ended)
	if got := <-done; got.err != ended {
		t.Errorf("Invoke: %+v", got)
	}
}

// TestResponded checks that the response is passed on before the runtime requests the
// next event, and no response after the end of the context.
func TestResponded(t *testing.T) {
	api, r := open(t)
	responses := make(chan runtimeapi.Response, 2)
	responded := func(r runtimeapi.Response) { responses <- r }
	done := invoke(t.Context(), api, runtimeapi.Event{RequestID: "id-1", Responded: responded})
	read(t, r.get("invocation/next"))
	r.post("invocation/id-0/response", "0")
	r.post("invocation/id-1/response", "1")
	r.post("invocation/id-1/response", "2")
	if got := <-responses; string(got.Payload) != "1" || len(responses) > 0 {
		t.Errorf("passed on %s and %d more", got.Payload, len(responses))
	}
	select {
	case got := <-done:
		t.Errorf("Invoke returned %+v before the runtime requested an event", got)
	default:
	}
	ctx, cancel := context.WithCancel(t.Context())
	next := make(chan *http.Response)
	go func() { next <- r.get("invocation/next") }()
	<-done
	done = invoke(ctx, api, runtimeapi.Event{RequestID: "id-2", Responded: responded})
	read(t, <-next)
	cancel()
	if got := <-done; got.err == nil {
		t.Errorf("Invoke returned %+v after the end", got)
	}
	if status, _ := r.post("invocation/id-2/response", "3"); status != 202 || len(responses) > 0 {
		t.Errorf("status %d, and %d responses after the end", status, len(responses))
	}
}
