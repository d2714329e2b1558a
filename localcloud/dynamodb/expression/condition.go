package expression

import (
	"bytes"
	"slices"
	"strings"
	"unicode/utf16"

	"tally/localcloud/dynamodb/attribute"
)

// Condition is a parsed condition or filter expression. A nil *Condition matches every
// item.
type Condition struct{ root *node }

// ParseCondition parses a condition or filter expression.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
func ParseCondition(kind Kind, text string, scope *Scope) (*Condition, error) {
	root, err := parseCondition(text, scope)
	if err != nil {
		return nil, kind.wrap(err)
	}
	return &Condition{root: root}, nil
}

// Match reports whether the item satisfies the condition. An item that does not exist is
// nil. Operands that are missing or have a wrong type do not satisfy it; those whose type
// does not depend on the item, [ParseCondition] refused.
func (c *Condition) Match(item attribute.Item) bool { return c == nil || c.root.match(item) }

// Attributes returns the names of the item's attributes that the condition refers to,
// sorted and distinct.
func (c *Condition) Attributes() []string {
	if c == nil {
		return nil
	}
	return sortedNames(c.root.attributes(nil))
}

// match reports whether the item satisfies n, which is a condition.
func (n *node) match(item attribute.Item) bool {
	switch n.name {
	case "AND":
		return n.args[0].match(item) && n.args[1].match(item)
	case "OR":
		return n.args[0].match(item) || n.args[1].match(item)
	case "NOT":
		return !n.args[0].match(item)
	case "attribute_exists":
		return !n.args[0].lookup(item).IsZero()
	case "attribute_not_exists":
		return n.args[0].lookup(item).IsZero()
	}
	first, second := n.args[0].evaluate(item), n.args[1].evaluate(item)
	switch n.name {
	case "=":
		return equal(first, second)
	case "<>":
		return !equal(first, second)
	case "attribute_type":
		return string(first.Type()) == second.S()
	case "begins_with":
		return hasPrefix(first, second)
	case "contains":
		return includes(first, second)
	case "IN":
		return slices.ContainsFunc(n.args[1:], func(arg *node) bool { return equal(first, arg.evaluate(item)) })
	case "BETWEEN":
		return compare(first, ">=", second) && compare(first, "<=", n.args[2].evaluate(item))
	}
	return compare(first, n.name, second)
}

// evaluate returns the value of an operand, or the zero Value if it has none.
func (n *node) evaluate(item attribute.Item) attribute.Value {
	if n.kind != callNode {
		return n.lookup(item)
	}
	return size(n.args[0].evaluate(item))
}

// equal reports whether both values exist and are equal.
func equal(v, w attribute.Value) bool { return !v.IsZero() && v.Equal(w) }

// compare reports whether the comparator holds. It does not if the types differ or have
// no order.
func compare(v attribute.Value, comparator string, w attribute.Value) bool {
	order, ok := v.Compare(w)
	if !ok {
		return false
	}
	switch comparator {
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	case ">=":
		return order >= 0
	}
	return order == 0
}

func hasPrefix(v, prefix attribute.Value) bool {
	switch {
	case v.Type() != prefix.Type():
		return false
	case v.Type() == attribute.S:
		return strings.HasPrefix(v.S(), prefix.S())
	}
	return v.Type() == attribute.B && bytes.HasPrefix(v.B(), prefix.B())
}

// includes reports whether w is a substring of v, or an element of it.
func includes(v, w attribute.Value) bool {
	switch t := w.Type(); v.Type() {
	case attribute.S:
		return t == attribute.S && strings.Contains(v.S(), w.S())
	case attribute.B:
		return t == attribute.B && bytes.Contains(v.B(), w.B())
	case attribute.SS:
		return t == attribute.S && slices.Contains(v.SS(), w.S())
	case attribute.NS:
		return t == attribute.N && slices.Contains(v.NS(), w.N())
	case attribute.BS:
		return t == attribute.B && slices.ContainsFunc(v.BS(), func(b []byte) bool { return bytes.Equal(b, w.B()) })
	}
	return slices.ContainsFunc(v.L(), func(e attribute.Value) bool { return equal(e, w) })
}

// size returns the size of v: the UTF-16 code units of a string, the bytes of a binary
// value, or the number of elements. Other values have none.
func size(v attribute.Value) attribute.Value {
	length := 0
	switch v.Type() {
	case attribute.S:
		for _, r := range v.S() {
			length += utf16.RuneLen(r)
		}
	case attribute.B:
		length = len(v.B())
	case attribute.M:
		length = len(v.M())
	case attribute.L:
		length = len(v.L())
	case attribute.SS, attribute.NS, attribute.BS:
		length = len(v.SS()) + len(v.NS()) + len(v.BS()) // one of them
	default:
		return attribute.Value{}
	}
	return attribute.Int(int64(length))
}
