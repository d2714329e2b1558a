package expression

import (
	"errors"

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
	return KeyCondition{}, errors.ErrUnsupported
}

// Match reports whether a sort key satisfies the condition. A nil *SortCondition matches
// every sort key.
func (c *SortCondition) Match(sort attribute.Value) bool { return false }
