package process

import (
	"math/big"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestSaturated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var idle, total uint64
		readable := true
		l := &Load{processors: 2, read: func() (uint64, uint64, bool) { return idle, total, readable }}
		for _, step := range []struct {
			what        string
			wait        time.Duration
			idle, total uint64 // in the meantime
			unreadable  bool
			want        bool
		}{
			{"the first measurement", 0, 0, 100, false, true},
			{"busy", 50 * time.Millisecond, 0, 10, false, true},
			{"too early for another measurement", 10 * time.Millisecond, 10, 10, false, true},
			{"half of a processor idle", 50 * time.Millisecond, 25, 100, false, false},
			{"less of it idle", 50 * time.Millisecond, 24, 100, false, true},
			{"too late for a comparison", time.Minute, 100, 100, false, true},
			{"busy again", 50 * time.Millisecond, 0, 10, false, true},
			{"unreadable", 50 * time.Millisecond, 0, 10, true, false},
		} {
			time.Sleep(step.wait)
			idle, total, readable = idle+step.idle, total+step.total, !step.unreadable
			if got := l.Saturated(); got != step.want {
				t.Errorf("%s: %t, want %t", step.what, got, step.want)
			}
		}
	})
}

func TestProcessorTimes(t *testing.T) {
	idle, total, ok := parseProcessorTimes([]byte("cpu  1 20 300 4000 50000 6 7 8 1000000 2000000\ncpu0 1 2 3\n"))
	if idle != 54000 || total != 54342 || !ok {
		t.Errorf("%d %d %t", idle, total, ok)
	}
	for _, invalid := range []string{"", "cpu 1 2 3\n", "cpu 1 2 3 4 5 6 7 x\n", "cpu0 1 2 3 4 5 6 7 8\n"} {
		if _, _, ok := parseProcessorTimes([]byte(invalid)); ok {
			t.Errorf("%q was parsed", invalid)
		}
	}
	if _, total, ok := processorTimes(); total == 0 || !ok {
		t.Error("the times of this machine cannot be read")
	}
}

// FuzzProcessorTimes compares the parser with one of numbers of any size.
func FuzzProcessorTimes(f *testing.F) {
	f.Add([]byte("cpu  1 20 300 4000 50000 6 7 8 1000000 2000000\ncpu0 1 2 3\n"))
	f.Add([]byte("cpu 1 2 3\n"))
	f.Add([]byte("cpu 18446744073709551615 1 2 3 4 5 6 18446744073709551615\n"))
	f.Add([]byte("cpu0 1 2 3 4 5 6 7 8\n"))
	f.Fuzz(func(t *testing.T, stat []byte) {
		idle, total, ok := parseProcessorTimes(stat)
		fields := strings.Fields(strings.SplitN(string(stat), "\n", 2)[0])
		want := len(fields) >= 9 && fields[0] == "cpu"
		sum, resting := new(big.Int), new(big.Int)
		for i := 1; i < 9 && want; i++ {
			n, err := strconv.ParseUint(fields[i], 10, 64)
			want = err == nil
			sum.Add(sum, new(big.Int).SetUint64(n))
			if i == 4 || i == 5 {
				resting.Add(resting, new(big.Int).SetUint64(n))
			}
		}
		wrap := new(big.Int).Lsh(big.NewInt(1), 64) // only differences matter
		if ok != want || ok && (total != sum.Mod(sum, wrap).Uint64() || idle != resting.Mod(resting, wrap).Uint64()) {
			t.Errorf("%q: %d %d %t, want %s %s %t", stat, idle, total, ok, resting, sum, want)
		}
	})
}
