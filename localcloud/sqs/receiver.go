package sqs

import (
	"context"
	"strconv"
	"time"

	"tally/localcloud/cloud"
)

var _ cloud.Receiver = (*Service)(nil)

// VisibilityTimeout implements [cloud.Receiver].
func (s *Service) VisibilityTimeout(queueARN string) (time.Duration, error) {
	r, ok := s.byARN(queueARN)
	if !ok {
		return 0, nonExistent()
	}
	return time.Duration(r.VisibilityTimeoutSeconds) * time.Second, nil
}

// CheckReceiver implements [cloud.Receiver].
func (s *Service) CheckReceiver(ctx context.Context, caller cloud.Caller, queueARN, action string) error {
	r, ok := s.byARN(queueARN)
	if !ok {
		return nonExistent()
	}
	return s.authorizer.Authorize(ctx, cloud.Request{Caller: caller, Action: action, Resource: r.ARN, ResourcePolicy: r.Policy})
}

// ReceiveMessages implements [cloud.Receiver].
func (s *Service) ReceiveMessages(ctx context.Context, caller cloud.Caller, queueARN string, limit int, wait time.Duration) ([]Message, error) {
	r, ok := s.byARN(queueARN)
	if !ok {
		return nil, nonExistent()
	}
	q, err := s.permit(ctx, caller, s.URL(r.Name), "ReceiveMessage")
	if err != nil {
		return nil, err
	}
	received, err := s.receive(ctx, q, limit, time.Duration(q.VisibilityTimeoutSeconds)*time.Second, wait)
	for i, m := range received {
		received[i].MD5OfBody, received[i].MD5OfAttributes = MD5OfBody(m.Body), MD5OfAttributes(m.Attributes)
	}
	return received, err
}

// DeleteMessages implements [cloud.Receiver].
func (s *Service) DeleteMessages(ctx context.Context, caller cloud.Caller, queueARN string, handles []string) error {
	r, ok := s.byARN(queueARN)
	if !ok {
		return nonExistent()
	}
	entries := make([]BatchEntry[string], len(handles))
	for i, handle := range handles {
		entries[i] = BatchEntry[string]{ID: strconv.Itoa(i), Request: handle}
	}
	results, err := s.DeleteBatch(ctx, caller, s.URL(r.Name), entries)
	for _, result := range results {
		if result.Err != nil {
			return result.Err
		}
	}
	return err
}
