package secretsmanager

import (
	"slices"
	"time"

	"tally/localcloud/store"
)

// MoveStage attaches a staging label to the version to, removing it from the version from.
// Either may be "", but not both. It fails with InvalidParameterException.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecretVersionStage.html
func (s *Service) MoveStage(id, stage, from, to string) (Secret, error) {
	if err := CheckStages([]string{stage}); err != nil {
		return Secret{}, err
	}
	return s.change(id, func(secret *Secret) error {
		holder := secret.Stages[stage]
		for _, version := range []string{from, to} {
			if _, ok := secret.version(version); version != "" && !ok {
				return invalid("Not a valid version: %s for the staging label %s", version, stage)
			}
		}
		switch {
		case from != "" && from != holder:
			return invalid("The staging label %s is not attached to version %s.", stage, from)
		case from == "" && to == "":
			return invalid("You must provide MoveToVersionId or RemoveFromVersionId.")
		case to == "" && stage == Current:
			return invalid("You can only move staging label AWSCURRENT to a different secret version. It can’t be completely removed.")
		case to == "":
			delete(secret.Stages, stage)
			return nil
		case holder != "" && holder != to && from == "":
			return invalid("The parameter RemoveFromVersionId can't be empty. Staging label %s is currently attached to version %s, so you must explicitly reference that version in RemoveFromVersionId.", stage, holder)
		case len(secret.StagesOf(to)) >= maxStages:
			return refuse("LimitExceededException", "A version can have at most %d staging labels.", maxStages)
		}
		secret.move(stage, to)
		return nil
	})
}

// Delete schedules the deletion of a secret in 7 to 30 days, 0 for 30, or deletes it at
// once if forced. It fails with InvalidParameterException, InvalidRequestException and,
// unless forced, ResourceNotFoundException. Like other long waits, the recovery window is
// divided by the time scale.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DeleteSecret.html
func (s *Service) Delete(id string, days *int, force bool) (Secret, error) {
	window := 30
	if days != nil {
		window = *days
	}
	if days != nil && force {
		return Secret{}, invalid("You can't use ForceDeleteWithoutRecovery in conjunction with RecoveryWindowInDays.")
	}
	if err := checkWindow(window); err != nil {
		return Secret{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.purge(); err != nil {
		return Secret{}, err
	}
	secret, err := s.Find(id)
	now := time.Now().UTC()
	switch {
	case err != nil && force:
		return Secret{ARN: id, Name: id, Deletion: now}, nil
	case err != nil:
		return Secret{}, err
	case force:
		secret.Deletion = now
		return secret, s.remove(secret)
	case !secret.Deletion.IsZero():
		return Secret{}, refuse("InvalidRequestException", "You can't perform this operation on the secret because it was already scheduled for deletion.")
	}
	secret.Deletion = now.Add(s.pace.Wait(time.Duration(window) * 24 * time.Hour))
	return secret, s.secrets.Put(secret.Name, secret)
}

// Restore cancels the deletion of a secret.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RestoreSecret.html
func (s *Service) Restore(id string) (Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, err := s.Find(id)
	if err != nil {
		return Secret{}, err
	}
	secret.Deletion = time.Time{}
	return secret, s.secrets.Put(secret.Name, secret)
}

// purge removes the secrets whose recovery window is over, which nothing finds any more.
// The caller holds the lock.
func (s *Service) purge() error {
	for _, secret := range s.secrets.All() {
		if secret.over() {
			if err := s.remove(secret); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Service) remove(secret Secret) error {
	changes := []store.Change{s.secrets.Unset(secret.Name)}
	for _, v := range slices.Clone(secret.Versions) {
		changes = append(changes, s.values.Unset(valueKey(secret, v.ID)))
	}
	defer s.values.EraseSoon()
	return s.clock.Stop(secret.ARN, changes...)
}
