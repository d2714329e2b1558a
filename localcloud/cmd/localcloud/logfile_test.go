package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"tally/localcloud/control"
)

// TestLogFileRotates checks that a log file and its predecessor stay small, lose
// nothing recent, and continue across starts.
func TestLogFileRotates(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	read := func(path string) string {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	start := func() *logFile {
		f, err := openLog(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		fd, err := unix.Dup(int(f.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { unix.Close(fd) })
		l := ownLog(path)
		l.limit, l.descriptors = 100, []int{fd}
		return l
	}
	line := func(l *logFile, s string) {
		if n, err := l.Write([]byte(s)); n != len(s) || err != nil {
			t.Fatalf("wrote %d bytes, error %v", n, err)
		}
	}
	line(start(), "the end of a crash\n")
	l := start()
	if got := read(path); !strings.Contains(got, "the end of a crash\n--- start at ") {
		t.Errorf("the second start erased the log: %q", got)
	}
	tens := func(c string) string { return strings.Repeat(c, 59) + "\n" }
	for _, c := range []string{"a", "b", "c"} {
		line(l, tens(c))
	}
	if got := read(path + control.OldLog); got != tens("b") {
		t.Errorf("the old file has %q", got)
	}
	if got := read(path); got != tens("c") {
		t.Errorf("the file has %q", got)
	}
}
