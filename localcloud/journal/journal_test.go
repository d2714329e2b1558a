package journal_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/journal"
)

func appendEntries(j *journal.Journal, from, to int) {
	for n := from; n <= to; n++ {
		j.Append(cloud.Entry{Message: fmt.Sprint(n)})
	}
}

func messages(entries []cloud.Entry) []string {
	var m []string
	for _, e := range entries {
		m = append(m, e.Message)
	}
	return m
}

func TestRecent(t *testing.T) {
	j := journal.New(3)
	if got := j.Recent(); len(got) != 0 {
		t.Errorf("a new journal holds %v", got)
	}
	appendEntries(j, 1, 2)
	if got, want := messages(j.Recent()), []string{"1", "2"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	appendEntries(j, 3, 5)
	if got, want := messages(j.Recent()), []string{"3", "4", "5"}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestAppendSetsTheTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := journal.New(2)
		given := time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)
		j.Append(cloud.Entry{Time: given})
		j.Append(cloud.Entry{})
		if got := j.Recent(); !got[0].Time.Equal(given) || !got[1].Time.Equal(time.Now()) {
			t.Errorf("times %v and %v, want %v and %v", got[0].Time, got[1].Time, given, time.Now())
		}
	})
}

func TestSubscribe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		j := journal.New(10)
		appendEntries(j, 1, 1)
		ctx, cancel := context.WithCancel(t.Context())
		seen := j.Subscribe(ctx) // starts here, not at the first read
		appendEntries(j, 2, 3)
		var got []cloud.Entry
		var wg sync.WaitGroup
		wg.Go(func() { got = slices.Collect(seen) })
		synctest.Wait()
		appendEntries(j, 4, 4)
		synctest.Wait()
		cancel()
		wg.Wait()
		if got, want := messages(got), []string{"2", "3", "4"}; !slices.Equal(got, want) {
			t.Errorf("%v, want %v", got, want)
		}
	})
}

func TestSubscribeReportsMissedEntries(t *testing.T) {
	j := journal.New(2)
	next, stop := iter.Pull(j.Subscribe(t.Context()))
	defer stop()
	appendEntries(j, 1, 1)
	if e, _ := next(); e.Message != "1" {
		t.Fatalf("first entry %q, want 1", e.Message)
	}
	appendEntries(j, 2, 6)
	missed, _ := next()
	if missed.Level != cloud.Warning || missed.Service != "journal" || missed.Message != "missed 3 entries: they were appended faster than they were read" {
		t.Errorf("got %+v, want a warning about 3 missed entries", missed)
	}
	for _, want := range []string{"5", "6"} {
		if e, _ := next(); e.Message != want {
			t.Errorf("next entry %q, want %q", e.Message, want)
		}
	}
}

func TestConcurrentAppends(t *testing.T) {
	const writers, each = 8, 200
	j := journal.New(writers * each)
	seen := j.Subscribe(t.Context())
	for range writers {
		go appendEntries(j, 1, each)
	}
	count := 0
	for range seen {
		if count++; count == writers*each {
			break
		}
	}
	if got := len(j.Recent()); got != writers*each {
		t.Errorf("%d entries in the journal, want %d", got, writers*each)
	}
}
