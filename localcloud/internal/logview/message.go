package logview

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// message is a line that a function has written.
type message struct {
	text     string
	severity int // an index into severities
}

// severities are the log levels, least severe first.
var severities = []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}

// The places of two of the severities.
const (
	info = 2
	warn = 3
)

// hidden are the fields that say nothing that the row does not.
var hidden = []string{"timestamp", "time", "level", "requestId"}

// parseMessage returns a line as text. One in JSON becomes its message and its other fields:
// "sum num1=3 num2=4". It returns false for metrics in the embedded metric format.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
func parseMessage(line string) (message, bool) {
	fields, ok := members(line)
	if !ok {
		return message{line, info}, true
	}
	m := message{severity: info}
	var rest, ids []string
	for _, f := range fields {
		switch {
		case f.name == "_aws":
			return message{}, false
		case f.name == "level":
			if at := slices.Index(severities, strings.ToUpper(f.value)); at >= 0 {
				m.severity = at
			}
		case isMessage(f.name):
			m.text = f.value
		case strings.HasSuffix(strings.ToLower(f.name), "id") && !slices.Contains(hidden, f.name):
			ids = append(ids, f.name+"="+f.value) // long, so last
		case !slices.Contains(hidden, f.name):
			rest = append(rest, f.name+"="+f.value)
		}
	}
	m.text = strings.TrimSpace(m.text + " " + strings.Join(append(rest, ids...), " "))
	return m, true
}

// isMessage reports whether a field has the message: that of Lambda's own loggers, or that
// of slog.
func isMessage(name string) bool { return name == "message" || name == "msg" }

type member struct{ name, value string }

// members returns the members of a JSON object in their order, strings without quotes.
func members(line string) (all []member, ok bool) {
	if !strings.HasPrefix(line, "{") || !json.Valid([]byte(line)) {
		return nil, false
	}
	d := json.NewDecoder(strings.NewReader(line))
	_, _ = d.Token() // the brace
	for d.More() {
		name, _ := d.Token()
		var raw json.RawMessage
		if d.Decode(&raw) != nil {
			return nil, false
		}
		value := string(raw)
		if bytes.HasPrefix(raw, []byte{'"'}) {
			_ = json.Unmarshal(raw, &value) // it is valid
		}
		all = append(all, member{name.(string), value})
	}
	return all, true
}
