// Package expression parses and evaluates DynamoDB's expressions: conditions, filters, key
// conditions, updates and projections. It has no state and does no I/O. Its errors are
// *cloud.Error with the code ValidationException and DynamoDB's words.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
package expression

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
)

// Kind is the parameter of a request that an expression is the value of.
type Kind string

// The kinds of expressions.
const (
	ConditionExpression    Kind = "ConditionExpression"
	FilterExpression       Kind = "FilterExpression"
	KeyConditionExpression Kind = "KeyConditionExpression"
	ProjectionExpression   Kind = "ProjectionExpression"
	UpdateExpression       Kind = "UpdateExpression"
)

// wrap adds the kind to the message of an error: "Invalid UpdateExpression: …".
func (k Kind) wrap(err error) error {
	return prefix("Invalid "+string(k)+": ", err, "")
}

// prefix adds text to the message of a *cloud.Error, before and after it.
func prefix(before string, err error, after string) error {
	e, ok := errors.AsType[*cloud.Error](err)
	if !ok {
		return err
	}
	wrapped := *e
	wrapped.Message = before + e.Message + after
	return &wrapped
}

// Scope holds what the placeholders of the expressions of one request stand for, and
// records which of them the expressions use. It must not be used concurrently.
type Scope struct {
	// Names is ExpressionAttributeNames: "#name" to the name of an attribute. It is nil
	// if the request has none.
	Names map[string]string
	// Values is ExpressionAttributeValues: ":name" to a value. It is nil if the request
	// has none.
	Values Values

	usedNames, usedValues map[string]bool
}

// Values is ExpressionAttributeValues. Decoded from JSON, it refuses invalid values as
// DynamoDB does, with the key: "ExpressionAttributeValues contains invalid value: … for
// key :x".
type Values map[string]attribute.Value

// UnmarshalJSON decodes a JSON object. JSON's null is nil.
func (v *Values) UnmarshalJSON(data []byte) error {
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(data, &raw); err != nil || raw == nil {
		return err
	}
	*v = Values{}
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		var value attribute.Value
		if err := value.UnmarshalJSON(bytes.TrimSpace(raw[key])); err != nil {
			if cloud.ErrorCode(err) == "ValidationException" {
				err = prefix("ExpressionAttributeValues contains invalid value: ", err, " for key "+key)
			}
			return err
		}
		(*v)[key] = value
	}
	return nil
}

// The limits of placeholders.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters
const (
	maxPlaceholder   = 255
	maxName          = 65535
	maxSubstitutions = 2 << 20
)

// Parameter is an expression parameter of a request. Text is nil if it is absent.
type Parameter struct {
	Kind Kind
	Text *string
}

// Validate checks the placeholders before any expression is parsed: their syntax and
// size, that there are some if the parameter is present, and that an expression that can
// use them is present. Pass all expression parameters that the operation has, in the
// order of DynamoDB's errors: UpdateExpression before ConditionExpression,
// FilterExpression before KeyConditionExpression.
func (s *Scope) Validate(parameters ...Parameter) error {
	if err := s.checkPresence(parameters); err != nil {
		return err
	}
	if err := checkPlaceholders("ExpressionAttributeNames", '#', s.Names); err != nil {
		return err
	}
	if err := checkPlaceholders("ExpressionAttributeValues", ':', s.Values); err != nil {
		return err
	}
	size := 0
	for key, name := range s.Names {
		if len(name) > maxName {
			return invalid("ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than 65536 bytes for key %s", key)
		}
		size += len(key) + len(name)
	}
	for key, value := range s.Values {
		size += len(key) + value.Size()
	}
	if size > maxSubstitutions {
		return invalid("ExpressionAttributeNames and ExpressionAttributeValues exceed the maximum size of 2 MB; size: %d", size)
	}
	return nil
}

// checkPresence checks that there are expressions if there are placeholders.
func (s *Scope) checkPresence(parameters []Parameter) error {
	var withValues []string
	any, anyWithValues := false, false
	for _, p := range parameters {
		any = any || p.Text != nil
		if p.Kind != ProjectionExpression {
			withValues = append(withValues, string(p.Kind))
			anyWithValues = anyWithValues || p.Text != nil
		}
	}
	if s.Names != nil && !any {
		return invalid("ExpressionAttributeNames can only be specified when using expressions")
	}
	if s.Values != nil && !anyWithValues {
		verb := "is"
		if len(withValues) > 1 {
			verb = "are"
		}
		return invalid("ExpressionAttributeValues can only be specified when using expressions: %s %s null", strings.Join(withValues, " and "), verb)
	}
	return nil
}

// checkPlaceholders checks the keys of a parameter.
func checkPlaceholders[V any, M ~map[string]V](parameter string, sigil byte, placeholders M) error {
	if placeholders != nil && len(placeholders) == 0 {
		return invalid("%s must not be empty", parameter)
	}
	for _, key := range slices.Sorted(maps.Keys(placeholders)) {
		switch {
		case len(key) > maxPlaceholder:
			return invalid("%s contains invalid key: The expression attribute map contains a key that is too long; size of key: %d", parameter, len(key))
		case len(key) < 2 || key[0] != sigil || span(key, 1, isWord) != len(key):
			return invalid(`%s contains invalid key: Syntax error; key: "%s"`, parameter, key)
		}
	}
	return nil
}

// name returns the name of the attribute that a placeholder stands for.
func (s *Scope) name(placeholder string) (string, error) {
	name := s.Names[placeholder]
	if name == "" {
		return "", invalid("An expression attribute name used in the document path is not defined; attribute name: %s", placeholder)
	}
	s.usedNames = record(s.usedNames, placeholder)
	return name, nil
}

// value returns the value that a placeholder stands for.
func (s *Scope) value(placeholder string) (attribute.Value, error) {
	value, ok := s.Values[placeholder]
	if !ok {
		return value, invalid("An expression attribute value used in expression is not defined; attribute value: %s", placeholder)
	}
	s.usedValues = record(s.usedValues, placeholder)
	return value, nil
}

func record(used map[string]bool, placeholder string) map[string]bool {
	if used == nil {
		used = map[string]bool{}
	}
	used[placeholder] = true
	return used
}

// Unused returns an error if a name or a value is not used by any of the expressions that
// were parsed in this scope: "Value provided in ExpressionAttributeValues unused in
// expressions: keys: {:x}". Call it after all expressions of the request are parsed.
func (s *Scope) Unused() error {
	if err := checkUsed("ExpressionAttributeNames", s.Names, s.usedNames); err != nil {
		return err
	}
	return checkUsed("ExpressionAttributeValues", s.Values, s.usedValues)
}

func checkUsed[V any, M ~map[string]V](parameter string, placeholders M, used map[string]bool) error {
	unused := slices.DeleteFunc(slices.Sorted(maps.Keys(placeholders)), func(key string) bool { return used[key] })
	if len(unused) == 0 {
		return nil
	}
	return invalid("Value provided in %s unused in expressions: keys: {%s}", parameter, strings.Join(unused, ", "))
}
