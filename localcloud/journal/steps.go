package journal

import (
	"context"
	"iter"
	"slices"
	"sync"

	"tally/localcloud/cloud"
)

// How much of the newest steps a journal holds.
const (
	maxSteps     = 2000
	maxStepBytes = 4 << 20 // of payloads, logs and decisions
)

// steps holds the newest steps, and counts all of them.
type steps struct {
	mu      sync.Mutex
	kept    []cloud.Step // the newest last
	first   uint64       // the number of kept[0]
	bytes   int
	flows   map[flowKey]Flow
	changed chan struct{} // closed by the next Record; nil if nobody waits for it
}

type flowKey struct{ from, to string }

// Flow counts the steps from one resource to another since the journal was created.
type Flow struct {
	From   string `json:"from"` // ARN; "" for clients
	To     string `json:"to"`
	Count  int    `json:"count"`
	Failed int    `json:"failed"`
}

// maxFlows bounds the memory of flows. A stack has far fewer.
const maxFlows = 10_000

// Record implements [cloud.StepRecorder].
func (j *Journal) Record(s cloud.Step) {
	t := &j.steps
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kept = append(t.kept, s)
	t.bytes += weight(s)
	drop := 0
	for len(t.kept)-drop > maxSteps || t.bytes > maxStepBytes {
		t.bytes -= weight(t.kept[drop])
		t.kept[drop] = cloud.Step{} // the array may live on
		drop++
	}
	t.kept, t.first = t.kept[drop:], t.first+uint64(drop)
	t.count(s)
	if t.changed != nil {
		close(t.changed)
		t.changed = nil
	}
}

// weight returns about how many bytes of text a step has.
func weight(s cloud.Step) int {
	n := len(s.Input) + len(s.Output) + len(s.Log) + len(s.Error)
	for _, link := range s.Links {
		n += len(link)
	}
	for _, d := range s.Decisions {
		n += len(d.Caller) + len(d.Resource) + len(d.Message) + len(d.Missing) + len(d.Where)
		for _, r := range d.Reasons {
			n += len(r.Policy) + len(r.Sid)
		}
	}
	return n
}

// count counts a step, unless it is a run that a delivery or a call has been counted for.
func (t *steps) count(s cloud.Step) {
	if s.Kind == cloud.StepRun && s.From == "" {
		return
	}
	key := flowKey{s.From, s.To}
	if t.flows == nil {
		t.flows = map[flowKey]Flow{}
	}
	f, known := t.flows[key]
	if !known && len(t.flows) == maxFlows {
		return
	}
	f.From, f.To = s.From, s.To
	f.Count++
	if s.Error != "" {
		f.Failed++
	}
	t.flows[key] = f
}

// Flows returns the counts of all steps, in no order.
func (j *Journal) Flows() []Flow {
	j.steps.mu.Lock()
	defer j.steps.mu.Unlock()
	all := make([]Flow, 0, len(j.steps.flows))
	for _, f := range j.steps.flows {
		all = append(all, f)
	}
	return all
}

// Steps returns the newest steps, the oldest first.
func (j *Journal) Steps() []cloud.Step {
	j.steps.mu.Lock()
	defer j.steps.mu.Unlock()
	return slices.Clone(j.steps.kept)
}

// WatchSteps yields the steps recorded after the call, until ctx ends. A reader that falls
// behind misses the oldest.
func (j *Journal) WatchSteps(ctx context.Context) iter.Seq[cloud.Step] {
	t := &j.steps
	t.mu.Lock()
	next := t.first + uint64(len(t.kept))
	t.mu.Unlock()
	return func(yield func(cloud.Step) bool) {
		for {
			fresh, end, changed := t.since(next)
			for _, s := range fresh {
				if ctx.Err() != nil || !yield(s) {
					return
				}
			}
			next = end
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
		}
	}
}

// since returns the kept steps from number next on, the number after them, and what is
// closed when there are more.
func (t *steps) since(next uint64) (fresh []cloud.Step, end uint64, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.changed == nil {
		t.changed = make(chan struct{})
	}
	return slices.Clone(t.kept[max(next, t.first)-t.first:]), t.first + uint64(len(t.kept)), t.changed
}
