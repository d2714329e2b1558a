package xray

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzPacket checks that a packet is stored, or that a warning says why not, and that
// what is stored is what was sent.
func FuzzPacket(f *testing.F) {
	const header = `{"format": "json", "version": 1}` + "\n"
	f.Add([]byte(header + document(one, 1, 1, 2, "")))
	f.Add([]byte(header + document(one, 1, 1e300, 2, "")))
	f.Add([]byte(header))
	f.Add([]byte(`{"format": "json", "version": 2}` + "\n" + document(one, 1, 1, 2, "")))
	f.Add([]byte(`{"version": 1, "format": "json", "x": [1]} ` + "\r\n" + document(one, 1, 1, 2, "")))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, packet []byte) {
		warnings := &fake{}
		s := open(t, warnings)
		(&daemon{service: s, function: "f"}).receive(packet)
		first, rest, _ := bytes.Cut(packet, []byte("\n"))
		var h map[string]any
		var sent struct {
			ID      string `json:"id"`
			TraceID string `json:"trace_id"`
		}
		_, _ = json.Unmarshal(first, &h), json.Unmarshal(rest, &sent)
		traces, _ := s.Traces(sent.TraceID)
		if stored := len(traces) == 1; stored == (len(warnings.messages) > 0) {
			t.Fatalf("%q: stored %t, warnings %q", packet, stored, warnings.messages)
		} else if !stored {
			return
		}
		if h == nil || !json.Valid(rest) || len(traces[0].Segments) != 1 || traces[0].Segments[0].ID != sent.ID {
			t.Errorf("%q is stored as %+v", packet, traces)
		}
	})
}
