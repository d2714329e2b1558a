package dynamodb

import (
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/expression"
)

// The values of parameters, in the order in which DynamoDB lists them.
var (
	returnValues     = []string{"ALL_NEW", "UPDATED_OLD", "ALL_OLD", "NONE", "UPDATED_NEW"}
	returnOnFailure  = []string{"ALL_OLD", "NONE"}
	returnCapacity   = []string{"INDEXES", "TOTAL", "NONE"}
	returnCollection = []string{"SIZE", "NONE"}
	selects          = []string{"SPECIFIC_ATTRIBUTES", "COUNT", "ALL_ATTRIBUTES", "ALL_PROJECTED_ATTRIBUTES"}
)

// constraints collects what violates the constraints of a request's members.
type constraints []string

// violated adds a violation of the member at a path: "returnValues".
func (c *constraints) violated(value any, path, rule string, args ...any) {
	*c = append(*c, cloud.Violation(value, path, rule, args...))
}

// enum checks a member that is one of several values, or absent.
func (c *constraints) enum(value, path string, allowed []string) {
	if value != "" && !slices.Contains(allowed, value) {
		c.violated(value, path, "Member must satisfy enum value set: [%s]", strings.Join(allowed, ", "))
	}
}

// required checks a member that must be present.
func (c *constraints) required(present bool, path string) {
	if !present {
		c.violated(nil, path, "Member must not be null")
	}
}

// table checks the name or ARN of a table.
func (c *constraints) table(reference string) {
	c.required(reference != "", "tableName")
	if _, err := cloud.ParseARN(reference); reference == "" || err == nil {
		return
	}
	c.name(reference, "tableName")
}

// name checks the name of a table or index.
func (c *constraints) name(name, path string) {
	if strings.ContainsFunc(name, notInName) {
		c.violated(name, path, "Member must satisfy regular expression pattern: [a-zA-Z0-9_.-]+")
	}
	if len(name) < 3 {
		c.violated(name, path, "Member must have length greater than or equal to 3")
	}
	if len(name) > 255 {
		c.violated(name, path, "Member must have length less than or equal to 255")
	}
}

// atLeast checks a number, or nil if it is absent.
func (c *constraints) atLeast(n *int, low int, path string) {
	if n != nil && *n < low {
		c.violated(*n, path, "Member must have value greater than or equal to %d", low)
	}
}

// atMost checks a number, or nil if it is absent.
func (c *constraints) atMost(n *int, high int, path string) {
	if n != nil && *n > high {
		c.violated(*n, path, "Member must have value less than or equal to %d", high)
	}
}

// err returns a ValidationException with all violations, or nil.
func (c constraints) err() error {
	if len(c) == 0 {
		return nil
	}
	return cloud.Violations("ValidationException", c...)
}

// returns checks the members of writes of one item that say what to return.
func (c *constraints) returns(values, onFailure, capacity, collection string) {
	c.enum(values, "returnValues", returnValues)
	c.enum(onFailure, "returnValuesOnConditionCheckFailure", returnOnFailure)
	c.enum(capacity, "returnConsumedCapacity", returnCapacity)
	c.enum(collection, "returnItemCollectionMetrics", returnCollection)
}

// expressions are the parsed expressions of a request; those that are absent are nil.
type expressions struct {
	condition  *expression.Condition // or filter
	update     *expression.Update
	projection *expression.Projection
	scope      *expression.Scope
}

// parse parses all expressions except key conditions, which depend on the table. If there
// is one, the caller checks for unused placeholders.
func parse(names map[string]string, values expression.Values, parameters ...expression.Parameter) (e expressions, err error) {
	e.scope = &expression.Scope{Names: names, Values: values}
	if err := e.scope.Validate(parameters...); err != nil {
		return e, err
	}
	unfinished := false
	for _, p := range parameters {
		if p.Text == nil {
			continue
		}
		switch p.Kind {
		case expression.UpdateExpression:
			e.update, err = expression.ParseUpdate(*p.Text, e.scope)
		case expression.ProjectionExpression:
			e.projection, err = expression.ParseProjection(*p.Text, e.scope)
		case expression.KeyConditionExpression:
			unfinished = true
		default:
			e.condition, err = expression.ParseCondition(p.Kind, *p.Text, e.scope)
		}
		if err != nil {
			return e, err
		}
	}
	if unfinished {
		return e, nil
	}
	return e, e.scope.Unused()
}

// The parameters of requests.
func condition(text *string) expression.Parameter {
	return expression.Parameter{Kind: expression.ConditionExpression, Text: text}
}
func filter(text *string) expression.Parameter {
	return expression.Parameter{Kind: expression.FilterExpression, Text: text}
}
func update(text *string) expression.Parameter {
	return expression.Parameter{Kind: expression.UpdateExpression, Text: text}
}
func projection(text *string) expression.Parameter {
	return expression.Parameter{Kind: expression.ProjectionExpression, Text: text}
}
func keyCondition(text *string) expression.Parameter {
	return expression.Parameter{Kind: expression.KeyConditionExpression, Text: text}
}

// named returns the names of the attributes that the expressions refer to.
func (e expressions) named() []string {
	return slices.Concat(e.condition.Attributes(), e.update.Attributes(), e.projection.Attributes())
}
