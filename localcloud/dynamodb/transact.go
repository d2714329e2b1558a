package dynamodb

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
	"tally/localcloud/store"
)

const (
	maxTransaction      = 100     // items
	maxTransactionBytes = 4 << 20 // of all items together
)

// TransactWriteItem is a write of a transaction: exactly one of the four.
type TransactWriteItem struct {
	ConditionCheck *TransactWrite
	Put            *TransactPut
	Delete         *TransactWrite
	Update         *TransactUpdate
}

// TransactPut puts an item.
type TransactPut struct {
	TableName                           string
	Item                                attribute.Item
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           expression.Values
	ReturnValuesOnConditionCheckFailure string
}

// TransactWrite deletes an item, or only checks a condition.
type TransactWrite struct {
	TableName                           string
	Key                                 attribute.Item
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           expression.Values
	ReturnValuesOnConditionCheckFailure string
}

// TransactUpdate updates an item.
type TransactUpdate struct {
	TableName                           string
	Key                                 attribute.Item
	UpdateExpression                    *string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           expression.Values
	ReturnValuesOnConditionCheckFailure string
}

// TransactWriteItemsInput is the input of [Service.TransactWriteItems].
type TransactWriteItemsInput struct {
	TransactItems               []TransactWriteItem
	ClientRequestToken          string
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

// TransactWriteItemsOutput is the output of [Service.TransactWriteItems].
type TransactWriteItemsOutput struct {
	ConsumedCapacity      []ConsumedCapacity                 `json:",omitempty"`
	ItemCollectionMetrics map[string][]ItemCollectionMetrics `json:",omitempty"`
}

// TransactWriteItems makes up to 100 writes, all or none of them. A client that repeats a
// request with the same token within ten minutes changes nothing again. The tokens are
// not stored: after a restart, a repeated request counts as a new one.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func (s *Service) TransactWriteItems(ctx context.Context, caller cloud.Caller, in TransactWriteItemsInput) (out TransactWriteItemsOutput, err error) {
	writes, err := checkTransaction(in)
	defer s.measureAll("TransactWriteItems", tablesOf(writes), &err)()
	if err != nil {
		return out, err
	}
	x := transaction{service: s, writes: writes, in: in}
	if err := x.permit(ctx, caller); err != nil {
		return out, err
	}
	return s.tokens.once(in, func() (TransactWriteItemsOutput, error) {
		out, err := x.run()
		if err != nil && cloud.ErrorCode(err) != canceled {
			return out, err
		}
		return out, errors.Join(err, s.settle())
	})
}

// checkTransaction validates what does not depend on tables, and returns the writes.
func checkTransaction(in TransactWriteItemsInput) ([]*write, error) {
	var c constraints
	c.enum(in.ReturnConsumedCapacity, "returnConsumedCapacity", returnCapacity)
	c.enum(in.ReturnItemCollectionMetrics, "returnItemCollectionMetrics", returnCollection)
	if c.required(in.TransactItems != nil, "transactItems"); in.TransactItems != nil {
		checkTransactionSize(&c, len(in.TransactItems))
	}
	if len(in.ClientRequestToken) > 36 {
		c.violated(in.ClientRequestToken, "clientRequestToken", "Member must have length less than or equal to 36")
	}
	if err := c.err(); err != nil {
		return nil, err
	}
	var writes []*write
	for i, item := range in.TransactItems {
		w, err := item.write(fmt.Sprintf("transactItems.%d.member", i+1))
		if err != nil {
			return nil, err
		}
		w.capacity = in.ReturnConsumedCapacity
		writes = append(writes, w)
	}
	return writes, nil
}

func checkTransactionSize(c *constraints, n int) {
	switch {
	case n < 1:
		c.violated("[]", "transactItems", "Member must have length greater than or equal to 1")
	case n > maxTransaction:
		c.violated("[…]", "transactItems", "Member must have length less than or equal to %d", maxTransaction)
	}
}

// part is the expressions of a write of a transaction.
type part struct {
	names      map[string]string
	values     expression.Values
	parameters []expression.Parameter
}

// write returns the write that an item of a transaction describes.
func (i TransactWriteItem) write(path string) (*write, error) {
	var writes []*write
	var parts []part
	var c constraints
	add := func(w *write, p part) { writes, parts = append(writes, w), append(parts, p) }
	if i.Put != nil {
		add(i.Put.write(&c, path+".put"))
	}
	if i.Update != nil {
		add(i.Update.write(&c, path+".update"))
	}
	if i.Delete != nil {
		w, p := i.Delete.write(&c, path+".delete")
		w.action, w.delete = "DeleteItem", true
		add(w, p)
	}
	if i.ConditionCheck != nil {
		w, p := i.ConditionCheck.write(&c, path+".conditionCheck")
		w.action, w.check = "ConditionCheckItem", true
		c.required(i.ConditionCheck.ConditionExpression != nil, path+".conditionCheck.conditionExpression")
		add(w, p)
	}
	if len(writes) != 1 {
		return nil, invalid("TransactItems can only contain one of Check, Put, Update or Delete")
	}
	w, p := writes[0], parts[0]
	c.table(w.table)
	c.enum(w.onFail, path+".returnValuesOnConditionCheckFailure", returnOnFailure)
	if err := c.err(); err != nil {
		return nil, err
	}
	var err error
	if w.expressions, err = parse(p.names, p.values, p.parameters...); err != nil {
		return nil, err
	}
	w.enclosing, w.attributes, w.keys = "TransactWriteItems", w.named(), []attribute.Item{w.key}
	if w.item != nil {
		w.keys = []attribute.Item{w.item}
	}
	return w, nil
}

func (p *TransactPut) write(c *constraints, path string) (*write, part) {
	c.required(p.Item != nil, path+".item")
	return &write{access: access{action: "PutItem", table: p.TableName}, item: p.Item, onFail: p.ReturnValuesOnConditionCheckFailure},
		part{p.ExpressionAttributeNames, p.ExpressionAttributeValues, []expression.Parameter{condition(p.ConditionExpression)}}
}

func (u *TransactUpdate) write(c *constraints, path string) (*write, part) {
	c.required(u.Key != nil, path+".key")
	c.required(u.UpdateExpression != nil, path+".updateExpression")
	return &write{access: access{action: "UpdateItem", table: u.TableName}, key: u.Key, onFail: u.ReturnValuesOnConditionCheckFailure},
		part{u.ExpressionAttributeNames, u.ExpressionAttributeValues, []expression.Parameter{update(u.UpdateExpression), condition(u.ConditionExpression)}}
}

func (w *TransactWrite) write(c *constraints, path string) (*write, part) {
	c.required(w.Key != nil, path+".key")
	return &write{access: access{table: w.TableName}, key: w.Key, onFail: w.ReturnValuesOnConditionCheckFailure},
		part{w.ExpressionAttributeNames, w.ExpressionAttributeValues, []expression.Parameter{condition(w.ConditionExpression)}}
}

func tablesOf(writes []*write) []string {
	var names []string
	for _, w := range writes {
		names = append(names, w.table)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// transaction is a write transaction.
type transaction struct {
	service *Service
	in      TransactWriteItemsInput
	writes  []*write
	tables  []*table // of each write
}

// permit authorizes each write as the operation on a single item.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
func (x *transaction) permit(ctx context.Context, caller cloud.Caller) error {
	seen := map[string]bool{}
	for _, w := range x.writes {
		w.caller = caller
		t, err := x.service.permit(ctx, w.access)
		if err != nil {
			return err
		}
		if err := w.validate(t.current()); err != nil {
			return err
		}
		id := w.id(t.current())
		if seen[id] {
			return invalid("Transaction request cannot include multiple operations on one item")
		}
		seen[id] = true
		x.tables = append(x.tables, t)
	}
	return nil
}

// lock locks the tables in the order of their names, and returns what unlocks them.
func lock(tables []*table, write bool) (unlock func()) {
	distinct := slices.Clone(tables)
	slices.SortFunc(distinct, func(a, b *table) int { return strings.Compare(a.current().Name, b.current().Name) })
	distinct = slices.Compact(distinct)
	for _, t := range distinct {
		if write {
			t.mu.Lock()
		} else {
			t.mu.RLock()
		}
	}
	return func() {
		for _, t := range distinct {
			if write {
				t.mu.Unlock()
			} else {
				t.mu.RUnlock()
			}
		}
	}
}

const canceled = "TransactionCanceledException"

// A reason is why an item canceled a transaction.
type reason struct {
	Code    string
	Item    json.RawMessage `json:",omitempty"`
	Message string          `json:",omitempty"`
}

// tooLarge is the error of a transaction whose items are too large, those that it only
// checks or deletes, too. An item that changes counts with its larger size.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
func tooLarge() error {
	return invalid("Collection size exceeded: the items of a transaction can have at most 4 MB")
}

// run makes all writes in one change, or none.
func (x *transaction) run() (out TransactWriteItemsOutput, err error) {
	defer lock(x.tables, true)()
	results := make([]result, len(x.writes))
	effects := map[*table]*effect{}
	reasons, failed, bytes := make([]reason, len(x.writes)), false, 0
	for i, w := range x.writes {
		t := x.tables[i]
		if t.deleted {
			return out, notFound()
		}
		if effects[t] == nil {
			effects[t] = x.service.begin(t.row)
		}
		results[i] = result{table: t.row, effect: effects[t]}
		if err := x.service.try(t.row, w, &results[i]); err != nil {
			e, ok := errors.AsType[*cloud.Error](err)
			if !ok {
				return out, err
			}
			reasons[i], failed = reasonOf(e), true
			continue
		}
		reasons[i] = reason{Code: "None"}
		if bytes += max(results[i].old.Size(), results[i].updated.Size()); bytes > maxTransactionBytes {
			return out, tooLarge()
		}
	}
	if failed {
		return out, cancellation(reasons)
	}
	var changes []store.Change
	for t, e := range effects {
		changes = append(changes, x.service.finish(t.row, e)...)
	}
	if err := x.service.apply(changes); err != nil {
		return out, err
	}
	return x.output(results, effects), nil
}

func reasonOf(e *cloud.Error) reason {
	code := strings.TrimSuffix(e.Code, "Exception")
	if e.Code == "ValidationException" {
		code = "ValidationError"
	}
	item, _ := e.Fields["Item"].(json.RawMessage)
	return reason{Code: code, Message: e.Message, Item: item}
}

// cancellation returns the error of a transaction, given the reason of each item.
func cancellation(reasons []reason) error {
	var codes []string
	for _, r := range reasons {
		codes = append(codes, r.Code)
	}
	e := refusal(canceled, "Transaction cancelled, please refer cancellation reasons for specific reasons [%s]", strings.Join(codes, ", "))
	e.Fields = map[string]any{"CancellationReasons": reasons}
	return e
}

// output reports what a transaction did.
func (x *transaction) output(results []result, effects map[*table]*effect) (out TransactWriteItemsOutput) {
	for i, r := range results {
		if x.in.ReturnItemCollectionMetrics == "SIZE" && !x.writes[i].check {
			out.ItemCollectionMetrics = addCollection(out.ItemCollectionMetrics, r.table.Name, r.collection())
		}
	}
	for t, e := range effects {
		u := e.used(t.row, 2)
		x.service.reportUsage(u)
		if c := u.returned(x.in.ReturnConsumedCapacity, t.row.Name, true); c != nil {
			out.ConsumedCapacity = append(out.ConsumedCapacity, *c)
		}
	}
	slices.SortFunc(out.ConsumedCapacity, func(a, b ConsumedCapacity) int { return strings.Compare(a.TableName, b.TableName) })
	return out
}
