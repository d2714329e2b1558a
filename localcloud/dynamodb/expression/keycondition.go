package expression

import (
	"slices"

	"tally/localcloud/dynamodb/attribute"
)

// KeyCondition is a parsed key condition expression.
type KeyCondition struct {
	Hash attribute.Value // the value of the partition key
	Sort *SortCondition  // nil if the expression does not restrict the sort key
}

// SortCondition restricts the sort key.
type SortCondition struct {
	// Op is "=", "<", "<=", ">", ">=", "BETWEEN" or "begins_with".
	Op string
	// Values are the operands: two for BETWEEN, lower bound first, and one for the others.
	Values []attribute.Value
}

// ParseKeyCondition parses a key condition expression for a table or an index with the
// partition key hash and the sort key sort, which is "" if there is none. The service
// checks the types of the values against the schema.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Query.KeyConditionExpressions.html
func ParseKeyCondition(text string, scope *Scope, hash, sort string) (KeyCondition, error) {
	root, err := parseCondition(text, scope)
	if err != nil {
		return KeyCondition{}, KeyConditionExpression.wrap(err)
	}
	conditions := map[string]*SortCondition{}
	if err := root.keyConditions(conditions); err != nil {
		return KeyCondition{}, err
	}
	if len(conditions) > 2 {
		return KeyCondition{}, invalid("Conditions can be of length 1 or 2 only")
	}
	partition := conditions[hash]
	switch {
	case partition == nil:
		return KeyCondition{}, errMissing(hash)
	case partition.Op != "=":
		return KeyCondition{}, invalid("Query key condition not supported")
	case len(conditions) == 2 && sort == "":
		return KeyCondition{}, invalid("Query key condition not supported")
	case len(conditions) == 2 && conditions[sort] == nil:
		return KeyCondition{}, errMissing(sort)
	}
	return KeyCondition{Hash: partition.Values[0], Sort: conditions[sort]}, nil
}

func errMissing(key string) error {
	return invalid("Query condition missed key schema element: %s", key)
}

// keyConditions adds the conditions in n, by the name of their attribute.
func (n *node) keyConditions(conditions map[string]*SortCondition) error {
	switch {
	case n.name == "AND":
		for _, arg := range n.args {
			if err := arg.keyConditions(conditions); err != nil {
				return err
			}
		}
		return nil
	case n.name == "size":
		return invalid("KeyConditionExpressions cannot contain nested operations")
	case !slices.Contains(keyOperators, n.name):
		return invalid("Invalid operator used in KeyConditionExpression: %s", n.name)
	case (n.name == "BETWEEN" || n.name == "begins_with") && n.args[0].kind != pathNode:
		return invalid("Invalid condition in KeyConditionExpression: %s operator must have the key attribute as its first operand", n.name)
	}
	key, err := n.key()
	if err != nil {
		return err
	}
	if conditions[key.path.Attribute()] != nil {
		return invalid("KeyConditionExpressions must only contain one condition per key")
	}
	conditions[key.path.Attribute()] = n.sortCondition(key)
	return nil
}

var keyOperators = []string{"=", "<", "<=", ">", ">=", "BETWEEN", "begins_with"}

// key returns the operand of n that is the key; the others are values.
func (n *node) key() (key *node, err error) {
	for _, arg := range n.args {
		switch {
		case arg.kind == callNode:
			return nil, arg.keyConditions(nil)
		case arg.kind == valueNode:
		case key != nil:
			return nil, invalid("Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition")
		case len(arg.path) > 1:
			return nil, invalid("KeyConditionExpressions cannot have conditions on nested attributes")
		default:
			key = arg
		}
	}
	if key == nil {
		return nil, invalid("Invalid condition in KeyConditionExpression: No key attribute specified")
	}
	return key, nil
}

// reversed are the comparators for exchanged operands.
var reversed = map[string]string{"=": "=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}

// sortCondition returns the condition n on its operand key.
func (n *node) sortCondition(key *node) *SortCondition {
	c := &SortCondition{Op: n.name}
	if n.args[0] != key {
		c.Op = reversed[n.name]
	}
	for _, arg := range n.args {
		if arg != key {
			c.Values = append(c.Values, arg.value)
		}
	}
	return c
}

// Match reports whether a sort key satisfies the condition. A nil *SortCondition matches
// every sort key.
func (c *SortCondition) Match(sort attribute.Value) bool {
	switch {
	case c == nil:
		return true
	case c.Op == "BETWEEN":
		return compare(sort, ">=", c.Values[0]) && compare(sort, "<=", c.Values[1])
	case c.Op == "begins_with":
		return hasPrefix(sort, c.Values[0])
	}
	return compare(sort, c.Op, c.Values[0])
}
