//go:build unix

package process

import (
	"bytes"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
)

// maxLine is the maximum length of a line in bytes, which bounds the buffer of a
// line that has no newline yet. Longer lines are split.
const maxLine = 256 * 1024

// output reads the pipe to which a process writes stdout and stderr, and passes
// its lines to a function.
type output struct {
	pipe  *os.File
	raw   syscall.RawConn // of pipe
	ended chan struct{}   // closed when the reader has ended
	once  sync.Once

	closing atomic.Bool // the reader stops even if a process keeps writing

	mu      sync.Mutex // held while the pipe is emptied, by the reader or by drain
	line    func(string)
	limit   int // the maximum length of a line: maxLine, but for tests
	buffer  []byte
	partial []byte // a line without its newline
}

// openOutput creates the pipe and starts reading it. The process inherits
// writer; the caller closes its own copy.
func openOutput(line func(string)) (o *output, writer *os.File, err error) {
	pipe, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	o = &output{pipe: pipe, line: line, limit: maxLine, ended: make(chan struct{}), buffer: make([]byte, 64*1024)}
	if o.raw, err = pipe.SyscallConn(); err != nil {
		return nil, nil, errors.Join(err, pipe.Close(), writer.Close())
	}
	go o.read()
	return o, writer, nil
}

// read empties the pipe whenever the process has written to it.
func (o *output) read() {
	defer close(o.ended)
	_ = o.raw.Read(func(fd uintptr) bool { // fails once it is closed
		for {
			o.mu.Lock()
			state := o.empty(fd)
			o.mu.Unlock()
			if state != filled || o.closing.Load() {
				return state != emptied
			}
		}
	})
}

// drain returns once everything that the pipe contained at the time of the call
// has been passed on, including a last line without a newline. It does not wait for the
// reader.
func (o *output) drain() {
	o.mu.Lock()
	defer o.mu.Unlock()
	_ = o.raw.Control(func(fd uintptr) { o.empty(fd) }) // fails once it is closed
	o.flush()
}

// close drains the pipe and stops reading, even if a process that outlived the
// function holds the other end open.
func (o *output) close() {
	o.once.Do(func() {
		o.drain()
		o.closing.Store(true)
		o.pipe.Close()
		<-o.ended
	})
}

// state is that of the pipe.
type state int

const (
	emptied state = iota
	filled        // a process keeps writing
	ended         // nobody can write to it any more
)

// empty passes on what the pipe contains, without blocking, but at most as much as a
// pipe can hold.
func (o *output) empty(fd uintptr) state {
	for left := pipeCapacity(); left > 0; {
		n, err := syscall.Read(int(fd), o.buffer)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.EAGAIN):
			return emptied
		case err != nil || n == 0:
			return ended
		}
		o.take(o.buffer[:n])
		left -= n
	}
	return filled
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
