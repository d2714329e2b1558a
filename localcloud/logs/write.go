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

// trimEvery is the minimum time between deletions of a group's events past their
// retention. Readers do not depend on the deletions: they never see such events.
const trimEvery = time.Hour

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

// streamRow is a stored stream. The other fields of Stream follow from its events.
type streamRow struct {
	Group, Name string
	Created     time.Time
}

// key returns the key of the stream in its table. It is unique, because the name of a
// group contains no colon.
func (r streamRow) key() string { return r.Group + ":" + r.Name }

// WriteLog appends events to a stream, and returns once they are on disk. The caller
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
	if err := s.append(group, points(stream, events)); err != nil {
		return err
	}
	s.notify()
	return s.trim(group)
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

func (s *Service) append(group string, points []store.Point) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if _, err := s.Group(group); err != nil {
		return err
	}
	return s.events.Append(group, points)
}

// notify wakes all calls of Follow.
func (s *Service) notify() {
	next := make(chan struct{})
	close(*s.changed.Swap(&next))
}

// trim deletes events past the group's retention, at most once per trimEvery.
func (s *Service) trim(group string) error {
	g, ok := s.groups.Get(group)
	if !ok || g.RetentionDays == 0 || !s.trimIsDue(group) {
		return nil
	}
	s.mu.Lock()
	s.trimmed[group] = time.Now()
	s.mu.Unlock()
	return s.events.Trim(group, g.since(time.Time{}).Time)
}

func (s *Service) trimIsDue(group string) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return time.Since(s.trimmed[group]) >= trimEvery
}

// points returns the points to store for events.
func points(stream string, events []cloud.LogEvent) []store.Point {
	ingested := now()
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
