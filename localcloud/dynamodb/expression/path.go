package expression

import (
	"strconv"
	"strings"

	"tally/localcloud/dynamodb/attribute"
)

// Path is a document path, such as a.b[3].c. Its first element is the name of an
// attribute of the item.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.Attributes.html
type Path []Element

// Element is a step of a document path: the name of an attribute of a map, or the index
// of an element of a list.
type Element struct {
	Name  string // "" for an index
	Index int
}

// Attribute returns the name of the attribute of the item that the path begins with.
func (p Path) Attribute() string { return p[0].Name }

// String returns the path as DynamoDB's error messages write it: "[a, b, [3], c]".
func (p Path) String() string {
	elements := make([]string, len(p))
	for i, e := range p {
		if elements[i] = e.Name; e.isIndex() {
			elements[i] = "[" + strconv.Itoa(e.Index) + "]"
		}
	}
	return "[" + strings.Join(elements, ", ") + "]"
}

func (e Element) isIndex() bool { return e.Name == "" }

// lookup returns what the path refers to in the item, or the zero Value.
func (p Path) lookup(item attribute.Item) attribute.Value {
	v := attribute.Map(item)
	for _, e := range p {
		if list := v.L(); e.isIndex() && e.Index < len(list) {
			v = list[e.Index]
		} else {
			v = v.M()[e.Name] // no attribute has the name of an index, ""
		}
	}
	return v
}

// checkOverlap returns an error if two of the paths refer to the same value, to a value
// and a part of it, or to both an attribute and an element of the same value.
func checkOverlap(paths []Path) error {
	var conflict error
	for i, p := range paths {
		for _, earlier := range paths[:i] {
			switch relate(earlier, p) {
			case overlapping:
				return pathsError("overlap", earlier, p)
			case conflicting:
				if conflict == nil {
					conflict = pathsError("conflict", earlier, p)
				}
			}
		}
	}
	return conflict
}

func pathsError(relation string, one, two Path) error {
	return invalid("Two document paths %s with each other; must remove or rewrite one of these paths; path one: %s, path two: %s", relation, one, two)
}

// relation is how two paths relate to each other.
type relation int

const (
	separate relation = iota
	overlapping
	conflicting
)

func relate(p, q Path) relation {
	for i := range min(len(p), len(q)) {
		switch {
		case p[i].isIndex() != q[i].isIndex():
			return conflicting
		case p[i] != q[i]:
			return separate
		}
	}
	return overlapping
}
