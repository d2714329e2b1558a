// Package dynamodb emulates Amazon DynamoDB: tables with secondary indexes, items,
// conditional writes, queries, scans, batches and transactions. What a client's request
// changed is on disk before the client receives the response, and what a client learned
// from a consistent read or a failed condition is, too.
//
// Items are on disk only, ordered by key. Package attribute holds their values, and
// package expression what requests say about them.
package dynamodb

import (
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/store"
)

// Service holds the tables of one account and region, and their items.
//
// The lock of the service guards which tables exist, and the lock of a table its row and
// its items. Neither is held while waiting for the disk: a change takes its place in the
// order of changes under the lock, and whoever acknowledges it waits afterwards.
type Service struct {
	place      cloud.Place
	authorizer cloud.Authorizer
	metrics    cloud.Metrics
	keys       cloud.Keys // nil permits the use of any key
	faults     cloud.Faults
	store      *store.Store
	rows       *store.Table[Table]  // by name
	counts     *store.Table[counts] // by name
	items      *store.Values        // of tables and indexes, by itemKey and indexKey
	tokens     *tokens              // of transactions

	applying atomic.Int64  // changes of items in progress, which readers without a lock may see
	changed  atomic.Uint64 // the number of changes of items so far
	durable  atomic.Uint64 // how many of them are on disk

	mu     sync.RWMutex // locked before those of tables
	tables map[string]*table

	sweeper sweeper
}

// Options configures a Service. Place and Authorizer are required. Without Keys, any key
// may be used; without Metrics and Journal, nothing is reported.
type Options struct {
	Place      cloud.Place
	Store      *store.Store // nil stores nothing durably
	Authorizer cloud.Authorizer
	Keys       cloud.Keys
	Metrics    cloud.Metrics
	Journal    cloud.Journal
	Faults     cloud.Faults // nil injects none
	Pace       cloud.Pace   // divides the time between two searches for expired items
}

// New opens the tables in the store. Items expire only after Start.
func New(o Options) (*Service, error) {
	if o.Store == nil {
		o.Store = store.InMemory() // one for all, because changes concern several parts
	}
	if o.Metrics == nil {
		o.Metrics = cloud.NoMetrics{}
	}
	if o.Faults == nil {
		o.Faults = cloud.NoFaults{}
	}
	s := &Service{
		place: o.Place, authorizer: o.Authorizer, metrics: o.Metrics, faults: o.Faults, keys: o.Keys, store: o.Store,
		items: store.NewValues(o.Store, "dynamodb-items"), tokens: newTokens(), tables: map[string]*table{},
		sweeper: newSweeper(o.Pace.Wait(sweepInterval), o.Journal),
	}
	var err error
	if s.rows, err = store.NewTable[Table](o.Store, "dynamodb-tables"); err != nil {
		return nil, err
	}
	if s.counts, err = store.NewTable[counts](o.Store, "dynamodb-counts"); err != nil {
		return nil, err
	}
	for _, row := range s.rows.All() {
		s.tables[row.Name] = &table{row: &row}
	}
	return s, nil
}

// table is a table in use.
type table struct {
	mu      sync.RWMutex
	row     *Table // replaced, never modified
	deleted bool
}

// current returns the table's row.
func (t *table) current() *Table {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.row
}

// table returns a table by its name or ARN, or nil if there is none.
func (s *Service) table(reference string) *table {
	name, ok := s.nameOf(reference)
	if !ok {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tables[name]
}

// nameOf returns the name in a table's name or ARN, and false for the ARN of a table
// elsewhere.
func (s *Service) nameOf(reference string) (string, bool) {
	arn, err := cloud.ParseARN(reference)
	if err != nil {
		return reference, true
	}
	name, ok := cutTable(arn.Resource)
	return name, ok && arn == s.place.ARN("dynamodb", "table/"+name)
}

// ARN returns the ARN of a table, given its name or ARN.
func (s *Service) ARN(reference string) cloud.ARN {
	if arn, err := cloud.ParseARN(reference); err == nil {
		return arn
	}
	return s.place.ARN("dynamodb", "table/"+reference)
}

// settle returns once all changes of items that a reader may have seen are on disk.
func (s *Service) settle() error {
	inProgress := s.applying.Load() > 0 // before changed, which counts a change before it ends
	seen := s.changed.Load()
	if !inProgress && s.durable.Load() >= seen {
		return nil
	}
	if err := s.store.Sync(); err != nil {
		return err
	}
	for {
		durable := s.durable.Load()
		if durable >= seen || s.durable.CompareAndSwap(durable, seen) {
			return nil
		}
	}
}

// apply makes changes of items, in which the caller holds the locks of the tables.
func (s *Service) apply(changes []store.Change) error {
	s.applying.Add(1)
	defer s.applying.Add(-1)
	err := s.store.Apply(changes...)
	if err == nil && len(changes) > 0 {
		s.changed.Add(1)
	}
	return err
}

// The errors of DynamoDB.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html

func refusal(code, format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, code, format, args...)
}

// invalid returns a ValidationException.
func invalid(format string, args ...any) *cloud.Error {
	return refusal("ValidationException", format, args...)
}

// invalidValue returns a ValidationException in the words with which most begin.
func invalidValue(format string, args ...any) *cloud.Error {
	return invalid("One or more parameter values were invalid: "+format, args...)
}

// notFound returns the error of the operations on items for a table that does not exist.
func notFound() error { return refusal("ResourceNotFoundException", "Requested resource not found") }

// noTable returns the error of the operations on tables for one that does not exist.
func noTable(name string) error {
	return refusal("ResourceNotFoundException", "Requested resource not found: Table: %s not found", name)
}

// now returns the current second.
func now() time.Time { return time.Now().UTC().Truncate(time.Second) }
