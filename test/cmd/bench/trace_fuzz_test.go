package main

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"
)

// FuzzTrace checks that the parts of a run add up to the whole, whatever the spans are,
// and that none is negative if the spans lie within each other as those of pulumi do.
func FuzzTrace(f *testing.F) {
	line := func(spans ...span) []byte {
		type scope struct{ Spans []span }
		raw, err := json.Marshal(map[string]any{"resourceSpans": []any{map[string]any{"scopeSpans": []scope{{spans}}}}})
		if err != nil {
			f.Fatal(err)
		}
		return append(raw, '\n')
	}
	f.Add(line(span{"pulumi", 0, 100}, span{"pulumirpc.LanguageRuntime/Run", 10, 90}, span{"pulumirpc.ResourceMonitor/A", 20, 30}), uint16(20), uint16(5), uint16(7))
	f.Add([]byte("{}\n{"), uint16(0), uint16(0), uint16(0))
	f.Add([]byte{}, uint16(1), uint16(65535), uint16(65535))
	f.Fuzz(func(t *testing.T, trace []byte, a, b, c uint16) {
		_, _ = parseTrace(trace) // must not panic
		start := time.Now().UnixNano() % math.MaxInt32
		at := func(offsets ...uint16) (ns int64) {
			ns = start
			for _, n := range offsets {
				ns += int64(n)
			}
			return ns
		}
		whole := at(a, b, c, a, b, c)
		spans := []span{
			{"pulumirpc.ResourceMonitor/RegisterResource", at(a, b), at(a, b, c)},
			{"pulumirpc.ResourceMonitor/RegisterResource", at(a, b), at(a, b, c, a)},
			{"pulumi", at(), whole},
			{"pulumirpc.LanguageRuntime/Run", at(a), at(a, b, c, a, b)},
			{"pulumirpc.ResourceProvider/Check", at(a, b), at(a, b, c)},
		}
		p, err := parseTrace(append(line(spans[:2]...), line(spans[2:]...)...))
		if err != nil {
			t.Fatal(err)
		}
		if sum := p.build + p.program + p.provider + p.engine; sum != time.Duration(whole-start) {
			t.Errorf("%+v is %v, want %v", p, sum, time.Duration(whole-start))
		}
		if want := (parts{build: time.Duration(b), provider: time.Duration(c)}); p.build != want.build || p.program != 0 || p.provider != want.provider || p.engine < 0 {
			t.Errorf("%s: %+v, want %+v", fmt.Sprint(spans), p, want)
		}
	})
}
