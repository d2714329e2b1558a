package sns

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/backlog"
	"tally/localcloud/store"
)

// maxBatch is the maximum number of messages in a batch.
const maxBatch = 10

// BatchEntry is one message of a batch. Its ID is used only in the response.
type BatchEntry struct {
	ID string // 1 to 80 letters, digits, hyphens and underscores
	Message
}

// BatchResult is the message created from the BatchEntry with that ID.
type BatchResult struct{ ID, MessageID string }

// Publish sends a message to every subscription of the topic, without waiting for the
// deliveries. When it returns, the message and the deliveries that it owes are on disk.
// The caller needs SNS:Publish. It fails with InvalidParameter, ParameterValueInvalid,
// AuthorizationError and NotFound, and with ThrottlingException if too many deliveries
// are owed already.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func (s *Service) Publish(ctx context.Context, caller cloud.Caller, topicARN string, m Message) (messageID string, err error) {
	b, err := s.admit(ctx, caller, topicARN, m)
	if err != nil {
		return "", err
	}
	if err := s.await(ctx, topicARN); err != nil {
		return "", err
	}
	results, err := s.send(ctx, topicARN, []BatchEntry{{Message: m}}, []bodies{b})
	if err != nil {
		return "", err
	}
	return results[0].MessageID, s.sync(topicARN)
}

// Forward publishes a message for another service that keeps the message until Forward
// returns. It waits neither for the disk, where the message is before anything that the
// service changes afterwards, nor for room.
func (s *Service) Forward(ctx context.Context, caller cloud.Caller, topicARN string, m Message) error {
	b, err := s.admit(ctx, caller, topicARN, m)
	if err != nil {
		return err
	}
	_, err = s.send(ctx, topicARN, []BatchEntry{{Message: m}}, []bodies{b})
	return err
}

// admit makes the checks that precede the publication of a message. It returns the bodies
// of the message.
func (s *Service) admit(ctx context.Context, caller cloud.Caller, topicARN string, m Message) (bodies, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if m.size() > maxSize {
		return nil, invalid("Message too long")
	}
	b, err := m.bodies()
	if err != nil {
		return nil, err
	}
	return b, s.authorizePublish(ctx, caller, topicARN)
}

// PublishBatch publishes up to ten messages, or none: as on AWS, one invalid message
// fails the whole batch. In addition to the errors of Publish, it fails with
// EmptyBatchRequest, TooManyEntriesInBatchRequest, BatchEntryIdsNotDistinct,
// InvalidBatchEntryId and BatchRequestTooLong.
//
// https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html
func (s *Service) PublishBatch(ctx context.Context, caller cloud.Caller, topicARN string, entries []BatchEntry) ([]BatchResult, error) {
	if err := checkBatch(entries); err != nil {
		return nil, err
	}
	bodies := make([]bodies, len(entries))
	size := 0
	for i, e := range entries {
		var err error
		if err := e.check(); err != nil {
			return nil, err
		}
		if bodies[i], err = e.bodies(); err != nil {
			return nil, err
		}
		size += e.size()
	}
	if size > maxSize {
		return nil, cloud.Errorf(http.StatusBadRequest, "BatchRequestTooLong", "The length of all the messages put together is more than the limit.")
	}
	if err := s.authorizePublish(ctx, caller, topicARN); err != nil {
		return nil, err
	}
	if err := s.await(ctx, topicARN); err != nil {
		return nil, err
	}
	results, err := s.send(ctx, topicARN, entries, bodies)
	if err != nil {
		return nil, err
	}
	return results, s.sync(topicARN)
}

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`) // up to 80 characters

func checkBatch(entries []BatchEntry) error {
	refuse := func(code, message string) error { return cloud.Errorf(http.StatusBadRequest, code, "%s", message) }
	if len(entries) == 0 {
		return refuse("EmptyBatchRequest", "The batch request doesn't contain any entries.")
	}
	if len(entries) > maxBatch {
		return refuse("TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible.")
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if seen[e.ID] {
			return refuse("BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id.")
		}
		seen[e.ID] = true
	}
	for _, e := range entries {
		if len(e.ID) > 80 || !batchID.MatchString(e.ID) {
			return refuse("InvalidBatchEntryId", "The Id of a batch entry in a batch request doesn't abide by the specification.")
		}
	}
	return nil
}

// authorizePublish authorizes the caller before it checks that the topic exists, so
// that a caller without permission cannot find out whether it does.
func (s *Service) authorizePublish(ctx context.Context, caller cloud.Caller, topicARN string) error {
	if err := CheckTopicARN(s.Place, topicARN); err != nil {
		return err
	}
	topic, exists := s.topics.Get(topicARN)
	err := s.Authorizer.Authorize(ctx, cloud.Request{
		Caller: caller, Action: "SNS:Publish", Resource: topicARN, ResourcePolicy: topic.Policy,
	})
	if err != nil {
		return err
	}
	if !exists {
		return notFound("Topic")
	}
	return s.authorizeKey(ctx, caller, topic)
}

// await waits while too many deliveries are owed to a subscription of the topic, and fails
// with ThrottlingException if that takes long. AWS has no such limit, but limits the rate
// of requests, with this error.
//
// https://repost.aws/knowledge-center/sns-throttling-exception-errors
func (s *Service) await(ctx context.Context, topicARN string) error {
	if s.closed.Load() {
		return cloud.Errorf(http.StatusServiceUnavailable, "ServiceUnavailable", "The local cloud is stopping.")
	}
	to := s.subscribers(topicARN)
	lanes := make([]string, len(to))
	for i, r := range to {
		lanes[i] = r.ARN
	}
	if !s.deliveries.Room(ctx, publishPatience, lanes...) {
		s.warn(topicARN, "refused messages, because a subscription is owed %d deliveries or %d MiB already", maxOwed, maxOwedBytes>>20)
		return cloud.Errorf(http.StatusBadRequest, "ThrottlingException", "Rate exceeded")
	}
	return nil
}

// sync waits until what the topic owes is on disk. A topic without subscriptions owes
// nothing.
func (s *Service) sync(topicARN string) error {
	if len(s.subscribers(topicARN)) == 0 {
		return nil
	}
	return s.Store.Sync()
}

// send stores all messages with the deliveries that they owe, or none of them; bodies are
// those of each message.
func (s *Service) send(ctx context.Context, topicARN string, entries []BatchEntry, bodies []bodies) ([]BatchResult, error) {
	topic, _ := s.topics.Get(topicARN) // a deleted topic has no subscribers
	to := s.subscribers(topicARN)
	results := make([]BatchResult, len(entries))
	var tasks []backlog.Task
	var changes []store.Change
	for i, e := range entries {
		results[i] = BatchResult{ID: e.ID, MessageID: uuid.NewString()}
		s.note(cloud.Info, topicARN, "received message %s%s", results[i].MessageID, cloud.Hop("", e.TraceHeader))
		more, set, err := s.fanOut(topic, to, results[i].MessageID, cloud.StepTrace(ctx), e.Message, bodies[i])
		if err != nil {
			return nil, err
		}
		tasks, changes = append(tasks, more...), append(changes, set...)
	}
	if err := s.deliveries.Add(tasks, changes...); err != nil {
		return nil, err
	}
	for i, e := range entries {
		s.measurePublished(topicARN, e.Message)
		s.keepEmails(topicARN, to, results[i].MessageID, e.Message, bodies[i])
	}
	return results, nil
}

// fanOut returns the deliveries of a message to each subscription that selects it, and
// the changes that store the message.
func (s *Service) fanOut(topic Topic, to []row, messageID, trace string, m Message, b bodies) ([]backlog.Task, []store.Change, error) {
	var selected []row
	for _, r := range to {
		body := b.of(r.Protocol)
		switch {
		case r.PendingConfirmation:
		case !r.selects(body, m.Attributes):
			s.measureFiltered(r, body, m.Attributes)
			s.note(cloud.Info, topic.ARN, "message %s does not match the filter policy of %s", messageID, r.ARN)
		default:
			selected = append(selected, r)
		}
	}
	message := stored{
		ID: messageID, Time: time.Now().UTC(), Subject: m.Subject, Attributes: m.Attributes, GroupID: m.GroupID,
		TraceHeader: s.trace(topic, messageID, m.TraceHeader), Trace: trace, SignatureVersion: topic.SignatureVersion,
	}
	body := m.Body
	if m.Structure != "" {
		message.Bodies, body = b, ""
	}
	return s.owe(message, body, m.size(), selected)
}
