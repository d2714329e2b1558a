package sns

import (
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
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

// Publish sends a message to every subscription of the topic, without waiting
// for the deliveries. The caller needs SNS:Publish. It fails with
// InvalidParameter, ParameterValueInvalid, AuthorizationError and NotFound.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func (s *Service) Publish(ctx context.Context, caller cloud.Caller, topicARN string, m Message) (messageID string, err error) {
	if err := m.check(); err != nil {
		return "", err
	}
	if m.size() > maxSize {
		return "", invalid("Message too long")
	}
	b, err := m.bodies()
	if err != nil {
		return "", err
	}
	if err := s.authorizePublish(ctx, caller, topicARN); err != nil {
		return "", err
	}
	results, err := s.send(topicARN, []BatchEntry{{Message: m}}, []bodies{b})
	if err != nil {
		return "", err
	}
	return results[0].MessageID, nil
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
	return s.send(topicARN, entries, bodies)
}

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

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
		if !batchID.MatchString(e.ID) {
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

// send starts the deliveries of all messages; bodies are those of each of them. If it
// fails, it has not started any.
func (s *Service) send(topicARN string, entries []BatchEntry, bodies []bodies) ([]BatchResult, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, cloud.Errorf(http.StatusServiceUnavailable, "ServiceUnavailable", "The local cloud is stopping.")
	}
	topic, _ := s.topics.Get(topicARN) // a deleted topic has no subscribers
	results := make([]BatchResult, len(entries))
	for i, e := range entries {
		results[i] = BatchResult{ID: e.ID, MessageID: uuid.NewString()}
		s.measurePublished(topicARN, e.Message)
		s.fanOut(topic, results[i].MessageID, e.Message, bodies[i])
	}
	return results, nil
}

// fanOut starts the delivery of a message to each subscription that selects it.
func (s *Service) fanOut(topic Topic, messageID string, m Message, bodies bodies) {
	m.TraceHeader = s.trace(topic, messageID, m.TraceHeader)
	for _, r := range s.subscribers(topic.ARN) {
		d := Delivery{
			Subscription: r.Subscription, MessageID: messageID, Time: time.Now().UTC(),
			Subject: m.Subject, Body: bodies.of(r.Protocol), Attributes: m.Attributes,
			GroupID: m.GroupID, TraceHeader: m.TraceHeader, SignatureVersion: topic.SignatureVersion,
		}
		switch {
		case r.PendingConfirmation:
		case !r.selects(d.Body, m.Attributes):
			s.measureFiltered(r, d)
			s.note(cloud.Info, topic.ARN, "message %s does not match the filter policy of %s", messageID, r.ARN)
		default:
			s.deliveries.Go(func() { s.deliver(d, r.deadLetterQueue) })
		}
	}
}
