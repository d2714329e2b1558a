package xray

import (
	"bytes"
	"encoding/json"
	"regexp"
	"unicode/utf8"
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

	size     int // of the document in bytes
	document map[string]any
}

var (
	segmentName = regexp.MustCompile(`^[\p{L}\p{N}\p{Z}\s_.:/%&#=+\\@-]{1,200}$`)
	segmentID   = regexp.MustCompile(`^[0-9a-f]{16}$`)
	traceID     = regexp.MustCompile(`^1-[0-9a-f]{8}-[0-9a-f]{24}$`)
	segmentType = regexp.MustCompile(`^subsegment$`)
	namespace   = regexp.MustCompile(`^(aws|remote)$`)
)

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
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber() // preserves the times exactly
	if json.Unmarshal([]byte(text), &s) != nil || decoder.Decode(&s.document) != nil {
		return segment{}, "ParseError"
	}
	s.size = len(text)
	for _, field := range []struct {
		name, value string
		form        *regexp.Regexp
		required    bool
	}{
		{"Id", s.ID, segmentID, true},
		{"Name", s.Name, segmentName, true},
		{"TraceId", s.TraceID, traceID, true},
		{"ParentId", s.ParentID, segmentID, s.Type == "subsegment"},
		{"Type", s.Type, segmentType, false},
		{"Namespace", s.Namespace, namespace, false},
	} {
		switch {
		case field.value == "" && field.required:
			return s, "Missing" + field.name
		case field.value != "" && !field.form.MatchString(field.value):
			return s, "Invalid" + field.name
		}
	}
	switch {
	case s.Start <= 0:
		return s, "MissingStartTime"
	case s.End <= 0 && !s.InProgress:
		return s, "MissingEndTime"
	}
	return s, ""
}

// assemble returns the segments, each with the subsegments that were sent on their
// own. A subsegment whose segment is missing is returned like a segment.
func assemble(parts []segment) []Segment {
	byID := map[string]map[string]any{}
	for _, s := range parts {
		copied := map[string]any{}
		for name, value := range s.document {
			copied[name] = value
		}
		byID[s.ID] = copied
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
