// Package logs emulates Amazon CloudWatch Logs: log groups with their streams and
// events, and operations to read them.
package logs

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Service holds the log groups of one account and region. It is a
// [cloud.LogWriter]; its methods may be called concurrently.
type Service struct {
	place      cloud.Place
	authorizer cloud.Authorizer
	delivery   string // the resource policy that allows log delivery: see deliveryPolicy
	groups     *store.Table[Group]
	store      *store.Store
	streams    *store.Table[streamRow]
	events     *store.Series // keyed by group

	// mu is held for writing while groups and streams change, and for reading
	// while events are written, so that their group is not deleted meanwhile.
	mu sync.RWMutex
	// rows is held while the row of an existing stream changes.
	rows sync.Mutex

	sweeper sweeper

	changed atomic.Pointer[chan struct{}] // closed and replaced when events have been written
	done    chan struct{}                 // closed by Close
	close   func()
}

// Group is a log group.
type Group struct {
	Name string // see CheckGroupName
	ARN  string // without the ":*" that DescribeLogGroups appends to "arn"
	// RetentionDays is how long events are stored: a number that CheckRetention
	// accepts. 0 means forever.
	RetentionDays int
	KMSKeyID      string // ARN of the key that encrypts events, or ""; only recorded
	Tags          map[string]string
	Created       time.Time
}

// New opens the log groups in the store.
func New(place cloud.Place, st *store.Store, authorizer cloud.Authorizer) (*Service, error) {
	groups, err := store.NewTable[Group](st, "logs-groups")
	if err != nil {
		return nil, err
	}
	streams, err := store.NewTable[streamRow](st, "logs-streams")
	if err != nil {
		return nil, err
	}
	events, err := store.NewSeries(st, "logs-events")
	if err != nil {
		return nil, err
	}
	s := &Service{
		place: place, authorizer: authorizer, delivery: deliveryPolicy(place),
		store: st, groups: groups, streams: streams, events: events,
		sweeper: sweeper{trimmed: map[string]time.Time{}, wake: make(chan struct{}, 1)},
		done:    make(chan struct{}),
	}
	changed := make(chan struct{})
	s.changed.Store(&changed)
	s.close = sync.OnceFunc(func() { close(s.done) })
	return s, nil
}

// Close ends all sequences that Follow returned, and the deletions that Start began.
func (s *Service) Close() error {
	s.close()
	s.sweeper.running.Wait()
	return nil
}

// CreateGroup adds a group and sets its ARN and Created. It fails with
// ResourceAlreadyExistsException and InvalidParameterException.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
func (s *Service) CreateGroup(g Group) (Group, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.createGroup(g)
}

func (s *Service) createGroup(g Group) (Group, error) {
	if err := g.check(); err != nil {
		return Group{}, err
	}
	if _, ok := s.groups.Get(g.Name); ok {
		return Group{}, cloud.Errorf(http.StatusBadRequest, "ResourceAlreadyExistsException", "The specified log group already exists")
	}
	g.ARN = s.groupARN(g.Name).String()
	g.Created = now()
	return g, s.groups.Put(g.Name, g)
}

// UpdateGroup replaces the retention, the key and the tags of the group with that
// name. It fails with ResourceNotFoundException and InvalidParameterException.
func (s *Service) UpdateGroup(g Group) (Group, error) {
	if err := g.check(); err != nil {
		return Group{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.Group(g.Name)
	if err != nil {
		return Group{}, err
	}
	old.RetentionDays, old.KMSKeyID, old.Tags = g.RetentionDays, g.KMSKeyID, g.Tags
	return old, s.groups.Put(g.Name, old)
}

func (g Group) check() error {
	return cmp.Or(CheckGroupName(g.Name), CheckRetention(g.RetentionDays), CheckKMSKeyID(g.KMSKeyID), CheckTags(g.Tags))
}

// Group returns the group with that name. It fails with ResourceNotFoundException if
// there is none.
func (s *Service) Group(name string) (Group, error) {
	g, ok := s.groups.Get(name)
	if !ok {
		return Group{}, cloud.Errorf(http.StatusBadRequest, "ResourceNotFoundException", "The specified log group does not exist.")
	}
	return g, nil
}

// DeleteGroup removes a group with its streams and events. It fails with
// ResourceNotFoundException.
func (s *Service) DeleteGroup(name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Group(name); err != nil {
		return err
	}
	var gone []store.Change
	for _, row := range s.streamsOf(name) {
		gone = append(gone, s.streams.Unset(row.key()))
	}
	if err := s.store.Apply(gone...); err != nil {
		return err
	}
	if err := s.events.Drop(name); err != nil {
		return err
	}
	s.sweeper.forget(name)
	return s.groups.Delete(name)
}

// Groups returns the groups whose names start with prefix, ordered by name.
func (s *Service) Groups(prefix string) []Group {
	return slices.DeleteFunc(s.groups.All(), func(g Group) bool { return !strings.HasPrefix(g.Name, prefix) })
}

// since returns the position of the oldest event to read if events from the time
// from on are requested. Events past the group's retention are never read.
func (g Group) since(from time.Time) store.Mark {
	if g.RetentionDays > 0 {
		if start := time.Now().AddDate(0, 0, -g.RetentionDays); start.After(from) {
			from = start
		}
	}
	return store.Mark{Time: from}
}

func invalid(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameterException", format, args...)
}

func (s *Service) groupARN(group string) cloud.ARN {
	return s.place.ARN("logs", "log-group:"+group)
}

func (s *Service) streamARN(group, stream string) cloud.ARN {
	return s.place.ARN("logs", "log-group:"+group+":log-stream:"+stream)
}

func (s *Service) authorize(ctx context.Context, caller cloud.Caller, action string, resource cloud.ARN) error {
	r := cloud.Request{Caller: caller, Action: action, Resource: resource.String()}
	if caller.Service != "" {
		r.ResourcePolicy = s.delivery
	}
	return s.authorizer.Authorize(ctx, r)
}

// now returns the current time in milliseconds, the resolution of CloudWatch Logs.
func now() time.Time { return time.Now().Truncate(time.Millisecond) }
