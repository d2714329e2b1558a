package dynamodb

import (
	"context"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

// Query returns the items with one partition key, in the order of their sort keys.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Query.html
func (s *Service) Query(ctx context.Context, caller cloud.Caller, in QueryInput) (out PageOutput, err error) {
	defer s.measure("Query", in.TableName, &err)()
	p := page{
		operation: "Query", consistency: consistencyOf(in.ConsistentRead), limit: in.Limit, selected: in.Select,
		start: in.ExclusiveStartKey, descending: in.ScanIndexForward != nil && !*in.ScanIndexForward,
	}
	c := p.constraints(in.TableName, in.IndexName, in.ReturnConsumedCapacity)
	if err := c.err(); err != nil {
		return out, err
	}
	if in.KeyConditionExpression == nil {
		return out, invalid("Either the KeyConditions or KeyConditionExpression parameter must be specified in the request.")
	}
	if p.expressions, err = parse(in.ExpressionAttributeNames, in.ExpressionAttributeValues,
		filter(in.FilterExpression), keyCondition(in.KeyConditionExpression), projection(in.ProjectionExpression)); err != nil {
		return out, err
	}
	condition, t, err := s.permitQuery(ctx, &p, in, caller)
	if err != nil {
		return out, err
	}
	if err := p.bind(t); err != nil {
		return out, err
	}
	if err := p.between(condition); err != nil {
		return out, err
	}
	return s.page(&p, in.ReturnConsumedCapacity)
}

// permitQuery authorizes a query. Its key condition depends on the table's schema, and the
// permission on the key condition.
func (s *Service) permitQuery(ctx context.Context, p *page, in QueryInput, caller cloud.Caller) (condition expression.KeyCondition, t *table, err error) {
	a := p.access(caller, "Query", in.TableName, in.ReturnConsumedCapacity)
	if t = s.table(in.TableName); t == nil {
		_, err = s.permit(ctx, a)
		return condition, nil, err
	}
	schema, known := t.current().schema(p.index)
	if !known { // an error of the caller, if it may query
		_, err = s.permit(ctx, a)
		return condition, t, err
	}
	if condition, err = expression.ParseKeyCondition(*in.KeyConditionExpression, p.scope, schema.Hash, schema.Sort); err != nil {
		return condition, nil, err
	}
	if err := p.scope.Unused(); err != nil {
		return condition, nil, err
	}
	a.attributes = append(a.attributes, schema.Hash)
	if condition.Sort != nil {
		a.attributes = append(a.attributes, schema.Sort)
	}
	a.hash = condition.Hash
	t, err = s.permit(ctx, a)
	return condition, t, err
}

// schema returns the keys of the table or, if it is not "", of an index, and whether that
// exists.
func (t *Table) schema(index string) (Schema, bool) {
	if index == "" {
		return t.Key, true
	}
	i, _ := t.index(index)
	if i == nil {
		return Schema{}, false
	}
	return i.Key, true
}

// between restricts a page to the keys that satisfy a condition.
func (p *page) between(c expression.KeyCondition) error {
	mismatch := invalidValue("Condition parameter type does not match schema type")
	if c.Hash.Type() != p.row.Attributes[p.schema.Hash] {
		return mismatch
	}
	if kind := emptyKind(c.Hash); kind != "" {
		return invalid("One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty %s value. Key: %s", kind, p.schema.Hash)
	}
	prefix := rowPrefix(p.row.Name, p.index) + string(collection(c.Hash))
	p.from, p.to = prefix, successor(prefix)
	if c.Sort != nil {
		for _, v := range c.Sort.Values {
			if v.Type() != p.row.Attributes[p.schema.Sort] {
				return mismatch
			}
		}
		p.restrict(prefix, *c.Sort)
	}
	if p.start == nil {
		return nil
	}
	if !p.start[p.schema.Hash].Equal(c.Hash) {
		return invalid("The provided starting key is outside query boundaries based on provided conditions")
	}
	if c.Sort != nil && !c.Sort.Match(p.start[p.schema.Sort]) {
		return invalid("The provided starting key does not match the range key predicate")
	}
	return nil
}

// restrict sets the range of keys with a prefix whose sort keys satisfy a condition.
func (p *page) restrict(prefix string, c expression.SortCondition) {
	at := func(v attribute.Value) string { return prefix + string(attribute.AppendKey(nil, v)) }
	first := at(c.Values[0])
	switch c.Op {
	case "=":
		p.from, p.to = first, successor(first)
	case "<":
		p.to = first
	case "<=":
		p.to = successor(first)
	case ">":
		p.from = successor(first)
	case ">=":
		p.from = first
	case "BETWEEN":
		p.from, p.to = first, successor(at(c.Values[1]))
	case "begins_with":
		p.from = prefix + string(attribute.AppendKeyPrefix(nil, c.Values[0]))
		p.to = successor(p.from)
	}
}
