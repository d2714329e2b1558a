package lambda

import (
	"context"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/poller"
	"tally/localcloud/store"
)

// EventSourceMapping makes Lambda poll a queue and invoke a function with its messages.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
type EventSourceMapping struct {
	UUID, ARN      string // set by the service
	EventSourceARN string // of a standard queue
	// Function is the function, a version or an alias, in any form that Resolve accepts.
	// The service replaces it by the ARN.
	Function      string
	Disabled      bool
	BatchSize     int // messages of an event, at most: 1 to 10,000, on AWS by default DefaultBatchSize
	WindowSeconds int // how long to gather messages: 0 to 300, at least 1 for a BatchSize beyond 10
	// MaxConcurrency is the maximum number of batches that are processed at once: 2 to
	// 1,000, or 0 for as many as the account permits.
	MaxConcurrency int
	// ResponseTypes is empty or contains "ReportBatchItemFailures": then the function's
	// response names the messages that it could not process.
	ResponseTypes []string
	// Filters are patterns, at most five, of which a message must match one. Others are
	// deleted. If there are none, all messages match.
	Filters      []string
	Metrics      []string // "EventCount"; without effect here
	Tags         map[string]string
	LastModified time.Time // set by the service
}

// mappings holds the event source mappings and the goroutines that poll for them.
type mappings struct {
	table *store.Table[EventSourceMapping] // by UUID

	memory *semaphore.Weighted // bytes of all batches in progress

	mu      sync.Mutex                    // held while the table changes
	started bool                          // whether Start was called
	stop    map[string]context.CancelFunc // by UUID; only of those that poll
}

func (s *Service) openMappings() (err error) {
	s.mappings.stop, s.mappings.memory = map[string]context.CancelFunc{}, semaphore.NewWeighted(poller.MaxMemory)
	s.mappings.table, err = store.NewTable[EventSourceMapping](s.options.Store, "lambda-event-source-mappings")
	return err
}

func (s *Service) startMappings() {
	m := &s.mappings
	m.mu.Lock()
	defer m.mu.Unlock()
	m.started = true
	for _, mapping := range m.table.All() {
		s.pollLocked(mapping)
	}
}

// CreateEventSourceMapping creates a mapping, which polls at once unless it is disabled. If
// it has no UUID, it gets one. Creation fails with ResourceNotFoundException if there is no
// such function, with ResourceConflictException if there is a mapping of the same queue and
// function, and with InvalidParameterValueException if there is no such queue, if the
// function's role may not receive from it, or if its visibility timeout is shorter than the
// function's timeout.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
func (s *Service) CreateEventSourceMapping(m EventSourceMapping) (EventSourceMapping, error) {
	if m.UUID == "" {
		m.UUID = uuid.NewString()
	}
	m.ARN = s.options.Place.ARN("lambda", "event-source-mapping:"+m.UUID).String()
	return s.putMapping(m, func(to Reference) error {
		for _, other := range s.mappings.table.All() {
			if other.EventSourceARN == m.EventSourceARN && other.Function == to.ARN {
				return cloud.Errorf(http.StatusConflict, "ResourceConflictException",
					"An event source mapping with SQS arn (\" %s \") and function (\" %s \") already exists. "+
						"Please update or delete the existing mapping with UUID %s", m.EventSourceARN, to.Name, other.UUID)
			}
		}
		return nil
	})
}

// UpdateEventSourceMapping replaces all of the mapping with that UUID but its queue. Batches
// in progress end as they began. Its errors include those of CreateEventSourceMapping.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
func (s *Service) UpdateEventSourceMapping(m EventSourceMapping) (EventSourceMapping, error) {
	old, err := s.EventSourceMapping(m.UUID)
	if err != nil {
		return EventSourceMapping{}, err
	}
	m.ARN, m.EventSourceARN = old.ARN, old.EventSourceARN
	return s.putMapping(m, func(Reference) error {
		_, err := s.EventSourceMapping(m.UUID)
		return err
	})
}

// putMapping stores the mapping, unless it is invalid or admit returns an error.
func (s *Service) putMapping(m EventSourceMapping, admit func(to Reference) error) (EventSourceMapping, error) {
	if err := m.validate(); err != nil {
		return EventSourceMapping{}, err
	}
	to, err := s.checkMapping(m)
	if err != nil {
		return EventSourceMapping{}, err
	}
	s.mappings.mu.Lock()
	defer s.mappings.mu.Unlock()
	if err := admit(to); err != nil {
		return EventSourceMapping{}, err
	}
	m.Function, m.LastModified = to.ARN, time.Now().UTC()
	if err := s.mappings.table.Put(m.UUID, m); err != nil {
		return EventSourceMapping{}, err
	}
	s.pollLocked(m)
	return m, nil
}

// EventSourceMapping returns the mapping with that UUID. It fails with
// ResourceNotFoundException.
func (s *Service) EventSourceMapping(uuid string) (EventSourceMapping, error) {
	m, ok := s.mappings.table.Get(uuid)
	if !ok {
		return EventSourceMapping{}, cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The resource you requested does not exist.")
	}
	return m, nil
}

// EventSourceMappings returns the mappings of a queue and a function, "" for all, ordered by
// UUID. A function without a qualifier stands for its versions and aliases, too.
func (s *Service) EventSourceMappings(queueARN, function string) ([]EventSourceMapping, error) {
	var to Reference
	if function != "" {
		var err error
		if to, err = s.Resolve(function, ""); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(s.mappings.table.All(), func(m EventSourceMapping) bool {
		of, _ := s.Resolve(m.Function, "")
		return queueARN != "" && m.EventSourceARN != queueARN ||
			function != "" && (of.Name != to.Name || to.Qualifier != "" && of.Qualifier != to.Qualifier)
	}), nil
}

// DeleteEventSourceMapping removes the mapping. Batches in progress continue. It fails with
// ResourceNotFoundException.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteEventSourceMapping.html
func (s *Service) DeleteEventSourceMapping(uuid string) (EventSourceMapping, error) {
	s.mappings.mu.Lock()
	defer s.mappings.mu.Unlock()
	m, err := s.EventSourceMapping(uuid)
	if err != nil {
		return EventSourceMapping{}, err
	}
	s.stopLocked(uuid)
	return m, s.mappings.table.Delete(uuid)
}
