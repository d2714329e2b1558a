package dynamodb

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
)

// TransactGetItem is a read of a transaction.
type TransactGetItem struct{ Get *TransactGet }

// TransactGet reads an item.
type TransactGet struct {
	TableName                string
	Key                      attribute.Item
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
}

// TransactGetItemsInput is the input of [Service.TransactGetItems].
type TransactGetItemsInput struct {
	TransactItems          []TransactGetItem
	ReturnConsumedCapacity string
}

// TransactGetItemsOutput is the output of [Service.TransactGetItems].
type TransactGetItemsOutput struct {
	Responses        []ItemResponse
	ConsumedCapacity []ConsumedCapacity `json:",omitempty"`
}

// ItemResponse is an item of a transaction; Item is nil if there is none.
type ItemResponse struct {
	Item *attribute.Item `json:",omitempty"`
}

// TransactGetItems reads up to 100 items at one moment.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactGetItems.html
func (s *Service) TransactGetItems(ctx context.Context, caller cloud.Caller, in TransactGetItemsInput) (out TransactGetItemsOutput, err error) {
	reads, err := checkTransactGet(in)
	var names []string
	for _, r := range reads {
		names = append(names, r.table)
	}
	slices.Sort(names)
	defer s.measureAll("TransactGetItems", slices.Compact(names), &err)()
	if err != nil {
		return out, err
	}
	var tables []*table
	seen := map[string]bool{}
	for _, r := range reads {
		r.caller = caller
		t, err := s.permit(ctx, r.access)
		if err != nil {
			return out, err
		}
		if err := t.current().checkPrimaryKey(r.key); err != nil {
			return out, err
		}
		id := itemKey(t.current(), r.key)
		if seen[id] {
			return out, invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[id] = true
		tables = append(tables, t)
	}
	return s.readTogether(reads, tables, in.ReturnConsumedCapacity)
}

func checkTransactGet(in TransactGetItemsInput) ([]*read, error) {
	var c constraints
	c.enum(in.ReturnConsumedCapacity, "returnConsumedCapacity", returnCapacity)
	if c.required(in.TransactItems != nil, "transactItems"); in.TransactItems != nil {
		checkTransactionSize(&c, len(in.TransactItems))
	}
	for i, item := range in.TransactItems {
		path := fmt.Sprintf("transactItems.%d.member.get", i+1)
		if c.required(item.Get != nil, path); item.Get == nil {
			continue
		}
		c.table(item.Get.TableName)
		c.required(item.Get.Key != nil, path+".key")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	var reads []*read
	for _, item := range in.TransactItems {
		g := item.Get
		r := &read{key: g.Key}
		var err error
		if r.expressions, err = parse(g.ExpressionAttributeNames, nil, projection(g.ProjectionExpression)); err != nil {
			return nil, err
		}
		r.access = access{action: "GetItem", table: g.TableName, keys: []attribute.Item{g.Key}, attributes: r.named(),
			selected: r.selects(), capacity: in.ReturnConsumedCapacity, enclosing: "TransactGetItems"}
		reads = append(reads, r)
	}
	return reads, nil
}

// readTogether reads items of tables while nobody changes them.
func (s *Service) readTogether(reads []*read, tables []*table, capacity string) (out TransactGetItemsOutput, err error) {
	unlock := lock(tables, false)
	used, bytes := map[string]*usage{}, 0
	for i, r := range reads {
		t := tables[i].row
		item, size, err := s.read(itemKey(t, r.key))
		if bytes += size; err == nil && tables[i].deleted {
			err = notFound()
		} else if err == nil && bytes > maxTransactionBytes {
			err = tooLarge()
		}
		if err != nil {
			unlock()
			return out, err
		}
		out.Responses = append(out.Responses, ItemResponse{r.part(item)})
		if used[t.Name] == nil {
			used[t.Name] = &usage{table: t}
		}
		used[t.Name].base += float64(transactional) * float64(readUnits(size))
	}
	unlock()
	for _, name := range slices.Sorted(maps.Keys(used)) {
		s.reportUsage(*used[name])
		if c := used[name].returned(capacity, name, true); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, *c)
		}
	}
	return out, s.settle()
}
