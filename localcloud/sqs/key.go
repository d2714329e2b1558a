package sqs

import (
	"context"
	"errors"
	"strings"

	"tally/localcloud/cloud"
)

// EncryptWith makes the service check that senders and receivers may use the keys of
// queues. Call it before the service is used.
func (s *Service) EncryptWith(keys cloud.Keys) { s.keys = keys }

// authorizeKey checks that the caller may use the key of the queue for the action.
// On AWS, a message remains encrypted with the key that the queue had when it was sent;
// here, the key that the queue has now decides.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html#sqs-what-permissions-for-sse
func (s *Service) authorizeKey(ctx context.Context, caller cloud.Caller, q Queue, action string) error {
	if q.KMSMasterKeyID == "" || s.keys == nil {
		return nil
	}
	arn, err := cloud.ParseARN(q.ARN)
	if err != nil {
		return err
	}
	switch action {
	case "SendMessage":
		err = s.keys.EncryptWith(ctx, q.KMSMasterKeyID, caller, arn)
	case "ReceiveMessage":
		err = s.keys.DecryptWith(ctx, q.KMSMasterKeyID, caller, arn)
	}
	return rewordKeyError(err)
}

// CheckKeyUse checks that the caller may use the key of a queue, if it has one, for
// "ReceiveMessage" or "SendMessage".
func (s *Service) CheckKeyUse(ctx context.Context, caller cloud.Caller, queueARN, action string) error {
	q, err := s.queueAt(queueARN)
	if err != nil {
		return err
	}
	return s.authorizeKey(ctx, caller, q, action)
}

// rewordKeyError returns the error of SQS for an error of KMS: for example,
// KMS.AccessDeniedException for AccessDeniedException.
//
// https://repost.aws/knowledge-center/sqs-accessdenied-errors
func rewordKeyError(err error) error {
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok {
		return err
	}
	return e.OfKMS("KMS." + strings.TrimPrefix(e.Code, "KMS"))
}
