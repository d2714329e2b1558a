// Package ssm emulates Parameter Store of AWS Systems Manager: parameters with versions,
// labels and tags. The values of SecureString parameters are encrypted in the state, and
// require the same permissions for their KMS key as on AWS.
package ssm

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/seal"
	"tally/localcloud/store"
)

// The types of parameters.
const (
	String       = "String"
	StringList   = "StringList" // separated by commas
	SecureString = "SecureString"
)

// DefaultKey is the alias of the key that AWS manages for SecureString parameters.
const DefaultKey = "alias/aws/ssm"

// Parameter is one version of a parameter.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterHistory.html
type Parameter struct {
	Name           string // as it was created: "/tally/limit" or "limit"
	Version        int    // from 1
	Type           string
	Tier           string // "Standard" or "Advanced"
	DataType       string // "text"
	Description    string
	AllowedPattern string
	KeyID          string // of a SecureString, as the client gave it
	Modified       time.Time
	ModifiedBy     string // the ARN of the caller
	// Value is the value. That of a SecureString is base64 of the ciphertext unless it
	// was requested with decryption.
	Value string `json:",omitempty"`

	Sealed   []byte   `json:",omitempty"` // the value of a SecureString in the state
	ARN      string   `json:"-"`
	Labels   []string `json:"-"` // sorted
	Selector string   `json:"-"` // ":3" or ":label" if the request named a version
}

// A head is what the versions of a parameter have in common.
type head struct {
	Name           string
	Oldest, Latest int            // versions
	Labels         map[string]int // versions by their label
	Tags           map[string]string
}

// Service holds the parameters of one account and region.
type Service struct {
	place    cloud.Place
	keys     cloud.Keys
	box      *seal.Box
	store    *store.Store
	heads    *store.Table[head]      // by the name without its first slash
	versions *store.Table[Parameter] // by that name, a colon and the version

	mu sync.Mutex // held while a parameter changes
}

// New opens the parameters in the store. It fails with store.ErrUnusable if the box
// cannot open their values.
func New(place cloud.Place, st *store.Store, keys cloud.Keys, box *seal.Box) (*Service, error) {
	heads, err := store.NewTable[head](st, "ssm-parameters")
	if err != nil {
		return nil, err
	}
	versions, err := store.NewTable[Parameter](st, "ssm-versions")
	if err != nil {
		return nil, err
	}
	s := &Service{place: place, keys: keys, box: box, store: st, heads: heads, versions: versions}
	for _, p := range versions.All() {
		if p.Sealed != nil {
			if _, err := box.Open(p.Sealed, s.sealName(p)); err != nil {
				return nil, fmt.Errorf("%w: %w", err, store.ErrUnusable)
			}
		}
	}
	return s, nil
}

// ARN returns the ARN of the parameter with that name. "/limit" and "limit" have the same.
func (s *Service) ARN(name string) cloud.ARN {
	return s.place.ARN("ssm", "parameter/"+strings.TrimPrefix(name, "/"))
}

// NameOf returns the name in a reference to a parameter: a name or an ARN, with or
// without a selector.
func NameOf(reference string) string {
	name, _ := split(reference)
	return name
}

// split returns the name and the selector in a reference: "/tally/limit" and "3" for
// "/tally/limit:3".
func split(reference string) (name, selector string) {
	if arn, err := cloud.ParseARN(reference); err == nil {
		reference = strings.TrimPrefix(arn.Resource, "parameter")
	}
	name, selector, _ = strings.Cut(reference, ":")
	return name, selector
}

func keyOf(name string) string { return strings.TrimPrefix(name, "/") }

func versionKey(name string, version int) string {
	return keyOf(name) + ":" + strconv.Itoa(version)
}

func (s *Service) sealName(p Parameter) string {
	return s.ARN(p.Name).String() + ":" + strconv.Itoa(p.Version)
}

// find returns the head of a parameter. The name must be spelled as the parameter was
// created, except in an ARN, which does not distinguish "/limit" from "limit".
func (s *Service) find(reference string) (head, error) {
	name := NameOf(reference)
	arn, err := cloud.ParseARN(reference)
	isARN := err == nil
	if isARN && (arn.Region != s.place.Region || arn.Account != s.place.Account || arn.Service != "ssm") {
		return head{}, refuse("ParameterNotFound", "Parameter %s not found; the local cloud has only parameters of account %s in region %s.", reference, s.place.Account, s.place.Region)
	}
	h, ok := s.heads.Get(keyOf(name))
	switch {
	case ok && (h.Name == name || isARN):
		return h, nil
	case ok:
		return head{}, refuse("ParameterNotFound", "Parameter %s not found; there is %s.", name, h.Name)
	case strings.HasPrefix(name, "/aws/"):
		return head{}, refuse("ParameterNotFound", "Parameter %s not found; the local cloud has no public parameters of AWS and no references to secrets.", name)
	}
	return head{}, refuse("ParameterNotFound", "Parameter %s not found.", name)
}

// Get returns the version of a parameter that the reference selects: the latest one, or
// the one after a colon, by its number or label. It fails with ParameterNotFound,
// ParameterVersionNotFound and the errors of the KMS key.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameter.html
func (s *Service) Get(ctx context.Context, caller cloud.Caller, reference string, decrypt bool) (Parameter, error) {
	h, err := s.find(reference)
	if err != nil {
		return Parameter{}, err
	}
	version := h.Latest
	_, selector := split(reference)
	if selector != "" {
		n, err := strconv.Atoi(selector)
		if label, ok := h.Labels[selector]; ok {
			n, err = label, nil
		}
		if err != nil || n < h.Oldest || n > h.Latest {
			return Parameter{}, refuse("ParameterVersionNotFound", "Systems Manager could not find version %s of %s. Verify the version and try again.", selector, h.Name)
		}
		version = n
	}
	p, err := s.version(ctx, caller, h, version, decrypt)
	if selector != "" {
		p.Selector = ":" + selector
	}
	return p, err
}

// version returns a version of a parameter for a client.
func (s *Service) version(ctx context.Context, caller cloud.Caller, h head, n int, decrypt bool) (Parameter, error) {
	p, ok := s.versions.Get(versionKey(h.Name, n))
	if !ok { // removed meanwhile
		return Parameter{}, refuse("ParameterNotFound", "Parameter %s not found.", h.Name)
	}
	return s.reveal(ctx, caller, h, p, decrypt)
}

// History returns all versions of a parameter, the oldest first.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameterHistory.html
func (s *Service) History(ctx context.Context, caller cloud.Caller, reference string, decrypt bool) ([]Parameter, error) {
	h, err := s.find(reference)
	if err != nil {
		return nil, err
	}
	var all []Parameter
	for n := h.Oldest; n <= h.Latest; n++ {
		p, err := s.version(ctx, caller, h, n, decrypt)
		if err != nil {
			return nil, err
		}
		all = append(all, p)
	}
	return all, nil
}

// Delete removes a parameter with all its versions. It fails with ParameterNotFound.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DeleteParameter.html
func (s *Service) Delete(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h, err := s.find(name)
	if err != nil {
		return err
	}
	changes := []store.Change{s.heads.Unset(keyOf(h.Name))}
	for n := h.Oldest; n <= h.Latest; n++ {
		changes = append(changes, s.versions.Unset(versionKey(h.Name, n)))
	}
	defer s.versions.EraseSoon()
	return s.store.Commit(changes...)
}

// Tags returns the tags of a parameter, or InvalidResourceId.
func (s *Service) Tags(name string) (map[string]string, error) {
	h, err := s.find(name)
	if err != nil {
		return nil, refuse("InvalidResourceId", "The resource ID %s is not valid. Verify that you entered the correct ID and try again.", name)
	}
	return h.Tags, nil
}

// ChangeTags adds or replaces tags of a parameter, and removes others. It fails with
// InvalidResourceId, TooManyTagsError and ValidationException.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_AddTagsToResource.html
func (s *Service) ChangeTags(name string, add map[string]string, remove []string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Tags(name); err != nil {
		return err
	}
	h, err := s.find(name)
	if err != nil {
		return err
	}
	h.Tags = cloud.Retagged(h.Tags, add, remove)
	if err := CheckTags(h.Tags); err != nil {
		return err
	}
	return s.heads.Put(keyOf(h.Name), h)
}

func refuse(code, format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, code, format, args...)
}

func violated(value any, member, rule string, args ...any) *cloud.Error {
	return cloud.Violated("ValidationException", value, member, rule, args...)
}

func invalid(format string, args ...any) *cloud.Error {
	return refuse("ValidationException", format, args...)
}
