package store

import (
	"bytes"
	"slices"
	"sort"
	"sync"
)

// engine is an ordered map from bytes to bytes. Its methods may be called
// concurrently.
type engine interface {
	// check refuses changes that would be lost. It is called before apply.
	check([]op) error
	// checkAgain is like check, but may rely on what it found a moment ago.
	checkAgain([]op) error
	// apply makes all changes or none, after those of earlier calls.
	apply([]op) error
	// sync returns once everything applied before is on disk.
	sync() error
	// present fails if changes can no longer reach the disk.
	present() error
	// get returns the value of a key, or nil if there is none. The caller owns it.
	get(key []byte) ([]byte, error)
	// ascend calls visit for the keys from one to before another, until it returns
	// false. visit must not retain its arguments. It sees no change made meanwhile.
	ascend(from, to []byte, visit func(key, value []byte) bool) error
	// descend is like ascend, in descending order.
	descend(from, to []byte, visit func(key, value []byte) bool) error
	// usage estimates the bytes on disk of the keys from one to before another.
	usage(from, to []byte) (uint64, error)
	size() uint64
	// erase removes from the disk what has been deleted or replaced of the keys from
	// one to before another.
	erase(from, to []byte) error
	close() error
}

// op sets a key to a value, deletes it if the value is nil, or deletes all keys from
// one to before another if that is not nil.
type op struct{ key, value, end []byte }

func (o op) deletes() bool { return o.value == nil }

// after returns the smallest key that is greater than all keys with the prefix, whose
// last byte must not be 255.
func after(prefix []byte) []byte {
	end := bytes.Clone(prefix)
	end[len(end)-1]++
	return end
}

// memory is an engine without a disk.
type memory struct {
	mu     sync.RWMutex
	keys   []string // sorted
	values map[string][]byte
}

func (m *memory) apply(ops []op) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, o := range ops {
		i := m.find(o.key)
		switch _, exists := m.values[string(o.key)]; {
		case o.end != nil:
			j := max(i, m.find(o.end))
			for _, k := range m.keys[i:j] {
				delete(m.values, k)
			}
			m.keys = slices.Delete(m.keys, i, j)
		case o.deletes():
			if exists {
				delete(m.values, string(o.key))
				m.keys = slices.Delete(m.keys, i, i+1)
			}
		default:
			if !exists {
				m.keys = slices.Insert(m.keys, i, string(o.key))
			}
			m.values[string(o.key)] = o.value
		}
	}
	return nil
}

// find returns the index of the first key that is not less.
func (m *memory) find(key []byte) int { return sort.SearchStrings(m.keys, string(key)) }

func (m *memory) get(key []byte) ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return bytes.Clone(m.values[string(key)]), nil
}

func (m *memory) ascend(from, to []byte, visit func(key, value []byte) bool) error {
	for _, e := range m.entries(from, to) {
		if !visit(e.key, e.value) {
			break
		}
	}
	return nil
}

func (m *memory) descend(from, to []byte, visit func(key, value []byte) bool) error {
	for _, e := range slices.Backward(m.entries(from, to)) {
		if !visit(e.key, e.value) {
			break
		}
	}
	return nil
}

func (m *memory) entries(from, to []byte) []op {
	m.mu.RLock()
	defer m.mu.RUnlock()
	var entries []op
	i := m.find(from)
	for _, k := range m.keys[i:max(i, m.find(to))] {
		entries = append(entries, op{key: []byte(k), value: m.values[k]})
	}
	return entries
}

func (m *memory) usage(from, to []byte) (n uint64, err error) {
	for _, e := range m.entries(from, to) {
		n += uint64(len(e.key) + len(e.value))
	}
	return n, nil
}

func (m *memory) check([]op) error        { return nil }
func (m *memory) checkAgain([]op) error   { return nil }
func (m *memory) sync() error             { return nil }
func (m *memory) present() error          { return nil }
func (m *memory) size() uint64            { return 0 }
func (m *memory) erase(_, _ []byte) error { return nil }
func (m *memory) close() error            { return nil }
