package logview

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// failure is an error that a function has returned, as Lambda's runtimes log it.
//
// https://docs.aws.amazon.com/lambda/latest/dg/golang-exceptions.html
type failure struct {
	Message string  `json:"errorMessage"`
	Type    string  `json:"errorType"`
	Stack   []frame `json:"stackTrace"`
}

type frame struct {
	Path  string // "greet/handler.go", or with its package, "encoding/json/decode.go"
	Line  int
	Label string // "handler.handle"
}

// parseFailure finds a failure in a line. A text may precede it, such as the time, or it is
// the message of a structured log.
func parseFailure(line string) (f failure, ok bool) {
	if fields, ok := members(line); ok && strings.Contains(line, "errorMessage") {
		for _, m := range fields {
			if isMessage(m.name) {
				line = m.value
			}
		}
	}
	at := strings.Index(line, `{"errorMessage":`)
	if at < 0 || json.Unmarshal([]byte(line[at:]), &f) != nil {
		return f, false
	}
	return f, f.Type != ""
}

// lines returns the failure as lines for people: its type and message, and for a panic where
// it was.
func (f failure) lines() []string {
	if len(f.Stack) == 0 {
		return []string{f.Type + ": " + f.Message}
	}
	at := f.Stack[0]
	if own := slices.IndexFunc(f.Stack, frame.own); own >= 0 {
		at = f.Stack[own]
	}
	return []string{fmt.Sprintf("panic: %s: %s", f.Type, f.Message), fmt.Sprintf("at %s:%d, in %s", at.Path, at.Line, at.Label)}
}

// own reports whether a frame is of the function's own code: neither of another module,
// whose path has a version, nor of the standard library.
func (f frame) own() bool {
	first, _, _ := strings.Cut(f.Path, "/")
	return !strings.Contains(f.Path, "@") && !slices.Contains(standard, first)
}

// standard are the topmost folders of Go's standard library.
//
// https://pkg.go.dev/std
var standard = strings.Fields(`archive bufio bytes cmp compress container context crypto database debug embed encoding
	errors expvar flag fmt go hash html image index internal io iter log maps math mime net os path plugin reflect regexp
	runtime slices sort strconv strings structs sync syscall testing text time unicode unique unsafe weak`)
