// Package store holds the local cloud's durable state: tables, values and time
// series in one folder. What is on disk survives SIGKILL and carries check sums.
//
// Changes are made in one order, in memory and on disk: if one of them survives a
// crash, so do all before it. A caller that acknowledges something waits until it is on
// disk, and concurrent callers share the wait. A caller that hands something over, from
// one table to another, needs no wait: it adds before it removes.
package store

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Store is an open state folder. With a nil Store, each table holds its
// rows in memory, for tests.
type Store struct {
	engine engine
	order  sync.Mutex // held while a change is made
}

// Folder is the name of the folder with the state, and OldFile the name of the file
// in which earlier versions of the local cloud stored it.
const (
	Folder  = "state"
	OldFile = "state.db"
)

// The errors of Open that have a meaning to callers.
var (
	// ErrInUse means that another process has the state open.
	ErrInUse = errors.New("another local cloud uses this folder")
	// ErrUnusable means that the folder holds no state that this version can read: it
	// is damaged, incomplete, or of another program or version.
	ErrUnusable = errors.New("the state cannot be used; remove it with `localcloud stop --delete`, then deploy again")
)

// The errors of changes that have a meaning to callers.
var (
	// ErrFull means that the disk has no space left for the change.
	ErrFull = errors.New("the disk is full")
	// ErrGone means that the folder has been removed or replaced since Open.
	ErrGone = errors.New("the state folder was removed while in use; stop the local cloud and start it again")
)

// Exists reports whether the folder dir has a state that Open reads, or refuses because
// an earlier version has written it.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, Folder, formatFile))
	_, old := os.Stat(filepath.Join(dir, OldFile))
	return err == nil || old == nil
}

// Open opens the state in the folder dir and creates both if necessary. Its errors
// wrap ErrInUse or ErrUnusable where they apply.
func Open(dir string) (*Store, error) {
	if _, err := os.Stat(filepath.Join(dir, OldFile)); err == nil {
		return nil, fmt.Errorf("%s was written by an earlier version of the local cloud: %w", filepath.Join(dir, OldFile), ErrUnusable)
	}
	e, err := openDisk(filepath.Join(dir, Folder))
	if err != nil {
		return nil, err
	}
	return &Store{engine: e}, nil
}

// InMemory returns a store without a disk, for tests. Closing it changes nothing, so that
// a test can restart a service with it.
func InMemory() *Store { return &Store{engine: &memory{values: map[string][]byte{}}} }

// orMemory returns s or, if it is nil, a new store in memory.
func (s *Store) orMemory() *Store {
	if s == nil {
		return InMemory()
	}
	return s
}

// Close writes what is not on disk yet, and closes the state.
func (s *Store) Close() error {
	if s == nil {
		return nil
	}
	return s.engine.close()
}

// Size returns the number of bytes that the state uses on disk.
func (s *Store) Size() uint64 {
	if s == nil {
		return 0
	}
	return s.engine.size()
}

// Change is a change of one table, value or series. Apply makes it.
type Change struct {
	store *Store
	ops   []op
	apply func() // changes the copy in memory; may be nil
	err   error
}

// Apply makes the changes, all or none of them, after all changes before. They are
// visible to readers when Apply returns, and soon on disk: to wait for that, call
// Sync. Apply fails with ErrFull or ErrGone, changing nothing; it may notice a few
// milliseconds late.
func (s *Store) Apply(changes ...Change) error {
	return s.makeAll(changes, engine.checkAgain)
}

func (s *Store) makeAll(changes []Change, check func(engine, []op) error) error {
	if len(changes) == 0 {
		return nil
	}
	if s == nil { // each table in memory has a store of its own
		for _, c := range changes {
			if err := c.store.make([]Change{c}, check); err != nil {
				return err
			}
		}
		return nil
	}
	return s.make(changes, check)
}

func (s *Store) make(changes []Change, check func(engine, []op) error) error {
	var ops []op
	for _, c := range changes {
		if c.err != nil {
			return c.err
		}
		ops = append(ops, c.ops...)
	}
	if err := check(s.engine, ops); err != nil {
		return err
	}
	s.order.Lock()
	defer s.order.Unlock()
	if err := s.engine.apply(ops); err != nil {
		return err
	}
	for _, c := range changes {
		if c.apply != nil {
			c.apply()
		}
	}
	return nil
}

// Sync returns once all changes made before are on disk. It fails with ErrGone.
func (s *Store) Sync() error {
	if s == nil {
		return nil
	}
	return s.engine.sync()
}

// Check fails with ErrGone if the folder of the state has been removed or replaced.
func (s *Store) Check() error {
	if s == nil {
		return nil
	}
	return s.engine.present()
}

// Commit makes the changes like Apply, but notices a full disk and a missing folder at
// once, and returns once they are on disk.
func (s *Store) Commit(changes ...Change) error {
	if err := s.makeAll(changes, engine.check); err != nil {
		return err
	}
	return s.Sync()
}

// Erase removes from the disk what has been deleted or replaced, which otherwise
// remains there for some time. It takes about a second for 100 MB of state.
func (s *Store) Erase() error {
	if s == nil {
		return nil
	}
	return s.engine.erase([]byte{0}, []byte{0xff})
}
