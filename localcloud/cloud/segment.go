package cloud

import (
	"fmt"
	"math/rand/v2"
	"time"
)

// Segment is the document of a segment that a service records in a trace.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
type Segment struct {
	ID       string         `json:"id"`
	TraceID  string         `json:"trace_id"`
	ParentID string         `json:"parent_id,omitempty"`
	Name     string         `json:"name"`
	Origin   string         `json:"origin"` // "AWS::Lambda"
	Start    float64        `json:"start_time"`
	End      float64        `json:"end_time"`
	AWS      map[string]any `json:"aws"`
	Fault    bool           `json:"fault,omitempty"`
	Cause    map[string]any `json:"cause,omitempty"`
}

// NewSegmentID returns a random ID.
func NewSegmentID() string { return fmt.Sprintf("%016x", rand.Uint64()) }

// SegmentTime returns a time as segments contain it: in seconds since 1970, with a
// fraction.
func SegmentTime(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
