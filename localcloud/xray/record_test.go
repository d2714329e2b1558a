package xray

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

func ownSegment() cloud.Segment {
	return cloud.Segment{
		ID: "000000000000000a", TraceID: one, ParentID: "000000000000000b", Name: "add", Origin: "AWS::Lambda",
		Start: 1, End: 2, AWS: map[string]any{"request_id": "r"}, Fault: true,
	}
}

// TestRecordSegments checks that a segment has the same effect, and is refused for the
// same reasons, whether it is sent as a document or not.
func TestRecordSegments(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*cloud.Segment)
		code   string
	}{
		"valid":         {func(*cloud.Segment) {}, ""},
		"invalid trace": {func(s *cloud.Segment) { s.TraceID = "1-2-3" }, "InvalidTraceId"},
		"no trace":      {func(s *cloud.Segment) { s.TraceID = "" }, "MissingTraceId"},
		"parent":        {func(s *cloud.Segment) { s.ParentID = "x" }, "InvalidParentId"},
		"large":         {func(s *cloud.Segment) { s.Cause = map[string]any{"x": strings.Repeat("x", maxDocument)} }, "ParseError"},
	} {
		t.Run(name, func(t *testing.T) {
			segment := ownSegment()
			tc.change(&segment)
			document, err := json.Marshal(segment)
			if err != nil {
				t.Fatal(err)
			}
			sent, recorded := open(t, &fake{}), open(t, &fake{})
			if _, err := sent.PutSegments(t.Context(), cloud.Caller{}, string(document)); err != nil {
				t.Fatal(err)
			}
			unprocessed, err := recorded.RecordSegments(t.Context(), cloud.Caller{}, segment)
			if err != nil {
				t.Fatal(err)
			}
			code := ""
			if len(unprocessed) > 0 {
				code = unprocessed[0].ErrorCode
			}
			if code != tc.code {
				t.Errorf("error code %q, want %q", code, tc.code)
			}
			want, _ := sent.Traces(one)
			got, _ := recorded.Traces(one)
			if diff := cmp.Diff(want, got); diff != "" || (len(got) == 1) != (tc.code == "") {
				t.Errorf("%d traces, -sent +recorded\n%s", len(got), diff)
			}
		})
	}
	s := open(t, &fake{allowed: func(cloud.Request) bool { return false }})
	if _, err := s.RecordSegments(t.Context(), cloud.Caller{}, ownSegment()); cloud.ErrorCode(err) != "AccessDeniedException" {
		t.Errorf("without permission: %v", err)
	}
}

func BenchmarkRecordSegments(b *testing.B) {
	s, segment := open(b, &fake{}), ownSegment()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.RecordSegments(b.Context(), cloud.Caller{}, segment); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPutSegments(b *testing.B) {
	s := open(b, &fake{})
	document, err := json.Marshal(ownSegment())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := s.PutSegments(b.Context(), cloud.Caller{}, string(document)); err != nil {
			b.Fatal(err)
		}
	}
}
