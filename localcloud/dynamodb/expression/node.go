package expression

import (
	"slices"

	"tally/localcloud/dynamodb/attribute"
)

// nodeKind is the kind of a node.
type nodeKind int

const (
	operatorNode nodeKind = iota // AND, OR, NOT, a comparator, BETWEEN, IN, + or -
	callNode                     // a function
	pathNode
	valueNode
)

// node is a part of an expression: an operator or function with its operands, a document
// path, or a value.
type node struct {
	kind nodeKind
	// name is the operator, the function, or the placeholder of a value.
	name string
	args []*node
	// steps is the path as it is written, and path what it stands for.
	steps []token
	path  Path
	value attribute.Value
	// grouped is whether the node is in parentheses.
	grouped bool
}

// walk calls f for n and everything in it, operands first, in the order of the text. It
// stops at the first error.
func (n *node) walk(f func(*node) error) error {
	for _, arg := range n.args {
		if err := arg.walk(f); err != nil {
			return err
		}
	}
	return f(n)
}

// attributes appends the names of the item's attributes that n refers to.
func (n *node) attributes(names []string) []string {
	if n.kind == pathNode {
		return append(names, n.path.Attribute())
	}
	for _, arg := range n.args {
		names = arg.attributes(names)
	}
	return names
}

// sortedNames sorts names and removes duplicates.
func sortedNames(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}

// lookup returns the value of a path or a placeholder, or the zero Value if the item has
// no such path.
func (n *node) lookup(item attribute.Item) attribute.Value {
	if n.kind == valueNode {
		return n.value
	}
	return n.path.lookup(item)
}
