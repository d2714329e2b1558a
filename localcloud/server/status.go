package server

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
	"tally/localcloud/control"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/lambda/process"
	"tally/localcloud/sns"
)

// maxWarnings bounds the losses, and the other warnings, of a status.
const maxWarnings = 10

func (s *Server) serveStatus(w http.ResponseWriter, _ *http.Request) {
	status, err := s.status()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(status) // the client may be gone
}

func (s *Server) status() (control.Status, error) {
	program, err := s.program()
	if err != nil {
		return control.Status{}, err
	}
	return control.Status{
		PID:         os.Getpid(),
		Program:     program,
		Started:     s.started,
		Config:      s.config,
		NotIsolated: notIsolated(),
		Programs:    list(s.services.Deployments.Programs()),
		Stacks:      list(s.services.Deployments.Stacks()),
		Resources:   list(s.resources()),
		Owed:        list(s.owed()),
		Sizes:       s.sizes(),
		Recorded:    list(s.withoutEffect()),
		Faults:      s.faults(),
		Warnings:    list(s.journal.Warnings(maxWarnings)),
	}, nil
}

func (s *Server) sizes() control.Sizes {
	logs, err := s.services.Logs.Size()
	if err != nil {
		s.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "logs", Message: "the size of the logs is unknown: " + err.Error()})
	}
	return control.Sizes{State: s.state.Size(), Logs: logs}
}

// notIsolated says why functions are not isolated from this machine, or "".
func notIsolated() string {
	if err := process.Isolation(); err != nil {
		return err.Error()
	}
	return ""
}

// list returns items, or an empty slice for nil, which JSON encodes as [].
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}

// resources lists the resources that users look for. For roles, permissions and
// the like, there is Pulumi's own list.
func (s *Server) resources() (all []control.Resource) {
	for _, a := range s.services.HTTPAPI.APIs() {
		all = append(all, control.Resource{
			Type: "api", Name: a.Name, Detail: a.Endpoint(), Stack: s.stack("aws:apigatewayv2/api:Api", a.ID)})
	}
	for _, f := range s.services.Lambda.Functions() {
		detail := fmt.Sprintf("%d MB, %d s, log group %s", f.MemoryMB, f.TimeoutSeconds, f.LogGroup)
		all = append(all, control.Resource{
			Type: "function", Name: f.Name, Detail: detail, Stack: s.stack("aws:lambda/function:Function", f.Name)})
	}
	all = append(all, s.urls()...)
	all = append(all, s.activeAlarms()...)
	all = append(all, s.topics()...)
	all = append(all, s.queues()...)
	return append(all, s.tables()...)
}

// urls lists the URLs of functions and their aliases.
func (s *Server) urls() (all []control.Resource) {
	for _, f := range s.services.Lambda.Functions() {
		urls, _ := s.services.Lambda.FunctionURLs(f.Name) // none if it has been deleted since
		for _, u := range urls {
			stack := ""
			for _, function := range []string{f.Name, f.ARN} { // by which the program may refer to it
				stack = cmp.Or(stack, s.stack("aws:lambda/functionUrl:FunctionUrl", qualified(function, u.Qualifier)))
			}
			all = append(all, control.Resource{Type: "url", Name: qualified(f.Name, u.Qualifier), Detail: u.Address(), Stack: stack})
		}
	}
	return all
}

func qualified(function, qualifier string) string {
	return strings.TrimSuffix(function+"/"+qualifier, "/")
}

// stack returns "project/stack" of the program that created a resource, or "".
func (s *Server) stack(typ, id string) string {
	owner, ok := s.services.Deployments.Owner(typ, id)
	if !ok {
		return ""
	}
	return owner.Stack()
}

// topics lists the topics with their subscribers.
func (s *Server) topics() (all []control.Resource) {
	subscribers := map[string][]string{}
	for _, sub := range s.services.SNS.Subscriptions() {
		to := sub.Where()
		switch {
		case sub.PendingConfirmation && strings.HasPrefix(sub.Protocol, "email"):
			to += " (nothing is sent there: see localcloud emails)"
		case sub.PendingConfirmation:
			to += " (not confirmed: it receives nothing yet)"
		}
		subscribers[sub.TopicARN] = append(subscribers[sub.TopicARN], to)
	}
	for _, t := range s.services.SNS.Topics() {
		detail := t.ARN
		if to := subscribers[t.ARN]; len(to) > 0 {
			detail += " to " + strings.Join(to, ", ")
		}
		all = append(all, control.Resource{
			Type: "topic", Name: t.Name, Detail: detail, Stack: s.stack("aws:sns/topic:Topic", t.ARN)})
	}
	return all
}

// activeAlarms lists the alarms in the state ALARM.
func (s *Server) activeAlarms() (all []control.Resource) {
	alarms, _ := s.services.CloudWatch.Alarms(cloudwatch.AlarmFilter{State: cloudwatch.StateAlarm}) // the filter is valid
	for _, a := range alarms {
		detail := fmt.Sprintf("ALARM since %s: %s", a.State.Since.Local().Format(time.TimeOnly), a.State.Reason)
		all = append(all, control.Resource{
			Type: "alarm", Name: a.Name, Detail: detail, Stack: s.stack("aws:cloudwatch/metricAlarm:MetricAlarm", a.Name)})
	}
	return all
}

// queues lists the queues with their numbers of messages, and the functions that receive them
// through event source mappings.
func (s *Server) queues() (all []control.Resource) {
	for _, q := range s.services.SQS.Queues() {
		n, err := s.services.SQS.Count(q.URL)
		if err != nil {
			continue // it has been deleted since
		}
		detail := fmt.Sprintf("messages: %d available, %d in flight, %d delayed; %s", n.Available, n.InFlight, n.Delayed, q.URL)
		if to := s.receivers(q.ARN); len(to) > 0 {
			detail += " to " + strings.Join(to, ", ")
		}
		all = append(all, control.Resource{
			Type: "queue", Name: q.Name, Detail: detail, Stack: s.stack("aws:sqs/queue:Queue", q.URL)})
	}
	return all
}

// receivers returns the ARNs of the functions that receive the messages of a queue.
func (s *Server) receivers(queueARN string) (functions []string) {
	mappings, _ := s.services.Lambda.EventSourceMappings(queueARN, "") // no function is named
	for _, m := range mappings {
		to := m.Function
		if m.Disabled {
			to += " (disabled)"
		}
		functions = append(functions, to)
	}
	return functions
}

// tables lists the tables with their numbers of items.
func (s *Server) tables() (all []control.Resource) {
	for _, t := range s.services.DynamoDB.Tables() {
		all = append(all, control.Resource{
			Type: "table", Name: t.Name, Detail: fmt.Sprintf("items: %d, %d bytes", t.Count.Items, t.Count.Bytes),
			Stack: s.stack("aws:dynamodb/table:Table", t.Name)})
	}
	return all
}

// owed lists what waits to be delivered or processed.
func (s *Server) owed() []control.Owed {
	return slices.Concat(
		owed(s.services.SNS.Subscriptions(), s.services.SNS.Owed(), s.services.Lambda.Queued()),
		owedEvents("schedule", s.services.Scheduler.Owed()),
		owedEvents("rule", s.services.Events.Owed()),
		owedEvents("rotation", s.services.Secrets.Owed()),
	)
}

// owedEvents lists the events of schedules or of rules.
func owedEvents(typ string, events []timetable.Owed) (all []control.Owed) {
	for _, o := range events {
		all = append(all, control.Owed{Type: typ, Name: o.Name, Endpoint: o.Target, Count: o.Count})
	}
	return all
}

// owed lists the deliveries, by the ARN of the subscription, and the events, by the name of
// the function. A subscription that was deleted may still be owed some, until they are due.
func owed(subscriptions []sns.Subscription, deliveries, events map[string]int) (all []control.Owed) {
	endpoints := map[string]string{}
	for _, sub := range subscriptions {
		endpoints[sub.ARN] = sub.Where()
	}
	for _, arn := range slices.Sorted(maps.Keys(deliveries)) {
		all = append(all, control.Owed{Type: "subscription", Name: arn, Endpoint: endpoints[arn], Count: deliveries[arn]})
	}
	for _, name := range slices.Sorted(maps.Keys(events)) {
		all = append(all, control.Owed{Type: "function", Name: name, Count: events[name]})
	}
	return all
}

// withoutEffect lists what is recorded: whole resources, and properties of
// emulated ones.
func (s *Server) withoutEffect() (all []control.Recorded) {
	for _, r := range s.services.Recorded.Resources() {
		all = append(all, control.Recorded{Type: r.Type, ID: r.ID, Name: r.Name})
	}
	for _, n := range s.services.Recorded.Notes() {
		all = append(all, control.Recorded{Type: n.Type, ID: n.ID, Name: n.Name, Properties: n.Properties})
	}
	return all
}
