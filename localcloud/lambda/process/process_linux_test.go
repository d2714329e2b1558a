package process

import (
	"strconv"
	"strings"
	"testing"
)

func TestHighWaterMark(t *testing.T) {
	for status, want := range map[string]int64{
		"Name:\tbootstrap\nVmHWM:\t    1234 kB\nVmRSS:\t 99 kB\n": 1234 << 10,
		"Name:\tVmHWM: 1 kB\nVmHWM:\t    1234 kB\n":               1234 << 10, // the function chooses the name
		"Name:\tbootstrap\nVmHWM:\nVmRSS:\t 99 kB\n":              0,
		"Name:\tbootstrap\nState:\tZ (zombie)\n":                  0,
	} {
		if got, ok := highWaterMark([]byte(status)); got != want || ok != (want > 0) {
			t.Errorf("%q: %d, %t, want %d", status, got, ok, want)
		}
	}
}

// FuzzHighWaterMark compares the parser with one that looks at each line. The first line of
// a status has the name of the process, which the process chooses.
func FuzzHighWaterMark(f *testing.F) {
	f.Add([]byte("Name:\tbootstrap\nVmPeak:\t 9 kB\nVmHWM:\t    1234 kB\nVmRSS:\t 99 kB\n"))
	f.Add([]byte("Name:\tVmHWM: 1 kB\nVmHWM:\t    1234 kB\n"))
	f.Add([]byte("Name:\tx\nVmHWM:\t-1 kB\n"))
	f.Add([]byte("Name:\tx\nVmHWM:\t99999999999999999999 kB\n"))
	f.Add([]byte("Name:\tx\nVmHWM:\t\nVmRSS:\t 7 kB\n"))
	f.Fuzz(func(t *testing.T, status []byte) {
		got, ok := highWaterMark(status)
		if got < 0 {
			t.Errorf("%q: %d bytes", status, got)
		}
		var want int64
		found := false
		for i, line := range strings.Split(string(status), "\n") {
			number, isMemory := strings.CutPrefix(line, "VmHWM:")
			if i == 0 || found || !isMemory {
				continue
			}
			found = true
			if number, unit := strings.CutSuffix(number, " kB"); unit {
				kib, err := strconv.ParseUint(strings.TrimSpace(number), 10, 50)
				if err == nil {
					want = int64(kib) << 10
				}
			}
		}
		if got != want && ok || !ok && want > 0 {
			t.Errorf("%q: %d %t, want %d", status, got, ok, want)
		}
	})
}
