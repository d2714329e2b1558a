package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
)

// warningsShown bounds the warnings of a status.
const warningsShown = 10

func (s *Server) serveStatus(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	// An error here is a client that went away.
	_ = json.NewEncoder(w).Encode(control.Status{
		PID:       os.Getpid(),
		Program:   s.program,
		Started:   s.started,
		Config:    s.config,
		Resources: s.resources(),
		Recorded:  s.withoutEffect(),
		Warnings:  s.warnings(),
	})
}

// resources are those a person asks for; roles, permissions and the like are
// Pulumi's to list.
func (s *Server) resources() (all []control.Resource) {
	for _, a := range s.httpapi.APIs() {
		all = append(all, control.Resource{Type: "api", Name: a.Name, Detail: a.Endpoint()})
	}
	for _, f := range s.lambda.Functions() {
		detail := fmt.Sprintf("%d MB, %d s, log group %s", f.MemoryMB, f.TimeoutSeconds, f.LogGroup)
		all = append(all, control.Resource{Type: "function", Name: f.Name, Detail: detail})
	}
	subscribers := map[string][]string{}
	for _, sub := range s.sns.Subscriptions() {
		to := sub.Endpoint
		if sub.PendingConfirmation {
			to += " (recorded: nothing is sent there)"
		}
		subscribers[sub.TopicARN] = append(subscribers[sub.TopicARN], to)
	}
	for _, t := range s.sns.Topics() {
		detail := t.ARN
		if to := subscribers[t.ARN]; len(to) > 0 {
			detail += " to " + strings.Join(to, ", ")
		}
		all = append(all, control.Resource{Type: "topic", Name: t.Name, Detail: detail})
	}
	return append(all, s.queues()...)
}

// queues are the queues with their numbers of messages.
func (s *Server) queues() (all []control.Resource) {
	for _, q := range s.sqs.Queues() {
		n, err := s.sqs.Count(q.URL)
		if err != nil {
			continue // it was deleted meanwhile
		}
		detail := fmt.Sprintf("messages: %d available, %d in flight, %d delayed; %s", n.Available, n.InFlight, n.Delayed, q.URL)
		all = append(all, control.Resource{Type: "queue", Name: q.Name, Detail: detail})
	}
	return all
}

// warnings are the last few of the journal, oldest first.
func (s *Server) warnings() (last []cloud.Entry) {
	for _, e := range s.journal.Recent() {
		if e.Level == cloud.Warning {
			last = append(last, e)
		}
	}
	return last[max(0, len(last)-warningsShown):]
}
