package cloud

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// TraceWriter receives the segments of X-Ray traces.
type TraceWriter interface {
	// PutSegments stores segment documents. It returns those that it did not store
	// because they are invalid, and an AccessDeniedException if the caller may not
	// write traces.
	PutSegments(ctx context.Context, caller Caller, documents ...string) ([]UnprocessedSegment, error)
	// RecordSegments stores segments that a service records about itself, as
	// PutSegments stores their documents.
	RecordSegments(ctx context.Context, caller Caller, segments ...Segment) ([]UnprocessedSegment, error)
	// Daemon starts an X-Ray daemon for an execution environment. It stores the
	// documents that it receives over UDP as the caller.
	Daemon(caller Caller, function string) (TraceDaemon, error)
}

// TraceDaemon is a running X-Ray daemon.
type TraceDaemon interface {
	Address() string // host:port
	// Close stops the daemon once it has stored the documents that it has received.
	Close()
}

// UnprocessedSegment describes a document that X-Ray refused.
type UnprocessedSegment struct {
	ID        string `json:"Id,omitempty"` // of the segment, "" if the document has none
	ErrorCode string
	Message   string
}

// TraceField returns the value of a field of a trace header, such as "Root", or "".
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func TraceField(header, name string) string {
	for field := range strings.SplitSeq(header, ";") {
		if n, value, _ := strings.Cut(strings.TrimSpace(field), "="); n == name {
			return value
		}
	}
	return ""
}

// Hop returns what joins the entries of the journal about one request, in parentheses: the
// request's ID and its trace, as far as they are known.
func Hop(requestID, traceHeader string) string {
	var parts []string
	if requestID != "" {
		parts = append(parts, "request "+requestID)
	}
	if root := TraceField(traceHeader, "Root"); root != "" {
		parts = append(parts, "trace "+root)
	}
	if parts == nil {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// NewTraceID returns the root of a new trace that starts at a time:
// "1-581cf771-a006649127e371903a2de979".
func NewTraceID(at time.Time) string {
	return fmt.Sprintf("1-%08x-%08x%016x", at.Unix(), rand.Uint32(), rand.Uint64())
}

// TraceLineage is the name of the last field of a trace header, by which Lambda detects
// recursive loops.
const TraceLineage = "Lineage="

// WithTraceField returns a trace header in which a field has the given value. It adds a
// new field before the lineage.
func WithTraceField(header, name, value string) string {
	field := name + "=" + value
	if header == "" {
		return field
	}
	fields := strings.Split(header, ";")
	named := func(name string) int {
		return slices.IndexFunc(fields, func(f string) bool {
			n, _, _ := strings.Cut(strings.TrimSpace(f), "=")
			return n == name
		})
	}
	if i := named(name); i >= 0 {
		fields[i] = field
	} else if i := named(strings.TrimSuffix(TraceLineage, "=")); i >= 0 {
		fields = slices.Insert(fields, i, field)
	} else {
		fields = append(fields, field)
	}
	return strings.Join(fields, ";")
}
