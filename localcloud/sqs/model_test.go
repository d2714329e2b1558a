package sqs_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

// model is a queue as its documentation describes it: a list of messages.
type model struct {
	list      []*modelMessage // in the order of arrival
	retention time.Duration
	dead      *model // the dead-letter queue; nil for none
	tries     int
}

type modelMessage struct {
	body            string
	sent, available time.Time
	receives        int
	handle          string // of the last receive
}

func (m *model) expire() {
	m.list = slices.DeleteFunc(m.list, func(e *modelMessage) bool { return time.Since(e.sent) >= m.retention })
}

func (m *model) counts() (c sqs.Counts) {
	m.expire()
	for _, e := range m.list {
		switch {
		case !e.available.After(time.Now()):
			c.Available++
		case e.receives > 0:
			c.InFlight++
		default:
			c.Delayed++
		}
	}
	return c
}

func (m *model) receive(limit int, hidden time.Duration) (taken []*modelMessage) {
	m.expire()
	var left []*modelMessage
	for _, e := range m.list {
		if e.available.After(time.Now()) || len(taken) == limit {
			left = append(left, e)
			continue
		}
		if m.dead != nil && e.receives >= m.tries {
			e.handle = ""
			m.dead.list = append(m.dead.list, e)
			continue
		}
		e.receives++
		e.available = time.Now().Add(hidden)
		taken, left = append(taken, e), append(left, e)
	}
	m.list = left
	return taken
}

// byHandle returns the index of the message that was last received with a handle, or -1.
func (m *model) byHandle(handle string) int {
	m.expire()
	return slices.IndexFunc(m.list, func(e *modelMessage) bool { return e.handle == handle })
}

// run applies random operations to a service and to the models of its queues, and
// restarts the service now and then without closing it.
type run struct {
	t       *testing.T
	r       *rand.Rand
	s       *sqs.Service
	models  map[string]*model // by URL
	handles []string          // of receives from the queue work
	sent    int
}

func (r *run) send(url string) {
	var entries []sqs.BatchEntry[sqs.Entry]
	for i := range 1 + r.r.IntN(3) {
		delay := 5 * r.r.IntN(3)
		e := entry(fmt.Sprint("m", r.sent))
		e.DelaySeconds = &delay
		entries = append(entries, sqs.BatchEntry[sqs.Entry]{ID: fmt.Sprint(i), Request: e})
		r.models[url].list = append(r.models[url].list,
			&modelMessage{body: e.Body, sent: time.Now(), available: time.Now().Add(time.Duration(delay) * time.Second)})
		r.sent++
	}
	for _, result := range must(r.s.SendBatch(r.t.Context(), developer, url, entries))(r.t) {
		if result.Err != nil {
			r.t.Error(result.Err)
		}
	}
}

func (r *run) receive(url string) {
	hidden := 10 * r.r.IntN(4)
	limit := 1 + r.r.IntN(10)
	got := must(r.s.Receive(r.t.Context(), developer, url, sqs.ReceiveRequest{MaxMessages: limit, VisibilityTimeoutSeconds: &hidden}))(r.t)
	var gotBodies, wantBodies []string
	taken := r.models[url].receive(limit, time.Duration(hidden)*time.Second)
	for i, m := range got {
		gotBodies = append(gotBodies, m.Body+" "+m.System["ApproximateReceiveCount"]+" "+m.System["SentTimestamp"])
		if i < len(taken) {
			taken[i].handle = m.ReceiptHandle
		}
		if url == work {
			r.handles = append(r.handles, m.ReceiptHandle)
		}
	}
	for _, m := range taken {
		wantBodies = append(wantBodies, fmt.Sprint(m.body, " ", m.receives, " ", m.sent.UnixMilli()))
	}
	if diff := cmp.Diff(wantBodies, gotBodies); diff != "" {
		r.t.Fatalf("receive from %s (-model +service):\n%s", url, diff)
	}
}

func (r *run) delete() {
	h := r.handles[r.r.IntN(len(r.handles))]
	m := r.models[work]
	if i := m.byHandle(h); i >= 0 {
		m.list = slices.Delete(m.list, i, i+1)
	}
	if err := r.s.Delete(r.t.Context(), developer, work, h); err != nil {
		r.t.Fatal(err)
	}
}

func (r *run) changeVisibility() {
	h := r.handles[r.r.IntN(len(r.handles))]
	seconds := 10 * r.r.IntN(3)
	m := r.models[work]
	i := m.byHandle(h)
	if i >= 0 && m.list[i].available.After(time.Now()) {
		m.list[i].available = time.Now().Add(time.Duration(seconds) * time.Second)
	}
	if err := r.s.ChangeVisibility(r.t.Context(), developer, work, h, seconds); (err == nil) != (i >= 0) {
		r.t.Fatalf("change of visibility: %v, but in the model the message exists: %v", err, i >= 0)
	}
}

func (r *run) purge() {
	err := r.s.Purge(r.t.Context(), developer, work)
	if err != nil && !strings.Contains(err.Error(), "PurgeQueueInProgress") {
		r.t.Fatal(err)
	}
	if err == nil {
		r.models[work].list = nil
	}
}

func (r *run) step(restart func() *sqs.Service) {
	url := []string{work, work, dead}[r.r.IntN(3)]
	switch n := r.r.IntN(100); {
	case n < 25:
		r.send(url)
	case n < 55:
		r.receive(url)
	case n < 70 && len(r.handles) > 0:
		r.delete()
	case n < 80 && len(r.handles) > 0:
		r.changeVisibility()
	case n < 81:
		r.purge()
	case n < 90:
		r.s = restart()
	default:
		time.Sleep(time.Duration(5*r.r.IntN(8)) * time.Second)
	}
	for url, m := range r.models {
		if got, want := must(r.s.Count(url))(r.t), m.counts(); got != want {
			r.t.Fatalf("%s holds %+v, in the model %+v", url, got, want)
		}
	}
}

func TestServiceAgreesWithAModel(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				st := store.InMemory()
				s := newService(t, st)
				must(s.CreateQueue(sqs.Queue{Name: "dead", RetentionSeconds: 600}))(t)
				must(s.CreateQueue(sqs.Queue{Name: "work", RetentionSeconds: 300,
					RedrivePolicy: `{"deadLetterTargetArn":"` + deadARN + `","maxReceiveCount":3}`}))(t)
				later := &model{retention: 600 * time.Second}
				r := run{t: t, r: rand.New(rand.NewPCG(seed, 0)), s: s, models: map[string]*model{
					dead: later, work: {retention: 300 * time.Second, dead: later, tries: 3}}}
				for range 500 {
					r.step(func() *sqs.Service { return newService(t, st) })
				}
			})
		})
	}
}
