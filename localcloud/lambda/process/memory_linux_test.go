package process

import (
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// thisProcess is a program that is this process, and that counts how often it is killed.
type thisProcess struct{ kills int }

func (p *thisProcess) wait() error { return nil }
func (p *thisProcess) kill()       { p.kills++ }
func (p *thisProcess) pid() int    { return os.Getpid() }
func (p *thisProcess) root() int   { return os.Getpid() }

// TestSampler checks that the memory of an environment is checked while it runs an event
// and once more afterwards, so that a spike in a short event is found, and no longer.
func TestSampler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sampler
		modest, greedy := &thisProcess{}, &thisProcess{}
		running := &environment{program: modest, life: t.Context(), limit: 1 << 20}
		s.start(running)
		time.Sleep(5 * memoryInterval)
		spike := &environment{program: greedy, life: t.Context(), limit: 1}
		s.start(spike)
		s.stop(spike)
		time.Sleep(memoryAge + 2*memoryInterval)
		synctest.Wait()
		if modest.kills != 0 || running.peak.Load() == 0 {
			t.Errorf("peak %d, killed %d times within the limit", running.peak.Load(), modest.kills)
		}
		if greedy.kills != 1 {
			t.Errorf("killed %d times over the limit, want once after the event", greedy.kills)
		}
		s.stop(running)
		time.Sleep(memoryAge + 2*memoryInterval)
		synctest.Wait()
		if s.sampling || len(s.sampled) > 0 {
			t.Errorf("still sampling %d environments", len(s.sampled))
		}
	})
}

// TestShortEvents checks that not every short event reads the peak at its end.
func TestShortEvents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := &environment{program: &thisProcess{}, limit: 1}
		for _, step := range []struct {
			pause, run time.Duration
			want       bool
		}{
			{0, time.Millisecond, true}, // the first one
			{0, time.Millisecond, false},
			{time.Second, time.Millisecond, true},
			{0, memoryAge, true}, // a long one
			{memoryAge - 2*time.Millisecond, time.Millisecond, false},
			{0, time.Millisecond, true},
		} {
			time.Sleep(step.pause)
			e.peak.Store(0)
			time.Sleep(step.run)
			if got := e.overLimit(time.Now()); got != step.want {
				t.Errorf("%v: read %t", step, got)
			}
		}
	})
}

// TestResident checks that the end of a short event reads what the process uses then.
func TestResident(t *testing.T) {
	r := openResident(os.Getpid())
	defer r.close()
	e := &environment{program: &thisProcess{}, resident: r, limit: 1}
	now := time.Now()
	e.readAt.Store(&now)
	if !e.overLimit(now) || e.MaxMemoryMB() < 2 {
		t.Errorf("%d MB used by this process", e.MaxMemoryMB())
	}
	for statm, want := range map[string]int64{"3000 25 7 8 0 9 0\n": 25, "": 0, "3000": 0, "3000 x 7": 0} {
		if got := residentBytes([]byte(statm)); got != want*int64(os.Getpagesize()) {
			t.Errorf("%q: %d bytes, want %d pages", statm, got, want)
		}
	}
}
