package logs

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// A page holds at most this many events, and this many bytes of messages
// unless its first event alone is longer.
const (
	maxEvents = 10_000
	maxBytes  = 1 << 20
)

// Stream is a log stream; its times are zero as long as it has no events.
type Stream struct {
	Group, Name, ARN string
	Created          time.Time
	First, Last      time.Time // the times of its oldest and newest events
	LastIngestion    time.Time
}

// Event is one line of a log.
type Event struct {
	ID             string // 56 digits, ascending with time
	Stream         string
	Time, Ingested time.Time // in milliseconds
	Message        string
}

// Query selects events of one group.
type Query struct {
	Group string
	// Streams are the names of the streams to read; none means all, or those
	// that start with StreamPrefix. Not both.
	Streams      []string
	StreamPrefix string
	// From is the time of the oldest event, To that of the newest: To itself
	// is part of what Filter returns and not of what Events returns, as on
	// AWS. Zero is open.
	From, To time.Time
	Pattern  string // a filter pattern; only for Filter
	Limit    int    // of events in a page: 1 to 10,000; 0 is 10,000
	Token    string // of the page before
	FromHead bool   // start with the oldest events; only for Events
}

// Page is what Filter returns: events by time, and the token of the next page
// or "".
type Page struct {
	Events []Event
	Next   string
}

// StreamPage is what Events returns: events by time, and the tokens of the
// pages after and before it. At the end of the stream the token is the one
// that was given.
type StreamPage struct {
	Events            []Event
	Forward, Backward string // "f/…/s" and "b/…/s"
}

// Streams returns the streams of a group whose names start with prefix, by
// name.
func (s *Service) Streams(group, prefix string) ([]Stream, error) {
	g, err := s.Group(group)
	if err != nil {
		return nil, err
	}
	var streams []Stream
	index := map[string]int{}
	for _, row := range s.streams.All() {
		if row.Group == group && strings.HasPrefix(row.Name, prefix) {
			index[row.Name] = len(streams)
			streams = append(streams, Stream{
				Group: group, Name: row.Name, ARN: s.streamARN(group, row.Name).String(), Created: row.Created,
			})
		}
	}
	err = s.ascend(group, g.since(time.Time{}), func(e Event, _ store.Mark) bool {
		if i, ok := index[e.Stream]; ok {
			st := &streams[i]
			if st.First.IsZero() {
				st.First = e.Time
			}
			st.Last = e.Time
			if e.Ingested.After(st.LastIngestion) {
				st.LastIngestion = e.Ingested
			}
		}
		return true
	})
	return streams, err
}

// Filter is FilterLogEvents: the events that match, over all streams of the
// query, by time. It fails with ResourceNotFoundException and
// InvalidParameterException.
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
	var full budget
	err = s.ascend(q.Group, from, func(e Event, m store.Mark) bool {
		switch {
		case !q.To.IsZero() && e.Time.After(q.To):
			return false
		case !q.reads(e.Stream) || !matches(e.Message):
			return true
		case full.by(e, q.Limit):
			page.Next = eventID(m)
			return false
		}
		page.Events = append(page.Events, e)
		return true
	})
	return page, err
}

// Events is GetLogEvents: the events of the one stream in q.Streams, by time.
// Without a token it starts at the newest, or with FromHead at the oldest.
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
	var full budget
	visit := func(e Event, m store.Mark) bool {
		switch {
		case m.Compare(start) < 0 || m.Compare(end) >= 0:
			return false
		case !q.reads(e.Stream):
			return true
		case full.by(e, q.Limit):
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

// begin checks what all queries have in common, sets the limit, and returns
// where the query starts: at From or, later, where the group's retention ends.
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
		return store.Mark{}, constraint(strconv.Itoa(q.Limit), "limit", "Member must have value greater than or equal to 1")
	case q.Limit > maxEvents:
		return store.Mark{}, constraint(strconv.Itoa(q.Limit), "limit", fmt.Sprintf("Member must have value less than or equal to %d", maxEvents))
	}
	return g.since(q.From), nil
}

func (q Query) reads(stream string) bool {
	if len(q.Streams) > 0 {
		return slices.Contains(q.Streams, stream)
	}
	return strings.HasPrefix(stream, q.StreamPrefix)
}

// budget counts what a page holds.
type budget struct{ events, bytes int }

// by tells whether the page is full before e, and counts e where it is not.
func (b *budget) by(e Event, limit int) bool {
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

// walk decodes the points that each visits.
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

// eventID writes a mark as AWS writes its event IDs: 56 digits, in order.
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

// token names a place between two events and the direction to read on in.
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
