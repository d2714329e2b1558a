package secretsmanager

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/store"
)

// Functions are the rotation functions of secrets.
type Functions interface {
	cloud.Invoker
	// DryRun returns the error with which Invoke would refuse the caller or the function.
	DryRun(ctx context.Context, in cloud.Invocation) error
}

// Rotation is how a secret rotates. The zero Rotation is that of a secret for which rotation
// has never been turned on.
type Rotation struct {
	Enabled  bool      `json:",omitempty"`
	Function string    `json:",omitempty"` // the ARN of the rotation function, also after rotation is turned off
	Rules    Rules     // zero if the secret rotates only on request
	Last     time.Time // the end of the last rotation, or zero
}

// RotateRequest is a request to rotate a secret.
type RotateRequest struct {
	Token    string // the ID of the new version
	Function string // the ARN of the rotation function; "" for that of the last request
	Rules    *Rules // nil for those of the last request
	Later    bool   // tests the function, instead of rotating the secret at once
}

// Rotate turns on rotation, and starts to rotate the secret. It stores an empty version
// with the stage Pending, for which the rotation function then provides a value. A repeated
// request changes nothing.
//
// It fails with InvalidParameterException, InvalidRequestException if the last rotation is
// not complete or no function is known, and AccessDeniedException if Secrets Manager or the
// caller may not invoke the function.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
func (s *Service) Rotate(ctx context.Context, caller cloud.Caller, id string, r RotateRequest) (Secret, error) {
	if err := r.check(); err != nil {
		return Secret{}, err
	}
	secret, err := s.live(id)
	if err != nil {
		return Secret{}, err
	}
	function := cmp.Or(r.Function, secret.Rotation.Function)
	if function == "" {
		return Secret{}, refuse("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
	}
	if err := s.mayInvoke(ctx, caller, secret, function); err != nil {
		return Secret{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret, err = s.live(secret.ARN); err != nil {
		return Secret{}, err
	}
	if _, repeated := secret.version(r.Token); repeated {
		return secret, nil
	}
	if secret.pending() != "" {
		return Secret{}, refuse("InvalidRequestException", "A previous rotation isn't complete. That rotation will be reattempted.")
	}
	secret.Rotation.Enabled, secret.Rotation.Function = true, function
	if r.Rules != nil {
		secret.Rotation.Rules = *r.Rules
	}
	err = s.startRotation(&secret, r)
	return secret, err
}

func (r RotateRequest) check() error {
	if r.Token == "" {
		return invalid("You must provide a ClientRequestToken value. We recommend a UUID-type value.")
	}
	err := cmp.Or(CheckToken(r.Token), cloud.CheckOptional(r.Function, CheckFunction))
	if err == nil && r.Rules != nil {
		err = CheckRules(*r.Rules)
	}
	return err
}

// CheckFunction validates the ARN of a rotation function.
func CheckFunction(arn string) error {
	parsed, err := cloud.ParseARN(arn)
	if err != nil || len(arn) > 2048 || parsed.Service != "lambda" || !strings.HasPrefix(parsed.Resource, "function:") {
		return invalid("The RotationLambdaARN %q must be the ARN of a Lambda function.", arn)
	}
	return nil
}

// mayInvoke checks that the policy of a function allows Secrets Manager to rotate the secret
// with it, and that the caller may invoke it. AWS words a function that does not exist in
// the same way.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot_rotation.html
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotateSecret.html
func (s *Service) mayInvoke(ctx context.Context, caller cloud.Caller, secret Secret, function string) error {
	itself, err := rotator(secret)
	if err != nil {
		return err
	}
	if s.functions.DryRun(ctx, cloud.Invocation{Caller: itself, Function: function}) != nil {
		return refuse("AccessDeniedException", "Secrets Manager cannot invoke the specified Lambda function. Ensure that the function policy grants access to the principal secretsmanager.amazonaws.com.")
	}
	return s.functions.DryRun(ctx, cloud.Invocation{Caller: caller, Function: function})
}

// rotator is Secrets Manager as the caller of a rotation function. Policies of functions may
// name the account or the secret.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotating-secrets-required-permissions-function.html
func rotator(secret Secret) (cloud.Caller, error) {
	arn, err := cloud.ParseARN(secret.ARN)
	return cloud.Caller{Service: "secretsmanager.amazonaws.com", SourceARN: arn}, err
}

// startRotation stores a secret with a new version, the task of rotating it, and the time of
// the next rotation, in one change.
func (s *Service) startRotation(secret *Secret, r RotateRequest) error {
	now := time.Now().UTC()
	changes, err := s.attach(secret, Version{ID: r.Token, Created: now, Empty: true, Test: r.Later}, []string{Pending})
	if err != nil {
		return err
	}
	secret.Changed = now
	changes = append(changes, s.secrets.Set(secret.Name, *secret))
	begin := func(others ...store.Change) error {
		return s.deliveries.Add([]timetable.Event{{Key: secret.ARN, ID: r.Token, At: now}}, slices.Concat(changes, others)...)
	}
	if rules := secret.Rotation.Rules; rules == (Rules{}) || r.Later && r.Rules == nil && !s.clock.Ended(secret.ARN) {
		err = begin()
	} else {
		err = s.clock.SetBy(secret.ARN, rules.plan(now), func(next store.Change) error { return begin(next) })
	}
	return cmp.Or(err, s.store.Sync())
}

// pending returns the ID of the version that a rotation has created and not made current, or
// "" if there is none.
func (s Secret) pending() string {
	if id := s.Stages[Pending]; id != s.Stages[Current] {
		return id
	}
	return ""
}

// CancelRotation turns off rotation, and ends one that is in progress, whose version keeps
// the stage Pending. It returns the ID of that version, or "". It fails with
// InvalidRequestException if rotation has never been turned on.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CancelRotateSecret.html
func (s *Service) CancelRotation(id string) (secret Secret, version string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret, err = s.live(id); err != nil {
		return Secret{}, "", err
	}
	if secret.Rotation.Function == "" {
		return Secret{}, "", refuse("InvalidRequestException", "No Lambda rotation function ARN is associated with this secret.")
	}
	secret.Rotation.Enabled, secret.Changed = false, time.Now().UTC()
	return secret, secret.pending(), s.clock.Stop(secret.ARN, s.secrets.Set(secret.Name, secret))
}

// NextRotation returns when a secret rotates at the latest, and false if that is not
// scheduled. As other long waits, that time is divided by the time scale.
func (s *Service) NextRotation(secret Secret) (time.Time, bool) {
	if !secret.Rotation.Enabled {
		return time.Time{}, false
	}
	return s.clock.Latest(secret.ARN)
}

// ReportedRules returns the rules as AWS describes them: after the first rotation, a
// schedule has the number of days between its rotations, too. AWS does not document how it
// rounds them; here, up.
func (r Rotation) ReportedRules() Rules {
	rules := r.Rules
	if rules.Schedule != "" && !r.Last.IsZero() {
		rules.Days = rules.interval(r.Last)
	}
	return rules
}
