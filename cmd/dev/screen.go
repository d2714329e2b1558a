package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/lipgloss"
	"golang.org/x/term"

	"tally/infra/bundle"
)

// recent is the number of events whose details are shown on demand.
const recent = 20

// screen prints lines, with colors if the output is a terminal. It is safe for concurrent use.
type screen struct {
	root string // folder of the project

	mu       sync.Mutex
	out      io.Writer
	newline  string
	render   *lipgloss.Renderer
	physical map[string]string // names of functions on AWS, by those in the program
	details  bool
	last     []event // the most recent events
}

func newScreen(out *os.File, root string) *screen {
	return &screen{out: out, newline: "\n", render: lipgloss.NewRenderer(out), root: root}
}

// names sets the functions of the stack.
func (s *screen) names(physical map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.physical = physical
}

// say prints a line of dev itself.
func (s *screen) say(format string, args ...any) {
	s.line(time.Now(), "dev", s.render.NewStyle().Bold(true), fmt.Sprintf(format, args...))
}

// sayOf prints a line of dev itself about a function.
func (s *screen) sayOf(function, format string, args ...any) {
	s.line(time.Now(), function, s.colorOf(function), fmt.Sprintf(format, args...))
}

// fail prints an error. Those of the compiler appear as the compiler has written them.
func (s *screen) fail(err error) {
	text := err.Error()
	if function, ok := errors.AsType[*bundle.CompileError](err); ok {
		text = function.Output
	} else if stack, ok := errors.AsType[compileError](err); ok {
		text = string(stack)
	}
	s.line(time.Now(), "dev", s.red(), "error; the earlier code keeps serving")
	s.mu.Lock()
	defer s.mu.Unlock()
	for line := range strings.Lines(text) {
		s.write(s.red().Render(strings.TrimRight(line, "\n")))
	}
}

// line prints a line with the time and its source.
func (s *screen) line(at time.Time, source string, style lipgloss.Style, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(at.Local().Format("15:04:05.000") + " " + style.Render(fmt.Sprintf("%-15s", source)) + " " + text)
}

// write prints a line.
func (s *screen) write(line string) { fmt.Fprint(s.out, line+s.newline) }

func (s *screen) red() lipgloss.Style { return s.render.NewStyle().Foreground(lipgloss.Color("1")) }

// palette are the colors of functions: those of the terminal's own 16 that are legible on
// light and on dark, without red.
var palette = []lipgloss.Color{"6", "5", "2", "4", "3", "14", "13", "10", "12"}

// colorOf returns the style of a function's name.
func (s *screen) colorOf(function string) lipgloss.Style {
	s.mu.Lock()
	defer s.mu.Unlock()
	i, found := slices.BinarySearch(slices.Sorted(maps.Keys(s.physical)), function)
	if !found {
		return s.render.NewStyle()
	}
	return s.render.NewStyle().Foreground(palette[i%len(palette)])
}

// show prints an event in short: a line, or more for a stack trace, or nothing if only its
// details are of interest.
func (s *screen) show(e event) {
	s.mu.Lock()
	s.last = append(s.last[max(0, len(s.last)-recent+1):], e)
	physical, details := s.physical, s.details
	s.mu.Unlock()
	source, lines, bad := e.short(physical, s.root)
	style := s.colorOf(source)
	for i, text := range lines {
		if bad {
			text = s.red().Render(text)
		}
		if i == 0 {
			s.line(e.Time, source, style, text)
		} else {
			s.line(e.Time, "", style, text)
		}
	}
	if details {
		s.detail(e)
	}
}

// detail prints all that is known about an event.
func (s *screen) detail(e event) {
	source := e.Resource
	if e.LogGroup != "" {
		source = e.LogGroup
	}
	s.line(e.Time, "", s.render.NewStyle(), s.render.NewStyle().Faint(true).Render(strings.TrimSpace(source+" "+e.Message)))
}

// toggleDetails shows the details of the most recent events and of all from now on, or stops
// that.
func (s *screen) toggleDetails() {
	s.mu.Lock()
	s.details = !s.details
	on, last := s.details, s.last
	s.mu.Unlock()
	if !on {
		s.say("without details")
		return
	}
	s.say("details of the last %d events, and of all from now on until d", len(last))
	for _, e := range last {
		s.detail(e)
	}
}

// takeKeys reads keys until it is restored: d for details, and q, Control-C or Control-D to
// quit. Without a terminal, it reads characters in the same way, but not the end of the input.
func (s *screen) takeKeys(in *os.File, quit func()) (restore func(), err error) {
	restore = func() {}
	terminal := term.IsTerminal(int(in.Fd()))
	if terminal {
		state, err := term.MakeRaw(int(in.Fd()))
		if err != nil {
			return nil, err
		}
		s.newline = "\r\n" // the terminal does not return the carriage any more
		restore = func() { _ = term.Restore(int(in.Fd()), state) }
	}
	go func() {
		key := make([]byte, 1)
		for {
			if _, err := in.Read(key); err != nil {
				return
			}
			switch key[0] {
			case 'q', 3, 4:
				quit()
			case 'd':
				s.toggleDetails()
			}
		}
	}()
	return restore, nil
}
