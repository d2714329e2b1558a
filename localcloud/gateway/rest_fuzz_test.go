package gateway

import (
	"encoding/json"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// FuzzInstant reads any text as a time, and writes times in all protocols.
func FuzzInstant(f *testing.F) {
	for _, raw := range []string{`1764470405.123`, `"2026-01-31T12:00:00Z"`, `"2026-01-31"`, `"2026-01-31T12:00+01:00"`, `1e300`, `-1`, `null`, `"x"`, `{}`} {
		f.Add([]byte(raw), int64(1_764_470_405_123))
	}
	f.Add([]byte(`0`), int64(-62135596800000))
	f.Fuzz(func(t *testing.T, raw []byte, ms int64) {
		var read instant
		if json.Valid(raw) && json.Unmarshal(raw, &read) == nil && string(raw) != "null" {
			if seconds, err := strconv.ParseFloat(strings.TrimSpace(string(raw)), 64); err == nil && math.Abs(float64(read.UnixMilli())/1000-seconds) > 1 {
				t.Errorf("%s is %v", raw, read)
			}
		}
		want := instant{time.UnixMilli(ms % (1 << 47)).UTC()}
		if year := want.Year(); year < 1 || year > 9999 {
			return
		}
		var fromJSON, fromText instant
		text, err := want.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		if err := fromText.UnmarshalText(text); err != nil || !fromText.Equal(want.Time) {
			t.Errorf("%v is written as %s, and read as %v, %v", want, text, fromText, err)
		}
		number, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(number, &fromJSON); err != nil || !fromJSON.Equal(want.Time) {
			t.Errorf("%v is written as %s, and read as %v, %v", want, number, fromJSON, err)
		}
		binary, err := cbor.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var fromCBOR time.Time
		if err := cbor.Unmarshal(binary, &fromCBOR); err != nil || fromCBOR.Sub(want.Time).Abs() > time.Millisecond {
			t.Errorf("%v is written as %x, and read as %v, %v", want, binary, fromCBOR, err)
		}
	})
}

func TestInstant(t *testing.T) {
	for raw, want := range map[string]string{
		`1764470405.123`: "2025-11-30T02:40:05.123Z", `-62135596800`: "0001-01-01T00:00:00Z", `253402300799`: "9999-12-31T23:59:59Z", `"2026-01-31"`: "2026-01-31T00:00:00Z",
		`1e300`: "", `-1e12`: "", `253402300800`: "", `null`: "", `[]`: "", `"x"`: "",
	} {
		var got instant
		if err := got.UnmarshalJSON([]byte(raw)); (err != nil) != (want == "") || err == nil && got.Format(time.RFC3339Nano) != want {
			t.Errorf("%s is %v, %v", raw, got, err)
		}
	}
}

// FuzzRoute sends any path segment to an operation, which receives it decoded. No path
// belongs to two operations.
func FuzzRoute(f *testing.F) {
	p := newRESTJSON(operations{
		"Get": {route: "GET /2015-03-31/functions/{FunctionName}"}, "List": {route: "GET /2015-03-31/functions"},
		"Alias": {route: "GET /2015-03-31/functions/{FunctionName}/aliases/{Name}"},
	})
	for _, segment := range []string{"add", "arn:aws:lambda:us-east-1:000000000000:function:add", "a/b", "%", "%2F", "é ", "", "..", "a?b", "a;b"} {
		f.Add("/2015-03-31/functions/"+url.PathEscape(segment), segment)
		f.Add(segment, segment)
	}
	f.Fuzz(func(t *testing.T, path, segment string) {
		if u, err := url.ParseRequestURI(path); err == nil {
			split := strings.Split(strings.TrimSuffix(u.EscapedPath(), "/"), "/")
			matching := 0
			for _, r := range p.routes {
				if !r.matches(http.MethodGet, split) {
					continue
				}
				matching++
				for _, s := range r.segments {
					name, isLabel := strings.CutPrefix(s, "{")
					if !isLabel {
						continue
					}
					if _, err := r.label(strings.TrimSuffix(name, "}"), split); err != nil {
						t.Errorf("%q matches, and has no %s: %v", path, name, err)
					}
				}
			}
			if matching > 1 {
				t.Errorf("%q belongs to %d operations", path, matching)
			}
		}
		u, err := url.ParseRequestURI("/2015-03-31/functions/" + url.PathEscape(segment) + "/aliases/" + url.PathEscape(segment))
		if err != nil {
			t.Fatal(err)
		}
		operation, _, err := p.parse(&call{Request: &http.Request{Method: http.MethodGet, URL: u}})
		if (err == nil) != (segment != "") || err == nil && operation != "Alias" {
			t.Fatalf("%s: %q, %v", u, operation, err)
		}
		for _, r := range p.routes {
			if r.operation != "Alias" || segment == "" {
				continue
			}
			split := strings.Split(u.EscapedPath(), "/")
			for _, name := range []string{"FunctionName", "Name"} {
				if got, err := r.label(name, split); err != nil || got != segment {
					t.Errorf("%s: %s is %q, %v", u, name, got, err)
				}
			}
		}
	})
}
