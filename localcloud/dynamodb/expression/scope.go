// Package expression parses and evaluates DynamoDB's expressions: conditions, filters, key
// conditions, updates and projections. It has no state and does no I/O. Its errors are
// *cloud.Error with the code ValidationException and DynamoDB's words.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
package expression

import (
	"errors"

	"tally/localcloud/dynamodb/attribute"
)

// Scope holds what the placeholders of the expressions of one request stand for, and
// records which of them the expressions use. It must not be used concurrently.
type Scope struct {
	// Names is ExpressionAttributeNames: "#name" to the name of an attribute.
	Names map[string]string
	// Values is ExpressionAttributeValues: ":name" to a value.
	Values Values

	usedNames, usedValues map[string]bool
}

// Values is ExpressionAttributeValues. Decoded from JSON, it refuses invalid values as
// DynamoDB does, with the key: "ExpressionAttributeValues contains invalid value: … for
// key :x".
type Values map[string]attribute.Value

// Validate checks the placeholders, before any expression is parsed: their syntax, their
// size of at most 2 MB together, and that they are not empty if they are present. Pass
// whether the request has any expression: without one, no placeholders may be specified.
func (s *Scope) Validate(hasExpression bool) error { return errors.ErrUnsupported }

// Unused returns an error if a value or a name is not used by any of the expressions that
// were parsed in this scope: "Value provided in ExpressionAttributeValues unused in
// expressions: keys: {:x}". Call it after all expressions of the request are parsed.
func (s *Scope) Unused() error { return errors.ErrUnsupported }
