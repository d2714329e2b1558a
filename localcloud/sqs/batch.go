package sqs

import (
	"context"
	"errors"
	"net/http"
	"regexp"

	"tally/localcloud/cloud"
)

// BatchEntry is one request of a batch. Request is an Entry for SendBatch, a receipt
// handle for DeleteBatch, and a Visibility for ChangeVisibilityBatch.
type BatchEntry[T any] struct {
	ID      string // 1 to 80 letters, digits, hyphens and underscores, unique in the batch
	Request T
}

// Visibility is a message's new visibility timeout.
type Visibility struct {
	ReceiptHandle string
	Seconds       int // 0 to 43,200
}

// BatchResult is the result of the request with that ID.
type BatchResult struct {
	ID        string
	MessageID string       // of a sent message
	Err       *cloud.Error // nil for success
}

// SendBatch sends up to 10 messages of at most 1 MiB in total, as Send does. Each of
// them may fail separately; the returned error concerns the whole batch.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html
func (s *Service) SendBatch(ctx context.Context, caller cloud.Caller, url string, entries []BatchEntry[Entry]) ([]BatchResult, error) {
	q, err := s.permit(ctx, caller, url, "SendMessage")
	if err != nil {
		return nil, err
	}
	total := 0
	for _, e := range entries {
		total += size(e.Request.QueueMessage)
	}
	ids := make([]string, len(entries))
	return batch(s, q, "SendMessageBatchRequestEntry", entries, total, ids, func(i int, e Entry) (enqueue step) {
		ids[i], enqueue = s.enqueue(ctx, q, caller, e)
		return enqueue
	})
}

// DeleteBatch deletes up to 10 messages, as Delete does. It reports errors as
// SendBatch does.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_DeleteMessageBatch.html
func (s *Service) DeleteBatch(ctx context.Context, caller cloud.Caller, url string, entries []BatchEntry[string]) ([]BatchResult, error) {
	q, err := s.permit(ctx, caller, url, "DeleteMessage")
	if err != nil {
		return nil, err
	}
	return batch(s, q, "DeleteMessageBatchRequestEntry", entries, 0, nil, func(_ int, handle string) step { return s.delete(q, handle) })
}

// ChangeVisibilityBatch changes the visibility of up to 10 messages, as
// ChangeVisibility does. It reports errors as SendBatch does.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ChangeMessageVisibilityBatch.html
func (s *Service) ChangeVisibilityBatch(ctx context.Context, caller cloud.Caller, url string, entries []BatchEntry[Visibility]) ([]BatchResult, error) {
	q, err := s.permit(ctx, caller, url, "ChangeMessageVisibility")
	if err != nil {
		return nil, err
	}
	return batch(s, q, "ChangeMessageVisibilityBatchRequestEntry", entries, 0, nil, func(_ int, v Visibility) step { return s.changeVisibility(q, v) })
}

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]+$`) // up to 80 characters

// batch checks a batch and makes one change of its requests, for each of which of
// returns the step. ids are the IDs of the messages that the requests send, if they do.
func batch[T any](s *Service, q Queue, kind string, entries []BatchEntry[T], bytes int, ids []string, of func(int, T) step) ([]BatchResult, error) {
	if err := checkBatch(kind, entries, bytes); err != nil {
		return nil, err
	}
	steps := make([]step, len(entries))
	for i, e := range entries {
		steps[i] = of(i, e.Request)
	}
	errs, err := s.changeForClient(q.Name, steps...)
	if err != nil {
		return nil, err
	}
	results := make([]BatchResult, len(entries))
	for i, e := range entries {
		results[i] = BatchResult{ID: e.ID, Err: refused(errs[i])}
		if ids != nil && errs[i] == nil {
			results[i].MessageID = ids[i]
		}
	}
	return results, nil
}

// refused returns err as an error of one request. Those of the store must not hide that
// requests with other errors were refused.
func refused(err error) *cloud.Error {
	e, ok := errors.AsType[*cloud.Error](err)
	if err != nil && !ok {
		return cloud.Errorf(http.StatusInternalServerError, "InternalFailure", "%v", err)
	}
	return e
}

func checkBatch[T any](kind string, entries []BatchEntry[T], bytes int) error {
	const maxEntries = 10
	switch {
	case len(entries) == 0:
		return refusal(namespace+"EmptyBatchRequest", "There should be at least one %s in the request.", kind)
	case len(entries) > maxEntries:
		return refusal(namespace+"TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(entries))
	case bytes > maxMessage:
		return refusal(namespace+"BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, bytes)
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if len(e.ID) > 80 || !batchID.MatchString(e.ID) {
			return refusal(namespace+"InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[e.ID] {
			return refusal(namespace+"BatchEntryIdsNotDistinct", "Id %s repeated.", e.ID)
		}
		seen[e.ID] = true
	}
	return nil
}
