package httpapi

import (
	"encoding/json"
	"testing"
)

func FuzzEscaped(f *testing.F) {
	for _, value := range []string{"", "plain/1.1", `"`, `\`, "<&>", "é", "\x00", "\u2028", "\xff"} {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value string) {
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		if got := `"` + escaped(value) + `"`; got != string(quoted) {
			t.Errorf("%q is escaped as %s, want %s", value, got, quoted)
		}
	})
}
