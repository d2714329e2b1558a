package server

import (
	"cmp"
	"context"
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

// serveLogs writes the log lines of the selected functions as text, each with
// its time and function. With follow it continues until the client disconnects.
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
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	out := &lineWriter{w: w, flush: http.NewResponseController(w).Flush}
	_ = out.flush() // the client receives the status before the first line
	written, err := s.copyLogs(out, functions, query.Since)
	if err != nil {
		fmt.Fprintln(w, err)
		return
	}
	if query.Follow {
		ctx, cancel := s.untilShutdown(r.Context())
		defer cancel()
		s.followLogs(ctx, out, functions, query.Since, written)
	}
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

// followLogs copies every function's log as it grows, until ctx ends, without the
// lines that have been written.
func (s *Server) followLogs(ctx context.Context, out *lineWriter, functions []lambda.Function, since time.Time, written map[string]map[string]bool) {
	var wg sync.WaitGroup
	for _, f := range functions {
		wg.Go(func() {
			for e := range s.services.Logs.Follow(ctx, f.LogGroup, since) {
				if !written[f.Name][e.ID] {
					out.line(f.Name, e)
				}
			}
		})
	}
	wg.Wait()
}

// copyLogs writes all existing log lines of the functions, ordered by time. It
// returns the IDs of the events by function.
func (s *Server) copyLogs(out *lineWriter, functions []lambda.Function, since time.Time) (map[string]map[string]bool, error) {
	type line struct {
		function string
		event    logs.Event
	}
	var lines []line
	written := map[string]map[string]bool{}
	for _, f := range functions {
		written[f.Name] = map[string]bool{}
		query := logs.Query{Group: f.LogGroup, From: since}
		for {
			page, err := s.services.Logs.Filter(query)
			if cloud.ErrorCode(err) == "ResourceNotFoundException" {
				break // the function was never invoked, or may not write logs
			}
			if err != nil {
				return nil, err
			}
			for _, e := range page.Events {
				lines = append(lines, line{f.Name, e})
				written[f.Name][e.ID] = true
			}
			if page.Next == "" {
				break
			}
			query.Token = page.Next
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return cmp.Compare(a.event.ID, b.event.ID) })
	for _, l := range lines {
		out.line(l.function, l.event)
	}
	return written, nil
}

// lineWriter writes the lines of concurrent followers, one at a time.
type lineWriter struct {
	mu    sync.Mutex
	w     http.ResponseWriter
	flush func() error
}

// line writes one event. It ignores errors: they mean that the client is gone,
// and then the request's context ends as well.
func (l *lineWriter) line(function string, e logs.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintf(l.w, "%s %s %s\n", e.Time.Local().Format("15:04:05.000"), function, strings.TrimRight(e.Message, "\n"))
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
