package expression

import (
	"bytes"
	"maps"
	"slices"

	"tally/localcloud/dynamodb/attribute"
)

// maxDepth is the number of levels of a value of an item.
const maxDepth = 32

// Apply returns old with the changes of the update. Operands refer to old, and old is not
// modified, but shares values with updated. An item that does not exist is nil; updated
// then lacks the key, and is nil if no item is to be created. touched are the paths that
// the update sets or removes. [NewProjection] of them selects UPDATED_OLD from old, and
// UPDATED_NEW from updated, including DynamoDB's peculiarities: an element set beyond the
// end of a list is not returned, and instead of a removed one the next is.
func (u *Update) Apply(old attribute.Item) (updated attribute.Item, touched []Path, err error) {
	if u == nil || old == nil && !u.creates() {
		return old, u.Paths(), nil
	}
	edits := &tree[edit]{}
	for _, a := range u.actions {
		e, err := a.edit(old)
		if err != nil {
			return nil, nil, err
		}
		if !e.value.IsZero() && len(a.target.path)-1+e.value.Depth() > maxDepth {
			return nil, nil, invalid("Nesting Levels have exceeded supported limits")
		}
		edits.insert(a.target.path, e)
	}
	updated, err = editMap(old, edits)
	return updated, u.Paths(), err
}

// edit returns what an action does to its path.
func (a action) edit(old attribute.Item) (edit, error) {
	if a.clause == "REMOVE" {
		return edit{}, nil
	}
	value, err := a.value.compute(old)
	if err != nil || a.clause == "SET" {
		return edit{value}, err
	}
	existing := a.target.lookup(old)
	switch {
	case existing.IsZero() && a.clause == "ADD":
		return edit{value}, nil
	case existing.IsZero():
		return edit{}, nil
	case existing.Type() != value.Type():
		return edit{}, errType()
	case a.clause == "DELETE":
		return edit{difference(existing, value)}, nil
	case value.Type() == attribute.N:
		sum, err := existing.N().Add(value.N())
		return edit{attribute.Num(sum)}, err
	}
	return edit{union(existing, value)}, nil
}

func errType() error {
	return invalid("An operand in the update expression has an incorrect data type")
}

func errPath() error {
	return invalid("The document path provided in the update expression is invalid for update")
}

// compute returns the value of an operand.
func (n *node) compute(item attribute.Item) (attribute.Value, error) {
	switch n.name {
	case "if_not_exists":
		if v := n.args[0].lookup(item); !v.IsZero() {
			return v, nil
		}
		return n.args[1].compute(item)
	case "list_append", "+", "-":
		return n.combine(item)
	}
	v := n.lookup(item)
	if v.IsZero() {
		return v, invalid("The provided expression refers to an attribute that does not exist in the item")
	}
	return v, nil
}

// combine returns the result of list_append, + or -.
func (n *node) combine(item attribute.Item) (v attribute.Value, err error) {
	first, err := n.args[0].compute(item)
	if err != nil {
		return v, err
	}
	second, err := n.args[1].compute(item)
	if err != nil {
		return v, err
	}
	want := attribute.N
	if n.name == "list_append" {
		want = attribute.L
	}
	if first.Type() != want || second.Type() != want {
		return v, errType()
	}
	var result attribute.Number
	switch n.name {
	case "list_append":
		return attribute.List(slices.Concat(first.L(), second.L())...), nil
	case "+":
		result, err = first.N().Add(second.N())
	case "-":
		result, err = first.N().Sub(second.N())
	}
	return attribute.Num(result), err
}

// union returns the elements of two sets of the same type.
func union(v, w attribute.Value) attribute.Value {
	rest := difference(w, v)
	switch v.Type() {
	case attribute.SS:
		return attribute.Strings(slices.Concat(v.SS(), rest.SS())...)
	case attribute.NS:
		return attribute.Numbers(slices.Concat(v.NS(), rest.NS())...)
	}
	return attribute.Binaries(slices.Concat(v.BS(), rest.BS())...)
}

// difference returns the elements of v that w has not, or the zero Value if there are
// none.
func difference(v, w attribute.Value) attribute.Value {
	var rest attribute.Value
	switch v.Type() {
	case attribute.SS:
		if left := without(v.SS(), func(s string) bool { return slices.Contains(w.SS(), s) }); len(left) > 0 {
			rest = attribute.Strings(left...)
		}
	case attribute.NS:
		if left := without(v.NS(), func(n attribute.Number) bool { return slices.Contains(w.NS(), n) }); len(left) > 0 {
			rest = attribute.Numbers(left...)
		}
	case attribute.BS:
		in := func(b []byte) bool {
			return slices.ContainsFunc(w.BS(), func(each []byte) bool { return bytes.Equal(b, each) })
		}
		if left := without(v.BS(), in); len(left) > 0 {
			rest = attribute.Binaries(left...)
		}
	}
	return rest
}

func without[E any](set []E, in func(E) bool) []E { return slices.DeleteFunc(slices.Clone(set), in) }

// editValue returns v with the edits below it.
func editValue(v attribute.Value, edits *tree[edit]) (attribute.Value, error) {
	switch {
	case edits.leaf != nil:
		return edits.leaf.value, nil
	case edits.fields != nil && v.Type() == attribute.M:
		m, err := editMap(v.M(), edits)
		return attribute.Map(m), err
	case edits.elements != nil && v.Type() == attribute.L:
		l, err := editList(v.L(), edits)
		return attribute.List(l...), err
	}
	return attribute.Value{}, errPath()
}

func editMap(m attribute.Item, edits *tree[edit]) (attribute.Item, error) {
	edited := maps.Clone(m)
	if edited == nil {
		edited = attribute.Item{}
	}
	for name, child := range edits.fields {
		v, err := editValue(m[name], child)
		if err != nil {
			return nil, err
		}
		if v.IsZero() {
			delete(edited, name)
		} else {
			edited[name] = v
		}
	}
	return edited, nil
}

// editList edits elements of a list. Indexes are those before the update; elements set
// beyond the end are appended in the order of their indexes.
func editList(l []attribute.Value, edits *tree[edit]) ([]attribute.Value, error) {
	edited := slices.Clone(l)
	for _, index := range edits.indexes() {
		var v attribute.Value
		if index < len(l) {
			v = l[index]
		}
		v, err := editValue(v, edits.elements[index])
		if err != nil {
			return nil, err
		}
		if index < len(l) {
			edited[index] = v
		} else {
			edited = append(edited, v)
		}
	}
	return slices.DeleteFunc(edited, attribute.Value.IsZero), nil
}
