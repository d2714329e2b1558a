package logs_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/iam"
	"tally/localcloud/logs"
	"tally/localcloud/store"
)

// WriteLog requires each permission of AWSLambdaBasicExecutionRole only if it is
// necessary.
func TestWriteLogIsAuthorized(t *testing.T) {
	const (
		createGroup  = "logs:CreateLogGroup arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:"
		createStream = "logs:CreateLogStream arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s"
		put          = "logs:PutLogEvents arn:aws:logs:us-east-1:000000000000:log-group:g:log-stream:s"
	)
	refusal := &cloud.Error{Code: "AccessDeniedException", Message: "no"}
	for _, c := range []struct {
		name          string
		group, stream bool // whether they exist before
		refused       string
		required      []string
		exist         string // the group and stream that exist afterwards
	}{
		{"first write", false, false, "", []string{createGroup, createStream, put}, "g s"},
		{"group exists", true, false, "", []string{createStream, put}, "g s"},
		{"all exists", true, true, "", []string{put}, "g s"},
		{"no group", false, false, createGroup, []string{createGroup}, ""},
		{"no stream", false, false, createStream, []string{createGroup, createStream}, "g"},
		{"no events", true, true, put, []string{put}, "g s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var required []string
			check := false
			s := open(t, nil, func(r cloud.Request) error {
				permission := r.Action + " " + r.Resource
				if !check {
					return nil
				}
				if r.Caller.Role != "role" {
					t.Errorf("authorized caller %v", r.Caller)
				}
				required = append(required, permission)
				if permission == c.refused {
					return refusal
				}
				return nil
			})
			if c.group {
				if _, err := s.CreateGroup(logs.Group{Name: "g"}); err != nil {
					t.Fatal(err)
				}
			}
			if c.stream {
				write(t, s, "g", "s")
			}
			check = true
			err := s.WriteLog(t.Context(), cloud.Caller{Role: "role"}, "g", "s", []cloud.LogEvent{{Time: time.Now(), Message: "m"}})
			if refused := c.refused != ""; refused != (err == error(refusal)) || !refused && err != nil {
				t.Errorf("error %v", err)
			}
			if !slices.Equal(required, c.required) {
				t.Errorf("required %q, want %q", required, c.required)
			}
			if got := existing(t, s); got != c.exist {
				t.Errorf("afterwards %q exist, want %q", got, c.exist)
			}
		})
	}
}

// Log delivery may write to existing groups, and only for resources of this account.
// No other service may write.
func TestWriteLogOfServices(t *testing.T) {
	authority, err := iam.New(place(), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := logs.New(place(), nil, authority)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateGroup(logs.Group{Name: "g"}); err != nil {
		t.Fatal(err)
	}
	source := place().ARN("logs", "delivery-source:x")
	for name, c := range map[string]struct {
		caller cloud.Caller
		group  string
		want   string
	}{
		"delivery":        {cloud.Caller{Service: "delivery.logs.amazonaws.com", SourceARN: source}, "g", ""},
		"missing group":   {cloud.Caller{Service: "delivery.logs.amazonaws.com", SourceARN: source}, "h", "AccessDeniedException"},
		"no source":       {cloud.Caller{Service: "delivery.logs.amazonaws.com"}, "g", "AccessDeniedException"},
		"for a topic":     {cloud.Caller{Service: "delivery.logs.amazonaws.com", SourceARN: place().ARN("sns", "x")}, "g", "AccessDeniedException"},
		"another service": {cloud.Caller{Service: "sns.amazonaws.com", SourceARN: source}, "g", "AccessDeniedException"},
	} {
		err := s.WriteLog(t.Context(), c.caller, c.group, "s", []cloud.LogEvent{{Time: time.Now(), Message: "m"}})
		if cloud.ErrorCode(err) != c.want || c.want == "" && err != nil {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// existing returns the names of the group "g" and of its first stream, if they exist.
func existing(t *testing.T, s *logs.Service) string {
	t.Helper()
	if len(s.Groups("")) == 0 {
		return ""
	}
	streams, err := s.Streams("g", "")
	if err != nil {
		t.Fatal(err)
	}
	if len(streams) == 0 {
		return "g"
	}
	return "g " + streams[0].Name
}

func TestWriteLogRefusesStreamNames(t *testing.T) {
	s := open(t, nil, allow)
	for _, name := range []string{"", "a:b", "a*"} {
		err := s.WriteLog(t.Context(), cloud.Caller{}, "g", name, nil)
		wantError(t, name, err, "InvalidParameterException", "1 validation error detected: Value '"+name+
			"' at 'logStreamName' failed to satisfy constraint: Member must satisfy regular expression pattern: [^:*]*, and have length between 1 and 512")
	}
}

func TestLongMessagesAreSplit(t *testing.T) {
	const limit = 1<<20 - 26
	s := open(t, nil, allow)
	long := strings.Repeat("x", limit-1) + "ü" + strings.Repeat("y", limit) // ü would straddle the first cut
	events := []cloud.LogEvent{{Time: time.UnixMilli(5), Message: long}, {Time: time.UnixMilli(5), Message: "short"}}
	if err := s.WriteLog(t.Context(), cloud.Caller{}, "g", "s", events); err != nil {
		t.Fatal(err)
	}
	var got []string
	for e := range s.Follow(t.Context(), "g", time.Time{}) {
		if len(e.Message) > limit {
			t.Errorf("a message of %d bytes", len(e.Message))
		}
		if got = append(got, e.Message); e.Message == "short" {
			break
		}
	}
	if len(got) != 4 || strings.Join(got[:3], "") != long || !strings.HasPrefix(got[1], "ü") {
		t.Errorf("split into %d", len(got)-1)
	}
}

// Events past their retention are hidden, and within an hour they are deleted.
func TestRetention(t *testing.T) {
	const day = 24 * time.Hour
	synctest.Test(t, func(t *testing.T) {
		s := open(t, nil, allow)
		defer s.Close()
		if _, err := s.CreateGroup(logs.Group{Name: "g", RetentionDays: 1}); err != nil {
			t.Fatal(err)
		}
		s.Start(0, func(err error) { t.Error(err) })
		line := func(m string) {
			if err := s.WriteLog(t.Context(), cloud.Caller{}, "g", "s", []cloud.LogEvent{{Time: time.Now(), Message: m}}); err != nil {
				t.Fatal(err)
			}
		}
		visible := func() []string {
			page, err := s.Filter(logs.Query{Group: "g"})
			if err != nil {
				t.Fatal(err)
			}
			tail, err := s.Events(logs.Query{Group: "g", Streams: []string{"s"}})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(messages(page.Events), messages(tail.Events)) {
				t.Errorf("Filter returns %v, Events %v", page.Events, tail.Events)
			}
			return messages(page.Events)
		}
		line("old")
		time.Sleep(day / 2)
		line("new")
		time.Sleep(day/2 + 2*time.Hour)
		if got := visible(); !slices.Equal(got, []string{"new"}) {
			t.Errorf("after a day: %v", got)
		}
		for e := range s.Follow(t.Context(), "g", time.Time{}) {
			if e.Message != "new" {
				t.Errorf("after a day, Follow yields %q", e.Message)
			}
			break
		}
		line("newest")
		if _, err := s.UpdateGroup(logs.Group{Name: "g"}); err != nil {
			t.Fatal(err)
		}
		if got := visible(); !slices.Equal(got, []string{"new", "newest"}) {
			t.Errorf("without retention: %v", got)
		}
	})
}

// Concurrent writers, such as execution environments, lose nothing.
func TestConcurrentWriters(t *testing.T) {
	st, err := store.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer st.Close()
	s := open(t, st, allow)
	const writers, each = 16, 25
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for n := range each {
				write(t, s, "g", string(rune('a'+w)), n)
			}
		})
	}
	wg.Wait()
	page, err := s.Filter(logs.Query{Group: "g"})
	if err != nil || len(page.Events) != writers*each {
		t.Fatalf("%d events, %v", len(page.Events), err)
	}
	byTime := func(a, b logs.Event) int { return a.Time.Compare(b.Time) }
	if !slices.IsSortedFunc(page.Events, byTime) {
		t.Error("not in order of time")
	}
	ids := map[string]bool{}
	for _, e := range page.Events {
		ids[e.ID] = true
	}
	if len(ids) != writers*each {
		t.Errorf("%d different IDs", len(ids))
	}
}
