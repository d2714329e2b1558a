package lambda

import (
	"context"

	"tally/localcloud/cloud"
)

// DryRun reports whether Invoke would run the function: it returns the error
// with which Invoke refuses the caller, the function or the payload, or nil.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestSyntax
func (s *Service) DryRun(ctx context.Context, in cloud.Invocation) error {
	_, _, err := s.admit(ctx, in, "DryRun", maxSyncPayload)
	return err
}
