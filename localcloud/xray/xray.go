// Package xray emulates AWS X-Ray. It holds traces: the segments that functions send,
// over UDP or in requests, and those that services record about themselves. Traces are
// in memory only.
package xray

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Limits of what is held, so that memory is bounded.
//
// https://docs.aws.amazon.com/general/latest/gr/xray.html
const (
	maxTraces     = 1000       // the oldest are dropped first; X-Ray keeps traces for 30 days
	maxTraceBytes = 500 * 1024 // of the documents of one trace, as on AWS
)

// Options are the dependencies of a Service. All but Store are required.
type Options struct {
	Store      *store.Store // holds the resource policies
	Authorizer cloud.Authorizer
	Policies   cloud.PolicyChecker
	Journal    cloud.Journal
}

// Service is AWS X-Ray. It implements [cloud.TraceWriter].
type Service struct {
	options  Options
	policies *store.Table[ResourcePolicy]

	mu     sync.Mutex
	traces map[string]*trace
	order  []string // the IDs of traces, oldest first
	policy string   // all resource policies as one document; "" if there are none
}

// trace holds the segments and subsegments of one trace, in the order of arrival.
type trace struct {
	segments []segment
	bytes    int  // of all documents
	full     bool // a segment was dropped because of maxTraceBytes
}

// New returns a service without traces, and with the resource policies in the store.
func New(o Options) (*Service, error) {
	policies, err := store.NewTable[ResourcePolicy](o.Store, "xray-policies")
	if err != nil {
		return nil, err
	}
	s := &Service{options: o, policies: policies, traces: map[string]*trace{}}
	s.combineLocked()
	return s, nil
}

// PutSegments implements [cloud.TraceWriter].
//
// https://docs.aws.amazon.com/xray/latest/api/API_PutTraceSegments.html
func (s *Service) PutSegments(ctx context.Context, caller cloud.Caller, documents ...string) ([]cloud.UnprocessedSegment, error) {
	return putAll(ctx, s, caller, documents, parse)
}

// RecordSegments implements [cloud.TraceWriter].
func (s *Service) RecordSegments(ctx context.Context, caller cloud.Caller, segments ...cloud.Segment) ([]cloud.UnprocessedSegment, error) {
	return putAll(ctx, s, caller, segments, record)
}

// putAll stores the segments that decode returns, unless it returns an error code.
func putAll[T any](ctx context.Context, s *Service, caller cloud.Caller, all []T, decode func(T) (segment, string)) ([]cloud.UnprocessedSegment, error) {
	if err := s.authorize(ctx, caller); err != nil {
		return nil, err
	}
	unprocessed := []cloud.UnprocessedSegment{}
	for _, one := range all {
		decoded, code := decode(one)
		if code != "" {
			unprocessed = append(unprocessed, refused(decoded.ID, code))
			continue
		}
		s.add(decoded)
	}
	return unprocessed, nil
}

func refused(id, code string) cloud.UnprocessedSegment {
	return cloud.UnprocessedSegment{ID: id, ErrorCode: code, Message: "Invalid segment. ErrorCode: " + code}
}

// authorize checks whether the caller may write traces.
func (s *Service) authorize(ctx context.Context, caller cloud.Caller) error {
	s.mu.Lock()
	policy := s.policy
	s.mu.Unlock()
	return s.options.Authorizer.Authorize(ctx, cloud.Request{Caller: caller, Action: "xray:PutTraceSegments", Resource: "*", ResourcePolicy: policy})
}

// add adds a segment to its trace. It replaces the same segment in progress.
func (s *Service) add(added segment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.traces[added.TraceID]
	if t == nil {
		if len(s.order) == maxTraces {
			delete(s.traces, s.order[0])
			s.order = s.order[1:]
		}
		t = &trace{}
		s.traces[added.TraceID], s.order = t, append(s.order, added.TraceID)
	}
	if t.bytes+len(added.document) > maxTraceBytes {
		t.full = true
		return
	}
	t.bytes += len(added.document)
	for i, known := range t.segments {
		if known.ID == added.ID {
			t.bytes -= len(known.document)
			t.segments[i] = added
			return
		}
	}
	t.segments = append(t.segments, added)
}

// Trace is a trace with complete documents.
//
// https://docs.aws.amazon.com/xray/latest/api/API_Trace.html
type Trace struct {
	ID            string  `json:"Id"`
	Duration      float64 // seconds
	LimitExceeded bool
	Segments      []Segment
}

// Segment is a segment with its subsegments.
type Segment struct {
	ID       string `json:"Id"`
	Document string // JSON
}

// Traces returns the traces with these IDs, and the IDs of those that do not exist.
func (s *Service) Traces(ids ...string) (traces []Trace, unknown []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	traces, unknown = []Trace{}, []string{}
	for _, id := range ids {
		t := s.traces[id]
		if t == nil {
			unknown = append(unknown, id)
			continue
		}
		traces = append(traces, Trace{ID: id, Duration: t.duration(), LimitExceeded: t.full, Segments: assemble(t.segments)})
	}
	return traces, unknown
}

// Summary describes a trace.
//
// https://docs.aws.amazon.com/xray/latest/api/API_TraceSummary.html
type Summary struct {
	ID           string  `json:"Id"`
	Duration     float64 // seconds, until the end of the last segment
	ResponseTime float64 // seconds, of the first segment
	HasError     bool
	HasFault     bool
	HasThrottle  bool
	IsPartial    bool // a segment is in progress
}

// Summaries returns the traces that started within the given time, newest first.
func (s *Service) Summaries(from, to time.Time) []Summary {
	s.mu.Lock()
	defer s.mu.Unlock()
	summaries := []Summary{}
	for _, id := range slices.Backward(s.order) {
		if start := s.traces[id].start(); !start.Before(from) && !start.After(to) {
			summaries = append(summaries, s.traces[id].summary(id))
		}
	}
	return summaries
}

func (t *trace) first() segment {
	return slices.MinFunc(t.segments, func(a, b segment) int { return cmp.Compare(a.Start, b.Start) })
}

func (t *trace) start() time.Time { return time.UnixMicro(int64(t.first().Start * 1e6)) }

// duration returns the time between the start of the first segment and the end of
// the last one, in seconds.
func (t *trace) duration() float64 {
	end := t.first().Start
	for _, s := range t.segments {
		end = max(end, s.End)
	}
	return seconds(end - t.first().Start)
}

func (t *trace) summary(id string) Summary {
	first := t.first()
	s := Summary{ID: id, Duration: t.duration(), ResponseTime: seconds(max(0, first.End-first.Start))}
	for _, part := range t.segments {
		s.HasError = s.HasError || part.Error
		s.HasFault = s.HasFault || part.Fault
		s.HasThrottle = s.HasThrottle || part.Throttle
		s.IsPartial = s.IsPartial || part.InProgress
	}
	return s
}

// seconds rounds a duration to milliseconds.
func seconds(d float64) float64 { return float64(int64(d*1000+0.5)) / 1000 }

// warn appends a warning about the traces of a function to the journal.
func (s *Service) warn(function, format string, args ...any) {
	s.options.Journal.Append(cloud.Entry{Level: cloud.Warning, Service: "xray", Resource: function, Message: fmt.Sprintf(format, args...)})
}
