package server

import (
	"fmt"
	"net/http"

	"tally/localcloud/control"
)

// serveDebug prepares a function for a debugger until the client disconnects. It writes a
// line when the function has started.
func (s *Server) serveDebug(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := s.untilShutdown(r.Context())
	defer cancel()
	name := r.URL.Query().Get("function")
	functions := named(s.services.Lambda.Functions(), name)
	if name == "" || len(functions) != 1 {
		http.Error(w, noFunction(name, s.services.Lambda.Functions()), http.StatusNotFound)
		return
	}
	err := s.services.Lambda.Debug(ctx, functions[0].Name, r.URL.Query().Get("qualifier"), func() {
		fmt.Fprintln(w, control.Debugging)
		_ = http.NewResponseController(w).Flush() // the client may be gone; then ctx ends, too
	})
	if err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
	}
}
