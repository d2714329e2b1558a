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
	q, err := s.queueAt(queueARN)
	return time.Duration(q.VisibilityTimeoutSeconds) * time.Second, err
}

// CheckReceiver implements [cloud.Receiver].
func (s *Service) CheckReceiver(ctx context.Context, caller cloud.Caller, queueARN, action string) error {
	q, err := s.queueAt(queueARN)
	if err != nil {
		return err
	}
	return s.authorize(ctx, caller, q, action)
}

// ReceiveMessages implements [cloud.Receiver].
func (s *Service) ReceiveMessages(ctx context.Context, caller cloud.Caller, queueARN string, limit int, wait time.Duration) ([]Message, error) {
	q, err := s.queueAt(queueARN)
	if err != nil {
		return nil, err
	}
	if err := s.permitTo(ctx, caller, q, "ReceiveMessage"); err != nil {
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
	q, err := s.queueAt(queueARN)
	if err != nil {
		return err
	}
	entries := make([]BatchEntry[string], len(handles))
	for i, handle := range handles {
		entries[i] = BatchEntry[string]{ID: strconv.Itoa(i), Request: handle}
	}
	results, err := s.DeleteBatch(ctx, caller, q.URL, entries)
	for _, result := range results {
		if result.Err != nil {
			return result.Err
		}
	}
	return err
}
