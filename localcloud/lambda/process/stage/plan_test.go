//go:build linux

package stage

import (
	"slices"
	"strings"
	"testing"
)

// FuzzPlan decodes the encoding of steps, and any bytes: their steps encode to the same
// bytes, of which an incomplete last step is missing.
func FuzzPlan(f *testing.F) {
	f.Add([]byte("dir\x00/dev\x00\x00\x00exec\x00/var/task/bootstrap\x00/var/task\x00separate\x00"), "NAME=value", "/dev", "fd")
	f.Add([]byte("env\x00a=b\x00\x00"), "NAME=line 1\nline 2", "", "é")
	f.Add([]byte{}, "", "", "")
	f.Fuzz(func(t *testing.T, raw []byte, a, b, c string) {
		var again Plan
		for _, step := range decode(raw) {
			again.add(step[0], step[1], step[2], step[3])
		}
		rest, ok := strings.CutPrefix(string(raw), string(again.Bytes()))
		if !ok || strings.Count(rest, "\x00") >= 4 {
			t.Errorf("%q has the steps %q", raw, decode(raw))
		}
		if strings.ContainsRune(a+b+c, 0) {
			return // neither paths nor variables contain one
		}
		var p Plan
		p.Env(a)
		p.Dir(b)
		p.Link(b, c)
		p.File(b, c)
		p.Bind(b, c)
		p.Mount(a, b, c)
		p.Exec(b, c, a != "")
		as := ""
		if a != "" {
			as = "separate"
		}
		want := [][4]string{{"env", a}, {"dir", b}, {"link", b, c}, {"file", b, c}, {"bind", b, c}, {"mount", a, b, c}, {"exec", b, c, as}}
		if got := decode(p.Bytes()); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}
