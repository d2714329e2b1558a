package sns

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"tally/localcloud/internal/backlog"
	"tally/localcloud/store"
)

// A message is stored once, together with one small task for each delivery that it
// owes, before the publisher receives the response. A delivery is removed after its
// target has stored the message, and the message with its last delivery.

// stored is a message on disk, apart from its body.
type stored struct {
	ID               string
	Time             time.Time // of the publication
	Subject          string    `json:",omitempty"`
	Bodies           bodies    `json:",omitempty"` // nil if all protocols have the same body
	Attributes       map[string]Attribute
	GroupID          string `json:",omitempty"`
	TraceHeader      string `json:",omitempty"`
	Trace            string `json:",omitempty"` // of the publication's step
	SignatureVersion int    `json:",omitempty"`

	Token  string        `json:",omitempty"` // of a confirmation
	Former *Subscription `json:",omitempty"` // that was deleted; nil in other messages
}

// owed is a delivery that has not ended. The lane of its task is the ARN of the
// subscription.
type owed struct {
	Message string // ID
	Kind    string `json:",omitempty"` // of the message; "" for a notification
	Shared  bool   `json:",omitempty"` // the message owes other deliveries, too
	Tries   int    `json:",omitempty"` // that failed
	Number  uint64 `json:",omitempty"` // for faults, see cloud.Faults
	Held    bool   `json:",omitempty"` // a fault has held it back
	Copy    bool   `json:",omitempty"` // a fault delivers it once more
	Failure string `json:",omitempty"` // why the message goes to the dead-letter queue; "" as long as it does not
}

const (
	// maxOwed and maxOwedBytes are the deliveries to one subscription, and the size of
	// their messages, at which publishers have to wait.
	maxOwed      = 10_000
	maxOwedBytes = 64 << 20
	// publishPatience is how long they wait until they are refused.
	publishPatience = 5 * time.Second
)

func (s *Service) openDeliveries() (err error) {
	s.messages = store.NewValues(s.Store, "sns-messages")
	s.shares = store.NewValues(s.Store, "sns-shares")
	s.deliveries, err = backlog.New(backlog.Options{
		Store: s.Store, Name: "sns-deliveries", Run: s.deliver, Workers: deliverers, MaxWorkers: maxDeliverers,
		MaxTasks: maxOwed, MaxBytes: maxOwedBytes,
		Report: func(err error) { s.warn("", "deliveries cannot be updated in the store: %v", err) },
	})
	return err
}

const (
	// deliverers is the number of messages that are delivered to one subscription at the
	// same time. Most targets only store them, which takes little time.
	deliverers = 8
	// maxDeliverers is that number for a slow HTTP endpoint.
	maxDeliverers = 64
)

// owe returns the tasks of a message for the subscriptions, and the changes that store
// the message.
func (s *Service) owe(m stored, body string, size int, to []row) (tasks []backlog.Task, changes []store.Change, err error) {
	if len(to) == 0 {
		return nil, nil, nil
	}
	record, err := backlog.Encode(m, body)
	if err != nil {
		return nil, nil, err
	}
	changes = append(changes, s.messages.Set(m.ID, record))
	if len(to) > 1 {
		changes = append(changes, s.shares.Set(m.ID, binary.AppendUvarint(nil, uint64(len(to)))))
	}
	o := owed{Message: m.ID, Shared: len(to) > 1, Number: s.Faults.Number("sns", to[0].TopicARN)}
	data, _ := json.Marshal(o) // always encodes
	var known any
	if size <= maxMemo {
		known = &memo{o, m, body}
	}
	for _, r := range to {
		tasks = append(tasks, backlog.Task{Lane: r.ARN, Size: size, Data: data, Memo: known})
	}
	return tasks, changes, nil
}

// memo is what a new task stands for.
type memo struct {
	owed
	stored
	body string
}

// maxMemo is the size of the largest message that is in memory with its tasks.
const maxMemo = 4096

// recall returns the delivery that a task stands for. Its message is loaded later.
func recall(t backlog.Task) (o owed, err error) {
	if m, ok := t.Memo.(*memo); ok {
		return m.owed, nil
	}
	return o, json.Unmarshal(t.Data, &o)
}

// load returns a delivery with its message.
func (s *Service) load(t backlog.Task, o owed, r row) (Delivery, error) {
	m, ok := t.Memo.(*memo)
	if !ok {
		record, err := s.messages.Get(o.Message)
		if err != nil {
			return Delivery{}, err
		}
		m = &memo{owed: o}
		raw, err := backlog.Decode(record, &m.stored)
		if err != nil {
			return Delivery{}, fmt.Errorf("message %s: %w", o.Message, err)
		}
		m.body = string(raw)
	}
	if m.Former != nil {
		r.Subscription = *m.Former
	}
	body := m.body
	if m.Bodies != nil {
		body = m.Bodies.of(r.Protocol)
	}
	return Delivery{
		Subscription: r.Subscription, MessageID: m.ID, Time: m.Time, Subject: m.Subject, Body: body, Attributes: m.Attributes,
		GroupID: m.GroupID, TraceHeader: m.TraceHeader, Trace: m.Trace, SignatureVersion: m.SignatureVersion, Kind: o.Kind, Token: m.Token,
	}, nil
}

// forget returns the result that removes a delivery, and the message if it owes no
// other.
func (s *Service) forget(o owed) backlog.Result {
	return backlog.Result{End: func() ([]store.Change, error) {
		remove := s.messages.Unset(o.Message)
		if !o.Shared {
			return []store.Change{remove}, nil
		}
		raw, err := s.shares.Get(o.Message)
		if err != nil {
			return nil, err
		}
		if left, _ := binary.Uvarint(raw); left > 1 {
			return []store.Change{s.shares.Set(o.Message, binary.AppendUvarint(nil, left-1))}, nil
		}
		return []store.Change{remove, s.shares.Unset(o.Message)}, nil
	}}
}

// postpone returns the result that tries a delivery again after a wait.
func postpone(o owed, delay time.Duration) backlog.Result {
	data, _ := json.Marshal(o) // always encodes
	return backlog.Result{Again: true, Delay: delay, Data: data}
}
