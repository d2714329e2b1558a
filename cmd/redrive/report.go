package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode"
)

// A report shows the results of messages: on a terminal, those that failed and a
// progress bar; elsewhere, a line for each.
type report struct {
	out screen
	dry bool

	mu           sync.Mutex
	total        int // about how many messages are in the queues
	done, failed int
	others       int // messages that were not selected
	found        []string
}

func newReport(out screen, dry bool) *report { return &report{out: out, dry: dry} }

// expect adds to the number of messages.
func (r *report) expect(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.total += n
}

// skipped counts a message that was not selected.
func (r *report) skipped() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.others++
	r.draw()
}

// result shows the result of a message: err is why it failed.
func (r *report) result(q queue, m message, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.found = append(r.found, m.ID, m.MessageID)
	what := "done"
	switch {
	case err != nil:
		r.failed++
		what = "failed"
	case r.dry:
		r.done++
		what = "would run"
	default:
		r.done++
	}
	if line := fmt.Sprintf("%-9s  %s  %s", what, m.ID, q.Name); err != nil {
		r.line(line + ": " + oneLine(err.Error()))
	} else if r.dry || !r.out.terminal {
		r.line(line)
	}
	r.draw()
}

// line prints a line in place of the progress bar.
func (r *report) line(s string) {
	if r.out.terminal {
		s = "\r\x1b[K" + s
	}
	fmt.Fprintln(r.out, s)
}

// draw draws the progress bar.
func (r *report) draw() {
	if !r.out.terminal {
		return
	}
	const width = 30
	seen := r.done + r.failed + r.others
	total := max(r.total, seen, 1)
	full := width * seen / total
	fmt.Fprintf(r.out, "\r\x1b[K[%s%s] %d of %d, %d failed", strings.Repeat("#", full), strings.Repeat(".", width-full), seen, total, r.failed)
}

// finish prints a summary. It returns an error if a message failed or if one of the
// selected IDs was not found.
func (r *report) finish(ids []string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	verb := "run again"
	if r.dry {
		verb = "would be run again"
	}
	r.line(fmt.Sprintf("%d %s, %d failed, %d not selected", r.done, verb, r.failed, r.others))
	var errs []error
	if r.failed > 0 {
		errs = append(errs, fmt.Errorf("%s failed and remain in the queues", count(r.failed, "message")))
	}
	for _, id := range ids {
		if !slices.Contains(r.found, id) {
			errs = append(errs, fmt.Errorf("no message with the ID %s matches the selection", id))
		}
	}
	return errors.Join(errs...)
}

// count returns "1 message" or "2 messages".
func count(n int, what string) string {
	return fmt.Sprintf("%d %s%s", n, what, map[bool]string{true: "s"}[n != 1])
}

// oneLine returns s with every run of white space replaced by one space, and other
// control characters, which could change what a terminal shows, by a replacement
// character.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.Join(strings.Fields(s), " "))
}
