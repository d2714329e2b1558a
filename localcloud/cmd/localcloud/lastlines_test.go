package main

import (
	"slices"
	"strings"
	"testing"
)

func TestLastLines(t *testing.T) {
	long := strings.Repeat("x", 1<<17)
	for text, want := range map[string]string{
		"":                                  "",
		"old\n" + startMark + "1\n":         "",
		startMark + "1\na\nb":               "  a\n  b",
		"a\n" + long + "\nthe reason\n":     "  a\n  " + long + "\n  the reason",
		strings.Repeat("a\n", 9) + "b\nc\n": strings.Repeat("  a\n", 8) + "  b\n  c",
	} {
		if got := lastLinesOf(strings.NewReader(text)); got != want {
			t.Errorf("%.40q: %.200q, want %.200q", text, got, want)
		}
	}
}

// FuzzLastLines compares the end of a log with a search in all of its text.
func FuzzLastLines(f *testing.F) {
	f.Add("a\n"+startMark+"2026\nb\n\nc", uint16(3))
	f.Add(startMark, uint16(0))
	f.Add("a\r\n"+strings.Repeat("b\n", 11), uint16(65535))
	f.Fuzz(func(t *testing.T, text string, long uint16) {
		text = strings.ReplaceAll(text, "\r", "") + strings.Repeat("x", 2*int(long))
		lines := slices.Collect(strings.Lines(text))
		for i := len(lines) - 1; i >= 0; i-- {
			if strings.HasPrefix(lines[i], startMark) {
				lines = lines[i+1:]
				break
			}
		}
		var want []string
		for _, line := range lines[max(0, len(lines)-10):] {
			want = append(want, "  "+strings.TrimSuffix(line, "\n"))
		}
		if got := lastLinesOf(strings.NewReader(text)); got != strings.Join(want, "\n") {
			t.Errorf("%.200q: %.200q, want %.200q", text, got, want)
		}
	})
}
