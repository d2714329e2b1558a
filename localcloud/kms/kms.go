// Package kms emulates the part of AWS Key Management Service that other services use:
// it stores keys and their aliases, and decides who may use a key. Nothing is encrypted,
// because the data of the local cloud stay on this machine.
package kms

import (
	"cmp"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Key is a customer managed key.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_KeyMetadata.html
type Key struct {
	ID          string // a UUID; by default, CreateKey chooses it
	Description string
	Policy      string // JSON; DefaultPolicy if empty when the key is created
	Disabled    bool
	Spec        string // "SYMMETRIC_DEFAULT"
	Usage       string // "ENCRYPT_DECRYPT"
	MultiRegion bool
	// RotationDays is the number of days after which the key is rotated, or 0 for
	// never. Rotation has no effect here.
	RotationDays int
	Tags         map[string]string
	// DeletionDays is the number of days, 7 to 30, for which the key is pending
	// deletion before it is deleted, or 0 for 30.
	DeletionDays int
	// DeletedAt is when the key's deletion was scheduled, or zero.
	DeletedAt time.Time
	// BypassLockoutCheck is what the key was configured with; it has no effect on an
	// existing key.
	BypassLockoutCheck bool
}

// Alias is another name of a key.
type Alias struct {
	Name  string // "alias/tally"
	KeyID string
}

// Service holds the keys of one account and region. It implements [cloud.Keys].
type Service struct {
	place      cloud.Place
	authorizer cloud.Authorizer
	keys       *store.Table[Key]   // by ID
	aliases    *store.Table[Alias] // by name

	mu sync.Mutex // held while keys and aliases change
}

var _ cloud.Keys = (*Service)(nil)

// New opens the keys in the store, and removes those whose deletion was scheduled and
// is due. The authorizer authorizes the use of keys.
func New(place cloud.Place, st *store.Store, authorizer cloud.Authorizer) (*Service, error) {
	keys, err := store.NewTable[Key](st, "kms-keys")
	if err != nil {
		return nil, err
	}
	aliases, err := store.NewTable[Alias](st, "kms-aliases")
	if err != nil {
		return nil, err
	}
	for _, k := range keys.All() {
		if !k.DeletedAt.IsZero() && time.Since(k.DeletedAt) > time.Duration(cmp.Or(k.DeletionDays, 30))*24*time.Hour {
			if err := keys.Delete(k.ID); err != nil {
				return nil, err
			}
		}
	}
	return &Service{place: place, authorizer: authorizer, keys: keys, aliases: aliases}, nil
}

// KeyARN returns the ARN of the key with that ID.
func (s *Service) KeyARN(id string) cloud.ARN { return s.place.ARN("kms", "key/"+id) }

// CreateKey stores a new key. The caller has checked its policy.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html
func (s *Service) CreateKey(k Key) (Key, error) {
	k.ID = cmp.Or(k.ID, uuid.NewString())
	if k.Policy == "" {
		k.Policy = DefaultPolicy(s.place.Account)
	}
	return k, s.keys.Put(k.ID, k)
}

// Key returns the key with that ID. It fails with NotFoundException, also if the key's
// deletion is scheduled.
func (s *Service) Key(id string) (Key, error) {
	k, ok := s.keys.Get(id)
	if !ok || !k.DeletedAt.IsZero() {
		return Key{}, s.notFound(id)
	}
	return k, nil
}

// UpdateKey replaces the properties of the key with k's ID. An empty policy leaves the
// policy unchanged.
func (s *Service) UpdateKey(k Key) (Key, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.Key(k.ID)
	if err != nil {
		return Key{}, err
	}
	if k.Policy == "" {
		k.Policy = old.Policy
	}
	return k, s.keys.Put(k.ID, k)
}

// ScheduleKeyDeletion makes a key unusable, and deletes it after its DeletionDays. It is
// no error if there is no such key.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html
func (s *Service) ScheduleKeyDeletion(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.Key(id)
	if err != nil {
		return nil
	}
	k.DeletedAt = time.Now().UTC()
	return s.keys.Put(id, k)
}

// CreateAlias stores a new alias. It fails with AlreadyExistsException, and with
// NotFoundException if there is no such key.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html
func (s *Service) CreateAlias(a Alias) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Key(a.KeyID); err != nil {
		return err
	}
	if _, taken := s.aliases.Get(a.Name); taken {
		return cloud.Errorf(http.StatusBadRequest, "AlreadyExistsException", "An alias with the name %s already exists", s.place.ARN("kms", a.Name))
	}
	return s.aliases.Put(a.Name, a)
}

// UpdateAlias makes an alias refer to another key. It fails with NotFoundException.
//
// https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html
func (s *Service) UpdateAlias(a Alias) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Key(a.KeyID); err != nil {
		return err
	}
	if _, err := s.Alias(a.Name); err != nil {
		return err
	}
	return s.aliases.Put(a.Name, a)
}

// Alias returns the alias with that name, or NotFoundException.
func (s *Service) Alias(name string) (Alias, error) {
	a, ok := s.aliases.Get(name)
	if !ok {
		return Alias{}, refusal("NotFoundException", "Alias %s is not found.", s.place.ARN("kms", name))
	}
	return a, nil
}

// DeleteAlias removes an alias. It is no error if there is none.
func (s *Service) DeleteAlias(name string) error { return s.aliases.Delete(name) }

func (s *Service) notFound(id string) error {
	return refusal("NotFoundException", "Key '%s' does not exist", s.KeyARN(id))
}

func refusal(code, format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, code, format, args...)
}
