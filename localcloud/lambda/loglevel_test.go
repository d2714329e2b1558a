package lambda

import "testing"

// FuzzLogs checks that lines that are not decoded are logged just like others.
func FuzzLogs(f *testing.F) {
	for _, line := range []string{
		"text", "null", "{}", "[1]", `"level"`, `{"level":"debug","time":"2026-01-02T03:04:05Z"}`,
		`{"LEVEL":"DEBUG","timestamp":"2026-01-02T03:04:05Z"}`, `{"le\u0076el":"TRACE","time":"2026-01-02T03:04:05Z"}`,
		`{"vlevel":"DEBUG","time":"2026-01-02T03:04:05Z"}`, `{"level":"ERROR","time":"2026-01-02T03:04:05Z"}`, `{"level":"ERROR"}`,
	} {
		f.Add(line, uint8(2))
		f.Add(line, uint8(4))
	}
	f.Fuzz(func(t *testing.T, line string, level uint8) {
		c := Config{LogFormat: "JSON", ApplicationLogLevel: logLevels[int(level)%len(logLevels)]}
		if got, want := c.logs(line), c.admits(line); got != want {
			t.Errorf("%s %q: logged %t, want %t", c.ApplicationLogLevel, line, got, want)
		}
	})
}
