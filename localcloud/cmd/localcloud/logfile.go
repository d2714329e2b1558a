package main

import (
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"tally/localcloud/control"
)

// maxLogFile is the size in bytes at which the log file of a local cloud in the
// background is rotated. One older file is kept.
const maxLogFile = 10 << 20

// startMark begins the line that precedes the output of each start.
const startMark = "--- start at "

// logFile is a log file, to which file descriptors of this process refer, such as
// standard output and standard error. It is not for concurrent use.
type logFile struct {
	path        string
	limit       int64
	size        int64
	descriptors []int
}

// openLog opens a log file for appending, so that it still has what a local cloud
// wrote before it crashed, and marks the new start.
func openLog(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := fmt.Fprintf(f, "%s%s\n", startMark, time.Now().Format(time.RFC3339)); err != nil {
		return nil, err
	}
	return f, nil
}

// ownLog returns the log file at that path, to which standard output and standard
// error of this process refer.
func ownLog(path string) *logFile {
	l := &logFile{path: path, limit: maxLogFile, descriptors: []int{unix.Stdout, unix.Stderr}}
	if info, err := os.Stat(path); err == nil {
		l.size = info.Size()
	}
	return l
}

// Write appends to the file, and begins a new one first if it would become too large.
func (l *logFile) Write(p []byte) (int, error) {
	if l.size > 0 && l.size+int64(len(p)) > l.limit {
		if err := l.rotate(); err != nil {
			return 0, err
		}
	}
	n, err := unix.Write(l.descriptors[0], p)
	l.size += int64(n)
	return n, err
}

// rotate renames the file and lets the descriptors refer to a new one.
func (l *logFile) rotate() error {
	if err := os.Rename(l.path, l.path+control.OldLog); err != nil {
		return err
	}
	f, err := os.OpenFile(l.path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	for _, fd := range l.descriptors {
		if err := unix.Dup2(int(f.Fd()), fd); err != nil {
			return err
		}
	}
	l.size = 0
	return nil
}
