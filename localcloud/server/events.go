package server

import (
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
)

// serveEvents writes what happens as lines of JSON until the client disconnects.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := s.untilShutdown(r.Context())
	defer cancel()
	// Followed from here on: both sequences begin now, not when they are first read.
	entries, from := s.journal.Subscribe(ctx), time.Now().Truncate(time.Millisecond)
	w.Header().Set("Content-Type", "application/x-ndjson")
	var mu sync.Mutex
	send := func(e control.Event) {
		mu.Lock()
		defer mu.Unlock()
		_ = json.NewEncoder(w).Encode(e) // the client may be gone; then ctx ends, too
		_ = http.NewResponseController(w).Flush()
	}
	send(control.Event{Time: time.Now(), Service: "localcloud", Message: control.Watching})
	var followers sync.WaitGroup
	followers.Go(func() {
		for e := range entries {
			send(control.Event{Time: e.Time, Warning: e.Level == cloud.Warning, Service: e.Service, Resource: e.Resource, Message: e.Message})
		}
	})
	followers.Go(func() {
		for group, e := range s.services.Logs.FollowAll(ctx, from) {
			send(control.Event{Time: e.Time, LogGroup: group, Message: e.Message})
		}
	})
	followers.Wait()
}
