package dynamodb

import (
	"encoding/binary"
	"fmt"
	"hash/fnv"

	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/store"
)

const (
	maxItem = 400 << 10 // bytes
	maxHash = 2048      // bytes
	maxSort = 1024      // bytes
)

// tablePrefix is what the keys of all items of a table and of its indexes start with, in
// the store, and rowPrefix those of the table, with index "", or of one index.
func tablePrefix(name string) string      { return name + "\x00" }
func rowPrefix(name, index string) string { return name + "\x00" + index + "\x00" }

// collection returns the bytes after rowPrefix with which the keys of all items with one
// partition key begin. As on AWS, a scan returns the partition keys in the order of their
// hashes, and a segment of a parallel scan is a range of these.
func collection(hash attribute.Value) []byte {
	encoded := attribute.AppendKey(nil, hash)
	h := fnv.New32a()
	_, _ = h.Write(encoded) // never fails
	return append(binary.BigEndian.AppendUint32(nil, mix(h.Sum32())), encoded...)
}

// mix spreads the hashes of short keys, of which FNV changes only the lower bits.
//
// https://github.com/aappleby/smhasher/wiki/MurmurHash3
func mix(h uint32) uint32 {
	h ^= h >> 16
	h *= 0x85ebca6b
	h ^= h >> 13
	h *= 0xc2b2ae35
	return h ^ h>>16
}

// itemKey returns the key of an item of a table in the store.
func itemKey(t *Table, item attribute.Item) string {
	return rowPrefix(t.Name, "") + string(primaryKey(t.Key, item))
}

// indexKey returns the key of an item of an index in the store. The table's key is part
// of it, because the keys of an index are not unique.
func indexKey(t *Table, index *Index, item attribute.Item) string {
	return rowPrefix(t.Name, index.Name) + string(append(primaryKey(index.Key, item), primaryKey(t.Key, item)...))
}

func primaryKey(k Schema, item attribute.Item) []byte {
	key := collection(item[k.Hash])
	if k.Sort != "" {
		key = attribute.AppendKey(key, item[k.Sort])
	}
	return key
}

// successor returns the smallest key that is greater than all keys with the prefix. The
// prefix begins with the name of a table, so there is one.
func successor(prefix string) string {
	b := []byte(prefix)
	for b[len(b)-1] == 0xff {
		b = b[:len(b)-1]
	}
	b[len(b)-1]++
	return string(b)
}

// encodeItem returns an item as it is stored: its size, and its JSON.
func encodeItem(item attribute.Item) ([]byte, error) {
	raw, err := item.MarshalJSON()
	if err != nil {
		return nil, err
	}
	return append(binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen32+len(raw)), uint64(item.Size())), raw...), nil
}

// decodeItem returns a stored item and its size.
func decodeItem(stored []byte) (item attribute.Item, size int, err error) {
	n, used := binary.Uvarint(stored)
	if used <= 0 {
		return nil, 0, fmt.Errorf("an item is damaged: %w", store.ErrUnusable)
	}
	if err := item.UnmarshalJSON(stored[used:]); err != nil {
		return nil, 0, fmt.Errorf("an item is damaged: %w: %w", err, store.ErrUnusable)
	}
	return item, int(n), nil
}

// keyOf returns the key attributes of an item.
func keyOf(k Schema, item attribute.Item) attribute.Item {
	key := attribute.Item{}
	for _, name := range k.names() {
		key[name] = item[name]
	}
	return key
}

// checkPrimaryKey validates the key in a request: exactly the key attributes of the table.
func (t *Table) checkPrimaryKey(key attribute.Item) error {
	if len(key) != len(t.Key.names()) {
		return mismatch()
	}
	for _, name := range t.Key.names() {
		if v, ok := key[name]; !ok || v.Type() != t.Attributes[name] {
			return mismatch()
		}
	}
	return t.checkKeyValues(key)
}

func mismatch() error { return invalid("The provided key element does not match the schema") }

// checkKeyValues validates the values of the table's key, which have the right types.
func (t *Table) checkKeyValues(item attribute.Item) error {
	for _, name := range t.Key.names() {
		if kind := emptyKind(item[name]); kind != "" {
			return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", kind, name)
		}
	}
	return checkKeySize(t.Key, item)
}

// checkKeySize validates the size of key attributes.
func checkKeySize(k Schema, item attribute.Item) error {
	if keySize(item[k.Hash]) > maxHash {
		return invalidValue("Size of hashkey has exceeded the maximum size limit of%d bytes", maxHash) // AWS's own spelling
	}
	if keySize(item[k.Sort]) > maxSort {
		return invalidValue("Aggregated size of all range keys has exceeded the size limit of %d bytes", maxSort)
	}
	return nil
}

// keySize returns the size of a value as a key. Numbers are never too large.
func keySize(v attribute.Value) int { return len(v.S()) + len(v.B()) }

// emptyKind returns how DynamoDB calls a value that is too short for a key, or "".
func emptyKind(v attribute.Value) string {
	switch {
	case v.Type() == attribute.S && v.S() == "":
		return "string"
	case v.Type() == attribute.B && len(v.B()) == 0:
		return "binary"
	}
	return ""
}

// checkItem validates an item to put.
func (t *Table) checkItem(item attribute.Item) error {
	for _, name := range t.Key.names() {
		v, ok := item[name]
		if !ok {
			return invalidValue("Missing the key %s in the item", name)
		}
		if want := t.Attributes[name]; v.Type() != want {
			return invalidValue("Type mismatch for key %s expected: %s actual: %s", name, want, v.Type())
		}
	}
	if err := t.checkKeyValues(item); err != nil {
		return err
	}
	return t.checkIndexKeys(item)
}

// checkIndexKeys validates the key attributes of indexes, all of which may be missing.
func (t *Table) checkIndexKeys(item attribute.Item) error {
	for _, index := range t.indexes() {
		for _, name := range index.Key.names() {
			v, ok := item[name]
			if !ok {
				continue
			}
			if want := t.Attributes[name]; v.Type() != want {
				return invalidValue("Type mismatch for Index Key %s Expected: %s Actual: %s IndexName: %s", name, want, v.Type(), index.Name)
			}
			if kind := emptyKind(v); kind != "" {
				return invalid("One or more parameter values are not valid. A value specified for a secondary index key is not supported. "+
					"The AttributeValue for a key attribute cannot contain an empty %s value. IndexName: %s, IndexKey: %s", kind, index.Name, name)
			}
		}
		if err := checkKeySize(index.Key, item); err != nil {
			return err
		}
	}
	return nil
}
