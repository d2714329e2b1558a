package process

import "testing"

func TestHighWaterMark(t *testing.T) {
	for status, want := range map[string]int64{
		"Name:\tbootstrap\nVmHWM:\t    1234 kB\nVmRSS:\t 99 kB\n": 1234 << 10,
		"Name:\tbootstrap\nState:\tZ (zombie)\n":                  0,
	} {
		if got, ok := highWaterMark([]byte(status)); got != want || ok != (want > 0) {
			t.Errorf("%q: %d, %t, want %d", status, got, ok, want)
		}
	}
}

func FuzzHighWaterMark(f *testing.F) {
	f.Add([]byte("VmHWM:\t    1234 kB\n"))
	f.Add([]byte("VmHWM:\t-1 kB\n"))
	f.Add([]byte("VmHWM:\t99999999999999999999 kB\n"))
	f.Fuzz(func(t *testing.T, status []byte) {
		if got, ok := highWaterMark(status); ok && got < 0 {
			t.Errorf("%d bytes", got)
		}
	})
}
