package lambda_test

import (
	"context"
	"errors"
	"maps"
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

func TestInvokeNames(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add")
	var authorized cloud.Request
	k.authorize = func(r cloud.Request) error { authorized = r; return nil }
	var got runtimeapi.Event
	k.handle = func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
		got = ev
		return runtimeapi.Response{Payload: []byte("3")}, nil
	}
	const trace = "Root=1;Parent=2;Sampled=1"
	for _, tc := range []struct{ function, qualifier, arn string }{
		{"add", "", addARN},
		{"add", "$LATEST", addARN + ":$LATEST"},
		{"add:$LATEST", "", addARN + ":$LATEST"},
		{"000000000000:function:add", "", addARN},
		{addARN, "", addARN},
		{addARN + ":$LATEST", "$LATEST", addARN + ":$LATEST"},
	} {
		out, err := s.Invoke(t.Context(), cloud.Invocation{
			Caller: developer, Function: tc.function, Qualifier: tc.qualifier,
			ClientContext: "eyJhIjoxfQ==", TraceHeader: trace,
		})
		if err != nil || string(out.Payload) != "3" || out.ExecutedVersion != "$LATEST" || out.RequestID != got.RequestID {
			t.Errorf("%s %s: %+v, %v", tc.function, tc.qualifier, out, err)
		}
		if got.FunctionARN != tc.arn || authorized.Resource != tc.arn || authorized.Action != "lambda:InvokeFunction" {
			t.Errorf("%s %s: invoked as %s, authorized %+v", tc.function, tc.qualifier, got.FunctionARN, authorized)
		}
		if string(got.Payload) != "{}" || got.ClientContext != `{"a":1}` || got.TraceID != trace+";Lineage=3b391274:0" {
			t.Errorf("event %+v", got)
		}
	}
}

// The trace header that the runtime receives is the caller's, completed, with the
// lineage of the invocation.
func TestTrace(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add")
	var got string
	k.handle = func(_ context.Context, e runtimeapi.Event) (runtimeapi.Response, error) {
		got = e.TraceID
		return runtimeapi.Response{Payload: []byte("{}")}, nil
	}
	const root, parent = "Root=1-67891233-abcdef012345678912345678", "Parent=53995c3f42cd8ad8"
	for header, want := range map[string]string{
		"":                                   `Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0`,
		root:                                 root + `;Parent=[0-9a-f]{16};Sampled=0`,
		root + ";Sampled=1":                  root + `;Sampled=1;Parent=[0-9a-f]{16}`,
		root + "; " + parent + "; Sampled=1": root + "; " + parent + "; Sampled=1",
		"Self=1-67891234-12456789abcdef012345678": `Self=1-67891234-12456789abcdef012345678;Root=1-[0-9a-f]{8}-[0-9a-f]{24};Parent=[0-9a-f]{16};Sampled=0`,
	} {
		if _, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add", TraceHeader: header}); err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile("^" + want + ";Lineage=[0-9a-f]{8}:0$").MatchString(got) {
			t.Errorf("header %q: the runtime received %q, want %s and the lineage", header, got, want)
		}
	}
}

func TestInvokeRefused(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add")
	denied := cloud.Errorf(403, "AccessDeniedException", "no")
	k.authorize = func(r cloud.Request) error {
		if r.Caller.Anonymous() {
			return denied
		}
		return nil
	}
	big := []byte(`"` + strings.Repeat("x", 6<<20) + `"`)
	for _, tc := range []struct {
		in         cloud.Invocation
		code, text string
	}{
		{cloud.Invocation{Function: "add"}, "AccessDeniedException", "no"},
		{cloud.Invocation{Function: "sub"}, "AccessDeniedException", "no"},
		{cloud.Invocation{Caller: developer, Function: "sub"}, "ResourceNotFoundException",
			"Function not found: arn:aws:lambda:us-east-1:000000000000:function:sub"},
		{cloud.Invocation{Caller: developer, Function: "add:1"}, "ResourceNotFoundException", "Function not found: " + addARN + ":1"},
		{cloud.Invocation{Caller: developer, Function: strings.Replace(addARN, "us-east-1", "eu-west-1", 1)}, "ResourceNotFoundException", "Function not found: "},
		{cloud.Invocation{Caller: developer, Function: "add:1", Qualifier: "2"}, "InvalidParameterValueException",
			"The derived qualifier from the function name does not match the specified qualifier."},
		{cloud.Invocation{Caller: developer, Function: "a b"}, "ValidationException", "1 validation error detected: Value 'a b' at 'functionName'"},
		{cloud.Invocation{Caller: developer, Function: "add", Payload: big}, "RequestTooLargeException",
			"6291458 byte payload is too large for the RequestResponse invocation type (limit 6291456 bytes)"},
		{cloud.Invocation{Caller: developer, Function: "add", Payload: []byte("{a}")}, "InvalidRequestContentException",
			"Could not parse request body into json: "},
		{cloud.Invocation{Caller: developer, Function: "add", Payload: []byte("{} {}")}, "InvalidRequestContentException",
			"Could not parse request body into json: "},
		{cloud.Invocation{Caller: developer, Function: "add", Payload: []byte("\"a\xff\"")}, "InvalidRequestContentException",
			"Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 start byte 0xff"},
		{cloud.Invocation{Caller: developer, Function: "add", Payload: []byte("\"a\xc3(\"")}, "InvalidRequestContentException",
			"Could not parse request body into json: Could not parse payload into json: Invalid UTF-8 middle byte 0x28"},
		{cloud.Invocation{Caller: developer, Function: "add", ClientContext: "%"}, "InvalidRequestContentException", "Client context must be"},
	} {
		_, err := s.Invoke(t.Context(), tc.in)
		expectError(t, err, tc.code, tc.text)
		if _, err := s.InvokeAsync(t.Context(), tc.in); cloud.ErrorCode(err) != tc.code {
			t.Errorf("asynchronously: %v, want %s", err, tc.code)
		}
	}
	_, err := s.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: "add", Payload: big[:1<<20+1]})
	expectError(t, err, "RequestTooLargeException", "1048577 byte payload is too large for the Event invocation type (limit 1048576 bytes)")
	if len(k.started) > 0 {
		t.Error("a refused event reached the function")
	}
}

// TestInvokeUsesPolicy checks that an invocation is authorized with the function's
// own policy.
func TestInvokeUsesPolicy(t *testing.T) {
	k := newKit(t)
	s := k.open(t)
	create(t, s, "add")
	if err := s.AddPermission("add", permission); err != nil {
		t.Fatal(err)
	}
	want, err := s.Policy("add")
	if err != nil {
		t.Fatal(err)
	}
	k.authorize = func(r cloud.Request) error {
		if r.ResourcePolicy != want || r.Caller.Service != "sns.amazonaws.com" {
			t.Errorf("authorization request %+v", r)
		}
		return nil
	}
	if _, err := s.Invoke(t.Context(), cloud.Invocation{Caller: cloud.Caller{Service: "sns.amazonaws.com"}, Function: "add"}); err != nil {
		t.Error(err)
	}
}

// TestReuse checks that the most recently used environment is used next, that an
// environment is removed after ten idle minutes, and that one that has died is
// replaced.
func TestReuse(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.handle = sleep(time.Second)
		s := k.open(t)
		create(t, s, "add")
		invokeInBackground(t, s, "add")
		time.Sleep(time.Millisecond)
		invoke(t, s, "add")
		if got := k.alive(); !slices.Equal(got, []int{0, 1}) {
			t.Fatalf("alive: %v, want two at once", got)
		}
		time.Sleep(9 * time.Minute)
		invoke(t, s, "add")
		if len(k.started[0].ran) != 1 || len(k.started[1].ran) != 2 {
			t.Error("the most recently used environment was not used again")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if got := k.alive(); !slices.Equal(got, []int{1}) {
			t.Errorf("alive after the first was idle for ten minutes: %v", got)
		}
		k.started[1].Close()
		invoke(t, s, "add")
		if got := k.alive(); !slices.Equal(got, []int{2}) {
			t.Errorf("alive after the second died: %v", got)
		}
		if got := len(k.sessions); got != 4 { // three environments and the check of the role
			t.Errorf("%d role sessions, want 4", got)
		}
	})
}

func TestConcurrency(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.handle = sleep(time.Second)
		s := k.open(t)
		create(t, s, "two", func(c *lambda.Config) { c.ReservedConcurrency = 2 })
		create(t, s, "most", func(c *lambda.Config) { c.ReservedConcurrency = 896 })
		create(t, s, "rest")
		create(t, s, "none", func(c *lambda.Config) { c.ReservedConcurrency = 0 })
		for name, limit := range map[string]int{"two": 2, "rest": 102, "none": 0} {
			for range limit {
				invokeInBackground(t, s, name)
			}
			_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: name})
			want := &cloud.Error{Code: "TooManyRequestsException", Message: "Rate Exceeded.", Status: 429,
				Fields: map[string]any{"Reason": "ReservedFunctionConcurrentInvocationLimitExceeded", "Type": "User"}}
			if name == "rest" {
				want.Fields["Reason"] = "ConcurrentInvocationLimitExceeded"
			}
			if diff := cmp.Diff(error(want), err); diff != "" {
				t.Errorf("%s: -want +got\n%s", name, diff)
			}
		}
		time.Sleep(time.Second)
		synctest.Wait()
		invoke(t, s, "two")
	})
}

// TestCallerLeaves checks that the function keeps running if its caller stops
// waiting.
func TestCallerLeaves(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.handle = sleep(2 * time.Second)
		s := k.open(t)
		create(t, s, "add")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := s.Invoke(ctx, cloud.Invocation{Caller: developer, Function: "add"})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		s.Close()
		if n := len(k.log); n == 0 || !strings.Contains(k.log[n-1], "Duration: 2000.00 ms") {
			t.Errorf("log %q, want the end of the invocation", k.log)
		}
	})
}

// TestClose checks that Close ends running invocations with an error and leaves
// nothing behind, and that later invocations are refused.
func TestClose(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		s := k.open(t)
		create(t, s, "add")
		invoke(t, s, "add")
		k.handle = sleep(time.Second)
		invoke(t, s, "add") // in the idle environment, which has the first handler
		create(t, s, "slow")
		result := make(chan error)
		go func() {
			_, err := s.Invoke(context.Background(), cloud.Invocation{Caller: developer, Function: "slow"})
			result <- err
		}()
		synctest.Wait()
		go s.Close()
		expectError(t, <-result, "ServiceException", "The local cloud is shutting down.")
		synctest.Wait()
		if alive := k.alive(); len(alive) > 0 {
			t.Errorf("alive: %v", alive)
		}
		if slices.Contains(slices.Collect(maps.Values(k.sessions)), true) {
			t.Errorf("sessions left: %v", k.sessions)
		}
		_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: "add"})
		expectError(t, err, "ServiceException", "")
	})
}

func FuzzFunctionName(f *testing.F) {
	for _, seed := range []string{"add", addARN, addARN + ":$LATEST", "000000000000:function:add", "a b", "::"} {
		f.Add(seed, "")
	}
	k := newKit(f)
	s, err := lambda.New(k.options)
	if err != nil {
		f.Fatal(err)
	}
	defer s.Close()
	f.Fuzz(func(t *testing.T, name, qualifier string) {
		_, err := s.Invoke(t.Context(), cloud.Invocation{Caller: developer, Function: name, Qualifier: qualifier})
		if cloud.ErrorCode(err) == "" {
			t.Errorf("%q %q: %v, want an error with a code", name, qualifier, err)
		}
	})
}
