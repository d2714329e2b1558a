package deployments

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/urn"

	"tally/localcloud/store"
)

// Doubt says how certain it is that Pulumi's state has a resource. Pulumi writes its
// state after the response to a creation, so the state of a deployment that was killed
// in between does not have the resource.
type Doubt int

const (
	// Settled means that Pulumi's state has had the resource.
	Settled Doubt = iota
	// Answered means that the engine has received the response to the creation.
	Answered
	// Unanswered means that the engine may not have received it yet. In the next
	// process, it means that this one was killed before or shortly afterwards.
	Unanswered
)

// answerTime is how long after a creation its response has certainly left this process.
const answerTime = time.Second

// Inputs are texts and lists of texts by name, from which a resource can be found and
// deleted.
type Inputs = map[string]any

// answerLater lowers the doubt in the owner once the response to the creation has left.
func (s *Service) answerLater(o Owner) {
	k := key(o.Type(), o.ID)
	time.AfterFunc(answerTime, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		now, ok := s.owners.Get(k)
		if !ok || now.URN != o.URN || now.Doubt != Unanswered {
			return
		}
		now.Doubt = Answered
		// If this fails, the doubt remains, and the next repair looks at the resource.
		_ = s.store.Apply(s.owners.Set(k, now))
	})
}

// Doubtful reports whether the stack, as "project/stack", has resources that Pulumi's state
// may not have.
func (s *Service) Doubtful(stack string) bool {
	for _, o := range s.owners.All() {
		if o.Doubt != Settled && o.Stack() == stack {
			return true
		}
	}
	return false
}

// Unknown returns the resources of the checkpoint's stack that an interrupted deployment
// has created and that Pulumi does not know. They are not in the checkpoint, and either
// the checkpoint says that the engine was waiting for their creation, or the local cloud
// was killed before it had certainly answered.
//
// Other resources that are not in the checkpoint are not the deployment's to delete: the
// program has let go of them, with retainOnDelete or pulumi state delete.
func (s *Service) Unknown(c *Checkpoint) (unknown []Owner) {
	for _, o := range s.owners.All() {
		switch {
		case o.Stack() != c.Stack() || o.Doubt == Settled || c.has(o.URN, o.ID):
		case c.Creating[o.URN], o.Doubt == Unanswered && s.previous[key(o.Type(), o.ID)]:
			unknown = append(unknown, o)
		}
	}
	return unknown
}

// Confirm records that Pulumi knows the resources in the checkpoint, and reports whether
// others of its stack remain in doubt.
func (s *Service) Confirm(c *Checkpoint) (remain bool, err error) {
	err = s.settle(func(o Owner) bool {
		if o.Doubt == Settled || o.Stack() != c.Stack() {
			return false
		}
		known := c.has(o.URN, o.ID)
		remain = remain || !known
		return known
	})
	return remain, err
}

// Settle ends the doubt in all resources of a stack, as "project/stack", after a repair.
func (s *Service) Settle(stack string) error {
	return s.settle(func(o Owner) bool { return o.Doubt != Settled && o.Stack() == stack })
}

func (s *Service) settle(which func(Owner) bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var changes []store.Change
	for _, o := range s.owners.All() {
		if which(o) {
			o.Doubt, o.Inputs = Settled, nil
			changes = append(changes, s.owners.Set(key(o.Type(), o.ID), o))
		}
	}
	return s.store.Apply(changes...)
}

// has reports whether the checkpoint has the resource.
func (c *Checkpoint) has(u urn.URN, id string) bool { return c.resources[[2]string{string(u), id}] }
