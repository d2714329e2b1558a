package server

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/lambda"
	"tally/localcloud/logs"
)

// serveLogs writes the log events of the selected functions as JSON, one a line. With
// follow it continues until the client disconnects.
func (s *Server) serveLogs(w http.ResponseWriter, r *http.Request) {
	query, err := control.ParseLogQuery(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	functions := named(s.services.Lambda.Functions(), query.Function)
	if len(functions) == 0 {
		http.Error(w, noFunction(query.Function, s.services.Lambda.Functions()), http.StatusNotFound)
		return
	}
	began := time.Now().Add(-arrivalDelay)
	existing, recent, err := s.existingLogs(functions, query, began)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	out := &eventWriter{w: w, flush: http.NewResponseController(w).Flush}
	_ = out.flush() // the client receives the status before the first event
	for _, e := range existing {
		out.write(e.function, e.Event)
	}
	if query.Follow {
		ctx, cancel := s.untilShutdown(r.Context())
		defer cancel()
		if query.Since.After(began) {
			began = query.Since
		}
		s.followLogs(ctx, out, functions, began, recent)
	}
}

// arrivalDelay is longer than an event takes from its time to the disk. Events within it
// may arrive after the existing ones have been read.
const arrivalDelay = 10 * time.Second

// functionEvent is an event in the log of a function.
type functionEvent struct {
	function string
	logs.Event
}

// untilShutdown returns a context that also ends when the server shuts down, so
// that a follower does not delay that.
func (s *Server) untilShutdown(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-s.shutdown:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// followLogs copies the events since a time as they arrive, until ctx ends, without those
// that have been read.
func (s *Server) followLogs(ctx context.Context, out *eventWriter, functions []lambda.Function, since time.Time, read map[string]bool) {
	var wg sync.WaitGroup
	for _, f := range functions {
		wg.Go(func() {
			for e := range s.services.Logs.Follow(ctx, f.LogGroup, since) {
				if !read[f.LogGroup+e.ID] {
					out.write(f.Name, e)
				}
			}
		})
	}
	wg.Wait()
}

// existingLogs returns the selected events of the functions, ordered by time. Of those since
// the time recently, it also returns the groups and IDs, whether they are selected or not.
func (s *Server) existingLogs(functions []lambda.Function, selected control.LogQuery, recently time.Time) ([]functionEvent, map[string]bool, error) {
	var all []functionEvent
	recent := map[string]bool{}
	for _, f := range functions {
		first := len(all)
		query := logs.Query{Group: f.LogGroup, From: selected.Since}
		for {
			page, err := s.services.Logs.Filter(query)
			if cloud.ErrorCode(err) == "ResourceNotFoundException" {
				break // the function was never invoked, or may not write logs
			}
			if err != nil {
				return nil, nil, err
			}
			for _, e := range page.Events {
				all = append(all, functionEvent{f.Name, e})
				if !e.Time.Before(recently) {
					recent[f.LogGroup+e.ID] = true
				}
			}
			if extra := len(all) - first - selected.Tail; selected.Tail > 0 && extra > 0 {
				all = slices.Delete(all, first, first+extra)
			}
			if page.Next == "" {
				break
			}
			query.Token = page.Next
		}
	}
	slices.SortStableFunc(all, func(a, b functionEvent) int { return cmp.Compare(a.ID, b.ID) })
	if selected.Tail > 0 {
		all = all[max(0, len(all)-selected.Tail):]
	}
	return all, recent, nil
}

// eventWriter writes the events of concurrent followers, one at a time.
type eventWriter struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	flush func() error
}

// write writes one event. It ignores errors: they mean that the client is gone,
// and then the request's context ends as well.
func (l *eventWriter) write(function string, e logs.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = json.NewEncoder(l.w).Encode(control.LogEvent{Time: e.Time, Function: function, Stream: e.Stream, Message: strings.TrimRight(e.Message, "\n")})
	_ = l.flush()
}

// named returns the functions that name selects: all of them if it is empty; else
// the one with that name; else those whose name, without the suffix that
// autonaming appends, equals it or ends in a dash and it. So "handle-message" also
// selects "tally-local-main-handle-message-1a2b3c4".
func named(functions []lambda.Function, name string) []lambda.Function {
	if name == "" {
		return functions
	}
	var exact, similar []lambda.Function
	for _, f := range functions {
		switch {
		case f.Name == name:
			exact = append(exact, f)
		case cloud.IsNamed(f.Name, name):
			similar = append(similar, f)
		}
	}
	if exact != nil {
		return exact
	}
	return similar
}

// noFunction returns the error message for a name that selects no function.
func noFunction(name string, functions []lambda.Function) string {
	if len(functions) == 0 {
		return "no function is deployed; deploy one with: pulumi up -s local"
	}
	names := make([]string, len(functions))
	for i, f := range functions {
		names[i] = f.Name
	}
	return fmt.Sprintf("there is no function %q; there are: %s", name, strings.Join(names, ", "))
}
