package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/events"
	"tally/localcloud/iam"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/logs"
	"tally/localcloud/scheduler"
)

// scheduled returns the event of a schedule or a rule without an input.
func scheduled(source string, place cloud.Place, arn string) string {
	return timetable.Event{ID: "00000000-0000-0000-0000-000000000000", At: time.Now()}.Scheduled(source, place, arn, struct{}{})
}

// A resourceView is what the page shows of one resource of the map.
type resourceView struct {
	ID            string      `json:"id"`
	Configuration any         `json:"configuration"`
	Policy        string      `json:"policy,omitempty"` // the resource policy, as JSON
	Grants        []iam.Grant `json:"grants,omitempty"` // of the role of a function
	Logs          []logLine   `json:"logs,omitempty"`   // of a function, the newest last
}

type logLine struct {
	Time    time.Time `json:"time"`
	Message string    `json:"message"`
}

// resource returns the resource whose ID is in the query.
func (c *Console) resource(r *http.Request) (any, error) {
	id := r.URL.Query().Get("id")
	for _, find := range []func(string) (resourceView, bool){c.functionResource, c.messagingResource, c.otherResource} {
		if v, ok := find(id); ok {
			v.ID = id
			return v, nil
		}
	}
	return nil, notFound("There is no resource %s", id)
}

func (c *Console) functionResource(id string) (v resourceView, ok bool) {
	if cloud.ServiceOf(id) != "lambda" {
		return v, false
	}
	f, err := c.Services.Lambda.Function(id[strings.LastIndexByte(id, ':')+1:])
	if err != nil {
		return v, false
	}
	v.Configuration = f
	v.Policy, _ = c.Services.Lambda.Policy(f.Name) // "" for none
	role := f.Role[strings.LastIndexByte(f.Role, '/')+1:]
	for _, a := range c.Services.IAM.Access() {
		if a.Role == role {
			v.Grants = a.Grants
		}
	}
	v.Logs = c.tail(f.LogGroup)
	return v, true
}

// tail returns the last lines of a log group of the last hour.
func (c *Console) tail(group string) (lines []logLine) {
	query := logs.Query{Group: group, From: time.Now().Add(-time.Hour)}
	for {
		page, err := c.Services.Logs.Filter(query)
		if err != nil {
			return lines // there is no log yet
		}
		for _, e := range page.Events {
			lines = append(lines, logLine{e.Time, strings.TrimRight(e.Message, "\n")})
		}
		lines = slices.Clone(lines[max(0, len(lines)-100):])
		if query.Token = page.Next; query.Token == "" {
			return lines
		}
	}
}

func (c *Console) messagingResource(id string) (v resourceView, ok bool) {
	if t, err := c.Services.SNS.Topic(id); err == nil {
		subscriptions := []any{}
		for _, s := range c.Services.SNS.Subscriptions() {
			if s.TopicARN == id {
				subscriptions = append(subscriptions, s)
			}
		}
		return resourceView{Configuration: map[string]any{"topic": t, "subscriptions": subscriptions}, Policy: t.Policy}, true
	}
	for _, q := range c.Services.SQS.Queues() {
		if q.ARN == id {
			n, _ := c.Services.SQS.Count(q.URL)
			return resourceView{Configuration: map[string]any{"queue": q, "messages": n, "url": q.URL}, Policy: q.Policy}, true
		}
	}
	return v, false
}

func (c *Console) otherResource(id string) (v resourceView, ok bool) {
	for _, t := range c.Services.DynamoDB.Tables() {
		if t.ARN == id {
			return resourceView{Configuration: t}, true
		}
	}
	for _, api := range c.Services.HTTPAPI.APIs() {
		for _, route := range c.Services.HTTPAPI.Routes(api.ID) {
			if route.ARN == id {
				return resourceView{Configuration: map[string]any{"route": route, "api": api, "endpoint": api.Endpoint()}}, true
			}
		}
	}
	schedules, _ := c.Services.Scheduler.List(scheduler.Filter{})
	for _, s := range schedules {
		if s.ARN == id {
			return resourceView{Configuration: s}, true
		}
	}
	rules := c.Services.Events.Rules()
	i := slices.IndexFunc(rules, func(r events.Rule) bool { return r.ARN == id })
	if i < 0 {
		return v, false
	}
	return resourceView{Configuration: rules[i]}, true
}
