package logs

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// maxMessage is the maximum length of an event's message in bytes: 1 MiB minus the
// 26 bytes that AWS adds for each event.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch_limits_cwl.html
const maxMessage = 1<<20 - 26

// deliveryPolicy returns the account's resource policy for log delivery, the service
// that writes the access logs of other services. It does not allow creating groups.
// AWS adds it when a service is configured to log to a group. Here it always exists,
// which allows no client more: none can sign as a service principal, and a service
// of the local cloud acts as one only if a program configures it to.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
func deliveryPolicy(place cloud.Place) string {
	logs := place.ARN("logs", "*").String()
	return fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Sid":"AWSLogDeliveryWrite1","Effect":"Allow",`+
		`"Principal":{"Service":"delivery.logs.amazonaws.com"},"Action":["logs:CreateLogStream","logs:PutLogEvents"],"Resource":%q,`+
		`"Condition":{"StringEquals":{"aws:SourceAccount":%q},"ArnLike":{"aws:SourceArn":%q}}}]}`,
		place.ARN("logs", "log-group:*:log-stream:*"), place.Account, logs)
}

// streamRow is a stored stream. The times of its events are zero if it has none.
type streamRow struct {
	Group, Name string
	Created     time.Time
	First, Last time.Time // of its events
	Ingested    time.Time // the last one
}

// with returns the row of the stream after the events at these points.
func (r streamRow) with(points []store.Point, ingested time.Time) streamRow {
	for _, p := range points {
		if r.First.IsZero() || p.Time.Before(r.First) {
			r.First = p.Time
		}
		if p.Time.After(r.Last) {
			r.Last = p.Time
		}
		r.Ingested = ingested
	}
	return r
}

// key returns the key of the stream in its table. It is unique, because the name of a
// group contains no colon.
func (r streamRow) key() string { return r.Group + ":" + r.Name }

// WriteLog appends events to a stream. Readers see them when it returns, and a SIGKILL
// loses at most the events of the last 50 ms. The caller
// needs logs:PutLogEvents on the stream, logs:CreateLogStream if the stream does not
// exist yet, and logs:CreateLogGroup if the group does not exist: the permissions of
// Lambda's basic execution role. Log delivery may write to existing groups. WriteLog
// splits a message that is too long into several events with the same time.
func (s *Service) WriteLog(ctx context.Context, caller cloud.Caller, group, stream string, events []cloud.LogEvent) error {
	if err := s.ensureGroup(ctx, caller, group); err != nil {
		return err
	}
	if err := s.ensureStream(ctx, caller, group, stream); err != nil {
		return err
	}
	if err := s.authorize(ctx, caller, "logs:PutLogEvents", s.streamARN(group, stream)); err != nil {
		return err
	}
	if len(events) == 0 {
		return nil
	}
	if err := s.append(group, stream, events); err != nil {
		return err
	}
	s.notify()
	return nil
}

// ensureGroup creates the group if necessary. The resource that it authorizes ends in
// an empty stream, so that "…:log-group:name:*" in policies matches CreateLogGroup.
func (s *Service) ensureGroup(ctx context.Context, caller cloud.Caller, group string) error {
	if _, ok := s.groups.Get(group); ok {
		return nil
	}
	if err := s.authorize(ctx, caller, "logs:CreateLogGroup", s.streamARN(group, "")); err != nil {
		return err
	}
	_, err := s.CreateGroup(Group{Name: group})
	if cloud.ErrorCode(err) == "ResourceAlreadyExistsException" {
		return nil // another writer was faster
	}
	return err
}

// ensureStream creates the stream if necessary.
func (s *Service) ensureStream(ctx context.Context, caller cloud.Caller, group, stream string) error {
	row := streamRow{Group: group, Name: stream, Created: now()}
	if _, ok := s.streams.Get(row.key()); ok {
		return nil
	}
	if err := s.authorize(ctx, caller, "logs:CreateLogStream", s.streamARN(group, stream)); err != nil {
		return err
	}
	if err := CheckStreamName(stream); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Group(group); err != nil {
		return err
	}
	if _, ok := s.streams.Get(row.key()); ok {
		return nil
	}
	return s.streams.Put(row.key(), row)
}

// append stores the events and the times of the stream. The stream may have been
// removed since ensureStream, because all of its events were too old.
func (s *Service) append(group, stream string, events []cloud.LogEvent) error {
	ingested := now()
	points := points(stream, ingested, events)
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, err := s.Group(group); err != nil {
		return err
	}
	s.rows.Lock()
	defer s.rows.Unlock()
	row, ok := s.streams.Get(streamRow{Group: group, Name: stream}.key())
	if !ok {
		row = streamRow{Group: group, Name: stream, Created: ingested}
	}
	row = row.with(points, ingested)
	if err := s.events.Append(group, points, s.streams.Set(row.key(), row)); err != nil {
		return err
	}
	s.sweeper.add(points)
	return nil
}

// notify wakes all calls of Follow.
func (s *Service) notify() {
	next := make(chan struct{})
	close(*s.changed.Swap(&next))
}

// points returns the points to store for events.
func points(stream string, ingested time.Time, events []cloud.LogEvent) []store.Point {
	var points []store.Point
	for _, e := range events {
		for rest := e.Message; ; {
			var message string
			message, rest = split(rest)
			points = append(points, store.Point{Mark: store.Mark{Time: e.Time}, Data: encode(stream, ingested, message)})
			if rest == "" {
				break
			}
		}
	}
	return points
}

// split splits a message that is too long between two characters.
func split(message string) (first, rest string) {
	if len(message) <= maxMessage {
		return message, ""
	}
	cut := maxMessage
	for cut > maxMessage-utf8.UTFMax && !utf8.RuneStart(message[cut]) {
		cut--
	}
	return message[:cut], message[cut:]
}

// encode returns the stored form of an event: the length of the stream's name, the
// name, the ingestion time in milliseconds, and the message.
func encode(stream string, ingested time.Time, message string) []byte {
	raw := binary.AppendUvarint(make([]byte, 0, 2+len(stream)+8+len(message)), uint64(len(stream)))
	raw = append(raw, stream...)
	raw = binary.BigEndian.AppendUint64(raw, uint64(ingested.UnixMilli()))
	return append(raw, message...)
}

var errCorrupt = errors.New("a stored log event is corrupt")

func decode(p store.Point) (Event, error) {
	length, n := binary.Uvarint(p.Data)
	if n <= 0 || length > uint64(len(p.Data)-n) || uint64(len(p.Data)-n)-length < 8 {
		return Event{}, errCorrupt
	}
	rest := p.Data[n:]
	return Event{
		ID:       eventID(p.Mark),
		Stream:   string(rest[:length]),
		Time:     p.Time,
		Ingested: time.UnixMilli(int64(binary.BigEndian.Uint64(rest[length:]))),
		Message:  string(rest[length+8:]),
	}, nil
}
