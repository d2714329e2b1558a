package process

import (
	"regexp"
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
		_, lines, _ := strings.Cut(string(status), "\n")
		matches := memoryLine.FindAllStringSubmatch(lines, -1)
		if len(matches) != strings.Count("\n"+lines, "\nVmHWM:") {
			return // the kernel writes no others
		}
		var want int64
		if len(matches) > 0 {
			kib, err := strconv.ParseUint(matches[0][1], 10, 50)
			if want = int64(kib) << 10; err != nil {
				want = 0
			}
		}
		if valid := want > 0 || len(matches) > 0 && strings.Trim(matches[0][1], "0") == ""; got != want && ok || ok != valid {
			t.Errorf("%q: %d %t, want %d", status, got, ok, want)
		}
	})
}

var memoryLine = regexp.MustCompile(`(?m)^VmHWM:[\t ]*([0-9]+) kB$`)
