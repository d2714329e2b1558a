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
	return batch("SendMessageBatchRequestEntry", entries, total, func(e Entry) (string, error) { return s.enqueue(q, caller, e) })
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
	return batch("DeleteMessageBatchRequestEntry", entries, 0, func(handle string) (string, error) { return "", s.delete(q, handle) })
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
	return batch("ChangeMessageVisibilityBatchRequestEntry", entries, 0, func(v Visibility) (string, error) {
		return "", s.changeVisibility(q, v.ReceiptHandle, v.Seconds)
	})
}

var batchID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,80}$`)

// batch checks a batch and runs its requests one by one.
func batch[T any](kind string, entries []BatchEntry[T], bytes int, run func(T) (string, error)) ([]BatchResult, error) {
	const maxEntries = 10
	switch {
	case len(entries) == 0:
		return nil, refusal(namespace+"EmptyBatchRequest", "There should be at least one %s in the request.", kind)
	case len(entries) > maxEntries:
		return nil, refusal(namespace+"TooManyEntriesInBatchRequest", "Maximum number of entries per request are %d. You have sent %d.", maxEntries, len(entries))
	case bytes > maxMessage:
		return nil, refusal(namespace+"BatchRequestTooLong", "Batch requests cannot be longer than %d bytes. You have sent %d bytes.", maxMessage, bytes)
	}
	seen := map[string]bool{}
	for _, e := range entries {
		if !batchID.MatchString(e.ID) {
			return nil, refusal(namespace+"InvalidBatchEntryId",
				"A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.")
		}
		if seen[e.ID] {
			return nil, refusal(namespace+"BatchEntryIdsNotDistinct", "Id %s repeated.", e.ID)
		}
		seen[e.ID] = true
	}
	var results []BatchResult
	for _, e := range entries {
		id, err := run(e.Request)
		refused, ok := errors.AsType[*cloud.Error](err)
		if err != nil && !ok { // a failure of the store, which must not hide earlier successes
			refused = cloud.Errorf(http.StatusInternalServerError, "InternalFailure", "%v", err)
		}
		results = append(results, BatchResult{e.ID, id, refused})
	}
	return results, nil
}
