package expression

import (
	"maps"
	"slices"
)

// tree holds a T for each of several paths that do not overlap.
type tree[T any] struct {
	leaf     *T // nil unless a path ends here
	fields   map[string]*tree[T]
	elements map[int]*tree[T]
}

// insert adds a path to the tree.
func (t *tree[T]) insert(p Path, leaf T) {
	for _, e := range p {
		if e.isIndex() {
			t = descend(&t.elements, e.Index)
		} else {
			t = descend(&t.fields, e.Name)
		}
	}
	t.leaf = &leaf
}

func descend[K comparable, T any](children *map[K]*tree[T], key K) *tree[T] {
	if *children == nil {
		*children = map[K]*tree[T]{}
	}
	child := (*children)[key]
	if child == nil {
		child = &tree[T]{}
		(*children)[key] = child
	}
	return child
}

// indexes returns the indexes of the elements, sorted.
func (t *tree[T]) indexes() []int { return slices.Sorted(maps.Keys(t.elements)) }
