package console

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/endpoint"
	"tally/localcloud/lambda"
	"tally/localcloud/scheduler"
	"tally/localcloud/sns"
)

// A functionView is a function on the page.
type functionView struct {
	Name        string            `json:"name"`
	ARN         string            `json:"arn"`
	Stack       string            `json:"stack,omitempty"` // "project/stack"
	Runtime     string            `json:"runtime"`
	MemoryMB    int               `json:"memoryMB"`
	Timeout     int               `json:"timeout"` // seconds
	CodeBytes   int64             `json:"codeBytes"`
	Modified    time.Time         `json:"modified"`
	Role        string            `json:"role"`
	LogGroup    string            `json:"logGroup"`
	Concurrency int               `json:"concurrency"` // reserved; -1 for none
	Queued      int               `json:"queued"`      // asynchronous events
	Environment map[string]string `json:"environment"`
	Versions    []versionView     `json:"versions"` // the newest first
	Aliases     []aliasView       `json:"aliases"`
	Errors      []errorView       `json:"errors"` // the newest first
}

type versionView struct {
	Version   string    `json:"version"`
	Modified  time.Time `json:"modified"`
	CodeBytes int64     `json:"codeBytes"`
}

// An aliasView has the share of each version.
type aliasView struct {
	Name    string             `json:"name"`
	Weights map[string]float64 `json:"weights"`
}

// An errorView is an invocation that failed.
type errorView struct {
	Time    time.Time `json:"time"`
	Trace   string    `json:"trace"`
	Message string    `json:"message"`
	Stack   string    `json:"stack,omitempty"` // the stack trace that the function reported
	Log     string    `json:"log,omitempty"`
}

const maxErrors = 10 // of a function

func (c *Console) functions() []functionView {
	all := []functionView{}
	queued := c.Services.Lambda.Queued()
	steps := c.Journal.Steps()
	for _, f := range c.Services.Lambda.Functions() {
		v := functionView{
			Name: f.Name, ARN: f.ARN, Runtime: f.Runtime, MemoryMB: f.MemoryMB, Timeout: f.TimeoutSeconds, CodeBytes: f.CodeSize,
			Modified: f.LastModified, Role: f.Role, LogGroup: f.LogGroup, Concurrency: f.ReservedConcurrency, Queued: queued[f.Name],
			Environment: f.Environment, Versions: []versionView{}, Aliases: []aliasView{}, Errors: errorsOf(f.ARN, steps),
		}
		if owner, ok := c.Services.Deployments.Owner("aws:lambda/function:Function", f.Name); ok {
			v.Stack = owner.Stack()
		}
		versions, _ := c.Services.Lambda.Versions(f.Name) // none if it has been deleted since
		for _, version := range slices.Backward(versions) {
			v.Versions = append(v.Versions, versionView{version.Version, version.LastModified, version.CodeSize})
		}
		aliases, _ := c.Services.Lambda.Aliases(f.Name)
		for _, a := range aliases {
			v.Aliases = append(v.Aliases, aliasView{a.Name, weights(a)})
		}
		all = append(all, v)
	}
	return all
}

func weights(a lambda.Alias) map[string]float64 {
	all, rest := map[string]float64{}, 1.0
	for version, share := range a.AdditionalVersionWeights {
		all[version] = share
		rest -= share
	}
	all[a.Version] = rest
	return all
}

// errorsOf returns the newest invocations of a function that failed.
func errorsOf(arn string, steps []cloud.Step) []errorView {
	all := []errorView{}
	for _, s := range slices.Backward(steps) {
		if s.Kind != cloud.StepRun || s.To != arn || s.Error == "" || len(all) == maxErrors {
			continue
		}
		e := errorView{Time: s.Start, Trace: s.Trace, Message: s.Error, Log: s.Log}
		var reported struct {
			StackTrace []struct {
				Path  string
				Line  int
				Label string
			}
		}
		if json.Unmarshal([]byte(s.Output), &reported) == nil {
			for _, frame := range reported.StackTrace {
				e.Stack += frame.Label + "\n\t" + frame.Path + ":" + strconv.Itoa(frame.Line) + "\n"
			}
		}
		all = append(all, e)
	}
	return all
}

// invoke invokes a function, synchronously or, if the request says so, asynchronously.
func (c *Console) invoke(r *http.Request) (any, error) {
	var in struct {
		Qualifier string
		Event     string
		Async     bool
	}
	if err := decodeBody(r, &in); err != nil {
		return nil, err
	}
	function := strings.TrimSuffix(r.PathValue("name")+":"+in.Qualifier, ":")
	type result struct {
		Trace     string       `json:"trace,omitempty"`
		RequestID string       `json:"requestId"`
		Version   string       `json:"version,omitempty"`
		Error     bool         `json:"error"`
		Payload   string       `json:"payload,omitempty"`
		Log       string       `json:"log,omitempty"`
		Took      cloud.Millis `json:"took"`
	}
	start := time.Now()
	out, trace, err := c.call(r.Context(), function, in.Event, in.Async)
	return result{trace, out.RequestID, out.ExecutedVersion, out.FunctionError != "", string(out.Payload), string(out.LogTail), cloud.Millis(time.Since(start))}, err
}

// A sampleEvent is an event with which a function can be invoked.
type sampleEvent struct {
	Name  string `json:"name"`
	Event string `json:"event"` // JSON
}

// maxRecent is how many recent events of a function are offered.
const maxRecent = 5

// events returns events for a function: one for each of its triggers, and those that it has
// received recently.
func (c *Console) events(r *http.Request) (any, error) {
	f, err := c.Services.Lambda.Function(r.PathValue("name"))
	if err != nil {
		return nil, err
	}
	all := append(c.requestEvents(f.ARN), c.topicEvents(f.ARN)...)
	all = append(append(all, c.queueEvents(f.ARN)...), c.scheduleEvents(f.ARN)...)
	seen := map[string]bool{}
	for _, s := range slices.Backward(c.Journal.Steps()) {
		if s.Kind == cloud.StepRun && s.To == f.ARN && !seen[s.Input] && len(seen) < maxRecent && json.Valid([]byte(s.Input)) {
			seen[s.Input] = true
			all = append(all, sampleEvent{"received at " + s.Start.Local().Format(time.TimeOnly), s.Input})
		}
	}
	return append(all, sampleEvent{"empty", "{}"}), nil
}

func (c *Console) requestEvents(arn string) (all []sampleEvent) {
	for _, api := range c.Services.HTTPAPI.APIs() {
		for _, route := range c.Services.HTTPAPI.Routes(api.ID) {
			if node(route.Function) != arn {
				continue
			}
			method, path, ok := strings.Cut(route.Key, " ")
			if !ok {
				method, path = http.MethodGet, "/"
			}
			if method == "ANY" {
				method = http.MethodGet
			}
			body := ""
			if method != http.MethodGet {
				body = c.lastBody(route.ARN, "{}")
			}
			in, err := http.NewRequest(method, api.Endpoint()+path, strings.NewReader(body))
			if err != nil {
				continue // not a URL without values for its variables
			}
			in.RemoteAddr = "127.0.0.1:1"
			in.Header.Set("Content-Type", "application/json")
			e := endpoint.NewEvent(in, []byte(body), time.Now())
			e.RouteKey = route.Key
			context := &e.RequestContext
			context.AccountID, context.APIID, context.DomainPrefix = c.Place.Account, api.ID, api.ID
			context.RouteKey, context.Stage, context.RequestID = route.Key, "$default", uuid.NewString()
			all = append(all, sampleEvent{"API: " + route.Key, cloud.EncodeJSON(e)})
		}
	}
	return all
}

// lastBody returns the input of the last step to a resource that had one.
func (c *Console) lastBody(arn, otherwise string) string {
	for _, s := range slices.Backward(c.Journal.Steps()) {
		if s.To == arn && s.Input != "" {
			return s.Input
		}
	}
	return otherwise
}

func (c *Console) topicEvents(arn string) (all []sampleEvent) {
	for _, sub := range c.Services.SNS.Subscriptions() {
		if node(sub.Endpoint) != arn {
			continue
		}
		event, err := sns.LambdaEvent(sns.Delivery{Subscription: sub, MessageID: uuid.NewString(), Time: time.Now(), Body: c.lastBody(sub.Endpoint, "{}")})
		if err == nil {
			all = append(all, sampleEvent{"SNS: " + sub.TopicARN[strings.LastIndexByte(sub.TopicARN, ':')+1:], event})
		}
	}
	return all
}

func (c *Console) queueEvents(arn string) (all []sampleEvent) {
	mappings, _ := c.Services.Lambda.EventSourceMappings("", arn) // the function exists
	for _, m := range mappings {
		event := map[string]any{"Records": []any{map[string]any{
			"messageId": uuid.NewString(), "receiptHandle": "handle", "body": c.lastBody(m.EventSourceARN, "{}"),
			"attributes":        map[string]string{"ApproximateReceiveCount": "1", "SentTimestamp": strconv.Itoa(int(time.Now().UnixMilli()))},
			"messageAttributes": map[string]any{}, "eventSource": "aws:sqs", "eventSourceARN": m.EventSourceARN, "awsRegion": c.Place.Region,
		}}}
		all = append(all, sampleEvent{"SQS: " + m.EventSourceARN[strings.LastIndexByte(m.EventSourceARN, ':')+1:], cloud.EncodeJSON(event)})
	}
	return all
}

func (c *Console) scheduleEvents(arn string) (all []sampleEvent) {
	schedules, _ := c.Services.Scheduler.List(scheduler.Filter{})
	for _, s := range schedules {
		if node(s.Target.ARN) != arn {
			continue
		}
		event := s.Target.Input
		if event == "" {
			event = scheduled("aws.scheduler", c.Place, s.ARN)
		}
		all = append(all, sampleEvent{"schedule: " + s.Name, event})
	}
	for _, r := range c.Services.Events.Rules() {
		for _, t := range r.Targets {
			if node(t.ARN) == arn {
				event := t.Input
				if event == "" {
					event = scheduled("aws.events", c.Place, r.ARN)
				}
				all = append(all, sampleEvent{"rule: " + r.Name, event})
			}
		}
	}
	return all
}
