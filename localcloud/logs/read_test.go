package logs_test

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/logs"
)

func ms(n int64) time.Time { return time.UnixMilli(n) }

func TestFilter(t *testing.T) {
	s := open(t, nil, allow)
	write(t, s, "g", "a/1", 10, 30, 50)
	write(t, s, "g", "a/2", 20, 30)
	write(t, s, "g", "b", 40)
	for name, c := range map[string]struct {
		query logs.Query
		want  []string
	}{
		"everything, by time":     {logs.Query{}, []string{"10", "20", "30", "30", "40", "50"}},
		"both ends are inclusive": {logs.Query{From: ms(20), To: ms(40)}, []string{"20", "30", "30", "40"}},
		"streams":                 {logs.Query{Streams: []string{"a/2", "b"}}, []string{"20", "30", "40"}},
		"stream prefix":           {logs.Query{StreamPrefix: "a/"}, []string{"10", "20", "30", "30", "50"}},
		"pattern":                 {logs.Query{Pattern: "30"}, []string{"30", "30"}},
		"nothing":                 {logs.Query{Pattern: "x"}, nil},
	} {
		c.query.Group = "g"
		page, err := s.Filter(c.query)
		if got := messages(page.Events); err != nil || page.Next != "" || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, next %q, %v", name, got, page.Next, err)
		}
		// One event per page yields the same events.
		var paged []string
		for c.query.Limit = 1; ; {
			page, err := s.Filter(c.query)
			if err != nil || len(page.Events) > 1 {
				t.Fatalf("%s: %d events, %v", name, len(page.Events), err)
			}
			paged = append(paged, messages(page.Events)...)
			if c.query.Token = page.Next; page.Next == "" {
				break
			}
		}
		if !slices.Equal(paged, c.want) {
			t.Errorf("%s, paged: %v", name, paged)
		}
	}
}

func TestQueryErrors(t *testing.T) {
	s := open(t, nil, allow)
	write(t, s, "g", "s", 1)
	const parameter, missing = "InvalidParameterException", "ResourceNotFoundException"
	for _, c := range []struct {
		query         logs.Query
		code, message string
	}{
		{logs.Query{Group: "none"}, missing, noGroup},
		{logs.Query{Group: "g", Streams: []string{"none"}}, missing, "The specified log stream does not exist."},
		{logs.Query{Group: "g", Streams: []string{"s"}, StreamPrefix: "s"}, parameter, "logStreamNames and logStreamNamePrefix cannot be given together"},
		{logs.Query{Group: "g", Streams: []string{"s"}, Limit: 10001}, parameter,
			"1 validation error detected: Value '10001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 10000"},
		{logs.Query{Group: "g", Streams: []string{"s"}, Limit: -1}, parameter,
			"1 validation error detected: Value '-1' at 'limit' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{logs.Query{Group: "g", Streams: []string{"s"}, Token: "f/1/s"}, parameter, "The specified nextToken is invalid."},
		{logs.Query{Group: "g", Streams: []string{"s"}, Token: strings.Repeat("x", 56)}, parameter, "The specified nextToken is invalid."},
	} {
		_, err := s.Filter(c.query)
		wantError(t, "Filter", err, c.code, c.message)
		_, err = s.Events(c.query)
		wantError(t, "Events", err, c.code, c.message)
	}
	_, err := s.Events(logs.Query{Group: "g"})
	wantError(t, "no stream", err, parameter, "GetLogEvents reads one log stream, not 0")
	_, err = s.Filter(logs.Query{Group: "g", Pattern: "%x%"})
	wantError(t, "pattern", err, parameter, "Invalid filter pattern: regular expressions (%…%) are not emulated")
}

func TestEventsOfAStream(t *testing.T) {
	s := open(t, nil, allow)
	write(t, s, "g", "s", 10, 20, 30, 40, 50)
	write(t, s, "g", "other", 15, 25, 60)
	get := func(q logs.Query) ([]string, logs.StreamPage) {
		t.Helper()
		q.Group, q.Streams = "g", []string{"s"}
		page, err := s.Events(q)
		if err != nil {
			t.Fatal(err)
		}
		return messages(page.Events), page
	}
	want := func(what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}

	got, page := get(logs.Query{Limit: 2})
	want("newest page first", got, "40", "50")
	got, page = get(logs.Query{Limit: 2, Token: page.Backward})
	want("backward", got, "20", "30")
	got, page = get(logs.Query{Limit: 2, Token: page.Backward})
	want("backward again", got, "10")
	got, end := get(logs.Query{Limit: 2, Token: page.Backward})
	want("at the beginning", got)
	if end.Backward != page.Backward {
		t.Errorf("at the beginning, the token changes from %s to %s", page.Backward, end.Backward)
	}
	got, _ = get(logs.Query{Limit: 2, Token: end.Forward})
	want("forward from the beginning", got, "10", "20")

	got, page = get(logs.Query{Limit: 3, FromHead: true})
	want("oldest page first", got, "10", "20", "30")
	got, page = get(logs.Query{Limit: 3, Token: page.Forward})
	want("forward", got, "40", "50")
	got, end = get(logs.Query{Limit: 3, Token: page.Forward})
	want("at the end", got)
	if end.Forward != page.Forward {
		t.Errorf("at the end, the token changes from %s to %s", page.Forward, end.Forward)
	}
	write(t, s, "g", "s", 70)
	got, _ = get(logs.Query{Token: end.Forward})
	want("written since", got, "70")
	got, _ = get(logs.Query{Token: end.Backward, Limit: 1})
	want("backward from the end", got, "50")

	got, _ = get(logs.Query{From: ms(20), To: ms(40)})
	want("the end is exclusive", got, "20", "30")
	got, page = get(logs.Query{From: ms(99)})
	want("no events yet", got)
	write(t, s, "g", "s", 99)
	got, _ = get(logs.Query{Token: page.Forward, From: ms(99)})
	want("written later", got, "99")
}

func TestPageSize(t *testing.T) {
	s := open(t, nil, allow)
	var events []cloud.LogEvent
	for n := range 4 {
		events = append(events, cloud.LogEvent{Time: ms(int64(n)), Message: strings.Repeat("x", 400_000)})
	}
	if err := s.WriteLog(t.Context(), cloud.Caller{}, "g", "s", events); err != nil {
		t.Fatal(err)
	}
	page, err := s.Filter(logs.Query{Group: "g"})
	if err != nil || len(page.Events) != 2 || page.Next == "" {
		t.Errorf("%d events of 400 kB in a page, next %q, %v", len(page.Events), page.Next, err)
	}
}

func TestFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil, allow)
		ctx, cancel := context.WithCancel(t.Context())
		next, stop := iter.Pull(s.Follow(ctx, "g", ms(2)))
		defer stop()
		expect := func(want string) {
			t.Helper()
			if e, ok := next(); !ok || e.Message != want {
				t.Errorf("got %q, %v, want %q", e.Message, ok, want)
			}
		}
		go func() { // the group does not exist when Follow is called
			time.Sleep(time.Minute)
			write(t, s, "g", "s", 1, 2, 9)
		}()
		expect("2")
		expect("9")
		write(t, s, "other", "s", 7)
		write(t, s, "g", "t", 3) // older than an event already received, but new
		expect("3")
		go func() {
			time.Sleep(time.Minute)
			cancel()
		}()
		if e, ok := next(); ok {
			t.Errorf("after the end of ctx: %v", e)
		}
	})
}

func TestFollowEndsWithTheService(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil, allow)
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for e := range s.Follow(t.Context(), "g", time.Time{}) {
				t.Errorf("event %v", e)
			}
		}()
		synctest.Wait()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		<-ended
	})
}

// TestFollowLosesNothing checks that a reader slower than all writers together
// receives every event, and the events of each stream in the order in which they were
// written.
func TestFollowLosesNothing(t *testing.T) {
	s := open(t, nil, allow)
	const writers, each = 4, 500
	for w := range writers {
		go func() {
			for n := range each {
				write(t, s, "g", fmt.Sprint(w), n)
			}
		}()
	}
	last := map[string]int{}
	total := 0
	for e := range s.Follow(t.Context(), "g", time.Time{}) {
		if want := fmt.Sprint(last[e.Stream]); e.Message != want {
			t.Fatalf("stream %s: got %s, want %s", e.Stream, e.Message, want)
		}
		last[e.Stream]++
		if total++; total == writers*each {
			break
		}
	}
}
