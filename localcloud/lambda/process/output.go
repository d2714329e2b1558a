//go:build unix

package process

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"syscall"
	"time"
)

// maxLine is the maximum length of a line in bytes, which bounds the buffer of a
// line that has no newline yet. Longer lines are split.
const maxLine = 256 * 1024

// output reads the pipe to which a process writes stdout and stderr, and passes
// its lines to a function.
type output struct {
	pipe    *os.File
	line    func(string)
	limit   int    // the maximum length of a line: maxLine, but for tests
	partial []byte // a line without its newline; used only by the reader

	draining sync.Mutex    // held while draining: the reader serves one drain at a time
	drained  chan struct{} // receives a value when the pipe is empty
	ended    chan struct{} // closed when the reader has ended
	once     sync.Once
}

// openOutput creates the pipe and starts reading it. The process inherits
// writer; the caller closes its own copy.
func openOutput(line func(string)) (o *output, writer *os.File, err error) {
	pipe, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	o = &output{pipe: pipe, line: line, limit: maxLine, drained: make(chan struct{}), ended: make(chan struct{})}
	go o.read()
	return o, writer, nil
}

// drain returns once everything that the pipe contained at the time of the call
// has been passed on, including a last line without a newline.
//
// drain sets a read deadline in the past to interrupt the reader. The reader
// then empties the pipe without blocking and signals drained.
func (o *output) drain() {
	o.draining.Lock()
	defer o.draining.Unlock()
	if o.pipe.SetReadDeadline(time.Unix(1, 0)) != nil {
		<-o.ended // closed
		return
	}
	select {
	case <-o.drained:
	case <-o.ended:
	}
}

// close drains the pipe and stops reading, even if a process that outlived the
// function holds the other end open.
func (o *output) close() {
	o.once.Do(func() {
		o.drain()
		o.pipe.Close()
		<-o.ended
	})
}

func (o *output) read() {
	defer close(o.ended)
	buffer := make([]byte, 64*1024)
	for {
		n, err := o.pipe.Read(buffer)
		o.take(buffer[:n])
		switch {
		case err == nil:
		case errors.Is(err, os.ErrDeadlineExceeded):
			o.empty(buffer)
			o.flush()
			o.drained <- struct{}{}
		default: // end of file, or closed
			o.flush()
			return
		}
	}
}

// empty reads the contents of the pipe without blocking. It stops when the pipe
// is empty or, if a process keeps writing, after as much as a pipe can hold.
func (o *output) empty(buffer []byte) {
	_ = o.pipe.SetReadDeadline(time.Time{})
	conn, err := o.pipe.SyscallConn()
	if err != nil {
		return // closed
	}
	for left := pipeCapacity(); left > 0; {
		n := 0
		err := conn.Read(func(fd uintptr) bool {
			n, _ = syscall.Read(int(fd), buffer)
			return true // do not wait, whatever the result
		})
		if err != nil || n <= 0 {
			return
		}
		o.take(buffer[:n])
		left -= n
	}
}

// pipeCapacity returns an upper bound for a pipe's capacity in bytes: 16 pages on
// Linux, 64 KiB on macOS.
func pipeCapacity() int { return max(16*os.Getpagesize(), 64*1024) }

// take passes on the lines that data completes, and buffers the rest.
func (o *output) take(data []byte) {
	for len(data) > 0 {
		line, rest, complete := bytes.Cut(data, []byte("\n"))
		if room := o.limit - len(o.partial); len(line) > room {
			line, rest, complete = data[:room], data[room:], true
		}
		o.partial = append(o.partial, line...)
		data = rest
		if complete {
			o.line(string(o.partial))
			o.partial = o.partial[:0]
		}
	}
}

// flush passes on a line that has no newline yet.
func (o *output) flush() {
	if len(o.partial) > 0 {
		o.line(string(o.partial))
		o.partial = o.partial[:0]
	}
}
