package server

import (
	"encoding/json"
	"net/http"

	"tally/localcloud/control"
)

// serveEmails lists the emails that AWS would send.
func (s *Server) serveEmails(w http.ResponseWriter, _ *http.Request) {
	all := []control.Email{}
	for _, m := range s.services.SNS.Emails() {
		all = append(all, control.Email{Time: m.Time, To: m.To, Subject: m.Subject, Body: m.Body, Topic: m.TopicARN})
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(all) // the client may be gone
}
