package main

import (
	"bufio"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"tally/test/cmd/bench/floor"
	"tally/test/cmd/bench/report"
)

// publishers is how many clients publish a burst.
const publishers = 16

// pause is the time between a response and the next message when the latency is
// measured: long enough to handle the previous one.
const pause = 20 * time.Millisecond

// settle is how long the machine rests before latencies and memory are measured.
const settle = 2 * time.Second

// sns measures the way of a message from its publisher to the function's handler,
// and how long a burst of messages takes until all are handled. The floor has no
// topic: its publishers post events, and wait until the function has handled them.
func (b *bench) sns(ctx context.Context) (rows []report.Row, err error) {
	four, err := b.startFloor("handle-message", 4)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, four.close()) }()
	synced, err := fsync(b.cloud.dir)
	if err != nil {
		return nil, err
	}
	latency := report.Row{Name: "SNS, publish to handler", Unit: "ms"}
	burst := report.Row{Name: fmt.Sprintf("SNS, burst of %d by %d publishers", b.burst, publishers), Unit: "messages/s",
		Goal: report.Goal{Base: report.ToFloor4, Limit: 1, AtLeast: true}}
	sides := []func(context.Context, int, int, time.Duration) (delivery, error){
		func(ctx context.Context, clients, n int, pause time.Duration) (delivery, error) {
			return b.deliverByFloor(ctx, four, clients, n, pause)
		},
		b.deliver,
	}
	for round := range b.rounds + 1 {
		for i := range sides {
			i = (i + round) % len(sides)
			// The previous burst may have left environments that are still starting.
			if err := rest(ctx, settle); err != nil {
				return nil, err
			}
			paced, err := sides[i](ctx, 1, max(b.n/10, 1), pause)
			if err != nil {
				return nil, err
			}
			all, err := sides[i](ctx, publishers, b.burst, 0)
			if err != nil {
				return nil, err
			}
			if round == 0 {
				continue // it only warms up
			}
			column(&latency, i+1).Add(paced.milliseconds...)
			column(&burst, i+1).Add(all.perSecond)
		}
	}
	latency.Goal = report.Goal{Base: report.Absolute, Limit: latency.Floor4.Median() + synced.Median() + 1, Text: "floor 4 + fsync + 1"}
	return []report.Row{{Name: "fsync of 700 bytes", Unit: "ms", Here: synced}, latency, burst}, nil
}

// delivery is what was measured of a number of messages.
type delivery struct {
	milliseconds []float64 // from just before its request to the handler of the function
	perSecond    float64   // from the first request until the last message was handled
}

// deliver publishes n messages to the topic, and waits until all are handled.
func (b *bench) deliver(ctx context.Context, clients, n int, pause time.Duration) (delivery, error) {
	request, err := b.publish(ctx)
	if err != nil {
		return delivery{}, err
	}
	began := time.Now()
	before, err := b.invocations(ctx)
	if err != nil {
		return delivery{}, err
	}
	var mu sync.Mutex
	sent := map[string]time.Time{}
	t := target{address: b.endpoint(), request: func(int) []byte { return request }, reply: func(_ int, r *reply) {
		var response struct {
			MessageID string `xml:"PublishResult>MessageId"`
		}
		_ = xml.Unmarshal(r.body, &response) // without an ID, the message counts as lost
		mu.Lock()
		defer mu.Unlock()
		sent[response.MessageID] = r.sent
	}}
	if l := t.run(ctx, clients, n, pause); l.firstError != nil {
		return delivery{}, fmt.Errorf("publish: %d of %d failed, the first: %w", l.errors, n, l.firstError)
	}
	err = wait(ctx, 5*time.Minute, 100*time.Millisecond, func() (bool, error) {
		now, err := b.invocations(ctx)
		return now-before >= n, err
	})
	if err != nil {
		return delivery{}, fmt.Errorf("%d published messages were not all handled: %w", n, err)
	}
	var d delivery
	err = wait(ctx, time.Minute, 100*time.Millisecond, func() (bool, error) {
		seconds := int(time.Since(began).Seconds()) + 1
		lines, err := b.cloud.messages(ctx, "handle-message", seconds)
		if err != nil {
			return false, err
		}
		var complete bool
		d, complete, err = match(sent, strings.NewReader(lines))
		return complete, err
	})
	if err != nil {
		return delivery{}, fmt.Errorf("logs of %d messages: %w", n, err)
	}
	return d, nil
}

// deliverByFloor posts n events to the floor.
func (b *bench) deliverByFloor(ctx context.Context, f *floorProcess, clients, n int, pause time.Duration) (delivery, error) {
	event, err := os.ReadFile(filepath.Join(b.cloud.dir, "functions", "handle-message", "testdata", "sns.event.json"))
	if err != nil {
		return delivery{}, err
	}
	if err := os.Truncate(f.log, 0); err != nil {
		return delivery{}, err
	}
	var failed error
	var mu sync.Mutex
	sent := map[string]time.Time{}
	id := func(i int) string { return fmt.Sprintf("0a1b2c3d-0000-4000-8000-%012d", i) }
	t := target{
		address: f.address,
		request: func(i int) []byte {
			body := strings.ReplaceAll(string(event), "0a1b2c3d-0000-4000-8000-000000000002", id(i))
			request, err := post(f.address, floor.InvokePath, "application/json", []byte(body))
			if err != nil {
				failed = err
			}
			return request
		},
		reply: func(i int, r *reply) {
			mu.Lock()
			defer mu.Unlock()
			sent[id(i)] = r.sent
		},
	}
	if l := t.run(ctx, clients, n, pause); l.firstError != nil || failed != nil {
		return delivery{}, fmt.Errorf("the floor: %d of %d failed: %w", l.errors, n, errors.Join(l.firstError, failed))
	}
	log, err := os.Open(f.log)
	if err != nil {
		return delivery{}, err
	}
	defer log.Close()
	d, complete, err := match(sent, log)
	if err == nil && !complete {
		err = fmt.Errorf("%s lacks lines", f.log)
	}
	return d, err
}

// match compares when messages were sent with when their function logged them. It
// reports whether the log has a line of every message.
func match(sent map[string]time.Time, log io.Reader) (d delivery, complete bool, err error) {
	var first, last time.Time
	seen := map[string]bool{}
	lines := bufio.NewScanner(log)
	for lines.Scan() {
		at := strings.IndexByte(lines.Text(), '{')
		if at < 0 {
			continue
		}
		var line struct {
			Timestamp          time.Time
			Message, MessageID string
		}
		if json.Unmarshal(lines.Bytes()[at:], &line) != nil || line.Message != "sum" {
			continue // a line of another kind
		}
		began, ok := sent[line.MessageID]
		if !ok || seen[line.MessageID] {
			continue
		}
		seen[line.MessageID] = true
		d.milliseconds = append(d.milliseconds, milliseconds(line.Timestamp.Sub(began)))
		if first.IsZero() || began.Before(first) {
			first = began
		}
		if line.Timestamp.After(last) {
			last = line.Timestamp
		}
	}
	d.perSecond = float64(len(seen)) / last.Sub(first).Seconds()
	return d, len(seen) == len(sent), lines.Err()
}

// wait calls done again and again until it returns true or the time is over.
func wait(ctx context.Context, limit, interval time.Duration, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		ok, err := done()
		if ok || err != nil {
			return err
		}
		select {
		case <-time.After(interval):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rest returns after d, or with an error when ctx ends.
func rest(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// fsync measures a synchronous write of a record of 700 bytes.
func fsync(dir string) (m report.Measurement, err error) {
	file, err := os.CreateTemp(dir, "fsync-")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(file.Name())) }()
	var all []float64
	record := make([]byte, 700)
	for range 200 {
		began := time.Now()
		if _, err := file.Write(record); err != nil {
			return nil, err
		}
		if err := file.Sync(); err != nil {
			return nil, err
		}
		all = append(all, milliseconds(time.Since(began)))
	}
	m.Add(all...)
	return m, nil
}
