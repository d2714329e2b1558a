package dynamodb

import (
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
	matches, err := w.condition.Match(old)
	if err != nil {
		return err
	}
	if !matches {
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
func (s *Service) PutItem(ctx context.Context, caller cloud.Caller, in PutItemInput) (out WriteOutput, err error) {
	defer s.measure("PutItem", in.TableName, &err)()
	var c constraints
	c.table(in.TableName)
	c.required(in.Item != nil, "item")
	c.returns(in.ReturnValues, in.ReturnValuesOnConditionCheckFailure, in.ReturnConsumedCapacity, in.ReturnItemCollectionMetrics)
	if err := c.err(); err != nil {
		return out, err
	}
	if err := onlyOld(in.ReturnValues); err != nil {
		return out, err
	}
	w := write{item: in.Item, onFail: in.ReturnValuesOnConditionCheckFailure}
	if w.expressions, err = parse(in.ExpressionAttributeNames, in.ExpressionAttributeValues, condition(in.ConditionExpression)); err != nil {
		return out, err
	}
	w.access = access{caller: caller, action: "PutItem", table: in.TableName, keys: []attribute.Item{in.Item},
		attributes: w.named(), returns: orDefault(in.ReturnValues, "NONE"), capacity: in.ReturnConsumedCapacity}
	r, err := s.run(ctx, &w)
	if err != nil {
		return out, err
	}
	return s.written(r, in.ReturnValues, in.ReturnConsumedCapacity, in.ReturnItemCollectionMetrics), nil
}

// onlyOld checks ReturnValues of an operation that returns nothing new.
func onlyOld(values string) error {
	if values != "" && values != "NONE" && values != "ALL_OLD" {
		return invalid("ReturnValues can only be ALL_OLD or NONE")
	}
	return nil
}

// DeleteItem removes an item, if it exists.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DeleteItem.html
func (s *Service) DeleteItem(ctx context.Context, caller cloud.Caller, in DeleteItemInput) (out WriteOutput, err error) {
	defer s.measure("DeleteItem", in.TableName, &err)()
	var c constraints
	c.table(in.TableName)
	c.required(in.Key != nil, "key")
	c.returns(in.ReturnValues, in.ReturnValuesOnConditionCheckFailure, in.ReturnConsumedCapacity, in.ReturnItemCollectionMetrics)
	if err := c.err(); err != nil {
		return out, err
	}
	if err := onlyOld(in.ReturnValues); err != nil {
		return out, err
	}
	w := write{key: in.Key, delete: true, onFail: in.ReturnValuesOnConditionCheckFailure}
	if w.expressions, err = parse(in.ExpressionAttributeNames, in.ExpressionAttributeValues, condition(in.ConditionExpression)); err != nil {
		return out, err
	}
	w.access = access{caller: caller, action: "DeleteItem", table: in.TableName, keys: []attribute.Item{in.Key},
		attributes: w.named(), returns: orDefault(in.ReturnValues, "NONE"), capacity: in.ReturnConsumedCapacity}
	r, err := s.run(ctx, &w)
	if err != nil {
		return out, err
	}
	return s.written(r, in.ReturnValues, in.ReturnConsumedCapacity, in.ReturnItemCollectionMetrics), nil
}

// UpdateItem changes an item, or adds it with its key.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateItem.html
func (s *Service) UpdateItem(ctx context.Context, caller cloud.Caller, in UpdateItemInput) (out WriteOutput, err error) {
	defer s.measure("UpdateItem", in.TableName, &err)()
	var c constraints
	c.table(in.TableName)
	c.required(in.Key != nil, "key")
	c.returns(in.ReturnValues, in.ReturnValuesOnConditionCheckFailure, in.ReturnConsumedCapacity, in.ReturnItemCollectionMetrics)
	if err := c.err(); err != nil {
		return out, err
	}
	w := write{key: in.Key, onFail: in.ReturnValuesOnConditionCheckFailure}
	if w.expressions, err = parse(in.ExpressionAttributeNames, in.ExpressionAttributeValues,
		update(in.UpdateExpression), condition(in.ConditionExpression)); err != nil {
		return out, err
	}
	w.access = access{caller: caller, action: "UpdateItem", table: in.TableName, keys: []attribute.Item{in.Key},
		attributes: w.named(), returns: orDefault(in.ReturnValues, "NONE"), capacity: in.ReturnConsumedCapacity}
	r, err := s.run(ctx, &w)
	if err != nil {
		return out, err
	}
	return s.written(r, in.ReturnValues, in.ReturnConsumedCapacity, in.ReturnItemCollectionMetrics), nil
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
