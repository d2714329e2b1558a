package schema

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestNames(t *testing.T) {
	room := props(map[string]any{"room": "hall"})
	first := check(t, CheckRequest{New: room})
	if later := check(t, CheckRequest{New: room, Old: first}); later["name"] != first["name"] {
		t.Errorf("the name changed from %v to %v", first["name"], later["name"])
	}
	prefixed := lamp()
	prefixed.Inputs[0].AutoPrefix = "alias/"
	for _, a := range []*pulumirpc.CheckRequest_AutonamingOptions{nil, {Mode: pulumirpc.CheckRequest_AutonamingOptions_PROPOSE, ProposedName: "lamp-1234567"}} {
		in, _ := prefixed.Check(CheckRequest{Name: "lamp", New: room, Autonaming: a})
		if got := in["name"].StringValue(); !regexp.MustCompile(`^alias/lamp-[0-9a-f]{7}$`).MatchString(got) {
			t.Errorf("a name with a prefix: %q", got)
		}
	}
	named := with(room, map[string]any{"name": "mine"})
	if got := check(t, CheckRequest{New: named, Old: first})["name"].StringValue(); got != "mine" {
		t.Errorf("the program's name became %q", got)
	}
	// A name that the program chose and then omitted is not a generated one.
	if got := check(t, CheckRequest{New: room, Old: check(t, CheckRequest{New: named})})["name"].StringValue(); got == "mine" {
		t.Error("the old explicit name was retained")
	}
	for _, mode := range []pulumirpc.CheckRequest_AutonamingOptions_Mode{pulumirpc.CheckRequest_AutonamingOptions_PROPOSE, pulumirpc.CheckRequest_AutonamingOptions_ENFORCE} {
		in := check(t, CheckRequest{New: room, Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{Mode: mode, ProposedName: "proposed"}})
		if got := in["name"].StringValue(); got != "proposed" {
			t.Errorf("mode %v: %q", mode, got)
		}
	}
	for _, a := range []*pulumirpc.CheckRequest_AutonamingOptions{
		{Mode: pulumirpc.CheckRequest_AutonamingOptions_DISABLE},
		{Mode: pulumirpc.CheckRequest_AutonamingOptions_ENFORCE, ProposedName: strings.Repeat("x", 21)},
	} {
		if _, failures := lamp().Check(CheckRequest{Name: "lamp", New: room, Autonaming: a}); len(failures) != 1 || failures[0].Property != "name" {
			t.Errorf("%v: %v", a, failures)
		}
	}
}

// Generated names are checked like given ones, proposed by the engine or not,
// and so are retained ones.
func TestGeneratedNamesAreChecked(t *testing.T) {
	picky := lamp()
	picky.Inputs[0].Check = func(v any) error {
		if strings.Contains(v.(string), "!") {
			return errors.New("no exclamation marks")
		}
		return nil
	}
	room := props(map[string]any{"room": "hall"})
	old := props(map[string]any{"name": "old!", defaults: []any{"name"}})
	for name, tc := range map[string]struct {
		r      CheckRequest
		reason string
	}{
		"fine":         {CheckRequest{Name: "lamp", New: room}, ""},
		"logical name": {CheckRequest{Name: "lamp!", New: room}, "no exclamation marks"},
		"proposed":     {CheckRequest{Name: "lamp", New: room, Autonaming: &pulumirpc.CheckRequest_AutonamingOptions{ProposedName: "tally-lamp!"}}, "no exclamation marks"},
		"retained":     {CheckRequest{Name: "lamp", New: room, Old: old}, "no exclamation marks"},
		"given":        {CheckRequest{Name: "lamp", New: with(room, map[string]any{"name": "mine!"})}, "no exclamation marks"},
	} {
		_, failures := picky.Check(tc.r)
		want := []Failure{{Property: "name", Reason: tc.reason}}
		if tc.reason == "" {
			want = nil
		}
		if d := cmp.Diff(want, failures); d != "" {
			t.Errorf("%s: failures (-want +got):\n%s", name, d)
		}
	}
}
