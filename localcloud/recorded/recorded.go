// Package recorded stores what has no effect in the local cloud: resources such
// as keys and dashboards, and, for emulated resources, the names of properties
// without effect.
package recorded

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Resource is a resource that has no effect.
type Resource struct {
	Type    string // Pulumi's token: "aws:kms/key:Key"
	ID      string // unique within its type
	Name    string // for display
	Inputs  map[string]any
	Created time.Time // set by Create
}

// Note lists the properties of an emulated resource that have no effect.
type Note struct {
	Type, ID, Name string
	Properties     []string // "kmsMasterKeyId", "loggingConfig.systemLogLevel"
}

// ErrExists means that a resource with the type and the ID already exists.
var ErrExists = errors.New("the resource already exists")

// Service holds resources and notes. Its methods may be called concurrently.
type Service struct {
	mu        sync.Mutex // held while a resource is created or changed
	resources *store.Table[Resource]
	notes     *store.Table[Note]
}

// New opens the resources and notes in the store.
func New(st *store.Store) (*Service, error) {
	resources, err := store.NewTable[Resource](st, "recorded-resources")
	if err != nil {
		return nil, err
	}
	notes, err := store.NewTable[Note](st, "recorded-notes")
	return &Service{resources: resources, notes: notes}, err
}

// key returns a unique key, since no type contains a space.
func key(typ, id string) string { return typ + " " + id }

// Create stores a new resource. It returns ErrExists if the type and ID are taken.
func (s *Service) Create(r Resource) (Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.resources.Get(key(r.Type, r.ID)); ok {
		return Resource{}, ErrExists
	}
	r.Created = time.Now().UTC().Truncate(time.Second)
	return r, s.resources.Put(key(r.Type, r.ID), r)
}

// Update replaces the inputs of a resource. It returns a
// ResourceNotFoundException if there is no such resource.
func (s *Service) Update(typ, id string, inputs map[string]any) (Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.Resource(typ, id)
	if err != nil {
		return Resource{}, err
	}
	r.Inputs = inputs
	return r, s.resources.Put(key(typ, id), r)
}

// Resource returns the resource with that type and ID, or a
// ResourceNotFoundException.
func (s *Service) Resource(typ, id string) (Resource, error) {
	r, ok := s.resources.Get(key(typ, id))
	if !ok {
		return Resource{}, cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "%s %s does not exist", typ, id)
	}
	return r, nil
}

// Delete removes a resource. It is no error if there is none.
func (s *Service) Delete(typ, id string) error { return s.resources.Delete(key(typ, id)) }

// Resources returns all resources, ordered by type and ID.
func (s *Service) Resources() []Resource { return s.resources.All() }

// Annotate replaces the note with n's type and ID, or removes it if n lists no
// properties.
func (s *Service) Annotate(n Note) error {
	if len(n.Properties) > 0 {
		return s.notes.Put(key(n.Type, n.ID), n)
	}
	if _, ok := s.notes.Get(key(n.Type, n.ID)); !ok {
		return nil // most resources have no note: avoid a write
	}
	return s.notes.Delete(key(n.Type, n.ID))
}

// Notes returns all notes, ordered by type and ID.
func (s *Service) Notes() []Note { return s.notes.All() }
