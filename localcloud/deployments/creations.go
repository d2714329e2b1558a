package deployments

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"tally/localcloud/store"
)

// Creation is the creation of a resource that Pulumi's state may not have. It is stored
// before the resource is created, and remains until the state is known to have the
// resource. Pulumi writes its state after the response, so the state of a deployment that
// was killed in between does not have the resource.
type Creation struct {
	URN urn.URN
	ID  string
	// Inputs are those from which the resource can be found and deleted.
	Inputs Inputs `json:",omitempty"`
	// Answered means that the engine has received the response to the creation. In the
	// next process, false means that this one was killed before or shortly afterwards.
	Answered bool `json:",omitzero"`

	began time.Time // in this process
}

// Inputs are texts and lists of texts by name.
type Inputs = map[string]any

// stack returns the resource's stack as "project/stack".
func (c Creation) stack() string { return Owner{URN: c.URN}.Stack() }

// answerTime is how long after a creation its response has certainly left this process.
const answerTime = time.Second

func creationKey(u urn.URN, id string) string { return string(u) + " " + id }

// Begin stores a creation that is about to be made. It does not wait for the disk: if the
// resource survives a crash, so does what was stored before it.
func (s *Service) Begin(c Creation) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := creationKey(c.URN, c.ID)
	delete(s.previous, k)
	c.began = time.Now()
	return s.store.Apply(s.creations.Set(k, c))
}

// Created notes that the resource exists, so that the response is about to leave.
func (s *Service) Created(u urn.URN, id string) {
	k := creationKey(u, id)
	created, ok := s.creations.Get(k)
	if !ok {
		return
	}
	time.AfterFunc(answerTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		c, ok := s.creations.Get(k)
		if !ok || c.began != created.began { // it was deleted, and perhaps created again
			return
		}
		c.Answered = true
		// If this fails, the next repair looks at the resource.
		_ = s.store.Apply(s.creations.Set(k, c))
	})
}

// Forget removes a creation that failed, or whose resource Pulumi knows. It is no error if
// there is none.
func (s *Service) Forget(u urn.URN, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	k := creationKey(u, id)
	if _, ok := s.creations.Get(k); !ok {
		return nil
	}
	delete(s.previous, k)
	return s.store.Apply(s.creations.Unset(k))
}

// Doubtful reports whether the stack, as "project/stack", has resources that Pulumi's state
// may not have.
func (s *Service) Doubtful(stack string) bool {
	for _, c := range s.creations.All() {
		if c.stack() == stack {
			return true
		}
	}
	return false
}

// Unknown returns the resources of the checkpoint's stack that an interrupted deployment
// has created, or was about to create, and that Pulumi does not know. They are not in the
// checkpoint, and either the checkpoint says that the engine was waiting for their
// creation, or the local cloud was killed before it had certainly answered.
//
// Other resources that are not in the checkpoint are not the deployment's to delete: the
// program has let go of them, with retainOnDelete or pulumi state delete.
func (s *Service) Unknown(p *Checkpoint) (unknown []Creation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.creations.All() {
		switch {
		case c.stack() != p.Stack() || p.has(c.URN, c.ID):
		case p.Creating[c.URN], s.previous[creationKey(c.URN, c.ID)]:
			unknown = append(unknown, c)
		}
	}
	return unknown
}

// Confirm forgets the creations of which the checkpoint has the resources, and reports
// whether others of its stack remain.
func (s *Service) Confirm(p *Checkpoint) (remain bool, err error) {
	err = s.forgetAll(func(c Creation) bool { return c.stack() == p.Stack() && p.has(c.URN, c.ID) })
	return s.Doubtful(p.Stack()), err
}

// Settle forgets all creations of a stack, as "project/stack", after a repair.
func (s *Service) Settle(stack string) error {
	return s.forgetAll(func(c Creation) bool { return c.stack() == stack })
}

func (s *Service) forgetAll(which func(Creation) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var changes []store.Change
	for _, c := range s.creations.All() {
		if k := creationKey(c.URN, c.ID); which(c) {
			delete(s.previous, k)
			changes = append(changes, s.creations.Unset(k))
		}
	}
	return s.store.Apply(changes...)
}
