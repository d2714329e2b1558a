package store

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Table is a durable map from keys to rows of one type, with a copy in memory.
// Rows are stored as JSON. The caller must not modify a row that Get or All
// returns. Methods may be called concurrently, but a caller that reads, modifies
// and writes a row must lock it.
type Table[T any] struct {
	store *Store
	name  string
	mu    sync.RWMutex
	rows  map[string]T

	erasing atomic.Bool // an erasure is scheduled
}

// NewTable opens the table with that name and reads its rows.
func NewTable[T any](s *Store, name string) (*Table[T], error) {
	t := &Table[T]{store: s.orMemory(), name: name, rows: map[string]T{}}
	prefix := t.key("")
	var bad error
	err := t.store.engine.ascend(prefix, after(prefix), func(k, v []byte) bool {
		var row T
		if bad = json.Unmarshal(v, &row); bad != nil {
			bad = fmt.Errorf("table %s, row %s: %w: %w", name, k[len(prefix):], bad, ErrUnusable)
			return false
		}
		t.rows[string(k[len(prefix):])] = row
		return true
	})
	if err == nil {
		err = bad
	}
	return t, err
}

// key returns the key of a row in the engine. The names of tables contain no zero
// byte.
func (t *Table[T]) key(key string) []byte { return storedKey("table", t.name, key) }

// storedKey returns the key of something in the engine. All keys of one kind and name
// have the same prefix, which ends in a zero byte.
func storedKey(kind, name, key string) []byte {
	k := make([]byte, 0, len(kind)+len(name)+len(key)+2)
	k = append(append(k, kind...), '/')
	return append(append(append(k, name...), 0), key...)
}

// Get returns the row with that key and reports whether it exists.
func (t *Table[T]) Get(key string) (T, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	row, ok := t.rows[key]
	return row, ok
}

// All returns every row, ordered by key.
func (t *Table[T]) All() []T {
	t.mu.RLock()
	defer t.mu.RUnlock()
	rows := make([]T, 0, len(t.rows))
	for _, k := range slices.Sorted(maps.Keys(t.rows)) {
		rows = append(rows, t.rows[k])
	}
	return rows
}

// Len returns the number of rows.
func (t *Table[T]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.rows)
}

// Set returns the change that adds or replaces a row.
func (t *Table[T]) Set(key string, row T) Change {
	raw, err := json.Marshal(row)
	if err != nil {
		err = fmt.Errorf("table %s, row %s: %w", t.name, key, err)
	}
	return t.change(op{key: t.key(key), value: raw}, err, func() { t.rows[key] = row })
}

// Unset returns the change that removes a row, if it exists.
func (t *Table[T]) Unset(key string) Change {
	return t.change(op{key: t.key(key)}, nil, func() { delete(t.rows, key) })
}

func (t *Table[T]) change(o op, err error, apply func()) Change {
	return Change{store: t.store, ops: []op{o}, err: err, apply: func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		apply()
	}}
}

// Put adds or replaces a row, and returns once it is on disk.
func (t *Table[T]) Put(key string, row T) error { return t.store.Commit(t.Set(key, row)) }

// Delete removes a row, and returns once that is on disk. It is no error if there is
// none.
func (t *Table[T]) Delete(key string) error { return t.store.Commit(t.Unset(key)) }

// EraseSoon removes from the disk, within a few seconds, the rows that have been deleted
// or replaced, which otherwise remain there for some time. It does not wait for that.
func (t *Table[T]) EraseSoon() {
	if t.erasing.CompareAndSwap(false, true) {
		time.AfterFunc(eraseDelay, func() {
			t.erasing.Store(false)
			prefix := t.key("")
			_ = t.store.engine.erase(prefix, after(prefix)) // the next one tries again
		})
	}
}

// eraseDelay is the time after which rows are erased, together with those that are deleted
// meanwhile, as in a deployment.
const eraseDelay = time.Second
