package lambda

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tally/localcloud/cloud"
)

// maxLogTail is the size in bytes of the log tail returned to callers.
const maxLogTail = 4 * 1024

// logStream writes the lines of one environment to its log stream in a goroutine
// of its own. A function waits for the disk only while events is full.
type logStream struct {
	stream string
	events chan cloud.LogEvent
	done   chan struct{}

	mu   sync.Mutex
	tail []byte // of the current invocation; at most 2*maxLogTail bytes
}

// openLog opens a log stream. The lines are written as caller, a session of the
// function's role.
func (s *Service) openLog(f Function, stream string, caller cloud.Caller) *logStream {
	l := &logStream{stream: stream, events: make(chan cloud.LogEvent, 1024), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.write(func(batch []cloud.LogEvent) error {
			return s.options.Logs.WriteLog(context.Background(), caller, f.LogGroup, stream, batch)
		}, func(err error) {
			s.note(cloud.Warning, f.Name, "no logs from this environment: %v", err)
		})
	}()
	return l
}

// write passes the lines to put in batches. While one batch is written, the lines
// of the next one accumulate. After the first error, which it passes to failed,
// write drops all lines, because a role without permission would be refused again.
func (l *logStream) write(put func([]cloud.LogEvent) error, failed func(error)) {
	var err error
	for first := range l.events {
		batch := []cloud.LogEvent{first}
		for n := len(l.events); n > 0; n-- {
			batch = append(batch, <-l.events)
		}
		if err != nil {
			continue
		}
		if err = put(batch); err != nil {
			failed(err)
		}
	}
}

// add appends one line to the log as an event that ends in a newline, as on AWS.
// The newline makes empty lines possible, because CloudWatch Logs accepts no empty
// events.
func (l *logStream) add(line string) {
	message := line + "\n"
	l.mu.Lock()
	l.tail = append(l.tail, message...)
	if len(l.tail) > 2*maxLogTail {
		l.tail = append(l.tail[:0], l.tail[len(l.tail)-maxLogTail:]...)
	}
	l.mu.Unlock()
	l.events <- cloud.LogEvent{Time: time.Now(), Message: message}
}

func (l *logStream) addf(format string, args ...any) { l.add(fmt.Sprintf(format, args...)) }

// cutTail returns the tail of the lines added since the last call of cutTail.
func (l *logStream) cutTail() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	tail := l.tail[max(0, len(l.tail)-maxLogTail):]
	l.tail = nil
	return tail
}

// close waits until all lines are written. No lines may be added afterwards.
func (l *logStream) close() {
	close(l.events)
	<-l.done
}
