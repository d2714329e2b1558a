package lambda

import (
	"context"

	"tally/localcloud/cloud"
)

// DryRun makes the checks of Invoke without running the function. It returns the
// error with which Invoke would refuse the caller, the function or the payload.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html#API_Invoke_RequestSyntax
func (s *Service) DryRun(ctx context.Context, in cloud.Invocation) error {
	_, _, err := s.admit(cloud.AsCheck(ctx), in, "DryRun", maxSyncPayload)
	return err
}
