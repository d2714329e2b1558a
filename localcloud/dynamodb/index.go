package dynamodb

import (
	"maps"
	"slices"

	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/store"
)

// holds reports whether an index contains the item: only items that have all of its keys,
// of the right types.
func (t *Table) holds(index *Index, item attribute.Item) bool {
	return item != nil && !slices.ContainsFunc(index.Key.names(), func(name string) bool {
		return item[name].Type() != t.Attributes[name] || emptyKind(item[name]) != ""
	}) && checkKeySize(index.Key, item) == nil
}

// projected returns the names of the attributes in an index, and false if they are all.
func (t *Table) projected(index *Index) ([]string, bool) {
	if index.Projection == "ALL" {
		return nil, false
	}
	names := slices.Concat(t.Key.names(), index.Key.names(), index.Include)
	slices.Sort(names)
	return slices.Compact(names), true
}

// project returns the attributes of an item that are in an index.
func (t *Table) project(index *Index, item attribute.Item) attribute.Item {
	names, some := t.projected(index)
	if !some {
		return item
	}
	part := attribute.Item{}
	for _, name := range names {
		if v, ok := item[name]; ok {
			part[name] = v
		}
	}
	return part
}

// A transition is the change of one item: old is nil if it is new, and updated if it is
// deleted.
type transition struct{ old, updated attribute.Item }

// effect is what transitions change: the store, the counts, and the capacity they consume.
type effect struct {
	changes []store.Change
	counts  counts
	table   int            // write units
	indexes map[string]int // write units by index, without those that do not change
}

// plan adds to e what a transition of an item changes, with the counts from before in e.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html#write-operation-consumption
func (s *Service) plan(t *Table, e *effect, tr transition) error {
	e.table += writeUnits(max(tr.old.Size(), tr.updated.Size()))
	if tr.old.Equal(tr.updated) && (tr.old == nil) == (tr.updated == nil) {
		return nil
	}
	if err := s.replace(e, &e.counts.Table, entryOf(t, tr.old), entryOf(t, tr.updated)); err != nil {
		return err
	}
	for _, index := range t.indexes() {
		before, after := t.entry(&index, tr.old), t.entry(&index, tr.updated)
		if before.key == after.key && before.item.Equal(after.item) {
			continue
		}
		n := e.counts.Indexes[index.Name]
		if err := s.replace(e, &n, before, after); err != nil {
			return err
		}
		e.counts.Indexes[index.Name] = n
		if e.indexes == nil {
			e.indexes = map[string]int{}
		}
		e.indexes[index.Name] += indexUnits(before, after)
	}
	return nil
}

// An entry is an item at its place in the store; the zero entry is none.
type entry struct {
	key  string
	item attribute.Item
}

// entryOf returns the entry of a table for an item, which may be nil.
func entryOf(t *Table, item attribute.Item) entry {
	if item == nil {
		return entry{}
	}
	return entry{itemKey(t, item), item}
}

// entry returns the entry of an index for an item.
func (t *Table) entry(index *Index, item attribute.Item) entry {
	if !t.holds(index, item) {
		return entry{}
	}
	return entry{indexKey(t, index, item), t.project(index, item)}
}

// replace adds to e the replacement of one entry by another, and updates their count.
func (s *Service) replace(e *effect, n *count, before, after entry) error {
	if before.item != nil {
		n.Items--
		n.Bytes -= int64(before.item.Size())
		if before.key != after.key {
			e.changes = append(e.changes, s.items.Unset(before.key))
		}
	}
	if after.item != nil {
		n.Items++
		n.Bytes += int64(after.item.Size())
		raw, err := encodeItem(after.item)
		if err != nil {
			return err
		}
		e.changes = append(e.changes, s.items.Set(after.key, raw))
	}
	return nil
}

// indexUnits returns the write units of the change of an entry of an index. A change of
// its key is a deletion and an insertion.
func indexUnits(before, after entry) int {
	switch {
	case before.item == nil:
		return writeUnits(after.item.Size())
	case after.item == nil:
		return writeUnits(before.item.Size())
	case before.key != after.key:
		return writeUnits(before.item.Size()) + writeUnits(after.item.Size())
	}
	return writeUnits(max(before.item.Size(), after.item.Size()))
}

// begin returns an effect with the present counts of a table, whose lock the caller holds.
func (s *Service) begin(t *Table) *effect {
	n, _ := s.counts.Get(t.Name)
	n.Indexes = maps.Clone(n.Indexes)
	if n.Indexes == nil {
		n.Indexes = map[string]count{}
	}
	return &effect{counts: n}
}

// finish returns the changes of an effect.
func (s *Service) finish(t *Table, e *effect) []store.Change {
	if len(e.changes) == 0 {
		return nil
	}
	return append(e.changes, s.counts.Set(t.Name, e.counts))
}

// backfillChunk is how many items are added to a new index at once.
const backfillChunk = 1000

// replaceIndexes removes the global indexes that the updated table lacks and fills those
// that it adds. It returns the last changes, to be made together with that of the row: a
// crash before leaves entries that belong to no index, and the next index of that name
// starts empty.
func (s *Service) replaceIndexes(old, updated Table) ([]store.Change, error) {
	n, _ := s.counts.Get(old.Name)
	kept := counts{Table: n.Table, Indexes: maps.Clone(n.Indexes)}
	var last []store.Change
	for _, index := range old.Global {
		if i, _ := updated.index(index.Name); i == nil {
			last = append(last, s.items.Clear(rowPrefix(old.Name, index.Name)))
			delete(kept.Indexes, index.Name)
		}
	}
	for _, index := range updated.Global {
		if i, _ := old.index(index.Name); i != nil {
			continue
		}
		filled, err := s.backfill(&updated, &index)
		if err != nil {
			return nil, err
		}
		if kept.Indexes == nil {
			kept.Indexes = map[string]count{}
		}
		kept.Indexes[index.Name] = filled
	}
	return append(last, s.counts.Set(old.Name, kept)), nil
}

// dropChanged removes the global indexes that are to contain something else than before,
// so that a crash while they are filled leaves none that is wrong. old becomes what is left.
func (s *Service) dropChanged(t *table, old *Table, updated Table) error {
	changed := func(index Index) bool {
		i, _ := updated.index(index.Name)
		return i != nil && !sameIndex(*i, index)
	}
	if !slices.ContainsFunc(old.Global, changed) {
		return nil
	}
	rest := *old
	rest.Global = slices.DeleteFunc(slices.Clone(old.Global), changed)
	changes, err := s.replaceIndexes(*old, rest)
	if err != nil {
		return err
	}
	if err := s.store.Apply(append(changes, s.rows.Set(rest.Name, rest))...); err != nil {
		return err
	}
	t.row, *old = &rest, rest
	return nil
}

// sameIndex reports whether two indexes of one name contain the same.
func sameIndex(a, b Index) bool {
	return a.Key == b.Key && a.Projection == b.Projection && slices.Equal(slices.Sorted(slices.Values(a.Include)), slices.Sorted(slices.Values(b.Include)))
}

// backfill adds the items of the table to a new index.
func (s *Service) backfill(t *Table, index *Index) (count, error) {
	e := effect{changes: []store.Change{s.items.Clear(rowPrefix(t.Name, index.Name))}}
	var n count
	flush := func() error {
		err := s.store.Apply(e.changes...)
		e.changes = nil
		return err
	}
	var failed error
	err := s.items.Ascend(rowPrefix(t.Name, ""), "", func(_ string, raw []byte) bool {
		item, _, err := decodeItem(raw)
		if err == nil {
			err = s.replace(&e, &n, entry{}, t.entry(index, item))
		}
		if err == nil && len(e.changes) >= backfillChunk {
			err = flush()
		}
		failed = err
		return err == nil
	})
	if err == nil {
		err = failed
	}
	if err == nil {
		err = flush()
	}
	return n, err
}
