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

// maxLine bounds what is held of a line that has not ended, in bytes: longer
// lines are split.
const maxLine = 256 * 1024

// output reads the pipe that is a process's stdout and stderr, and hands on
// its lines.
type output struct {
	pipe    *os.File
	line    func(string)
	partial []byte // a line without its newline; the reader's own

	draining sync.Mutex    // the reader answers one drain at a time
	drained  chan struct{} // its answer
	ended    chan struct{} // closed when the reader has ended
	once     sync.Once
}

// openOutput makes the pipe and starts to read it. The writer is for the
// process; the caller closes its own copy.
func openOutput(line func(string)) (o *output, writer *os.File, err error) {
	pipe, writer, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	o = &output{pipe: pipe, line: line, drained: make(chan struct{}), ended: make(chan struct{})}
	go o.read()
	return o, writer, nil
}

// drain returns when everything that was in the pipe when it was called has
// been handed on, a last line without a newline too.
//
// A deadline in the past interrupts the reader, which then reads without
// waiting until the pipe is empty, and says so.
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

// close drains the pipe and stops reading, even where a process that outlived
// the function holds the other end open.
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
		default: // the end of the file, or close
			o.flush()
			return
		}
	}
}

// empty reads what is in the pipe, without waiting for more: until there is
// nothing, or, where somebody keeps writing, as much as a pipe can hold.
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
			return true // whatever came of it: do not wait
		})
		if err != nil || n <= 0 {
			return
		}
		o.take(buffer[:n])
		left -= n
	}
}

// pipeCapacity is no less than what a pipe holds: 16 pages on Linux, 64 KiB on
// macOS.
func pipeCapacity() int { return max(16*os.Getpagesize(), 64*1024) }

// take hands on the lines that data completes.
func (o *output) take(data []byte) {
	for len(data) > 0 {
		line, rest, complete := bytes.Cut(data, []byte("\n"))
		if room := maxLine - len(o.partial); len(line) > room {
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

// flush hands on a line that has no newline yet.
func (o *output) flush() {
	if len(o.partial) > 0 {
		o.line(string(o.partial))
		o.partial = o.partial[:0]
	}
}
