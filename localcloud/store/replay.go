package store

import (
	"bytes"
	"slices"
	"sync"
)

// Log records the changes of a store in memory, so that a test can ask what a crash at
// any moment would have left.
type Log struct {
	mu     sync.Mutex
	steps  [][]op
	synced int
	refuse error
}

// InMemoryWithLog is like InMemory, and records the changes.
func InMemoryWithLog() (*Store, *Log) {
	log := &Log{}
	return &Store{engine: &logged{memory{values: map[string][]byte{}}, log}}, log
}

// Len returns the number of calls of Apply that changed the store.
func (l *Log) Len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.steps)
}

// Synced returns how many of these changes were on disk, if there were one, when Sync was
// last called.
func (l *Log) Synced() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.synced
}

// Refuse makes further changes fail with err, until it is called with nil.
func (l *Log) Refuse(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refuse = err
}

// At returns a new store in memory with the first n changes.
func (l *Log) At(n int) *Store {
	l.mu.Lock()
	steps := slices.Clone(l.steps[:n])
	l.mu.Unlock()
	m := &memory{values: map[string][]byte{}}
	for _, ops := range steps {
		_ = m.apply(ops) // never fails
	}
	return &Store{engine: m}
}

// logged is an engine in memory that records what is applied.
type logged struct {
	memory
	log *Log
}

func (l *logged) apply(ops []op) error {
	kept := make([]op, len(ops))
	for i, o := range ops {
		kept[i] = op{bytes.Clone(o.key), bytes.Clone(o.value), bytes.Clone(o.end)}
	}
	l.log.mu.Lock()
	defer l.log.mu.Unlock()
	if l.log.refuse != nil {
		return l.log.refuse
	}
	l.log.steps = append(l.log.steps, kept)
	return l.memory.apply(ops)
}

func (l *logged) sync() error {
	l.log.mu.Lock()
	defer l.log.mu.Unlock()
	l.log.synced = len(l.log.steps)
	return nil
}
