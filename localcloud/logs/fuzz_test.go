package logs

import "testing"

// FuzzToken checks that a token that is accepted is the one for its position.
func FuzzToken(f *testing.F) {
	f.Add("f/00000000000010000000000000000000000000000000000000000002/s")
	f.Add("b/99999999999990000000000000000000000018446744073709551615/s")
	f.Add("f//s")
	f.Fuzz(func(t *testing.T, s string) {
		at, forward, err := parseToken(s)
		if err != nil {
			return
		}
		direction := "b"
		if forward {
			direction = "f"
		}
		if got := token(direction, at); got != s {
			t.Errorf("%q is read as %q", s, got)
		}
	})
}
