package cloud_test

import (
	"fmt"
	"testing"
	"time"

	"tally/localcloud/cloud"
)

func TestParseARN(t *testing.T) {
	for _, tc := range []struct{ in, want, err string }{
		{in: "arn:aws:sns:us-east-1:000000000000:numbers", want: "numbers"},
		{in: "arn:aws:lambda:us-east-1:000000000000:function:add:live", want: "function:add:live"},
		{in: "arn:aws:iam::000000000000:role/team/add", want: "role/team/add"},
		{in: "", err: "An ARN must have at least 6 elements, not 1"},
		{in: "numbers", err: "An ARN must have at least 6 elements, not 1"},
		{in: "arn:numbers", err: "An ARN must have at least 6 elements, not 2"},
		{in: "urn:aws:sns:us-east-1:000000000000:numbers", err: `An ARN must start with "arn", not "urn"`},
		{in: "arn:::::", err: "An ARN must name a partition, a service and a resource"},
		{in: "arn:aws:sns:us-east-1:000000000000:", err: "An ARN must name a partition, a service and a resource"},
	} {
		got, err := cloud.ParseARN(tc.in)
		if got.Resource != tc.want || message(err) != tc.err {
			t.Errorf("ParseARN(%q) = %q, %q; want %q, %q", tc.in, got.Resource, message(err), tc.want, tc.err)
		}
	}
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func FuzzParseARN(f *testing.F) {
	f.Add("arn:aws:sns:us-east-1:000000000000:numbers")
	f.Add("arn:::::")
	f.Fuzz(func(t *testing.T, s string) {
		arn, err := cloud.ParseARN(s)
		if err == nil && arn.String() != s {
			t.Errorf("ParseARN(%q).String() = %q", s, arn)
		}
	})
}

func TestPace(t *testing.T) {
	for _, tc := range []struct {
		pace       cloud.Pace
		wait, want time.Duration
	}{
		{0, time.Hour, time.Hour},
		{1, time.Hour, time.Hour},
		{60, time.Hour, time.Minute},
		{60, time.Minute, time.Second},
		{60, 59 * time.Second, 59 * time.Second}, // shorter than a minute
	} {
		if got := tc.pace.Wait(tc.wait); got != tc.want {
			t.Errorf("Pace(%v).Wait(%v) = %v, want %v", tc.pace, tc.wait, got, tc.want)
		}
	}
}

func TestIsLoopback(t *testing.T) {
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:4566": true, "localhost:4566": true, "LOCALHOST": true, "[::1]:4566": true, "[::1]": true,
		"": false, "example.com": false, "127.0.0.1.example.com:4566": false, "localhost.example.com": false, "192.168.0.1:4566": false,
	} {
		if got := cloud.IsLoopback(host); got != want {
			t.Errorf("IsLoopback(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestErrorCode(t *testing.T) {
	wrapped := fmt.Errorf("creating a topic: %w", cloud.Errorf(404, "NotFound", "Topic %s does not exist", "x"))
	if got := cloud.ErrorCode(wrapped); got != "NotFound" {
		t.Errorf("ErrorCode = %q, want NotFound", got)
	}
	if got := wrapped.Error(); got != "creating a topic: NotFound: Topic x does not exist" {
		t.Errorf("Error() = %q", got)
	}
	if got := cloud.ErrorCode(fmt.Errorf("other")); got != "" {
		t.Errorf("ErrorCode of an error without a code = %q, want \"\"", got)
	}
}
