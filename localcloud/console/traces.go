package console

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"tally/localcloud/cloud"
)

// maxTraces is how many traces the list has.
const maxTraces = 200

// A traceSummary is a trace in the list.
type traceSummary struct {
	ID     string       `json:"id"` // the root of one of its traces
	Name   string       `json:"name"`
	To     string       `json:"to,omitempty"` // the resource of a call
	Start  time.Time    `json:"start"`
	Took   cloud.Millis `json:"took"`
	Steps  int          `json:"steps"`
	Failed int          `json:"failed"`
	Error  string       `json:"error,omitempty"` // of the last step that failed
}

// traces returns the newest traces, the newest first.
func (c *Console) traces() []traceSummary {
	all := []traceSummary{}
	for _, steps := range grouped(c.Journal.Steps()) {
		first := steps[0]
		t := traceSummary{ID: first.Trace, Name: first.Name, Start: first.Start, Steps: len(steps)}
		if first.Kind == cloud.StepCall {
			t.To = node(first.To)
		}
		for _, s := range steps {
			t.Took = max(t.Took, cloud.Millis(s.Start.Sub(first.Start))+s.Took)
			if s.Error != "" {
				t.Failed++
				t.Error = s.Error
			}
		}
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b traceSummary) int { return b.Start.Compare(a.Start) })
	return all[:min(len(all), maxTraces)]
}

// trace returns the steps of a trace, in the order in which they began.
func (c *Console) trace(r *http.Request) (any, error) {
	id := r.PathValue("id")
	for _, steps := range grouped(c.Journal.Steps()) {
		if slices.ContainsFunc(steps, func(s cloud.Step) bool { return s.Trace == id }) {
			for i := range steps {
				steps[i] = onMap(steps[i])
			}
			return struct {
				ID    string       `json:"id"`
				Steps []cloud.Step `json:"steps"`
			}{id, steps}, nil
		}
	}
	return nil, notFound("There is no trace %s; only the newest steps are kept", id)
}

// grouped returns the steps by trace, those of linked traces together, and in the order in
// which they began.
func grouped(steps []cloud.Step) map[string][]cloud.Step {
	leader := map[string]string{}
	var find func(id string) string
	find = func(id string) string {
		next, ok := leader[id]
		if !ok || next == id {
			return id
		}
		leader[id] = find(next)
		return leader[id]
	}
	for _, s := range steps {
		for _, link := range s.Links {
			leader[find(s.Trace)] = find(link)
		}
	}
	groups := map[string][]cloud.Step{}
	for _, s := range steps {
		id := find(s.Trace)
		groups[id] = append(groups[id], s)
	}
	for _, group := range groups {
		// A step that began earlier may have ended, and been recorded, later.
		slices.SortStableFunc(group, func(a, b cloud.Step) int { return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(b.Took, a.Took)) })
	}
	return groups
}

// onMap returns a step between nodes of the map. A run that nothing but a delivery or a call
// has caused has no source of its own.
func onMap(s cloud.Step) cloud.Step {
	if s.Kind != cloud.StepRun || s.From != "" {
		s.From = node(s.From)
	}
	s.To = node(s.To)
	return s
}

// serveSteps streams the steps as they happen, one JSON object per line, without payloads.
func (c *Console) serveSteps(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/x-ndjson")
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		select {
		case <-c.Done:
			cancel()
		case <-ctx.Done():
		}
	}()
	out := http.NewResponseController(w)
	steps := c.Journal.WatchSteps(ctx)
	_ = out.Flush() // the client learns that it misses nothing from now on
	encoder := json.NewEncoder(w)
	for s := range steps {
		s = onMap(s)
		s.Input, s.Output, s.Log, s.Decisions = "", "", "", nil
		if encoder.Encode(s) != nil || out.Flush() != nil {
			return
		}
	}
}
