// Package secretsmanager emulates AWS Secrets Manager: secrets with versions, staging
// labels, resource policies and scheduled deletion. Values are encrypted in the state, and
// require the same permissions for their KMS key as on AWS. A function rotates secrets, on a
// schedule or on request. There are no replicas, no managed rotation and no external secrets.
package secretsmanager

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/seal"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/store"
)

// DefaultKey is the alias of the key that AWS manages for secrets.
const DefaultKey = "alias/aws/secretsmanager"

// The staging labels that Secrets Manager moves by itself.
const (
	Current  = "AWSCURRENT"
	Previous = "AWSPREVIOUS"
	Pending  = "AWSPENDING"
)

// Secret is a secret without its values.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_DescribeSecret.html
type Secret struct {
	ARN         string // set by Create, with six random characters
	Name        string
	Description string
	KMSKeyID    string // "" for DefaultKey
	Policy      string // JSON, or "" for none
	Tags        map[string]string
	Created     time.Time
	Changed     time.Time
	Accessed    time.Time         // the day of the last access to a value, or zero
	Deletion    time.Time         // when the secret is deleted, or zero
	Versions    []Version         // in the order of their creation
	Stages      map[string]string // IDs of versions by their staging label
	Rotation    Rotation
}

// Version is a version of a secret.
type Version struct {
	ID       string
	Created  time.Time
	KMSKeyID string // the key with which it is encrypted; "" for DefaultKey
	// Later are the keys with which it was encrypted again, any of which decrypts it, too.
	Later []string `json:",omitempty"`
	Empty bool     `json:",omitempty"` // a rotation has created it, and it has no value yet
	Test  bool     `json:",omitempty"` // it exists only while a rotation function is tested
}

// StagesOf returns the staging labels of a version, sorted.
func (s Secret) StagesOf(version string) []string {
	stages := []string{}
	for _, stage := range slices.Sorted(maps.Keys(s.Stages)) {
		if s.Stages[stage] == version {
			stages = append(stages, stage)
		}
	}
	return stages
}

func (s Secret) version(id string) (Version, bool) {
	if i := s.index(id); i >= 0 {
		return s.Versions[i], true
	}
	return Version{}, false
}

func (s Secret) index(id string) int {
	return slices.IndexFunc(s.Versions, func(v Version) bool { return v.ID == id })
}

// A row is the sealed value of a version.
type row struct{ Sealed []byte }

// Service holds the secrets of one account and region.
type Service struct {
	place      cloud.Place
	authorizer cloud.Authorizer
	keys       cloud.Keys
	functions  Functions
	journal    cloud.Journal
	box        *seal.Box
	pace       cloud.Pace
	store      *store.Store
	secrets    *store.Table[Secret] // by name
	values     *store.Table[row]    // by ARN, a bar and the version
	clock      *timetable.Clock     // of rotations, by ARN
	deliveries *timetable.Deliveries

	mu sync.Mutex // held while a secret changes
}

// Options configures the service. All but Store and Pace are required.
type Options struct {
	Place      cloud.Place
	Store      *store.Store // nil stores nothing durably
	Authorizer cloud.Authorizer
	Keys       cloud.Keys
	Functions  Functions
	Journal    cloud.Journal
	Box        *seal.Box
	Pace       cloud.Pace // scales the recovery window and the time between rotations
}

// New opens the secrets in the store. Rotations wait for Start. It fails with
// store.ErrUnusable if the box cannot open the values.
func New(o Options) (*Service, error) {
	secrets, err := store.NewTable[Secret](o.Store, "secrets")
	if err != nil {
		return nil, err
	}
	values, err := store.NewTable[row](o.Store, "secret-values")
	if err != nil {
		return nil, err
	}
	s := &Service{
		place: o.Place, authorizer: o.Authorizer, keys: o.Keys, functions: o.Functions, journal: o.Journal, box: o.Box, pace: o.Pace,
		store: o.Store, secrets: secrets, values: values,
	}
	plans := map[string]timetable.Plan{}
	for _, secret := range secrets.All() {
		for _, v := range secret.Versions {
			if _, err := s.open(secret, v.ID); err != nil && !v.Empty {
				return nil, fmt.Errorf("%w: %w", err, store.ErrUnusable)
			}
		}
		if secret.Rotation.Enabled && secret.Rotation.Rules != (Rules{}) {
			plans[secret.ARN] = secret.Rotation.Rules.plan(time.Now())
		}
	}
	if s.clock, err = timetable.New(timetable.Options{Store: o.Store, Name: "secret-rotation-times", Pace: o.Pace, Fire: s.fire}, plans); err != nil {
		return nil, err
	}
	if s.deliveries, err = timetable.NewDeliveries(o.Store, "secret-rotations", o.Pace, 1, courier{s}, func(err error) {
		s.note(cloud.Warning, "", "the state cannot be changed: %v", err)
	}); err != nil {
		return nil, err
	}
	return s, s.purge()
}

// Start begins to rotate secrets.
func (s *Service) Start() {
	s.deliveries.Start()
	s.clock.Start()
}

// Close interrupts the rotations in progress. The next start repeats them.
func (s *Service) Close() error {
	s.clock.Close()
	s.deliveries.Close()
	return nil
}

func valueKey(secret Secret, version string) string { return secret.ARN + "|" + version }

// Find returns the secret with that name, ARN, or ARN without the last hyphen and six
// characters, also if it is scheduled for deletion. It fails with
// ResourceNotFoundException.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/troubleshoot.html#ARN_secretnamehyphen
func (s *Service) Find(id string) (Secret, error) {
	if name, ok := strings.CutPrefix(id, s.place.ARN("secretsmanager", "secret:").String()); ok {
		if secret, ok := s.get(name); ok {
			return secret, nil
		}
		if i := len(name) - suffixLength - 1; i > 0 {
			if secret, ok := s.get(name[:i]); ok && secret.ARN == id {
				return secret, nil
			}
		}
	} else if secret, ok := s.get(id); ok {
		return secret, nil
	}
	return Secret{}, refuse("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
}

// get returns the secret with that name, unless its recovery window is over.
func (s *Service) get(name string) (Secret, bool) {
	secret, ok := s.secrets.Get(name)
	return secret, ok && !secret.over()
}

// over reports whether the recovery window is over.
func (s Secret) over() bool { return !s.Deletion.IsZero() && time.Now().After(s.Deletion) }

// live returns a secret that is not scheduled for deletion.
func (s *Service) live(id string) (Secret, error) {
	secret, err := s.Find(id)
	if err == nil && !secret.Deletion.IsZero() {
		err = refuse("InvalidRequestException", "You can't perform this operation on the secret because it was marked for deletion.")
	}
	return secret, err
}

// ARN returns the ARN of a secret for authorization. That of a secret that does not exist
// has no random characters.
func (s *Service) ARN(id string) string {
	if secret, err := s.Find(id); err == nil {
		return secret.ARN
	}
	if strings.HasPrefix(id, "arn:") {
		return id
	}
	return s.place.ARN("secretsmanager", "secret:"+id).String()
}

// suffixLength is the number of random characters at the end of an ARN.
const suffixLength = 6

// NewARN returns an ARN for a new secret, which ends with a hyphen and six random characters.
//
// https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
func (s *Service) NewARN(name string) string {
	return s.place.ARN("secretsmanager", "secret:"+name+"-"+rand.Text()[:suffixLength]).String()
}

// List returns all secrets, ordered by name. Those that are scheduled for deletion are
// included only if planned.
func (s *Service) List(planned bool) []Secret {
	return slices.DeleteFunc(s.secrets.All(), func(secret Secret) bool { return secret.over() || !planned && !secret.Deletion.IsZero() })
}

// change applies a function to a secret that is not scheduled for deletion, and stores the
// result.
func (s *Service) change(id string, apply func(*Secret) error) (Secret, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret, err := s.live(id)
	if err != nil {
		return Secret{}, err
	}
	secret.Versions, secret.Stages = slices.Clone(secret.Versions), maps.Clone(secret.Stages)
	if err := apply(&secret); err != nil {
		return Secret{}, err
	}
	secret.Changed = time.Now().UTC()
	return secret, s.secrets.Put(secret.Name, secret)
}

// SetPolicy replaces the resource policy of a secret; "" removes it. It fails with
// MalformedPolicyDocumentException and, if blockPublic, with PublicPolicyException.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
func (s *Service) SetPolicy(id, policy string, blockPublic bool) (Secret, error) {
	if policy != "" {
		if err := s.checkPolicy(policy, blockPublic); err != nil {
			return Secret{}, err
		}
	}
	return s.change(id, func(secret *Secret) error { secret.Policy = policy; return nil })
}

// ChangeTags adds or replaces tags of a secret, and removes others.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_TagResource.html
func (s *Service) ChangeTags(id string, add map[string]string, remove []string) error {
	_, err := s.change(id, func(secret *Secret) error {
		secret.Tags = cloud.Retagged(secret.Tags, add, remove)
		return CheckTags(secret.Tags)
	})
	return err
}

func refuse(code, format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, code, format, args...)
}
