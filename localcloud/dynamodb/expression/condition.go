package expression

import (
	"errors"

	"tally/localcloud/dynamodb/attribute"
)

// Kind is the parameter that an expression is the value of, for error messages.
type Kind string

// The kinds of conditions.
const (
	ConditionExpression Kind = "ConditionExpression"
	FilterExpression    Kind = "FilterExpression"
)

// Condition is a parsed condition or filter expression. A nil *Condition matches every
// item.
type Condition struct{}

// ParseCondition parses a condition or filter expression.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.OperatorsAndFunctions.html
func ParseCondition(kind Kind, text string, scope *Scope) (*Condition, error) {
	return nil, errors.ErrUnsupported
}

// Match reports whether the item satisfies the condition. An item that does not exist is
// nil.
func (c *Condition) Match(item attribute.Item) (bool, error) { return false, errors.ErrUnsupported }

// Attributes returns the names of the item's attributes that the condition refers to,
// sorted and distinct.
func (c *Condition) Attributes() []string { return nil }
