package sqs

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// A message has two records on disk with the same key: its state, which is small and
// changes, and its content, which does not.

// prefix is what the keys of all messages of a queue start with.
func prefix(queue string) string { return queue + "\x00" }

// key returns the key of a message. The keys of a queue sort as the numbers do.
func key(queue string, number uint64) string {
	return string(binary.BigEndian.AppendUint64([]byte(prefix(queue)), number))
}

func splitKey(key string) (queue string, number uint64, ok bool) {
	queue, raw, _ := strings.Cut(key, "\x00")
	if len(raw) != 8 {
		return queue, 0, false
	}
	return queue, binary.BigEndian.Uint64([]byte(raw)), true
}

// stateSize is the length of a state. Its parts, in the order of encodeState, are
// big-endian. Times are in milliseconds since 1970.
const stateSize = 4*8 + 3*4 + 16

// encodeState returns the state of a message at a moment.
func encodeState(m message, now moment) []byte {
	wall := func(t time.Duration) uint64 { return uint64(now.wall + (t - now.process).Milliseconds()) }
	b := make([]byte, 0, stateSize)
	b = binary.BigEndian.AppendUint64(b, uint64(m.sentAt))
	b = binary.BigEndian.AppendUint64(b, uint64(m.receivedAt))
	b = binary.BigEndian.AppendUint64(b, wall(m.lastReceive))
	b = binary.BigEndian.AppendUint64(b, wall(m.available))
	b = binary.BigEndian.AppendUint32(b, uint32(max(m.available-now.process, 0).Milliseconds()))
	b = binary.BigEndian.AppendUint32(b, m.receives)
	b = binary.BigEndian.AppendUint32(b, m.size)
	return append(b, m.receipt[:]...)
}

// decodeState returns the message with a state, without its number. The wall clock may
// have been set back since the state was written, but a message is not hidden for longer
// than it was to be then, and nothing happened in the future.
func decodeState(b []byte, now moment) (m message, ok bool) {
	if len(b) != stateSize {
		return m, false
	}
	at := func(i int) int64 { return int64(binary.BigEndian.Uint64(b[i:])) }
	small := func(i int) uint32 { return binary.BigEndian.Uint32(b[i:]) }
	left := func(wall int64) time.Duration { return time.Duration(wall-now.wall) * time.Millisecond }
	m.sentAt, m.receivedAt = at(0), at(8)
	m.sent = now.process + min(left(m.sentAt), 0)
	m.lastReceive = now.process + min(left(at(16)), 0)
	m.available = now.process + min(left(at(24)), time.Duration(small(32))*time.Millisecond)
	m.receives, m.size = small(36), small(40)
	copy(m.receipt[:], b[44:])
	return m, true
}

// content is what a message contains, besides its body.
type content struct {
	ID          string // UUID
	Sender      string // the value of SenderId
	Source      string `json:",omitempty"` // ARN of the queue it was moved from; "" for none
	GroupID     string `json:",omitempty"`
	TraceHeader string `json:",omitempty"`
	Trace       string `json:",omitempty"` // of the step that sent it
	Attributes  map[string]cloud.MessageAttribute
}

// encodeContent returns the content as JSON, after its length and before the body.
func encodeContent(c content, body string) []byte {
	head, _ := json.Marshal(c) // always encodes
	b := make([]byte, 0, binary.MaxVarintLen64+len(head)+len(body))
	b = binary.AppendUvarint(b, uint64(len(head)))
	return append(append(b, head...), body...)
}

func decodeContent(raw []byte) (c content, body string, err error) {
	n, used := binary.Uvarint(raw)
	if used <= 0 || n > uint64(len(raw)-used) {
		return c, "", fmt.Errorf("the content of a message is damaged: %w", store.ErrUnusable)
	}
	head, rest := raw[used:used+int(n)], raw[used+int(n):]
	if err := json.Unmarshal(head, &c); err != nil {
		return c, "", fmt.Errorf("the content of a message is damaged: %w: %w", err, store.ErrUnusable)
	}
	return c, string(rest), nil
}

// set returns the change that stores the state of a message.
func (s *Service) set(queue string, m message, now moment) store.Change {
	return s.states.Set(key(queue, m.number), encodeState(m, now))
}

// unset returns the changes that remove a message.
func (s *Service) unset(queue string, number uint64) []store.Change {
	return []store.Change{s.states.Unset(key(queue, number)), s.contents.Unset(key(queue, number))}
}

// unsetAll returns the changes that remove all messages of a queue.
func (s *Service) unsetAll(queue string) []store.Change {
	return []store.Change{s.states.Clear(prefix(queue)), s.contents.Clear(prefix(queue))}
}
