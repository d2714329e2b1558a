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

const (
	// gathering is how long the lines of an environment accumulate before they are
	// written together. Writing lines one by one would cost more than most functions do.
	gathering = 50 * time.Millisecond
	// maxPending is the memory of the lines that may wait, in bytes; each takes
	// lineOverhead besides its text. At half of it, they are written at once.
	maxPending   = 1 << 20
	lineOverhead = 256
)

// logStream writes the lines of one environment to its log stream in a goroutine
// of its own. A function waits for the disk only while lines of maxPending bytes wait.
type logStream struct {
	stream  string
	pending chan struct{} // holds a value once a line waits; closed by close
	many    chan struct{} // holds a value once many lines wait; closed by close
	done    chan struct{}

	mu    sync.Mutex
	lines []cloud.LogEvent // that wait
	size  int              // of lines, in bytes of memory
	taken sync.Cond        // lines have been taken
	tail  []byte           // of the current invocation; at most 2*maxLogTail bytes
}

func newLogStream(name string) *logStream {
	l := &logStream{stream: name, pending: make(chan struct{}, 1), many: make(chan struct{}, 1), done: make(chan struct{})}
	l.taken.L = &l.mu
	return l
}

// openLog opens a log stream. The lines are written as caller, a session of the
// function's role.
func (s *Service) openLog(f Function, stream string, caller cloud.Caller) *logStream {
	l := newLogStream(stream)
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

// write passes the lines to put in batches. While one batch is gathered and written,
// the lines of the next one accumulate. After the first error, which it passes to
// failed, write drops all lines, because a role without permission would be refused
// again.
func (l *logStream) write(put func([]cloud.LogEvent) error, failed func(error)) {
	gathered := time.NewTimer(gathering)
	defer gathered.Stop()
	var err error
	for more := true; more; {
		_, more = <-l.pending
		gathered.Reset(gathering)
		select {
		case <-gathered.C:
		case <-l.many:
		}
		batch := l.take()
		if err != nil || len(batch) == 0 {
			continue
		}
		if err = put(batch); err != nil {
			failed(err)
		}
	}
}

// take returns the lines that wait.
func (l *logStream) take() []cloud.LogEvent {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := l.lines
	l.lines, l.size = nil, 0
	l.taken.Broadcast()
	return lines
}

// add appends one line to the log as an event that ends in a newline, as on AWS.
// The newline makes empty lines possible, because CloudWatch Logs accepts no empty
// events.
func (l *logStream) add(line string) {
	message := line + "\n"
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = append(l.tail, message...)
	if len(l.tail) > 2*maxLogTail {
		l.tail = append(l.tail[:0], l.tail[len(l.tail)-maxLogTail:]...)
	}
	for l.size >= maxPending {
		l.taken.Wait()
	}
	l.lines = append(l.lines, cloud.LogEvent{Time: time.Now(), Message: message})
	l.size += len(message) + lineOverhead
	if len(l.lines) == 1 {
		signal(l.pending)
	}
	if l.size >= maxPending/2 {
		signal(l.many)
	}
}

// signal puts a value into a channel with a buffer of one, unless it is full.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
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
	close(l.pending)
	close(l.many)
	<-l.done
}
