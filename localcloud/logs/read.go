package logs

import (
	"fmt"
	"maps"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// The limits of a page: the maximum number of events, and the maximum size of their
// messages in bytes. An event with a longer message has a page of its own.
const (
	maxEvents = 10_000
	maxBytes  = 1 << 20
)

// Stream is a log stream. First, Last and LastIngestion are zero if it has no
// events.
type Stream struct {
	Group, Name, ARN string
	Created          time.Time
	First, Last      time.Time // the times of its oldest and newest events
	LastIngestion    time.Time
}

// Event is one event of a log stream.
type Event struct {
	ID             string // 56 digits, ascending with time
	Stream         string
	Time, Ingested time.Time // millisecond resolution
	Message        string
}

// Query selects events of one group.
type Query struct {
	Group string
	// Streams are the names of the streams to read. If it is empty, the query
	// reads all streams whose names start with StreamPrefix. It is an error to
	// set both.
	Streams      []string
	StreamPrefix string
	// From and To limit the times of the events to return; zero means no limit. From
	// is inclusive. As on AWS, To is inclusive in Filter and exclusive in Events.
	From, To time.Time
	Pattern  string // a filter pattern; used only by Filter
	Limit    int    // events per page, 1 to 10,000; 0 means 10,000
	Token    string // from the previous page
	FromHead bool   // start with the oldest events; used only by Events
}

// Page is the result of Filter: events in order of time, and the token of the next
// page, which is "" if there is none.
type Page struct {
	Events []Event
	Next   string
}

// StreamPage is the result of Events: events in order of time, and the tokens of the
// next and the previous page. At the end of the stream, Forward equals the token of
// the query; at its beginning, Backward does.
type StreamPage struct {
	Events            []Event
	Forward, Backward string // "f/…/s" and "b/…/s"
}

// Streams returns the streams of a group whose names start with prefix, ordered by
// name. It fails with ResourceNotFoundException if there is no such group.
func (s *Service) Streams(group, prefix string) ([]Stream, error) {
	g, err := s.Group(group)
	if err != nil {
		return nil, err
	}
	since := g.since(time.Time{})
	var streams []Stream
	cut := map[string]int{} // the streams of which some events are past the retention
	for _, row := range s.streamsOf(group) {
		if !strings.HasPrefix(row.Name, prefix) {
			continue
		}
		st := Stream{Group: group, Name: row.Name, ARN: s.streamARN(group, row.Name).String(), Created: row.Created}
		if !row.Last.Before(since.Time) {
			st.First, st.Last, st.LastIngestion = row.First, row.Last, row.Ingested
			if row.First.Before(since.Time) {
				cut[row.Name] = len(streams)
			}
		}
		streams = append(streams, st)
	}
	err = s.firsts(group, since, cut, func(i int, first time.Time) { streams[i].First = first })
	return streams, err
}

// streamsOf returns the rows of a group's streams, ordered by name.
func (s *Service) streamsOf(group string) []streamRow {
	return slices.DeleteFunc(s.streams.All(), func(r streamRow) bool { return r.Group != group })
}

// firsts calls found with the time of the first event from a mark on of each stream,
// which is given as its name and a number. It reads no more events than necessary.
func (s *Service) firsts(group string, from store.Mark, streams map[string]int, found func(n int, first time.Time)) error {
	if len(streams) == 0 {
		return nil
	}
	left := maps.Clone(streams)
	return s.ascend(group, from, func(e Event, _ store.Mark) bool {
		if n, ok := left[e.Stream]; ok {
			found(n, e.Time)
			delete(left, e.Stream)
		}
		return len(left) > 0
	})
}

// Filter implements FilterLogEvents: it returns the matching events of all streams
// of the query, in order of time. It fails with ResourceNotFoundException if the
// group or a stream does not exist, and with InvalidParameterException if the query
// is invalid.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (s *Service) Filter(q Query) (Page, error) {
	from, err := s.begin(&q)
	if err != nil {
		return Page{}, err
	}
	matches, err := parsePattern(q.Pattern)
	if err != nil {
		return Page{}, err
	}
	if q.Token != "" {
		if from, err = parseEventID(q.Token); err != nil {
			return Page{}, err
		}
	}
	var page Page
	var used budget
	err = s.ascend(q.Group, from, func(e Event, m store.Mark) bool {
		switch {
		case !q.To.IsZero() && e.Time.After(q.To):
			return false
		case !q.reads(e.Stream) || !matches(e.Message):
			return true
		case used.exhaustedBy(e, q.Limit):
			page.Next = eventID(m)
			return false
		}
		page.Events = append(page.Events, e)
		return true
	})
	return page, err
}

// Events implements GetLogEvents: it returns events of the stream in q.Streams, which
// must contain exactly one, in order of time. Without a token, it returns the newest
// events or, with FromHead, the oldest. Its errors are those of Filter.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetLogEvents.html
func (s *Service) Events(q Query) (StreamPage, error) {
	start, err := s.begin(&q)
	if err != nil {
		return StreamPage{}, err
	}
	if len(q.Streams) != 1 {
		return StreamPage{}, invalid("GetLogEvents reads one log stream, not %d", len(q.Streams))
	}
	at, forward := start, q.FromHead
	if q.Token != "" {
		if at, forward, err = parseToken(q.Token); err != nil {
			return StreamPage{}, err
		}
	}
	end := store.Mark{Time: q.To}
	if q.To.IsZero() {
		end = store.Mark{Time: time.UnixMilli(math.MaxInt64)}
	}
	var page []Event
	first, last := at, at
	var used budget
	visit := func(e Event, m store.Mark) bool {
		switch {
		case m.Compare(start) < 0 || m.Compare(end) >= 0:
			return false
		case !q.reads(e.Stream):
			return true
		case used.exhaustedBy(e, q.Limit):
			return false
		}
		if after := (store.Mark{Time: m.Time, Seq: m.Seq + 1}); len(page) == 0 {
			first, last = m, after
		} else if forward {
			last = after
		} else {
			first = m
		}
		page = append(page, e)
		return true
	}
	switch {
	case forward:
		err = s.ascend(q.Group, slices.MaxFunc([]store.Mark{at, start}, store.Mark.Compare), visit)
	case q.Token == "":
		err = s.descend(q.Group, end, visit)
	default:
		err = s.descend(q.Group, slices.MinFunc([]store.Mark{at, end}, store.Mark.Compare), visit)
	}
	if !forward {
		slices.Reverse(page)
	}
	return StreamPage{page, token("f", last), token("b", first)}, err
}

// begin checks the parameters that all queries have in common, sets the default
// limit, and returns the position at which to start reading: From or, if it is
// later, the start of the group's retention period.
func (s *Service) begin(q *Query) (store.Mark, error) {
	g, err := s.Group(q.Group)
	if err != nil {
		return store.Mark{}, err
	}
	if len(q.Streams) > 0 && q.StreamPrefix != "" {
		return store.Mark{}, invalid("logStreamNames and logStreamNamePrefix cannot be given together")
	}
	for _, name := range q.Streams {
		if _, ok := s.streams.Get(streamRow{Group: q.Group, Name: name}.key()); !ok {
			return store.Mark{}, cloud.Errorf(http.StatusBadRequest, "ResourceNotFoundException", "The specified log stream does not exist.")
		}
	}
	switch {
	case q.Limit == 0:
		q.Limit = maxEvents
	case q.Limit < 0:
		return store.Mark{}, violated(q.Limit, "limit", "Member must have value greater than or equal to 1")
	case q.Limit > maxEvents:
		return store.Mark{}, violated(q.Limit, "limit", "Member must have value less than or equal to %d", maxEvents)
	}
	return g.since(q.From), nil
}

// reads reports whether the query reads a stream.
func (q Query) reads(stream string) bool {
	if len(q.Streams) > 0 {
		return slices.Contains(q.Streams, stream)
	}
	return strings.HasPrefix(stream, q.StreamPrefix)
}

// budget counts the events of a page and the bytes of their messages.
type budget struct{ events, bytes int }

// exhaustedBy reports whether e does not fit on the page. If it fits, exhaustedBy
// counts it.
func (b *budget) exhaustedBy(e Event, limit int) bool {
	if b.events == limit || b.events > 0 && b.bytes+len(e.Message) > maxBytes {
		return true
	}
	b.events++
	b.bytes += len(e.Message)
	return false
}

func (s *Service) ascend(group string, from store.Mark, visit func(Event, store.Mark) bool) error {
	return s.walk(visit, func(v func(store.Point) bool) error { return s.events.Ascend(group, from, v) })
}

func (s *Service) descend(group string, before store.Mark, visit func(Event, store.Mark) bool) error {
	return s.walk(visit, func(v func(store.Point) bool) error { return s.events.Descend(group, before, v) })
}

// walk decodes the points that each visits, and passes the events to visit.
func (s *Service) walk(visit func(Event, store.Mark) bool, each func(func(store.Point) bool) error) error {
	var corrupt error
	err := each(func(p store.Point) bool {
		var e Event
		if e, corrupt = decode(p); corrupt != nil {
			return false
		}
		return visit(e, p.Mark)
	})
	if corrupt != nil {
		return corrupt
	}
	return err
}

// eventID returns the ID of the event at m. As on AWS, IDs have 56 digits and sort in
// order of time.
func eventID(m store.Mark) string {
	return fmt.Sprintf("%013d%043d", max(m.Time.UnixMilli(), 0), m.Seq)
}

func parseEventID(s string) (store.Mark, error) {
	if len(s) != 56 {
		return store.Mark{}, errToken()
	}
	millis, err := strconv.ParseUint(s[:13], 10, 63)
	if err != nil {
		return store.Mark{}, errToken()
	}
	seq, err := strconv.ParseUint(s[13:], 10, 64)
	if err != nil {
		return store.Mark{}, errToken()
	}
	return store.Mark{Time: time.UnixMilli(int64(millis)), Seq: seq}, nil
}

// token returns the token for continuing to read at m, a position between two events,
// in a direction: "f" for forward or "b" for backward.
func token(direction string, m store.Mark) string { return direction + "/" + eventID(m) + "/s" }

func parseToken(s string) (at store.Mark, forward bool, err error) {
	id, ok := strings.CutSuffix(s, "/s")
	id, forward = strings.CutPrefix(id, "f/")
	if !forward {
		var backward bool
		id, backward = strings.CutPrefix(id, "b/")
		ok = ok && backward
	}
	if !ok {
		return store.Mark{}, false, errToken()
	}
	at, err = parseEventID(id)
	return at, forward, err
}

func errToken() error { return invalid("The specified nextToken is invalid.") }
