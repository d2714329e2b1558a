package dynamodb

import (
	"context"
	"maps"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
)

const (
	maxBatchGet   = 100
	maxBatchWrite = 25
	maxBatchBytes = 16 << 20 // of a batch's response or request
)

// KeysAndAttributes are the items of one table that BatchGetItem reads.
type KeysAndAttributes struct {
	Keys                     []attribute.Item
	ConsistentRead           *bool             `json:",omitempty"`
	ProjectionExpression     *string           `json:",omitempty"`
	ExpressionAttributeNames map[string]string `json:",omitempty"`
}

// BatchGetItemInput is the input of [Service.BatchGetItem].
type BatchGetItemInput struct {
	RequestItems           map[string]KeysAndAttributes
	ReturnConsumedCapacity string
}

// BatchGetItemOutput is the output of [Service.BatchGetItem].
type BatchGetItemOutput struct {
	Responses        map[string][]attribute.Item
	UnprocessedKeys  map[string]KeysAndAttributes
	ConsumedCapacity []ConsumedCapacity `json:",omitempty"`
}

// BatchGetItem returns up to 100 items of several tables, up to 16 MB.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchGetItem.html
func (s *Service) BatchGetItem(ctx context.Context, caller cloud.Caller, in BatchGetItemInput) (out BatchGetItemOutput, err error) {
	tables := slices.Sorted(maps.Keys(in.RequestItems))
	defer s.measureAll("BatchGetItem", tables, &err)()
	if err := checkBatchGet(in); err != nil {
		return out, err
	}
	out = BatchGetItemOutput{Responses: map[string][]attribute.Item{}, UnprocessedKeys: map[string]KeysAndAttributes{}}
	batch := batchGet{service: s, out: &out, capacity: in.ReturnConsumedCapacity}
	for _, name := range tables {
		if err := batch.permit(ctx, caller, name, in.RequestItems[name]); err != nil {
			return BatchGetItemOutput{}, err
		}
	}
	for _, r := range batch.tables {
		if err := batch.read(r); err != nil {
			return BatchGetItemOutput{}, err
		}
	}
	return out, nil
}

func checkBatchGet(in BatchGetItemInput) error {
	var c constraints
	c.enum(in.ReturnConsumedCapacity, "returnConsumedCapacity", returnCapacity)
	if c.required(in.RequestItems != nil, "requestItems"); in.RequestItems != nil && len(in.RequestItems) == 0 {
		c.violated("{}", "requestItems", "Member must have length greater than or equal to 1")
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		keys := in.RequestItems[name].Keys
		total += len(keys)
		c.table(name)
		switch {
		case len(keys) == 0:
			c.violated("[]", "requestItems."+name+".member.keys", "Member must have length greater than or equal to 1")
		case len(keys) > maxBatchGet:
			c.violated("[…]", "requestItems."+name+".member.keys", "Member must have length less than or equal to %d", maxBatchGet)
		}
	}
	if err := c.err(); err != nil {
		return err
	}
	if total > maxBatchGet {
		return invalid("Too many items requested for the BatchGetItem call")
	}
	return nil
}

// batchGet is a batch in progress.
type batchGet struct {
	service  *Service
	out      *BatchGetItemOutput
	capacity string
	tables   []tableGet
	bytes    int
}

// tableGet is the part of a batch that reads one table.
type tableGet struct {
	read
	name string
	in   KeysAndAttributes
	row  *Table
}

// permit authorizes the part of one table, and validates it.
func (b *batchGet) permit(ctx context.Context, caller cloud.Caller, name string, in KeysAndAttributes) (err error) {
	g := tableGet{name: name, in: in}
	if g.expressions, err = parse(in.ExpressionAttributeNames, nil, projection(in.ProjectionExpression)); err != nil {
		return err
	}
	t, err := b.service.permit(ctx, access{caller: caller, action: "BatchGetItem", table: name, keys: in.Keys,
		attributes: g.named(), selected: g.selects(), capacity: b.capacity})
	if err != nil {
		return err
	}
	g.row = t.current()
	seen := map[string]bool{}
	for _, key := range in.Keys {
		if err := g.row.checkPrimaryKey(key); err != nil {
			return err
		}
		id := itemKey(g.row, key)
		if seen[id] {
			return invalid("Provided list of item keys contains duplicates")
		}
		seen[id] = true
	}
	b.tables = append(b.tables, g)
	return nil
}

// read reads the items of one table, until the response is full.
func (b *batchGet) read(g tableGet) error {
	how, found := consistencyOf(g.in.ConsistentRead), []attribute.Item{}
	var u usage
	u.table = g.row
	for i, key := range g.in.Keys {
		item, size, err := b.service.read(itemKey(g.row, key))
		if err != nil {
			return err
		}
		if b.bytes+size > maxBatchBytes {
			rest := g.in
			rest.Keys = g.in.Keys[i:]
			b.out.UnprocessedKeys[g.name] = rest
			break
		}
		b.bytes += size
		u.base += float64(how) * float64(readUnits(size))
		if part := g.part(item); part != nil {
			found = append(found, *part)
		}
	}
	if how == strong {
		if err := b.service.settle(); err != nil {
			return err
		}
	}
	b.out.Responses[g.name] = found
	b.service.reportUsage(u)
	if c := u.returned(b.capacity, g.row.Name, false); c != nil {
		b.out.ConsumedCapacity = append(b.out.ConsumedCapacity, *c)
	}
	return nil
}

// WriteRequest is a write of a batch: exactly one of the two.
type WriteRequest struct {
	PutRequest    *PutRequest    `json:",omitempty"`
	DeleteRequest *DeleteRequest `json:",omitempty"`
}

// PutRequest and DeleteRequest are the writes of batches.
type (
	PutRequest    struct{ Item attribute.Item }
	DeleteRequest struct{ Key attribute.Item }
)

// BatchWriteItemInput is the input of [Service.BatchWriteItem].
type BatchWriteItemInput struct {
	RequestItems                map[string][]WriteRequest
	ReturnConsumedCapacity      string
	ReturnItemCollectionMetrics string
}

// BatchWriteItemOutput is the output of [Service.BatchWriteItem]. All writes are processed.
type BatchWriteItemOutput struct {
	UnprocessedItems      map[string][]WriteRequest
	ConsumedCapacity      []ConsumedCapacity                 `json:",omitempty"`
	ItemCollectionMetrics map[string][]ItemCollectionMetrics `json:",omitempty"`
}

// BatchWriteItem puts or deletes up to 25 items of several tables. Each write is atomic,
// and the batch is not.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_BatchWriteItem.html
func (s *Service) BatchWriteItem(ctx context.Context, caller cloud.Caller, in BatchWriteItemInput) (out BatchWriteItemOutput, err error) {
	tables := slices.Sorted(maps.Keys(in.RequestItems))
	defer s.measureAll("BatchWriteItem", tables, &err)()
	if err := checkBatchWrite(in); err != nil {
		return out, err
	}
	writes := map[string][]*write{}
	found := map[string]*table{}
	for _, name := range tables {
		if found[name], writes[name], err = s.permitBatch(ctx, caller, name, in); err != nil {
			return out, err
		}
	}
	out.UnprocessedItems = map[string][]WriteRequest{}
	for _, name := range tables {
		if err := s.writeBatch(found[name], writes[name], in, name, &out); err != nil {
			return BatchWriteItemOutput{}, err
		}
	}
	return out, s.settle()
}

func checkBatchWrite(in BatchWriteItemInput) error {
	var c constraints
	c.enum(in.ReturnConsumedCapacity, "returnConsumedCapacity", returnCapacity)
	c.enum(in.ReturnItemCollectionMetrics, "returnItemCollectionMetrics", returnCollection)
	if c.required(in.RequestItems != nil, "requestItems"); in.RequestItems != nil && len(in.RequestItems) == 0 {
		c.violated("{}", "requestItems", "Member must have length greater than or equal to 1")
	}
	total := 0
	for _, name := range slices.Sorted(maps.Keys(in.RequestItems)) {
		c.table(name)
		n := len(in.RequestItems[name])
		if total += n; n == 0 {
			c.violated("{"+name+"=[]}", "requestItems", "Map value must satisfy constraint: [Member must have length less than or equal to %d, Member must have length greater than or equal to 1]", maxBatchWrite)
		}
	}
	if err := c.err(); err != nil {
		return err
	}
	if total > maxBatchWrite {
		return invalid("Too many items requested for the BatchWriteItem call")
	}
	for _, requests := range in.RequestItems {
		for _, r := range requests {
			if (r.PutRequest == nil) == (r.DeleteRequest == nil) {
				return invalid("Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes") // AWS's own words
			}
		}
	}
	return nil
}

// permitBatch authorizes the writes to one table, and validates them.
func (s *Service) permitBatch(ctx context.Context, caller cloud.Caller, name string, in BatchWriteItemInput) (*table, []*write, error) {
	a := access{caller: caller, action: "BatchWriteItem", table: name, capacity: in.ReturnConsumedCapacity}
	var writes []*write
	for _, r := range in.RequestItems[name] {
		w := &write{}
		if r.PutRequest != nil {
			w.item = r.PutRequest.Item
			if w.item == nil {
				w.item = attribute.Item{}
			}
			a.keys = append(a.keys, w.item)
		} else {
			w.delete, w.key = true, r.DeleteRequest.Key
			a.keys = append(a.keys, w.key)
		}
		writes = append(writes, w)
	}
	t, err := s.permit(ctx, a)
	if err != nil {
		return nil, nil, err
	}
	row, seen := t.current(), map[string]bool{}
	for _, w := range writes {
		if err := w.validate(row); err != nil {
			return nil, nil, err
		}
		id := w.id(row)
		if seen[id] {
			return nil, nil, invalid("Provided list of item keys contains duplicates")
		}
		seen[id] = true
	}
	return t, writes, nil
}

// writeBatch makes the writes to one table.
func (s *Service) writeBatch(t *table, writes []*write, in BatchWriteItemInput, name string, out *BatchWriteItemOutput) error {
	var u usage
	for _, w := range writes {
		r, err := s.change(t, w)
		if err != nil {
			return err
		}
		u.add(r.effect.used(r.table, 1))
		if in.ReturnItemCollectionMetrics == "SIZE" {
			out.ItemCollectionMetrics = addCollection(out.ItemCollectionMetrics, name, r.collection())
		}
	}
	s.reportUsage(u)
	if c := u.returned(in.ReturnConsumedCapacity, u.table.Name, false); c != nil {
		out.ConsumedCapacity = append(out.ConsumedCapacity, *c)
	}
	return nil
}
