package server

import (
	"context"
	"encoding/json"
	"io"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
)

// TestEvents reads what happens after the first event: entries of the journal, and events of
// log groups, also of one that did not exist before. Nothing older is repeated.
func TestEvents(t *testing.T) {
	s := serve(t, t.TempDir())
	one := s.deploy(t, "one-1a2b3c4")
	s.write(t, one.LogGroup, "before")
	s.journal.Append(cloud.Entry{Service: "sns", Message: "before"})
	time.Sleep(2 * time.Millisecond) // times of log events have milliseconds

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r, w := io.Pipe()
	go func() { w.CloseWithError(control.Events(ctx, s.Config(), w)) }()
	read := json.NewDecoder(r)
	next := func() (e control.Event) {
		t.Helper()
		if err := read.Decode(&e); err != nil {
			t.Fatal(err)
		}
		if time.Since(e.Time) > time.Minute {
			t.Errorf("time %v", e.Time)
		}
		e.Time = time.Time{}
		return e
	}
	if got, want := next(), (control.Event{Service: "localcloud", Message: control.Watching}); got != want {
		t.Errorf("first %+v, want %+v", got, want)
	}
	s.journal.Append(cloud.Entry{Service: "sns", Resource: "numbers", Level: cloud.Warning, Message: "refused"})
	if got, want := next(), (control.Event{Service: "sns", Resource: "numbers", Warning: true, Message: "refused"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	s.write(t, one.LogGroup, "after")
	if got, want := next(), (control.Event{LogGroup: one.LogGroup, Message: "after"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	two := s.deploy(t, "two-1a2b3c4")
	s.write(t, two.LogGroup, "new")
	if got, want := next(), (control.Event{LogGroup: two.LogGroup, Message: "new"}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
