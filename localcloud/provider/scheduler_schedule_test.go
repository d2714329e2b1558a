package provider

import (
	"strings"
	"testing"
)

func TestCheckRFC3339(t *testing.T) {
	for in, want := range map[string]string{
		"2027-01-31T09:30:00Z":      "",
		"2027-01-31T09:30:00+01:00": "write it in UTC, as 2027-01-31T08:30:00Z",
		"2027-01-31T09:30:00.5Z":    "write it in UTC, as 2027-01-31T09:30:00Z",
		"tomorrow":                  "expected a valid RFC3339 date",
	} {
		got := ""
		if err := checkRFC3339(in); err != nil {
			got = err.Error()
		}
		if (got == "") != (want == "") || !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}
