package dynamodb

import (
	"context"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
)

// A read is what a request reads of one item.
type read struct {
	access
	expressions
	key attribute.Item
}

// GetItem returns an item.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_GetItem.html
func (s *Service) GetItem(ctx context.Context, caller cloud.Caller, in GetItemInput) (out GetItemOutput, err error) {
	defer s.measure("GetItem", in.TableName, &err)()
	var c constraints
	c.table(in.TableName)
	c.required(in.Key != nil, "key")
	c.enum(in.ReturnConsumedCapacity, "returnConsumedCapacity", returnCapacity)
	if err := c.err(); err != nil {
		return out, err
	}
	r := read{key: in.Key}
	if r.expressions, err = parse(in.ExpressionAttributeNames, nil, projection(in.ProjectionExpression)); err != nil {
		return out, err
	}
	r.access = access{caller: caller, action: "GetItem", table: in.TableName, keys: []attribute.Item{in.Key},
		attributes: r.named(), selected: r.selects(), capacity: in.ReturnConsumedCapacity}
	t, err := s.permit(ctx, r.access)
	if err != nil {
		return out, err
	}
	row := t.current()
	if err := row.checkPrimaryKey(in.Key); err != nil {
		return out, err
	}
	item, size, err := s.read(itemKey(row, in.Key))
	if err != nil {
		return out, err
	}
	how := consistencyOf(in.ConsistentRead)
	if how == strong {
		if err := s.settle(); err != nil {
			return out, err
		}
	}
	u := usage{table: row, base: float64(how) * float64(readUnits(size))}
	s.reportUsage(u)
	out.Item, out.ConsumedCapacity = r.part(item), u.returned(in.ReturnConsumedCapacity, row.Name, false)
	return out, nil
}

// selects returns the value of dynamodb:Select for a read of single items.
func (r *read) selects() string {
	if r.projection != nil {
		return "SPECIFIC_ATTRIBUTES"
	}
	return "ALL_ATTRIBUTES"
}

// part returns what the request selects of an item, or nil if there is none.
func (r *read) part(item attribute.Item) *attribute.Item {
	if item == nil {
		return nil
	}
	item = r.projection.Project(item)
	return &item
}
