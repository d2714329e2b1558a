package settings

import (
	"strings"
	"testing"
)

// FuzzSetting gives one setting any value: the error, if there is one, names only
// settings of the program.
func FuzzSetting(f *testing.F) {
	for i, value := range []string{"", "0", "customer", "1e9", `["a"]`, "arn:aws:iam::1:policy/p", "https://example.com/\x00"} {
		f.Add(uint8(i), value)
	}
	f.Fuzz(func(t *testing.T, index uint8, value string) {
		every := all()
		key := every[int(index)%len(every)].key("tally")
		_, err := Parse("tally", "dev", map[string]string{key: value})
		if err == nil {
			t.Fatal("a configuration without the required settings was accepted")
		}
		if first, _, _ := strings.Cut(err.Error(), "\n"); first == "" {
			t.Errorf("%s=%q: the error is empty", key, value)
		}
	})
}
