package logs

import (
	"fmt"
	"net/http"
	"time"

	"tally/localcloud/cloud"
)

// Limits of PutLogEvents.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
const (
	maxBatchEvents = 10_000
	maxBatchBytes  = 1 << 20
	eventOverhead  = 26 // bytes that each event counts in addition to its message
	maxBatchSpan   = 24 * time.Hour
	maxEventAge    = 14 * 24 * time.Hour
	maxEventLead   = 2 * time.Hour
)

// Rejected are the events of a batch that Put did not store. The counts of those that are
// too old, or past the retention of the group, are from the start of the batch, and of
// those that are too new from the end.
type Rejected struct{ TooOld, Expired, TooNew int }

// CreateStream adds a stream. It fails with ResourceAlreadyExistsException,
// ResourceNotFoundException and InvalidParameterException.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogStream.html
func (s *Service) CreateStream(group, stream string) error {
	if err := CheckStreamName(stream); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Group(group); err != nil {
		return err
	}
	row := streamRow{Group: group, Name: stream, Created: now()}
	if _, ok := s.streams.Get(row.key()); ok {
		return cloud.Errorf(http.StatusBadRequest, "ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	return s.streams.Put(row.key(), row)
}

// SetRetention sets for how many days a group keeps events; 0 means forever. It fails with
// ResourceNotFoundException and InvalidParameterException.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func (s *Service) SetRetention(group string, days int) error {
	if err := CheckRetention(days); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.Group(group)
	if err != nil {
		return err
	}
	g.RetentionDays = days
	return s.groups.Put(group, g)
}

// Put appends a client's events, in the order of their times, to a stream. Readers see them
// when it returns, and they are on disk. It fails with ResourceNotFoundException and
// InvalidParameterException.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html
func (s *Service) Put(group, stream string, events []cloud.LogEvent) (Rejected, error) {
	g, err := s.Group(group)
	if err != nil {
		return Rejected{}, err
	}
	if _, ok := s.streams.Get(streamRow{Group: group, Name: stream}.key()); !ok {
		return Rejected{}, cloud.Errorf(http.StatusBadRequest, "ResourceNotFoundException", "The specified log stream does not exist.")
	}
	if err := checkBatch(events); err != nil {
		return Rejected{}, err
	}
	r := g.reject(events, now())
	kept := events[max(r.TooOld, r.Expired) : len(events)-r.TooNew]
	if len(kept) == 0 {
		return r, nil
	}
	if err := s.append(group, stream, kept); err != nil {
		return Rejected{}, err
	}
	s.notify()
	return r, s.store.Sync()
}

func checkBatch(events []cloud.LogEvent) error {
	if n := len(events); n < 1 || n > maxBatchEvents {
		return violated(cloud.Hidden, "logEvents", "Member must have length from 1 to %d, not %d", maxBatchEvents, n)
	}
	size := 0
	for i, e := range events {
		size += len(e.Message) + eventOverhead
		switch {
		case e.Message == "":
			return violated(cloud.Hidden, fmt.Sprintf("logEvents.%d.member.message", i+1), "Member must have length greater than or equal to 1")
		case len(e.Message) > maxMessage:
			return invalid("Log event too large: %d bytes exceeds limit of %d", len(e.Message)+eventOverhead, maxBatchBytes)
		case i > 0 && e.Time.Before(events[i-1].Time):
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if size > maxBatchBytes {
		return invalid("Upload too large: %d bytes exceeds limit of %d", size, maxBatchBytes)
	}
	if events[len(events)-1].Time.Sub(events[0].Time) > maxBatchSpan {
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// reject counts the events, in order, that the group does not accept.
func (g Group) reject(events []cloud.LogEvent, now time.Time) (r Rejected) {
	expired := g.since(time.Time{}).Time
	for i, e := range events {
		if now.Sub(e.Time) > maxEventAge {
			r.TooOld = i + 1
		}
		if e.Time.Before(expired) {
			r.Expired = i + 1
		}
		if e.Time.Sub(now) > maxEventLead {
			r.TooNew++
		}
	}
	return r
}
