// Package store holds the local cloud's durable state in one file. The state
// survives a restart, even after SIGKILL.
package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

// Store is an open state file. A nil Store holds everything in memory, for tests.
type Store struct{ db *bbolt.DB }

// ErrInUse means that another process has the state file open.
var ErrInUse = errors.New("another local cloud uses this folder")

// File is the name of the state file.
const File = "state.db"

// Open opens the state file in the folder dir and creates both if necessary. It
// returns an error that wraps ErrInUse if another process has the file open.
func Open(dir string) (*Store, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, File)
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, fmt.Errorf("%s: %w", dir, ErrInUse)
	}
	if err != nil {
		return nil, fmt.Errorf("opening the state file %s: %w; if it is damaged, remove the folder %s and deploy again", path, err, dir)
	}
	return &Store{db}, nil
}

// Close closes the state file.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	return s.db.Close()
}

// Table is a durable map from keys to rows of one type, with a copy in memory.
// Rows are stored as JSON. The caller must not modify a row that Get or All
// returns. Methods may be called concurrently, but a caller that reads, modifies
// and writes a row must lock it.
type Table[T any] struct {
	store *Store
	name  []byte
	mu    sync.RWMutex
	rows  map[string]T
}

// NewTable opens the table with that name and reads its rows.
func NewTable[T any](s *Store, name string) (*Table[T], error) {
	t := &Table[T]{store: s, name: []byte(name), rows: map[string]T{}}
	if s == nil {
		return t, nil
	}
	return t, s.db.Update(func(tx *bbolt.Tx) error {
		b, err := tx.CreateBucketIfNotExists(t.name)
		if err != nil {
			return err
		}
		return b.ForEach(func(k, v []byte) error {
			var row T
			if err := json.Unmarshal(v, &row); err != nil {
				return fmt.Errorf("table %s, row %s: %w", name, k, err)
			}
			t.rows[string(k)] = row
			return nil
		})
	})
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

// Put adds or replaces a row, and returns once it is on disk.
func (t *Table[T]) Put(key string, row T) error {
	raw, err := json.Marshal(row)
	if err != nil {
		return err
	}
	return t.write(
		func(b *bbolt.Bucket) error { return b.Put([]byte(key), raw) },
		func() { t.rows[key] = row })
}

// Delete removes a row. It is no error if there is none.
func (t *Table[T]) Delete(key string) error {
	return t.write(
		func(b *bbolt.Bucket) error { return b.Delete([]byte(key)) },
		func() { delete(t.rows, key) })
}

// write changes the disk before the memory, so that a restart never loses what a
// reader has seen.
func (t *Table[T]) write(disk func(*bbolt.Bucket) error, memory func()) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.store != nil {
		err := t.store.db.Update(func(tx *bbolt.Tx) error { return disk(tx.Bucket(t.name)) })
		if err != nil {
			return fmt.Errorf("writing table %s: %w", t.name, err)
		}
	}
	memory()
	return nil
}
