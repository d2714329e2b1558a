package sqs

import (
	"encoding/json"
	"slices"
)

// row is a queue in the table. Its redrive policies are parsed when they are
// set, and again when the table is opened; receives use the parsed form.
type row struct {
	Queue
	redrive *redrivePolicy // nil for none
	allow   redriveAllowPolicy
}

// parse returns the row of a queue, or the error for a policy that AWS refuses.
func parse(q Queue) (r row, err error) {
	r.Queue = q
	if r.allow, err = parseRedriveAllow(q.RedriveAllowPolicy); err != nil {
		return row{}, err
	}
	if r.redrive, err = parseRedrive(q.RedrivePolicy); err != nil {
		return row{}, err
	}
	return r, nil
}

// UnmarshalJSON reads a stored queue.
func (r *row) UnmarshalJSON(raw []byte) error {
	var q Queue
	if err := json.Unmarshal(raw, &q); err != nil {
		return err
	}
	var err error
	*r, err = parse(q)
	return err
}

// checkTarget refuses a redrive policy whose dead-letter queue does not exist or does
// not allow messages from this queue.
func (s *Service) checkTarget(r row) error {
	if r.redrive == nil {
		return nil
	}
	dead, exists := s.byARN(r.redrive.Target)
	if r.redrive.Target == r.ARN {
		dead, exists = r, true // its own policy may exclude it
	}
	switch {
	case !exists:
		return invalid(r.RedrivePolicy, "RedrivePolicy", "Dead letter target does not exist.")
	case !dead.allow.allows(r.ARN):
		return invalid(r.RedrivePolicy, "RedrivePolicy", "The RedriveAllowPolicy of %s does not allow %s.", r.redrive.Target, r.ARN)
	}
	return nil
}

// Sources returns the queues whose dead-letter queue is the one with that ARN,
// ordered by name.
func (s *Service) Sources(arn string) []Queue {
	rows := slices.DeleteFunc(s.queues.All(), func(r row) bool { return r.redrive == nil || r.redrive.Target != arn })
	return s.withURLs(rows)
}

// deadLetterQueue returns the queue to which messages move, and the number of
// receives after which they do. It returns false if there is no such queue, if it
// was deleted, or if it no longer allows messages from this one.
func (s *Service) deadLetterQueue(r row) (to row, after int, ok bool) {
	if r.redrive == nil {
		return row{}, 0, false
	}
	to, ok = s.byARN(r.redrive.Target)
	return to, int(r.redrive.Max), ok && to.Name != r.Name && to.allow.allows(r.ARN)
}
