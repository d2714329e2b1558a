package sqs

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tally/localcloud/cloud"
)

// FuzzState reads the state of a message again, at the same moment and at a later one,
// for which the clock may have been set. Damaged states have another length.
func FuzzState(f *testing.F) {
	f.Add(int64(1_764_470_405_000), int64(0), int64(20_000), int64(30_000), uint32(2), uint32(1<<20), []byte("0123456789abcdef"), int64(60_000))
	f.Add(int64(0), int64(5), int64(0), int64(43_200_000), uint32(1), uint32(0), []byte{}, int64(-3_600_000))
	f.Fuzz(func(t *testing.T, sentAt, receivedAt, lastReceive, hidden int64, receives, size uint32, receipt []byte, later int64) {
		const week, day = 7 * 24 * 3_600_000, 24 * 3_600_000
		now := moment{wall: 1_764_470_405_000, process: time.Hour}
		ago := func(ms int64) time.Duration { return now.process - time.Duration(ms%week)*time.Millisecond }
		m := message{sentAt: now.wall - max(sentAt%week, -sentAt%week), receivedAt: receivedAt, receives: receives, size: size,
			lastReceive: min(ago(lastReceive), now.process), available: now.process + time.Duration(max(hidden%day, 0))*time.Millisecond}
		m.sent = now.process - time.Duration(now.wall-m.sentAt)*time.Millisecond
		m.receipt, _ = uuid.FromBytes(receipt)
		state := encodeState(m, now)
		got, ok := decodeState(state, now)
		if diff := cmp.Diff(m, got, cmp.AllowUnexported(message{})); !ok || diff != "" {
			t.Errorf("%t %s", ok, diff)
		}
		// The next process starts its clock anew.
		next := moment{wall: now.wall + later%week, process: time.Second}
		got, ok = decodeState(state, next)
		left, most := got.available-next.process, m.available-now.process
		if !ok || left > most || got.sent > next.process || got.lastReceive > next.process {
			t.Errorf("hidden for %v, then for %v, sent %v from now", most, left, got.sent-next.process)
		}
		if elapsed := time.Duration(later%week) * time.Millisecond; elapsed >= 0 && left != most-elapsed {
			t.Errorf("hidden for %v, and %v later for %v", most, elapsed, left)
		}
		for _, damaged := range [][]byte{state[:len(state)-1], append(state, 0), nil} {
			if _, ok := decodeState(damaged, now); ok {
				t.Errorf("%x is accepted", damaged)
			}
		}
	})
}

// FuzzContent reads the content of a message again, and any bytes, which are damaged or
// mean the same when they are written.
func FuzzContent(f *testing.F) {
	f.Add([]byte("\x02{}body"), "id", "name", "value", "body")
	f.Add([]byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01{}"), "", "", "", "")
	f.Add([]byte{}, "id", "<&>", "\u2028", "\x00")
	f.Fuzz(func(t *testing.T, raw []byte, id, name, value, body string) {
		if c, rest, err := decodeContent(raw); err == nil {
			again, restAgain, err := decodeContent(encodeContent(c, rest))
			if diff := cmp.Diff(c, again); err != nil || diff != "" || rest != restAgain || len(rest) >= len(raw) {
				t.Errorf("%q: %q, then %q, %v\n%s", raw, rest, restAgain, err, diff)
			}
		}
		text := func(s string) string { // what JSON can hold
			var valid string
			b, _ := json.Marshal(s)
			_ = json.Unmarshal(b, &valid)
			return valid
		}
		c := content{ID: text(id), Sender: text(value), TraceHeader: text(name), Attributes: map[string]cloud.MessageAttribute{
			text(name): {DataType: "String", StringValue: text(value)}, "binary": {DataType: "Binary", BinaryValue: []byte(body)}}}
		got, rest, err := decodeContent(encodeContent(c, body))
		if diff := cmp.Diff(c, got); err != nil || rest != body || diff != "" && body != "" && name != "binary" {
			t.Errorf("%q, %v\n%s", rest, err, diff)
		}
	})
}

// FuzzKey takes the keys of messages apart. The names of queues contain no zero byte.
func FuzzKey(f *testing.F) {
	f.Add("work\x00\x00\x00\x00\x00\x00\x00\x00\x01", uint64(1))
	f.Add("work\x0012345678\x00", uint64(1<<63))
	f.Add("", uint64(0))
	f.Fuzz(func(t *testing.T, raw string, n uint64) {
		queue, number, ok := splitKey(raw)
		if ok && key(queue, number) != raw {
			t.Errorf("%q is message %d of %q", raw, number, queue)
		}
		if q, got, ok := splitKey(key(queue, n)); !ok || q != queue || got != n {
			t.Errorf("message %d of %q is %d of %q", n, queue, got, q)
		}
	})
}
