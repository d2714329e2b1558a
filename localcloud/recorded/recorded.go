// Package recorded keeps what has no effect in the local cloud: resources such
// as alarms and dashboards, and the names of such properties of resources that
// the local cloud emulates otherwise.
package recorded

import (
	"errors"
	"net/http"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Resource is one resource that is kept and does nothing.
type Resource struct {
	Type    string // Pulumi's token: "aws:kms/key:Key"
	ID      string // unique among those of its type
	Name    string // what a person calls it
	Inputs  map[string]any
	Created time.Time // set by Create
}

// Note says which properties of an emulated resource have no effect.
type Note struct {
	Type, ID, Name string
	Properties     []string // "kmsMasterKeyId", "loggingConfig.systemLogLevel"
}

// ErrExists says that there is a resource of that type and ID.
var ErrExists = errors.New("the resource exists already")

// Service keeps resources and notes. Its methods may be called concurrently.
type Service struct {
	mu        sync.Mutex // held while a resource is made or changed
	resources *store.Table[Resource]
	notes     *store.Table[Note]
}

// New opens what the store holds.
func New(st *store.Store) (*Service, error) {
	resources, err := store.NewTable[Resource](st, "recorded-resources")
	if err != nil {
		return nil, err
	}
	notes, err := store.NewTable[Note](st, "recorded-notes")
	return &Service{resources: resources, notes: notes}, err
}

// key is unique, as no type has a space.
func key(typ, id string) string { return typ + " " + id }

// Create keeps a new resource, or fails with ErrExists.
func (s *Service) Create(r Resource) (Resource, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.resources.Get(key(r.Type, r.ID)); ok {
		return Resource{}, ErrExists
	}
	r.Created = time.Now().UTC().Truncate(time.Second)
	return r, s.resources.Put(key(r.Type, r.ID), r)
}

// Update gives a resource other inputs; ResourceNotFoundException where there
// is none.
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

// Resource is the one of that type and ID, or ResourceNotFoundException.
func (s *Service) Resource(typ, id string) (Resource, error) {
	r, ok := s.resources.Get(key(typ, id))
	if !ok {
		return Resource{}, cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "%s %s does not exist", typ, id)
	}
	return r, nil
}

// Delete forgets a resource; one that is not there is no error.
func (s *Service) Delete(typ, id string) error { return s.resources.Delete(key(typ, id)) }

// Resources are all resources, ordered by type and ID.
func (s *Service) Resources() []Resource { return s.resources.All() }

// Annotate keeps the note instead of an earlier one of that type and ID, or
// forgets that one where the note names no property.
func (s *Service) Annotate(n Note) error {
	if len(n.Properties) > 0 {
		return s.notes.Put(key(n.Type, n.ID), n)
	}
	if _, ok := s.notes.Get(key(n.Type, n.ID)); !ok {
		return nil // most resources have none: save a write
	}
	return s.notes.Delete(key(n.Type, n.ID))
}

// Notes are all notes, ordered by type and ID.
func (s *Service) Notes() []Note { return s.notes.All() }
