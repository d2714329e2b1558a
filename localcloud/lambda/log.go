package lambda

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tally/localcloud/cloud"
)

// maxLogTail is how much of an invocation's log its caller may see, in bytes.
const maxLogTail = 4 * 1024

// logStream carries the lines of one environment to its log stream, written by
// a goroutine of its own: a function does not wait for its log to be on disk,
// unless it writes faster than that can ever be.
type logStream struct {
	stream string
	events chan cloud.LogEvent
	done   chan struct{}

	mu   sync.Mutex
	tail []byte // of the invocation under way; at most twice maxLogTail
}

// openLog opens the stream for the environment's own role.
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

// write hands the lines over in batches, each of what has gathered during the
// one before. After the first refusal it drops everything: the role will not
// be allowed more with the next line.
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

// add appends one line to the log, an event that ends in a newline as on AWS. So
// an empty line is one too: CloudWatch Logs takes no event without a character.
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

// cutTail returns the end of what was added since the last cutTail.
func (l *logStream) cutTail() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	tail := l.tail[max(0, len(l.tail)-maxLogTail):]
	l.tail = nil
	return tail
}

// close waits until everything is written. Nothing may be added afterwards.
func (l *logStream) close() {
	close(l.events)
	<-l.done
}
