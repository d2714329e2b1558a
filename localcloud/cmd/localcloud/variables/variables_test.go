package variables

import (
	"slices"
	"testing"
)

func TestServing(t *testing.T) {
	got := Serving([]string{"AWS_SECRET_ACCESS_KEY=x", "TMPDIR=/t", "HOME=/h", "TZ=", "TZX=1", "GITHUB_TOKEN=TZ=1", "PATH=/bin", "TZ"})
	if want := []string{"TMPDIR=/t", "TZ="}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestServes(t *testing.T) {
	for cmdline, want := range map[string]bool{
		"start\x00":                            true,
		"start\x00--port\x000\x00":             true,
		"--state\x00x\x00start\x00--ready\x00": false, // main does it
		"--state\x00start\x00env\x00":          false,
		"start\x00--detach\x00":                false,
		"start\x00-d\x00":                      false,
		"start\x00--detach=true\x00":           false,
		"status\x00":                           false,
		"":                                     false,
		"start":                                false, // cut off
		"logs\x00started\x00--since\x00start-up\x00": false,
	} {
		if got := serves(split([]byte(cmdline))); got != want {
			t.Errorf("%q: %t, want %t", cmdline, got, want)
		}
	}
}
