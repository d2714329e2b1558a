package server

import "tally/localcloud/control"

// withoutEffect is what is kept and does nothing: whole resources, and
// properties of others.
func (s *Server) withoutEffect() (all []control.Recorded) {
	for _, r := range s.recorded.Resources() {
		all = append(all, control.Recorded{Type: r.Type, ID: r.ID, Name: r.Name})
	}
	for _, n := range s.recorded.Notes() {
		all = append(all, control.Recorded{Type: n.Type, ID: n.ID, Name: n.Name, Properties: n.Properties})
	}
	return all
}
