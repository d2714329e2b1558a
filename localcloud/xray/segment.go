package xray

import (
	"encoding/json"
	"strings"
	"unicode"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// maxDocument is the maximum size of a segment document in bytes.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
const maxDocument = 64 * 1024

// segment is a segment document, or that of a subsegment that was sent on its own.
type segment struct {
	Name                   string
	ID                     string
	TraceID                string  `json:"trace_id"`
	ParentID               string  `json:"parent_id"`
	Type                   string  // "subsegment", or ""
	Namespace              string  // "aws", "remote" or ""
	Start                  float64 `json:"start_time"` // Unix time in seconds
	End                    float64 `json:"end_time"`
	InProgress             bool    `json:"in_progress"`
	Error, Fault, Throttle bool

	document string
}

// isName reports whether text can be the name of a segment.
func isName(text string) bool {
	forbidden := func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.N, unicode.Z) && !strings.ContainsRune("\t\n\f\r_.:/%&#=+\\@-", r)
	}
	return utf8.RuneCountInString(text) <= 200 && !strings.ContainsFunc(text, forbidden)
}

// isSegmentID reports whether text is 16 hexadecimal digits.
func isSegmentID(text string) bool { return len(text) == 16 && isHex(text) }

// isTraceID reports whether text has the form of
// "1-581cf771-a006649127e371903a2de979".
func isTraceID(text string) bool {
	rest, ok := strings.CutPrefix(text, "1-")
	return ok && len(rest) == 33 && rest[8] == '-' && isHex(rest[:8]) && isHex(rest[9:])
}

func isHex(text string) bool { return strings.Trim(text, "0123456789abcdef") == "" }

func isType(text string) bool { return text == "subsegment" }

func isNamespace(text string) bool { return text == "aws" || text == "remote" }

// parse parses a document. It returns X-Ray's error code if the document is
// invalid, and "" otherwise. X-Ray does not document the codes; these follow
// "ParseError", "MissingId" and "MissingTraceId", which it is known to return.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
// https://github.com/humanmade/aws-xray/issues/29
// https://github.com/patrickkerrigan/php-xray/issues/16
func parse(text string) (s segment, code string) {
	if len(text) > maxDocument || !utf8.ValidString(text) {
		return s, "ParseError"
	}
	if json.Unmarshal([]byte(text), &s) != nil {
		return segment{}, "ParseError"
	}
	s.document = text
	return s, s.check()
}

// check returns X-Ray's error code if the segment is invalid, and "" otherwise.
func (s *segment) check() (code string) {
	for _, field := range []struct {
		name, value string
		valid       func(string) bool
		required    bool
	}{
		{"Id", s.ID, isSegmentID, true},
		{"Name", s.Name, isName, true},
		{"TraceId", s.TraceID, isTraceID, true},
		{"ParentId", s.ParentID, isSegmentID, s.Type == "subsegment"},
		{"Type", s.Type, isType, false},
		{"Namespace", s.Namespace, isNamespace, false},
	} {
		switch {
		case field.value == "" && field.required:
			return "Missing" + field.name
		case field.value != "" && !field.valid(field.value):
			return "Invalid" + field.name
		}
	}
	switch {
	case s.Start <= 0:
		return "MissingStartTime"
	case s.End <= 0 && !s.InProgress:
		return "MissingEndTime"
	}
	return ""
}

// record returns the form of a segment that a service records about itself, and an
// error code like parse.
func record(from cloud.Segment) (s segment, code string) {
	s = segment{
		Name: from.Name, ID: from.ID, TraceID: from.TraceID, ParentID: from.ParentID,
		Start: from.Start, End: from.End, Fault: from.Fault,
	}
	document, err := json.Marshal(from)
	if err != nil || len(document) > maxDocument {
		return s, "ParseError"
	}
	s.document = string(document)
	return s, s.check()
}

// members returns the members of the segment's document.
func (s segment) members() map[string]any {
	decoder := json.NewDecoder(strings.NewReader(s.document))
	decoder.UseNumber() // preserves the times exactly
	var members map[string]any
	_ = decoder.Decode(&members) // the document is an object
	return members
}

// assemble returns the segments, each with the subsegments that were sent on their
// own. A subsegment whose segment is missing is returned like a segment.
func assemble(parts []segment) []Segment {
	byID := map[string]map[string]any{}
	for _, s := range parts {
		byID[s.ID] = s.members()
	}
	segments := []Segment{}
	var roots []segment
	for _, s := range parts {
		parent := byID[s.ParentID]
		if s.Type != "subsegment" || parent == nil {
			roots = append(roots, s)
			continue
		}
		embedded, _ := parent["subsegments"].([]any)
		parent["subsegments"] = append(embedded[:len(embedded):len(embedded)], byID[s.ID])
	}
	for _, s := range roots {
		document, _ := json.Marshal(byID[s.ID]) // was decoded from JSON
		segments = append(segments, Segment{s.ID, string(document)})
	}
	return segments
}
