package journal_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"tally/localcloud/cloud"
	"tally/localcloud/journal"
)

// The journal holds a bounded size of steps, and counts all of them.
func TestStepsAreBounded(t *testing.T) {
	j := journal.New(1)
	payload := strings.Repeat("x", 1<<20)
	for range 20 {
		j.Record(cloud.Step{From: "a", To: "b", Input: payload, Error: "no"})
	}
	if n := len(j.Steps()); n != 3 {
		t.Errorf("%d steps of a little more than 1 MiB are kept, want 3", n)
	}
	for range 6000 {
		j.Record(cloud.Step{From: "a", To: "b"})
	}
	if n := len(j.Steps()); n != 2000 {
		t.Errorf("%d small steps are kept, want 2000", n)
	}
	if flows := j.Flows(); len(flows) != 1 || flows[0] != (journal.Flow{From: "a", To: "b", Count: 6020, Failed: 20}) {
		t.Errorf("flows %+v", flows)
	}
}

func TestWatchSteps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := journal.New(1)
		j.Record(cloud.Step{Name: "before"})
		ctx, cancel := context.WithCancel(t.Context())
		seen := j.WatchSteps(ctx)
		j.Record(cloud.Step{Name: "1"})
		var got []string
		var wg sync.WaitGroup
		wg.Go(func() {
			for s := range seen {
				got = append(got, s.Name)
			}
		})
		synctest.Wait()
		j.Record(cloud.Step{Name: "2"})
		synctest.Wait()
		cancel()
		wg.Wait()
		if strings.Join(got, " ") != "1 2" {
			t.Errorf("watched %q", got)
		}
	})
}
