package backlog

import (
	"encoding/binary"
	"fmt"
	"strings"
	"time"

	"tally/localcloud/store"
)

// key returns the key of the task in the store. The keys of a lane sort by the time when
// tasks are due, and then by arrival.
func (t Task) key() string {
	k := make([]byte, 0, len(t.Lane)+1+8+8)
	k = append(append(k, t.Lane...), 0)
	k = binary.BigEndian.AppendUint64(k, uint64(max(t.due.UnixNano(), 0)))
	return string(binary.BigEndian.AppendUint64(k, t.seq))
}

// value returns the rest of the task: delay, size and data.
func (t Task) value() []byte {
	v := make([]byte, 0, len(t.Data)+2*binary.MaxVarintLen64)
	v = binary.AppendUvarint(v, uint64(max(t.delay, 0)))
	v = binary.AppendUvarint(v, uint64(max(t.Size, 0)))
	return append(v, t.Data...)
}

// parse returns the task with that key and value. Its Data aliases value.
func parse(key string, value []byte) (t Task, err error) {
	lane, rest, ok := strings.Cut(key, "\x00")
	delay, n := binary.Uvarint(value)
	if !ok || len(rest) != 16 || n <= 0 {
		return t, fmt.Errorf("task %q: %w", key, store.ErrUnusable)
	}
	size, m := binary.Uvarint(value[n:])
	if m <= 0 {
		return t, fmt.Errorf("task %q: %w", key, store.ErrUnusable)
	}
	return Task{
		Lane: lane, Size: int(size), Data: value[n+m:], delay: time.Duration(delay),
		due: time.Unix(0, int64(binary.BigEndian.Uint64([]byte(rest)))), seq: binary.BigEndian.Uint64([]byte(rest[8:])),
	}, nil
}
