package dynamodb

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

// A write is what a request does to one item.
type write struct {
	access
	expressions
	item   attribute.Item // to put; nil for other writes
	key    attribute.Item // of the item to update, delete or check
	delete bool
	check  bool // only checks the condition
	onFail string
}

// updated returns the item after the write, nil if there is none then. old is the item
// before, or nil. touched are the paths that an update changed.
func (w *write) updated(t *Table, old attribute.Item) (updated attribute.Item, touched []expression.Path, err error) {
	switch {
	case w.check:
		return old, nil, nil
	case w.delete:
		return nil, nil, nil
	case w.item != nil:
		return w.item, nil, nil
	case w.update == nil && old == nil:
		return w.key, nil, nil
	}
	if updated, touched, err = w.update.Apply(old); err != nil || updated == nil {
		return nil, nil, err
	}
	for name, v := range w.key { // which an item that is new lacks
		updated[name] = v
	}
	if err := t.checkIndexKeys(updated); err != nil {
		return nil, nil, err
	}
	if updated.Size() > maxItem {
		return nil, nil, invalid("Item size to update has exceeded the maximum allowed size")
	}
	return updated, touched, nil
}

// validate checks the write against the schema of the table.
func (w *write) validate(t *Table) error {
	if w.item != nil {
		if err := t.checkItem(w.item); err != nil {
			return err
		}
		if w.item.Size() > maxItem {
			return invalid("Item size has exceeded the maximum allowed size")
		}
		return nil
	}
	if err := t.checkPrimaryKey(w.key); err != nil {
		return err
	}
	if w.update == nil {
		return nil
	}
	for _, path := range w.update.Paths() {
		if slices.Contains(t.Key.names(), path.Attribute()) {
			return invalidValue("Cannot update attribute %s. This attribute is part of the key", path.Attribute())
		}
	}
	return nil
}

// id returns the key of the item in the store.
func (w *write) id(t *Table) string {
	if w.item != nil {
		return itemKey(t, w.item)
	}
	return itemKey(t, w.key)
}

// result is what a write did.
type result struct {
	transition
	touched []expression.Path
	effect  *effect
	table   *Table
}

// run makes one write and returns once it is on disk.
func (s *Service) run(ctx context.Context, w *write) (result, error) {
	t, err := s.permit(ctx, w.access)
	if err != nil {
		return result{}, err
	}
	r, err := s.change(t, w)
	if err != nil && cloud.ErrorCode(err) != conditionFailed {
		return result{}, err
	}
	if sync := s.settle(); sync != nil {
		return result{}, sync
	}
	return r, err
}

// change makes one write.
func (s *Service) change(t *table, w *write) (result, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.deleted {
		return result{}, notFound()
	}
	if err := w.validate(t.row); err != nil {
		return result{}, err
	}
	r := result{table: t.row, effect: s.begin(t.row)}
	if err := s.try(t.row, w, &r); err != nil {
		return result{}, err
	}
	return r, s.apply(s.finish(t.row, r.effect))
}

// try plans a valid write in the effect of r, without making it. It fails if the condition
// does not hold.
func (s *Service) try(t *Table, w *write, r *result) error {
	old, _, err := s.read(w.id(t))
	if err != nil {
		return err
	}
	if !w.condition.Match(old) {
		return failedCondition(w.onFail, old)
	}
	updated, touched, err := w.updated(t, old)
	if err != nil {
		return err
	}
	r.transition, r.touched = transition{old, updated}, touched
	return s.plan(t, r.effect, r.transition)
}

// read returns the item with a key of the store and its size, or nil.
func (s *Service) read(id string) (attribute.Item, int, error) {
	raw, err := s.items.Get(id)
	if err != nil || raw == nil {
		return nil, 0, err
	}
	return decodeItem(raw)
}

const conditionFailed = "ConditionalCheckFailedException"

// failedCondition returns the error for a condition that does not hold, with the item if
// the request asks for it with ReturnValuesOnConditionCheckFailure.
func failedCondition(onFail string, old attribute.Item) error {
	e := refusal(conditionFailed, "The conditional request failed")
	if onFail == "ALL_OLD" && old != nil {
		raw, err := json.Marshal(old)
		if err != nil {
			return err
		}
		e.Fields = map[string]any{"Item": json.RawMessage(raw)}
	}
	return e
}

// PutItem adds or replaces an item.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html
func (s *Service) PutItem(ctx context.Context, caller cloud.Caller, in PutItemInput) (WriteOutput, error) {
	return s.writeItem(ctx, caller, request{
		operation: "PutItem", table: in.TableName, write: write{item: in.Item}, subject: in.Item, parameter: "item",
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues, texts: []expression.Parameter{condition(in.ConditionExpression)},
		onlyOld: true, returns: in.ReturnValues, onFail: in.ReturnValuesOnConditionCheckFailure,
		capacity: in.ReturnConsumedCapacity, collection: in.ReturnItemCollectionMetrics,
	})
}

// DeleteItem removes an item, if it exists.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
func (s *Service) DeleteItem(ctx context.Context, caller cloud.Caller, in DeleteItemInput) (WriteOutput, error) {
	return s.writeItem(ctx, caller, request{
		operation: "DeleteItem", table: in.TableName, write: write{key: in.Key, delete: true}, subject: in.Key, parameter: "key",
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues, texts: []expression.Parameter{condition(in.ConditionExpression)},
		onlyOld: true, returns: in.ReturnValues, onFail: in.ReturnValuesOnConditionCheckFailure,
		capacity: in.ReturnConsumedCapacity, collection: in.ReturnItemCollectionMetrics,
	})
}

// UpdateItem changes an item, or adds it with its key.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
func (s *Service) UpdateItem(ctx context.Context, caller cloud.Caller, in UpdateItemInput) (WriteOutput, error) {
	return s.writeItem(ctx, caller, request{
		operation: "UpdateItem", table: in.TableName, write: write{key: in.Key}, subject: in.Key, parameter: "key",
		names: in.ExpressionAttributeNames, values: in.ExpressionAttributeValues,
		texts:   []expression.Parameter{update(in.UpdateExpression), condition(in.ConditionExpression)},
		returns: in.ReturnValues, onFail: in.ReturnValuesOnConditionCheckFailure,
		capacity: in.ReturnConsumedCapacity, collection: in.ReturnItemCollectionMetrics,
	})
}

// A request is for one write. It has what the operations that write one item share.
type request struct {
	write
	operation, table string
	subject          attribute.Item // the item, or its key
	parameter        string         // the subject's: "item" or "key"
	names            map[string]string
	values           expression.Values
	texts            []expression.Parameter
	onlyOld          bool // the operation returns nothing new
	returns, onFail  string
	capacity         string
	collection       string
}

func (s *Service) writeItem(ctx context.Context, caller cloud.Caller, in request) (out WriteOutput, err error) {
	defer s.measure(in.operation, in.table, &err)()
	var c constraints
	c.table(in.table)
	c.required(in.subject != nil, in.parameter)
	c.returns(in.returns, in.onFail, in.capacity, in.collection)
	if err := c.err(); err != nil {
		return out, err
	}
	if in.onlyOld && in.returns != "" && in.returns != "NONE" && in.returns != "ALL_OLD" {
		return out, invalid("ReturnValues can only be ALL_OLD or NONE")
	}
	w := &in.write
	w.onFail = in.onFail
	if w.expressions, err = parse(in.names, in.values, in.texts...); err != nil {
		return out, err
	}
	w.access = access{caller: caller, action: in.operation, table: in.table, keys: []attribute.Item{in.subject},
		attributes: w.named(), returns: cmp.Or(in.returns, "NONE"), capacity: in.capacity}
	r, err := s.run(ctx, w)
	if err != nil {
		return out, err
	}
	return s.written(r, in.returns, in.capacity, in.collection), nil
}

// written reports the result of a write as the request asks for it.
func (s *Service) written(r result, values, capacity, collection string) (out WriteOutput) {
	switch values {
	case "ALL_OLD":
		out.Attributes = r.old
	case "ALL_NEW":
		out.Attributes = r.transition.updated
	case "UPDATED_OLD":
		out.Attributes = expression.NewProjection(r.touched).Project(r.old)
	case "UPDATED_NEW":
		out.Attributes = expression.NewProjection(r.touched).Project(r.transition.updated)
	}
	u := r.effect.used(r.table, 1)
	s.reportUsage(u)
	out.ConsumedCapacity = u.returned(capacity, r.table.Name, false)
	if collection == "SIZE" {
		out.ItemCollectionMetrics = r.collection()
	}
	return out
}

// collection returns the metrics of the item's collection, or nil if the table has no
// local index. The estimate of its size is always below 1 GB.
func (r result) collection() *ItemCollectionMetrics {
	if len(r.table.Local) == 0 {
		return nil
	}
	item := r.old
	if item == nil {
		item = r.transition.updated
	}
	if item == nil {
		return nil
	}
	return &ItemCollectionMetrics{ItemCollectionKey: keyOf(Schema{Hash: r.table.Key.Hash}, item), SizeEstimateRangeGB: [2]float64{0, 1}}
}

// addCollection adds the metrics of a collection, if there are any, to those of its table,
// which have each collection once.
func addCollection(all map[string][]ItemCollectionMetrics, table string, m *ItemCollectionMetrics) map[string][]ItemCollectionMetrics {
	same := func(other ItemCollectionMetrics) bool { return other.ItemCollectionKey.Equal(m.ItemCollectionKey) }
	if m == nil || slices.ContainsFunc(all[table], same) {
		return all
	}
	if all == nil {
		all = map[string][]ItemCollectionMetrics{}
	}
	all[table] = append(all[table], *m)
	return all
}
