package secretsmanager

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Value is the value of a version: a string or bytes.
type Value struct {
	String *string `json:",omitempty"`
	Binary []byte  `json:",omitempty"`
}

func (v Value) empty() bool { return v.String == nil && v.Binary == nil }

func (v Value) equal(o Value) bool {
	return (v.String == nil) == (o.String == nil) && (v.String == nil || *v.String == *o.String) && slices.Equal(v.Binary, o.Binary)
}

const (
	maxVersions = 100
	maxStages   = 20
)

// Create stores a new secret, with a version if there is a value. Without an ARN, it gets a
// new one. The token, "" for a random one, is the ID of the version, so that a repeated request changes nothing.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func (s *Service) Create(ctx context.Context, caller cloud.Caller, secret Secret, value Value, token string) (Secret, string, error) {
	if err := s.checkNew(secret, value, token); err != nil {
		return Secret{}, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.purge(); err != nil {
		return Secret{}, "", err
	}
	if old, ok := s.get(secret.Name); ok {
		if _, repeated := old.version(token); repeated && old.Deletion.IsZero() {
			if was, err := s.open(old, token); err == nil && was.equal(value) {
				return old, token, nil
			}
		}
		if !old.Deletion.IsZero() {
			return Secret{}, "", refuse("InvalidRequestException", "You can't create this secret because a secret with this name is already scheduled for deletion.")
		}
		return Secret{}, "", refuse("ResourceExistsException", "The operation failed because the secret %s already exists.", secret.Name)
	}
	secret.ARN, secret.Created = cmp.Or(secret.ARN, s.NewARN(secret.Name)), time.Now().UTC()
	secret.Changed = secret.Created
	if value.empty() {
		return secret, "", s.secrets.Put(secret.Name, secret)
	}
	return s.add(ctx, caller, secret, value, token, nil)
}

// Put adds a version to a secret, and moves the stages, nil for Current, to it. It fails
// with InvalidParameterException, InvalidRequestException, ResourceExistsException if the
// token is the ID of a version with another value, and the errors of the KMS key.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
func (s *Service) Put(ctx context.Context, caller cloud.Caller, id string, value Value, token string, stages []string) (Secret, string, error) {
	if err := cmp.Or(value.check(), cloud.CheckOptional(token, CheckToken), CheckStages(stages)); err != nil {
		return Secret{}, "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, err := s.live(id)
	if err != nil {
		return Secret{}, "", err
	}
	return s.add(ctx, caller, secret, value, token, stages)
}

// Update changes the description and the key of a secret, where not nil, and adds a
// version if there is a value. Versions that have one of AWS's stages are encrypted again
// with a new key, in addition to the old one, if the caller may use both; see
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/manage_update-encryption-key.html
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_UpdateSecret.html
func (s *Service) Update(ctx context.Context, caller cloud.Caller, id string, description, key *string, value Value, token string) (Secret, string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, err := s.live(id)
	if err != nil {
		return Secret{}, "", err
	}
	if description != nil {
		secret.Description = *description
	}
	changed := key != nil && *key != secret.KMSKeyID
	if changed {
		secret.KMSKeyID = *key
	}
	if err := s.checkNew(secret, value, token); err != nil {
		return Secret{}, "", err
	}
	if _, exists := secret.version(token); exists {
		return Secret{}, "", refuse("ResourceExistsException", "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, secret.ARN)
	}
	if changed {
		if err := s.encryptAgain(ctx, caller, &secret); err != nil {
			return Secret{}, "", err
		}
	}
	secret.Changed = time.Now().UTC()
	if value.empty() {
		return secret, "", s.secrets.Put(secret.Name, secret)
	}
	return s.add(ctx, caller, secret, value, token, nil)
}

// encryptAgain adds the key of a secret to those of its versions that have one of AWS's
// stages, if the caller may decrypt them and encrypt with the new key.
func (s *Service) encryptAgain(ctx context.Context, caller cloud.Caller, secret *Secret) error {
	arn, err := cloud.ParseARN(secret.ARN)
	if err != nil {
		return err
	}
	key := cmp.Or(secret.KMSKeyID, DefaultKey)
	if s.keys.EncryptValueWith(ctx, key, caller, arn) != nil {
		return nil
	}
	secret.Versions = slices.Clone(secret.Versions)
	for i, v := range secret.Versions {
		ours := slices.ContainsFunc([]string{Current, Pending, Previous}, func(stage string) bool { return secret.Stages[stage] == v.ID })
		if ours && !v.Empty && s.decrypts(ctx, caller, v, arn) == nil {
			secret.Versions[i].Later = append(slices.Clone(v.Later), key)
		}
	}
	return nil
}

// decrypts checks that the caller may decrypt a version with one of its keys. The error is
// that of the newest one.
func (s *Service) decrypts(ctx context.Context, caller cloud.Caller, v Version, arn cloud.ARN) (err error) {
	for _, key := range append([]string{cmp.Or(v.KMSKeyID, DefaultKey)}, v.Later...) {
		if err = s.keys.DecryptWith(ctx, key, caller, arn); err == nil {
			return nil
		}
	}
	return err
}

// add stores a secret with a new version, or with the value of an empty one.
func (s *Service) add(ctx context.Context, caller cloud.Caller, secret Secret, value Value, token string, stages []string) (Secret, string, error) {
	v, exists := secret.version(token)
	if exists && !v.Empty {
		was, err := s.open(secret, token)
		if err == nil && !was.equal(value) {
			err = refuse("ResourceExistsException", "You can't use ClientRequestToken %s because that value is already in use for a version of secret %s.", token, secret.ARN)
		}
		return secret, token, err
	}
	arn, err := cloud.ParseARN(secret.ARN)
	if err != nil {
		return Secret{}, "", err
	}
	if err := s.keys.EncryptWith(ctx, cmp.Or(secret.KMSKeyID, DefaultKey), caller, arn); err != nil {
		return Secret{}, "", rewordKey(err, "EncryptionFailure", "Secrets Manager can't encrypt the protected secret text using the provided KMS key.")
	}
	secret.Changed = time.Now().UTC()
	if !exists {
		v = Version{ID: cmp.Or(token, uuid.NewString()), Created: secret.Changed}
	}
	v.KMSKeyID, v.Empty = secret.KMSKeyID, false
	if len(stages) == 0 {
		stages = []string{Current}
	}
	if len(secret.Versions) == 0 && !slices.Contains(stages, Current) {
		stages = append(slices.Clone(stages), Current) // the first version always has it
	}
	manual := slices.Contains(stages, Current) && secret.Stages[Pending] != v.ID
	changes, err := s.attach(&secret, v, stages)
	if err != nil {
		return Secret{}, "", err
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return Secret{}, "", err
	}
	changes = append(changes, s.values.Set(valueKey(secret, v.ID), row{s.box.Seal(string(raw), valueKey(secret, v.ID))}))
	if manual && secret.Rotation.Function != "" {
		return secret, v.ID, s.replaceRotation(secret, changes)
	}
	return secret, v.ID, s.store.Commit(append(changes, s.secrets.Set(secret.Name, secret))...)
}

// replaceRotation stores a secret whose value was changed by hand, which counts as a
// rotation: one in progress is abandoned, and its version loses the stage Pending. A rate
// counts from now on.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda.html
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/retrieve-ct-entries.html
func (s *Service) replaceRotation(secret Secret, changes []store.Change) error {
	if secret.pending() != "" {
		delete(secret.Stages, Pending)
	}
	changes = append(changes, s.secrets.Set(secret.Name, secret))
	if rules := secret.Rotation.Rules; secret.Rotation.Enabled && rules != (Rules{}) {
		if p := rules.plan(secret.Changed); p.Expression.Rate() {
			return s.clock.Set(secret.ARN, p, changes...)
		}
	}
	return s.store.Commit(changes...)
}

// attach adds or replaces a version of a secret, moves stages to it and, if there are too
// many versions, removes one without stages. It returns the changes of values.
func (s *Service) attach(secret *Secret, v Version, stages []string) ([]store.Change, error) {
	secret.Versions, secret.Stages = slices.Clone(secret.Versions), maps.Clone(secret.Stages)
	if i := secret.index(v.ID); i >= 0 {
		secret.Versions[i] = v
	} else {
		secret.Versions = append(secret.Versions, v)
	}
	for _, stage := range stages {
		secret.move(stage, v.ID)
	}
	if len(secret.Versions) <= maxVersions {
		return nil, nil
	}
	i := slices.IndexFunc(secret.Versions, func(v Version) bool { return len(secret.StagesOf(v.ID)) == 0 })
	if i < 0 {
		return nil, refuse("LimitExceededException", "A secret can have at most %d versions with staging labels.", maxVersions)
	}
	change := s.values.Unset(valueKey(*secret, secret.Versions[i].ID))
	secret.Versions = slices.Delete(secret.Versions, i, i+1)
	return []store.Change{change}, nil
}

// detach removes a version of a secret with its stages, and returns the changes.
func (s *Service) detach(secret Secret, version string) []store.Change {
	secret.Versions, secret.Stages = slices.Clone(secret.Versions), maps.Clone(secret.Stages)
	secret.Versions = slices.DeleteFunc(secret.Versions, func(v Version) bool { return v.ID == version })
	maps.DeleteFunc(secret.Stages, func(_, id string) bool { return id == version })
	return []store.Change{s.values.Unset(valueKey(secret, version)), s.secrets.Set(secret.Name, secret)}
}

// move attaches a staging label to a version. The version that had Current gets Previous.
func (s *Secret) move(stage, version string) {
	if s.Stages == nil {
		s.Stages = map[string]string{}
	}
	if old := s.Stages[Current]; stage == Current && old != "" && old != version {
		s.Stages[Previous] = old
	}
	s.Stages[stage] = version
}

// Get returns a secret and the ID and value of one of its versions: the one with that ID,
// or the one with that stage, "" for Current. It fails with ResourceNotFoundException,
// InvalidRequestException and the errors of the KMS key.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
func (s *Service) Get(ctx context.Context, caller cloud.Caller, id, version, stage string) (Secret, Version, Value, error) {
	secret, err := s.live(id)
	if err != nil {
		return Secret{}, Version{}, Value{}, err
	}
	v, err := secret.selected(version, stage)
	if err != nil {
		return Secret{}, Version{}, Value{}, err
	}
	arn, err := cloud.ParseARN(secret.ARN)
	if err != nil {
		return Secret{}, Version{}, Value{}, err
	}
	if err := s.decrypts(ctx, caller, v, arn); err != nil {
		return Secret{}, Version{}, Value{}, rewordKey(err, "DecryptionFailure", "Secrets Manager can't decrypt the protected secret text using the provided KMS key.")
	}
	value, err := s.open(secret, v.ID)
	if err != nil {
		return Secret{}, Version{}, Value{}, err
	}
	return secret, v, value, s.accessed(secret)
}

func (s Secret) selected(version, stage string) (Version, error) {
	if version == "" {
		stage = cmp.Or(stage, Current)
		v, ok := s.version(s.Stages[stage])
		if !ok || v.Empty {
			return Version{}, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for staging label: %s", stage)
		}
		return v, nil
	}
	v, ok := s.version(version)
	switch {
	case !ok || v.Empty:
		return Version{}, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret value for VersionId: %s", version)
	case stage != "" && s.Stages[stage] != version:
		return Version{}, refuse("InvalidRequestException", "You provided a VersionStage that is not associated to the provided VersionId.")
	}
	return v, nil
}

// accessed stores the day of an access, at most once a day.
func (s *Service) accessed(secret Secret) error {
	day := time.Now().UTC().Truncate(24 * time.Hour)
	if secret.Accessed.Equal(day) {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now, ok := s.secrets.Get(secret.Name)
	if !ok || now.ARN != secret.ARN {
		return nil
	}
	now.Accessed = day
	return s.store.Apply(s.secrets.Set(now.Name, now))
}

func (s *Service) open(secret Secret, version string) (Value, error) {
	r, _ := s.values.Get(valueKey(secret, version))
	raw, err := s.box.Open(r.Sealed, valueKey(secret, version))
	if err != nil {
		return Value{}, err
	}
	var v Value
	return v, json.Unmarshal([]byte(raw), &v)
}

// rewordKey returns the error of Secrets Manager for one of KMS.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html
func rewordKey(err error, code, words string) error {
	e, ok := errors.AsType[*cloud.Error](err)
	switch {
	case !ok:
		return err
	case e.Code == "AccessDeniedException":
		return refuse(e.Code, "Access to KMS is not allowed (%s)", e.OfKMS(e.Code).Message)
	}
	return refuse(code, "%s (%s)", words, e.OfKMS(code).Message)
}
