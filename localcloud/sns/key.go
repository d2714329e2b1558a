package sns

import (
	"context"
	"errors"
	"strings"

	"tally/localcloud/cloud"
)

// authorizeKey checks that a publisher may use the key that encrypts the topic.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#sns-what-permissions-for-sse
func (s *Service) authorizeKey(ctx context.Context, caller cloud.Caller, t Topic) error {
	if t.KMSMasterKeyID == "" || s.Keys == nil {
		return nil
	}
	arn, err := cloud.ParseARN(t.ARN)
	if err != nil {
		return err
	}
	return rewordKeyError(s.Keys.EncryptWith(ctx, t.KMSMasterKeyID, caller, arn))
}

// rewordKeyError returns the error of SNS for an error of KMS: for example,
// KMSAccessDenied for AccessDeniedException.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html#API_Publish_Errors
// https://github.com/aws/aws-cdk/issues/24337
func rewordKeyError(err error) error {
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok {
		return err
	}
	reason := strings.TrimPrefix(strings.TrimSuffix(e.Code, "Exception"), "KMS")
	if reason == "InvalidKeyUsage" {
		reason = "InvalidState" // SNS documents no error of its own
	}
	return e.OfKMS("KMS" + reason)
}
