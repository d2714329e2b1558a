// Package logview shows the logs of functions to people: one line for each invocation, and
// a few more for one that failed.
package logview

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
	"unicode"

	"tally/localcloud/control"
)

// View writes the invocations that it finds in log events.
type View struct {
	// Width is the maximum length of a line in columns.
	Width int
	// Color is whether lines have colors.
	Color bool
	// Failed is whether only failed invocations are shown.
	Failed bool

	w     io.Writer
	names names
	open  map[string]*invocation // by stream
}

// New returns a view that writes to w, 80 columns wide. functions are the names of the
// deployed functions, by which it finds short ones that differ.
func New(w io.Writer, functions []string) *View {
	return &View{Width: 80, w: w, names: shorten(functions), open: map[string]*invocation{}}
}

// invocation is what is known of an invocation.
type invocation struct {
	function  string
	began     time.Time
	requestID string // "" until it has started
	messages  []message
	failure   *failure
	end       platform
	ended     bool
}

// Add adds an event. The events of each execution environment must be in order.
func (v *View) Add(e control.LogEvent) error {
	key := e.Function + "\n" + e.Stream
	i := v.open[key]
	if i == nil {
		i = &invocation{function: e.Function, began: e.Time}
		v.open[key] = i
	}
	p, ok := platformLine(e.Message)
	switch {
	case !ok:
		i.add(e.Message)
	case p.kind == "start":
		if i.requestID != "" { // its end is missing
			if err := v.write(i); err != nil {
				return err
			}
			i.messages, i.failure = nil, nil
		}
		i.requestID, i.began = p.requestID, e.Time
	case p.kind == "report":
		i.end, i.ended = p, true
		delete(v.open, key)
		return v.write(i)
	}
	return nil
}

// Flush writes the invocations whose ends were not added.
func (v *View) Flush() error {
	left := make([]*invocation, 0, len(v.open))
	for _, i := range v.open {
		if i.requestID != "" || len(i.messages) > 0 {
			left = append(left, i)
		}
	}
	slices.SortFunc(left, func(a, b *invocation) int { return a.began.Compare(b.began) })
	v.open = map[string]*invocation{}
	for _, i := range left {
		if err := v.write(i); err != nil {
			return err
		}
	}
	return nil
}

// add adds a line of the function.
func (i *invocation) add(line string) {
	if f, ok := parseFailure(line); ok {
		i.failure = &f
		return
	}
	if m, ok := parseMessage(line); ok {
		i.messages = append(i.messages, m)
	}
}

func (i *invocation) failed() bool { return i.failure != nil || i.end.status != "" }

// write writes the row of an invocation, and what its failure was.
func (v *View) write(i *invocation) error {
	if v.Failed && !i.failed() {
		return nil
	}
	took := "…"
	if i.ended {
		took = fmt.Sprintf("%d ms", i.end.duration.Round(time.Millisecond).Milliseconds())
	}
	text, severity := i.summary()
	row := fmt.Sprintf("%s  %-*s %8s  %s", i.began.Local().Format("15:04:05.000"), v.names.width, v.names.of(i.function), took, text)
	if _, err := fmt.Fprintln(v.w, v.colored(severity, cut(row, v.Width))); err != nil {
		return err
	}
	if i.failure == nil {
		return nil
	}
	for _, line := range i.failure.lines() {
		for _, part := range wrap(line, v.Width-indentation) {
			if _, err := fmt.Fprintln(v.w, v.colored(warn+1, strings.Repeat(" ", indentation)+part)); err != nil {
				return err
			}
		}
	}
	return nil
}

// indentation is where the lines of a failure begin: below the names.
const indentation = len("15:04:05.000  ")

// summary returns the last of the most severe messages, and its severity. A failure comes
// before it.
func (i *invocation) summary() (string, int) {
	m := message{severity: -1}
	for _, candidate := range i.messages {
		if candidate.severity >= m.severity {
			m = candidate
		}
	}
	if !i.failed() {
		return m.text, m.severity
	}
	failed := "failed"
	if s := i.end.status; s != "" && s != "error" {
		failed = s // "timeout"
	}
	if i.failure == nil && i.end.errorType != "" {
		failed += " (" + i.end.errorType + ")"
	}
	if m.text != "" {
		failed += ": " + m.text
	}
	return failed, warn + 1
}

// The ANSI escape sequences of colors.
const (
	red    = "\x1b[31m"
	yellow = "\x1b[33m"
	reset  = "\x1b[0m"
)

// colored returns the line in the color of its severity.
func (v *View) colored(severity int, line string) string {
	switch {
	case !v.Color || severity < warn:
		return line
	case severity == warn:
		return yellow + line + reset
	}
	return red + line + reset
}

// printable replaces what would move the cursor or change the terminal, such as tabs and
// escape sequences.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// cut returns the first line of s in at most that many columns.
func cut(s string, columns int) string {
	first, _, more := strings.Cut(s, "\n")
	first = printable(first)
	letters := []rune(first)
	if len(letters) > columns {
		return string(letters[:columns-1]) + "…"
	}
	if more && len(letters) < columns {
		return first + "…"
	}
	return first
}

// wrap splits s into lines of at most that many columns.
func wrap(s string, columns int) (lines []string) {
	for line := range strings.SplitSeq(s, "\n") {
		letters := []rune(printable(line))
		for len(letters) > columns {
			at := columns
			for n := columns; n > columns/2; n-- {
				if letters[n] == ' ' {
					at = n
					break
				}
			}
			lines = append(lines, string(letters[:at]))
			letters = []rune(strings.TrimLeft(string(letters[at:]), " "))
		}
		lines = append(lines, string(letters))
	}
	return lines
}
