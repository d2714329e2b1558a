package store

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
)

// logger reports what the engine cannot return as an error.
type logger struct {
	opening atomic.Bool
	once    sync.Map // the reports so far, none of which is repeated
}

func (*logger) Infof(string, ...any) {}

func (*logger) Errorf(format string, args ...any) {
	text, _, _ := strings.Cut(fmt.Sprintf(format, args...), "\n") // a stack trace follows
	fmt.Fprintln(os.Stderr, "localcloud: state:", text)
}

// Fatalf ends the process: the engine calls it when it cannot write to the disk, and
// nothing may be acknowledged then. The next start continues with what is on disk. While
// a state is opened, it is an error of that.
func (l *logger) Fatalf(format string, args ...any) {
	if l.opening.Load() {
		panic(fmt.Sprintf(format, args...))
	}
	l.Errorf(format, args...)
	fmt.Fprintln(os.Stderr, "localcloud: the state cannot be written, so the local cloud ends; free or repair the disk, then start it again")
	os.Exit(1)
}

// corrupt reports damage. Whoever reads the damaged part gets it as an error as well.
func (l *logger) corrupt(info pebble.DataCorruptionInfo) {
	if _, known := l.once.LoadOrStore(info.Path, true); !known {
		l.Errorf("%v", unusable(info.Path, info.Details))
	}
}

// background reports an error of the engine's own work, which it repeats. If the disk is
// full, it would repeat it without a pause, and could not keep what it has accepted.
func (l *logger) background(err error) {
	if isMachine(err) {
		l.Fatalf("%v", err)
	}
	if _, known := l.once.LoadOrStore(err.Error(), true); !known {
		l.Errorf("%v", err)
	}
}
