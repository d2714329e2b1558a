package gateway

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/fxamacker/cbor/v2"
)

// instant is a time in all protocols: seconds since 1970 in JSON and in CBOR, where it
// has a tag, and ISO 8601 in Query.
//
// https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait
type instant struct{ time.Time }

// MarshalJSON encodes the time for JSON.
func (t instant) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(t.UnixMilli())/1000, 'f', -1, 64), nil
}

// MarshalText encodes the time for Query.
func (t instant) MarshalText() ([]byte, error) {
	return []byte(t.UTC().Format("2006-01-02T15:04:05.999Z")), nil
}

// MarshalCBOR encodes the time for CBOR.
func (t instant) MarshalCBOR() ([]byte, error) {
	const epoch = 1 // the tag
	return cbor.Marshal(cbor.Tag{Number: epoch, Content: float64(t.UnixMilli()) / 1000})
}

// UnmarshalJSON accepts seconds and ISO 8601.
func (t *instant) UnmarshalJSON(raw []byte) error {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return t.UnmarshalText([]byte(text))
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return err
	}
	if !(firstSecond <= seconds && seconds <= lastSecond) {
		return fmt.Errorf("%s is not a time in seconds since 1970 within the years 1 to 9999", raw)
	}
	t.Time = time.UnixMilli(int64(math.Round(seconds * 1000))).UTC()
	return nil
}

// The range of ISO 8601, in seconds since 1970.
const (
	firstSecond = -62_135_596_800
	lastSecond  = 253_402_300_799
)

// UnmarshalText accepts ISO 8601. Without a zone, the time is UTC.
func (t *instant) UnmarshalText(text []byte) error {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04", time.DateOnly} {
		if parsed, err := time.Parse(layout, string(text)); err == nil {
			t.Time = parsed.UTC()
			return nil
		}
	}
	return fmt.Errorf("%q is not a time in ISO 8601, such as 2026-01-31T12:00:00Z", text)
}

// list is a list in all protocols. In Query, each item has the name "member".
type list[T any] []T

// MarshalXML encodes the list for Query, even if it is empty.
func (l list[T]) MarshalXML(e *xml.Encoder, start xml.StartElement) error {
	if err := e.EncodeToken(start); err != nil {
		return err
	}
	for _, item := range l {
		if err := e.EncodeElement(item, xml.StartElement{Name: xml.Name{Local: "member"}}); err != nil {
			return err
		}
	}
	return e.EncodeToken(start.End())
}

// listOf returns the list of the converted items.
func listOf[T, U any](items []T, convert func(T) U) list[U] {
	all := make(list[U], len(items))
	for i, item := range items {
		all[i] = convert(item)
	}
	return all
}
