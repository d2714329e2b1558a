package logview

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"
)

// platform is what a line of Lambda's own says.
//
// https://docs.aws.amazon.com/lambda/latest/dg/telemetry-schema-reference.html
type platform struct {
	kind              string // "start", "report", or "" for anything else
	requestID         string
	duration          time.Duration
	status, errorType string // of a report that is not a success; an error of the function may have none
}

// platformLine parses a line of Lambda's own, in either log format. It reports whether it
// is one.
func platformLine(line string) (platform, bool) {
	if strings.HasPrefix(line, `{"time":`) {
		return platformJSON(line)
	}
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "START", "END", "REPORT":
		id, ok := strings.CutPrefix(rest, "RequestId: ")
		if !ok {
			return platform{}, false
		}
		id, fields, _ := strings.Cut(id, "\t")
		id, _, _ = strings.Cut(id, " ")
		p := platform{kind: strings.ToLower(word), requestID: id}
		for field := range strings.SplitSeq(fields, "\t") {
			p.set(field)
		}
		return p, true
	case "INIT_START", "INIT_REPORT":
		return platform{}, strings.Contains(rest, "Version: ") || strings.Contains(rest, "Duration: ")
	}
	return platform{}, false
}

// set sets what a field of a REPORT line says.
func (p *platform) set(field string) {
	name, value, _ := strings.Cut(field, ": ")
	switch name {
	case "Duration":
		ms, _ := strconv.ParseFloat(strings.TrimSuffix(value, " ms"), 64)
		p.duration = milliseconds(ms)
	case "Status":
		p.status = value
	case "Error Type":
		p.errorType = value
	}
}

func platformJSON(line string) (platform, bool) {
	var e struct {
		Type   string
		Record struct {
			RequestID, Status, ErrorType string
			Metrics                      struct{ DurationMs float64 }
		}
	}
	if json.Unmarshal([]byte(line), &e) != nil {
		return platform{}, false
	}
	kind, ok := strings.CutPrefix(e.Type, "platform.")
	p := platform{kind: kind, requestID: e.Record.RequestID, duration: milliseconds(e.Record.Metrics.DurationMs), errorType: e.Record.ErrorType}
	if e.Record.Status != "success" {
		p.status = e.Record.Status
	}
	return p, ok
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }
