package dynamodb

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/dynamodb/attribute"
)

// Billing modes.
const (
	PayPerRequest = "PAY_PER_REQUEST"
	Provisioned   = "PROVISIONED"
)

// Table is the description of a table.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
type Table struct {
	Name string // 3 to 255 characters, see CheckName
	ARN  string
	ID   string // UUID

	Attributes map[string]attribute.Type // of all keys: "S", "N" or "B"
	Key        Schema
	Local      []Index // local secondary indexes, at most 5
	Global     []Index // global secondary indexes, at most 20

	BillingMode string     // PayPerRequest or Provisioned
	Throughput  Throughput // of a provisioned table; recorded
	OnDemand    OnDemand   // of an on-demand table; recorded
	Class       string     // "STANDARD" or "STANDARD_INFREQUENT_ACCESS"; "" for never set; recorded

	// KMS is whether a key of the account encrypts the table. KMSKey is its ID or ARN, or
	// the name or ARN of its alias; "" means the one that AWS manages.
	KMS    bool
	KMSKey string

	TTLAttribute string // "" if items do not expire
	Protected    bool   // from deletion
	Recovery     int    // days of point-in-time recovery, 0 for none; recorded
	Tags         map[string]string

	Created time.Time
	// TTLChanged and RecoveryStarted are when TTL was last changed and point-in-time
	// recovery switched on.
	TTLChanged, RecoveryStarted time.Time
	BillingChanged              time.Time // when the mode became PayPerRequest; zero for never
}

// Schema holds the names of key attributes.
type Schema struct {
	Hash string // the partition key
	Sort string // "" if there is no sort key
}

// names returns the key attributes.
func (k Schema) names() []string {
	if k.Sort == "" {
		return []string{k.Hash}
	}
	return []string{k.Hash, k.Sort}
}

// Index is a secondary index.
type Index struct {
	Name       string
	Key        Schema
	Projection string     // "ALL", "KEYS_ONLY" or "INCLUDE"
	Include    []string   // with INCLUDE, the attributes besides keys
	Throughput Throughput // of a global index of a provisioned table; recorded
	OnDemand   OnDemand   // of a global index of an on-demand table; recorded
}

// Throughput is provisioned throughput, in capacity units per second.
type Throughput struct{ Read, Write int64 }

// OnDemand limits the throughput of an on-demand table, in request units per second; 0
// for no limit.
type OnDemand struct{ MaxRead, MaxWrite int64 }

// counts holds the number of items of a table and of its indexes, and their size.
type counts struct {
	Table   count
	Indexes map[string]count
}

type count struct{ Items, Bytes int64 }

// Count is the number of items of a table or an index, and their total size in bytes.
// Unlike on AWS, where it is updated every six hours, it is always current.
type Count = count

// Description is a Table with what DynamoDB counts.
type Description struct {
	Table
	Count   Count
	Indexes map[string]Count
}

// CreateTable adds a table, which is active at once, and sets what DynamoDB chooses. It
// fails with ResourceInUseException and ValidationException.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
func (s *Service) CreateTable(t Table) (Table, error) {
	t.BillingMode = cmp.Or(t.BillingMode, Provisioned)
	if err := CheckTable(t); err != nil {
		return Table{}, err
	}
	if err := s.checkKey(t); err != nil {
		return Table{}, err
	}
	t.ARN, t.ID, t.Created = s.ARN(t.Name).String(), uuid.NewString(), now()
	s.setTimes(&t, Table{})
	return s.synced(s.createTable(t))
}

// synced returns a changed table once the change is on disk.
func (s *Service) synced(t Table, err error) (Table, error) {
	if err == nil {
		err = s.store.Sync()
	}
	if err != nil {
		return Table{}, err
	}
	return t, nil
}

func (s *Service) createTable(t Table) (Table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[t.Name] != nil {
		return Table{}, refusal("ResourceInUseException", "Table already exists: %s", t.Name)
	}
	if err := s.store.Apply(s.rows.Set(t.Name, t), s.counts.Set(t.Name, counts{})); err != nil {
		return Table{}, err
	}
	s.tables[t.Name] = &table{row: &t}
	return t, nil
}

// setTimes sets the times of what differs from the previous version of a table.
func (s *Service) setTimes(t *Table, old Table) {
	if t.TTLAttribute != old.TTLAttribute {
		t.TTLChanged = time.Now().UTC()
	}
	if t.Recovery != 0 && old.Recovery == 0 {
		t.RecoveryStarted = now()
	}
	if t.BillingMode == PayPerRequest && old.BillingMode != PayPerRequest {
		t.BillingChanged = now()
	}
}

// checkKey refuses a KMS key that does not exist or cannot encrypt.
func (s *Service) checkKey(t Table) error {
	if t.KMSKey == "" || s.keys == nil {
		return nil
	}
	return rewordKeyError(s.keys.CheckKey(t.KMSKey))
}

// UpdateTable applies change to all of a table but its name, its keys and its local
// indexes, in one step, so that calls that change different properties do not undo each
// other. Indexes that change adds are filled before it returns.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
func (s *Service) UpdateTable(name string, change func(*Table) error) (Table, error) {
	return s.synced(s.updateTable(name, change))
}

func (s *Service) updateTable(name string, change func(*Table) error) (Table, error) {
	t := s.table(name)
	if t == nil {
		return Table{}, noTable(name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deleted {
		return Table{}, noTable(name)
	}
	old := *t.row
	updated := old
	updated.Attributes, updated.Tags, updated.Global = maps.Clone(old.Attributes), maps.Clone(old.Tags), slices.Clone(old.Global)
	if err := change(&updated); err != nil {
		return Table{}, err
	}
	updated.Name, updated.ARN, updated.ID, updated.Created = old.Name, old.ARN, old.ID, old.Created
	updated.Key, updated.Local = old.Key, old.Local
	s.setTimes(&updated, old)
	if err := CheckTable(updated); err != nil {
		return Table{}, err
	}
	if updated.KMSKey != old.KMSKey {
		if err := s.checkKey(updated); err != nil {
			return Table{}, err
		}
	}
	if err := s.dropChanged(t, &old, updated); err != nil {
		return Table{}, err
	}
	changes, err := s.replaceIndexes(old, updated)
	if err != nil {
		return Table{}, err
	}
	if err := s.store.Apply(append(changes, s.rows.Set(updated.Name, updated))...); err != nil {
		return Table{}, err
	}
	t.row = &updated
	return updated, nil
}

// DeleteTable removes a table with its items. It fails with ResourceNotFoundException,
// and with ValidationException if the table is protected.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteTable.html
func (s *Service) DeleteTable(name string) (Table, error) {
	return s.synced(s.deleteTable(name))
}

func (s *Service) deleteTable(name string) (Table, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, here := s.nameOf(name)
	t := s.tables[name]
	if t == nil || !here {
		return Table{}, noTable(name)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.row.Protected {
		return Table{}, invalid("Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.")
	}
	if err := s.store.Apply(s.rows.Unset(name), s.counts.Unset(name), s.items.Clear(tablePrefix(name))); err != nil {
		return Table{}, err
	}
	t.deleted = true
	delete(s.tables, name)
	return *t.row, nil
}

// Describe returns a table by its name or ARN. It fails with ResourceNotFoundException.
func (s *Service) Describe(reference string) (Description, error) {
	t := s.table(reference)
	if t == nil {
		return Description{}, noTable(reference)
	}
	row := t.current()
	n, _ := s.counts.Get(row.Name)
	return Description{Table: *row, Count: n.Table, Indexes: n.Indexes}, nil
}

// Tables returns all tables, ordered by name.
func (s *Service) Tables() []Description {
	var all []Description
	for _, row := range s.rows.All() {
		n, _ := s.counts.Get(row.Name)
		all = append(all, Description{Table: row, Count: n.Table, Indexes: n.Indexes})
	}
	return all
}

// index returns the index with that name, and whether it is local. It returns nil if
// there is none.
func (t *Table) index(name string) (index *Index, local bool) {
	named := func(i Index) bool { return i.Name == name }
	if i := slices.IndexFunc(t.Local, named); i >= 0 {
		return &t.Local[i], true
	}
	if i := slices.IndexFunc(t.Global, named); i >= 0 {
		return &t.Global[i], false
	}
	return nil, false
}

// indexes returns all indexes.
func (t *Table) indexes() []Index { return slices.Concat(t.Global, t.Local) }

// cutTable returns the name of a table in the resource of its ARN.
func cutTable(resource string) (string, bool) { return strings.CutPrefix(resource, "table/") }
