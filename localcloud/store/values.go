package store

// Values is a durable map from keys to bytes, ordered by key. Unlike a Table, it holds
// nothing in memory, so it may be large. Methods may be called concurrently.
type Values struct {
	store *Store
	name  string
}

// NewValues opens the map with that name.
func NewValues(s *Store, name string) *Values { return &Values{s.orMemory(), name} }

func (v *Values) key(key string) []byte { return storedKey("values", v.name, key) }

// Get returns the value of a key, or nil if there is none.
func (v *Values) Get(key string) ([]byte, error) { return v.store.engine.get(v.key(key)) }

// Ascend calls visit for the keys that start with prefix and are not less than from, in
// ascending order, until visit returns false. visit must not retain the value. It may
// use the store, whose changes it does not see. The last byte of a prefix must not be 255.
func (v *Values) Ascend(prefix, from string, visit func(key string, value []byte) bool) error {
	start := v.key(max(prefix, from))
	name := len(v.key(""))
	return v.store.engine.ascend(start, after(v.key(prefix)), func(k, value []byte) bool {
		return visit(string(k[name:]), value)
	})
}

// Range calls visit for the keys from one to before another, in ascending or descending
// order, until visit returns false. visit is as in Ascend.
func (v *Values) Range(from, to string, descending bool, visit func(key string, value []byte) bool) error {
	walk := v.store.engine.ascend
	if descending {
		walk = v.store.engine.descend
	}
	name := len(v.key(""))
	return walk(v.key(from), v.key(to), func(k, value []byte) bool { return visit(string(k[name:]), value) })
}

// Set returns the change that sets the value of a key. The value must not be nil, and
// the caller must not modify it afterwards.
func (v *Values) Set(key string, value []byte) Change {
	return Change{store: v.store, ops: []op{{key: v.key(key), value: value}}}
}

// Unset returns the change that removes a key, if it exists.
func (v *Values) Unset(key string) Change {
	return Change{store: v.store, ops: []op{{key: v.key(key)}}}
}

// Clear returns the change that removes all keys that start with prefix. It takes the
// same time for any number of keys.
func (v *Values) Clear(prefix string) Change {
	return Change{store: v.store, ops: []op{{key: v.key(prefix), end: after(v.key(prefix))}}}
}
