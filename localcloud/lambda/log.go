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

// logStream writes the lines of one environment to its log stream, in a goroutine
// of its own: a function waits for the disk only if it writes faster than that
// for long.
type logStream struct {
	stream string
	events chan cloud.LogEvent
	done   chan struct{}

	mu   sync.Mutex
	tail []byte // of the current invocation; at most twice maxLogTail
}

// openLog opens a stream that is written with the environment's own role.
func (s *Service) openLog(f Function, stream string, caller cloud.Caller) *logStream {
	l := &logStream{stream: stream, events: make(chan cloud.LogEvent, 1024), done: make(chan struct{})}
	go func() {
		defer close(l.done)
		l.write(func(batch []cloud.LogEvent) error {
			return s.options.Logs.WriteLog(context.Background(), caller, f.LogGroup, stream, batch)
		}, func(err error) {
			s.note(cloud.Warning, f.Name, "no logs of this environment: %v", err)
		})
	}()
	return l
}

// write passes the lines on in batches, each of which collects during the one
// before. After the first refusal it drops everything: the role would be refused
// again.
func (l *logStream) write(hand func([]cloud.LogEvent) error, refused func(error)) {
	var err error
	for first := range l.events {
		batch := []cloud.LogEvent{first}
		for n := len(l.events); n > 0; n-- {
			batch = append(batch, <-l.events)
		}
		if err != nil {
			continue
		}
		if err = hand(batch); err != nil {
			refused(err)
		}
	}
}

// add appends one line to the log, as an event that ends in a newline like on
// AWS. That makes an empty line possible: CloudWatch Logs accepts no empty events.
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

// cutTail returns the tail of the lines added since the last cutTail.
func (l *logStream) cutTail() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	tail := l.tail[max(0, len(l.tail)-maxLogTail):]
	l.tail = nil
	return tail
}

// close waits until everything is written. Lines cannot be added afterwards.
func (l *logStream) close() {
	close(l.events)
	<-l.done
}
