package secretsmanager

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/store"
)

// The steps of a rotation, in their order.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html
const (
	createStep = "createSecret"
	setStep    = "setSecret"
	testStep   = "testSecret"
	finishStep = "finishSecret"
)

// retries is how often a rotation that fails is repeated as a whole, after 1, 2, 4, … seconds.
// AWS documents only that there are several retries, within the window of the rotation.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html
const retries = 5

// fire queues a rotation when its window has come. One that is not complete is repeated.
func (s *Service) fire(arn string, at time.Time, change store.Change) error {
	id := uuid.NewString()
	if secret, err := s.Find(arn); err == nil {
		if v, ok := secret.version(secret.pending()); ok && !v.Test {
			id = v.ID
		}
	}
	return s.deliveries.Add([]timetable.Event{{Key: arn, ID: id, At: at}}, change)
}

// courier finds the secrets to rotate. Its events have the ARN of a secret as their key,
// which no other secret ever has, and the version that the rotation creates as their ID.
type courier struct{ *Service }

// Find implements [timetable.Courier].
func (s courier) Find(key string) timetable.Delivery {
	secret, err := s.Service.Find(key)
	if err != nil {
		return nil
	}
	return rotation{s.Service, secret.Rotation.Function}
}

// Name implements [timetable.Courier].
func (s courier) Name(key string) string {
	name := strings.TrimPrefix(key, s.place.ARN("secretsmanager", "secret:").String())
	return name[:max(len(name)-suffixLength-1, 0)]
}

// Dropped implements [timetable.Courier].
func (s courier) Dropped(e timetable.Event) {
	s.note(cloud.Info, e.Key, "the rotation to version %s is dropped: the secret was deleted", e.ID)
}

// Owed returns the rotations that have begun or wait for another attempt.
func (s *Service) Owed() []timetable.Owed { return s.deliveries.Owed() }

// rotation rotates a secret.
type rotation struct {
	*Service
	function string // ARN
}

// Target implements [timetable.Delivery].
func (s rotation) Target() string { return s.function }

// RetryPolicy implements [timetable.Delivery].
func (rotation) RetryPolicy() timetable.RetryPolicy {
	return timetable.RetryPolicy{Attempts: retries, Age: time.Hour}
}

// Permanent implements [timetable.Delivery].
func (rotation) Permanent(error) bool { return false }

// Done implements [timetable.Delivery].
func (rotation) Done(timetable.Event) {}

// Bury implements [timetable.Delivery]. The version keeps the stage Pending, and the next
// window repeats the rotation.
func (s rotation) Bury(_ context.Context, e timetable.Event) error {
	s.note(cloud.Warning, e.Key, "the rotation has failed after %d attempts, and version %s remains %s: %s", e.Attempts, e.ID, Pending, e.Message)
	return nil
}

// Send implements [timetable.Delivery]: it makes one attempt to rotate a secret, with all
// steps.
func (s rotation) Send(ctx context.Context, e timetable.Event) error {
	secret, v, err := s.claim(e)
	if err != nil || v.ID == "" {
		return err
	}
	switch {
	case v.Test:
		return s.test(ctx, secret, v.ID)
	case secret.Stages[Current] == v.ID: // it was interrupted at the end
		return s.finish(secret.ARN, v.ID)
	}
	for _, step := range []string{createStep, setStep, testStep, finishStep} {
		if !s.rotating(secret.ARN, v.ID) {
			s.note(cloud.Info, secret.ARN, "the rotation to version %s was abandoned before %s", v.ID, step)
			return nil
		}
		switch err := s.invoke(ctx, secret, v.ID, step); {
		case errors.Is(err, context.Canceled):
			return err // not an attempt
		case err != nil:
			s.note(cloud.Warning, secret.ARN, "attempt %d of the rotation to version %s failed: %v", e.Attempts+1, v.ID, err)
			return err
		}
	}
	return s.finish(secret.ARN, v.ID)
}

// claim returns the secret of an event and the version to rotate to, which it creates unless
// RotateSecret has. It returns no version if nothing is left to do.
func (s *Service) claim(e timetable.Event) (Secret, Version, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, err := s.Find(e.Key)
	if err != nil {
		return Secret{}, Version{}, nil // it was deleted
	}
	if v, ok := secret.version(e.ID); ok {
		return secret, v, nil
	}
	if !secret.Rotation.Enabled || !secret.Deletion.IsZero() || secret.pending() != "" {
		return Secret{}, Version{}, nil
	}
	v := Version{ID: e.ID, Created: time.Now().UTC(), Empty: true}
	changes, err := s.attach(&secret, v, []string{Pending})
	if err != nil {
		return Secret{}, Version{}, err
	}
	return secret, v, s.store.Commit(append(changes, s.secrets.Set(secret.Name, secret))...)
}

// rotating reports whether the rotation of a secret to a version is still wanted. Once the
// version is current, only the rest of the steps are missing.
func (s *Service) rotating(arn, version string) bool {
	secret, err := s.live(arn)
	return err == nil && secret.Rotation.Enabled && (secret.Stages[Pending] == version || secret.Stages[Current] == version)
}

// invoke calls the rotation function for a step. Its errors contain nothing that the function
// has returned, which might be secret, except for the type of the error.
func (s *Service) invoke(ctx context.Context, secret Secret, version, step string) error {
	caller, err := rotator(secret)
	if err != nil {
		return err
	}
	payload, err := json.Marshal(struct {
		Step               string
		SecretID           string `json:"SecretId"`
		ClientRequestToken string
		RotationToken      string
	}{step, secret.ARN, version, uuid.NewString()})
	if err != nil {
		return err
	}
	out, err := s.functions.Invoke(ctx, cloud.Invocation{Caller: caller, Function: secret.Rotation.Function, Payload: payload})
	if err != nil {
		return fmt.Errorf("%s: %w", step, err)
	}
	if out.FunctionError != "" {
		var failure struct{ ErrorType string }
		_ = json.Unmarshal(out.Payload, &failure) // without a type, its name is enough
		return fmt.Errorf("%s: the function failed with %s %s; its log says why", step, out.FunctionError, failure.ErrorType)
	}
	return nil
}

// finish records that a rotation has ended, if the function has made the version current.
func (s rotation) finish(arn, version string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, err := s.live(arn)
	if err != nil {
		return nil // it was deleted
	}
	if secret.Stages[Current] != version {
		err := fmt.Errorf("%s: the function has not moved %s to version %s", finishStep, Current, version)
		s.note(cloud.Warning, arn, "%v", err)
		return err
	}
	secret.Rotation.Last = time.Now().UTC()
	s.note(cloud.Info, arn, "rotated to version %s", version)
	return s.store.Apply(s.secrets.Set(secret.Name, secret))
}

// test calls the rotation function for one step, with an empty version, and then removes the
// version.
func (s rotation) test(ctx context.Context, secret Secret, version string) error {
	err := s.invoke(ctx, secret, version, testStep)
	if errors.Is(err, context.Canceled) {
		return err // the next start repeats it
	}
	if err != nil {
		s.note(cloud.Warning, secret.ARN, "the test of the rotation failed: %v", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if secret, err = s.Find(secret.ARN); err != nil {
		return nil // it was deleted
	}
	return s.store.Apply(s.detach(secret, version)...)
}

func (s *Service) note(level cloud.Level, secret, format string, args ...any) {
	s.journal.Append(cloud.Entry{Level: level, Service: "secretsmanager", Resource: secret, Message: fmt.Sprintf(format, args...)})
}
