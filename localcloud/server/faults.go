package server

import (
	"encoding/json"
	"net/http"

	"tally/localcloud/control"
)

// serveSetFaults replaces the faults.
func (s *Server) serveSetFaults(w http.ResponseWriter, r *http.Request) {
	var faults control.Faults
	in := json.NewDecoder(r.Body)
	in.DisallowUnknownFields() // of a newer command
	err := in.Decode(&faults)
	if err == nil {
		err = s.services.Faults.Set(faults)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// serveClearFaults ends all faults.
func (s *Server) serveClearFaults(w http.ResponseWriter, _ *http.Request) {
	if err := s.services.Faults.Clear(); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
	}
}

// faults describes the faults that are set, or returns nil.
func (s *Server) faults() *control.FaultStatus {
	plan, injected, ok := s.services.Faults.Plan()
	if !ok {
		return nil
	}
	var functions []string
	for _, f := range s.services.Lambda.Functions() {
		functions = append(functions, f.Name)
	}
	var tables []string
	for _, t := range s.services.DynamoDB.Tables() {
		tables = append(tables, t.Name)
	}
	return &control.FaultStatus{Faults: plan, Injected: injected, Unused: plan.Unused(functions, tables)}
}
