package dynamodb_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
	"tally/localcloud/store"
)

var (
	place     = cloud.Place{Region: "us-east-1", Account: "000000000000"}
	developer = cloud.Caller{ARN: place.GlobalARN("iam", "user/developer"), Administrator: true}
)

// allowing is a cloud.Authorizer that asks a function.
type allowing func(cloud.Request) error

func (a allowing) Authorize(_ context.Context, r cloud.Request) error { return a(r) }

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newService(t testing.TB, st *store.Store) *dynamodb.Service {
	t.Helper()
	return must(dynamodb.New(dynamodb.Options{Place: place, Store: st, Authorizer: allowing(func(cloud.Request) error { return nil })}))(t)
}

// things is a table with the key id, a string.
func things() dynamodb.Table {
	return dynamodb.Table{Name: "things", Attributes: map[string]attribute.Type{"id": attribute.S}, Key: dynamodb.Schema{Hash: "id"}, BillingMode: dynamodb.PayPerRequest}
}

func thing(id string, more ...any) attribute.Item {
	item := attribute.Item{"id": attribute.String(id)}
	for i := 0; i < len(more); i += 2 {
		switch v := more[i+1].(type) {
		case int:
			item[more[i].(string)] = attribute.Int(int64(v))
		case string:
			item[more[i].(string)] = attribute.String(v)
		}
	}
	return item
}

func text(s string) *string { return &s }

func put(t testing.TB, s *dynamodb.Service, item attribute.Item) {
	t.Helper()
	must(s.PutItem(t.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: item}))(t)
}

func get(t testing.TB, s *dynamodb.Service, id string) attribute.Item {
	t.Helper()
	out := must(s.GetItem(t.Context(), developer, dynamodb.GetItemInput{TableName: "things", Key: thing(id)}))(t)
	if out.Item == nil {
		return nil
	}
	return *out.Item
}

// Of concurrent conditional writes of one item, exactly one succeeds, and no increment is
// lost.
func TestConcurrentWrites(t *testing.T) {
	s := newService(t, nil)
	must(s.CreateTable(things()))(t)
	created := make(chan bool, 32)
	var wg sync.WaitGroup
	for range cap(created) {
		wg.Go(func() {
			_, err := s.PutItem(t.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: thing("a"), ConditionExpression: text("attribute_not_exists(id)")})
			if err == nil {
				created <- true
			} else if cloud.ErrorCode(err) != "ConditionalCheckFailedException" {
				t.Error(err)
			}
			_, err = s.UpdateItem(t.Context(), developer, dynamodb.UpdateItemInput{TableName: "things", Key: thing("n"), UpdateExpression: text("ADD n :one"),
				ExpressionAttributeValues: expression.Values{":one": attribute.Int(1)}})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n, _ := get(t, s, "n")["n"].N().Int64(); len(created) != 1 || n != int64(cap(created)) {
		t.Errorf("%d of the puts succeeded, and the counter is %d", len(created), n)
	}
}

// Concurrent transactions over two tables neither deadlock nor lose money.
func TestConcurrentTransactions(t *testing.T) {
	s := newService(t, nil)
	must(s.CreateTable(things()))(t)
	other := things()
	other.Name = "others"
	must(s.CreateTable(other))(t)
	move := func(from, to string) dynamodb.TransactWriteItemsInput {
		add := func(table string, n int64) dynamodb.TransactWriteItem {
			return dynamodb.TransactWriteItem{Update: &dynamodb.TransactUpdate{TableName: table, Key: thing("a"), UpdateExpression: text("ADD n :n"),
				ExpressionAttributeValues: expression.Values{":n": attribute.Int(n)}}}
		}
		return dynamodb.TransactWriteItemsInput{TransactItems: []dynamodb.TransactWriteItem{add(from, -1), add(to, 1)}}
	}
	var wg sync.WaitGroup
	for i := range 32 {
		wg.Go(func() {
			from, to := "things", "others"
			if i%2 == 1 {
				from, to = to, from
			}
			if _, err := s.TransactWriteItems(t.Context(), developer, move(from, to)); err != nil {
				t.Error(err)
			}
			out, err := s.TransactGetItems(t.Context(), developer, dynamodb.TransactGetItemsInput{TransactItems: []dynamodb.TransactGetItem{
				{Get: &dynamodb.TransactGet{TableName: "others", Key: thing("a")}}, {Get: &dynamodb.TransactGet{TableName: "things", Key: thing("a")}}}})
			if err != nil {
				t.Error(err)
				return
			}
			a, b := (*out.Responses[0].Item)["n"].N(), (*out.Responses[1].Item)["n"].N()
			if sum, err := a.Add(b); err != nil || sum.String() != "0" {
				t.Errorf("the sum is %s, %v", sum, err)
			}
		})
	}
	wg.Wait()
}

// Segments and pages of a scan together return every item once.
func TestScanReturnsEveryItemOnce(t *testing.T) {
	s := newService(t, nil)
	must(s.CreateTable(things()))(t)
	for i := range 100 {
		put(t, s, thing(fmt.Sprint(i)))
	}
	for _, total := range []int{1, 2, 7} {
		found := map[string]int{}
		for segment := range total {
			limit, n := 3, 0
			in := dynamodb.ScanInput{TableName: "things", Segment: &segment, TotalSegments: &total, Limit: &limit}
			for {
				out := must(s.Scan(t.Context(), developer, in))(t)
				for _, item := range *out.Items {
					found[item["id"].S()]++
					n++
				}
				if in.ExclusiveStartKey = out.LastEvaluatedKey; in.ExclusiveStartKey == nil {
					break
				}
			}
			if n == 0 || total == 2 && (n < 30 || n > 70) {
				t.Errorf("segment %d of %d has %d items", segment, total, n)
			}
		}
		if len(found) != 100 {
			t.Errorf("%d segments: %d items", total, len(found))
		}
		for id, n := range found {
			if n != 1 {
				t.Errorf("%d segments: item %s %d times", total, id, n)
			}
		}
	}
}

// A page ends after 1 MB, and consumes capacity for the sum of the sizes.
func TestPagesEndAfterOneMegabyte(t *testing.T) {
	s := newService(t, nil)
	must(s.CreateTable(things()))(t)
	for i := range 4 {
		put(t, s, thing(fmt.Sprint(i), "blob", strings.Repeat("x", 390<<10)))
	}
	out := must(s.Scan(t.Context(), developer, dynamodb.ScanInput{TableName: "things", ReturnConsumedCapacity: "TOTAL"}))(t)
	if out.Count != 3 || out.LastEvaluatedKey == nil || out.ConsumedCapacity.CapacityUnits != 146.5 {
		t.Errorf("%d items, %v, %v", out.Count, out.LastEvaluatedKey, out.ConsumedCapacity.CapacityUnits)
	}
	_, err := s.PutItem(t.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: thing("a", "blob", strings.Repeat("x", 400<<10-6))})
	if err == nil || err.Error() != "ValidationException: Item size has exceeded the maximum allowed size" {
		t.Errorf("an item that is too large: %v", err)
	}
	put(t, s, thing("a", "blob", strings.Repeat("x", 400<<10-7)))
	update := func(n int) error {
		_, err := s.UpdateItem(t.Context(), developer, dynamodb.UpdateItemInput{TableName: "things", Key: thing("a"), UpdateExpression: text("SET b = :b"),
			ExpressionAttributeValues: expression.Values{":b": attribute.String(strings.Repeat("x", n))}})
		return err
	}
	if err := update(1); err == nil || err.Error() != "ValidationException: Item size to update has exceeded the maximum allowed size" {
		t.Errorf("an update that makes an item too large: %v", err)
	}
	for name, id := range map[string]string{"hashkey": strings.Repeat("k", 2049)} {
		_, err := s.PutItem(t.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: thing(id)})
		if err == nil || !strings.Contains(err.Error(), "Size of "+name+" has exceeded the maximum size limit of2048 bytes") {
			t.Errorf("a key that is too large: %v", err)
		}
	}
}

// BatchGetItem returns up to 16 MB, and the other keys as unprocessed.
func TestBatchGetIsLimited(t *testing.T) {
	s := newService(t, nil)
	must(s.CreateTable(things()))(t)
	var keys []attribute.Item
	for i := range 45 {
		put(t, s, thing(fmt.Sprint(i), "blob", strings.Repeat("x", 390<<10)))
		keys = append(keys, thing(fmt.Sprint(i)))
	}
	out := must(s.BatchGetItem(t.Context(), developer, dynamodb.BatchGetItemInput{RequestItems: map[string]dynamodb.KeysAndAttributes{"things": {Keys: keys}}}))(t)
	if n, rest := len(out.Responses["things"]), len(out.UnprocessedKeys["things"].Keys); n != 42 || rest != 3 {
		t.Errorf("%d items, %d unprocessed", n, rest)
	}
	many := make([]attribute.Item, 101)
	for i := range many {
		many[i] = thing(fmt.Sprint(i))
	}
	if _, err := s.BatchGetItem(t.Context(), developer, dynamodb.BatchGetItemInput{RequestItems: map[string]dynamodb.KeysAndAttributes{"things": {Keys: many}}}); err == nil {
		t.Error("101 keys are accepted")
	}
}

// Expired items are removed, but not those without a valid time or with one of long ago.
func TestTimeToLive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, nil)
		table := things()
		table.TTLAttribute = "until"
		must(s.CreateTable(table))(t)
		now := int(time.Now().Unix())
		put(t, s, thing("expired", "until", now-1))
		put(t, s, thing("later", "until", now+7200))
		put(t, s, thing("text", "until", fmt.Sprint(now-1)))
		put(t, s, thing("ancient", "until", now-6*365*24*3600))
		put(t, s, thing("never"))
		s.Start()
		defer s.Close()
		time.Sleep(time.Hour + time.Second)
		synctest.Wait()
		for id, want := range map[string]bool{"expired": false, "later": true, "text": true, "ancient": true, "never": true} {
			if got := get(t, s, id) != nil; got != want {
				t.Errorf("%s exists: %v", id, got)
			}
		}
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		if get(t, s, "later") != nil {
			t.Error("an item that expires later is not removed")
		}
		if d := must(s.Describe("things"))(t); d.Count.Items != 3 {
			t.Errorf("%d items are left", d.Count.Items)
		}
	})
}

// A token identifies a transaction for ten minutes.
func TestTransactionTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newService(t, nil)
		must(s.CreateTable(things()))(t)
		in := dynamodb.TransactWriteItemsInput{ClientRequestToken: "t", TransactItems: []dynamodb.TransactWriteItem{{Update: &dynamodb.TransactUpdate{
			TableName: "things", Key: thing("a"), UpdateExpression: text("ADD n :n"), ExpressionAttributeValues: expression.Values{":n": attribute.Int(1)}}}}}
		for range 2 {
			must(s.TransactWriteItems(t.Context(), developer, in))(t)
		}
		if n := get(t, s, "a")["n"].N().String(); n != "1" {
			t.Errorf("after a repetition: %s", n)
		}
		time.Sleep(10*time.Minute + time.Second)
		must(s.TransactWriteItems(t.Context(), developer, in))(t)
		if n := get(t, s, "a")["n"].N().String(); n != "2" {
			t.Errorf("after ten minutes: %s", n)
		}
	})
}

// What the developer is told is on disk: also that a condition failed, and what a
// consistent read returned.
func TestDurableBeforeTheResponse(t *testing.T) {
	st, log := store.InMemoryWithLog()
	s := newService(t, st)
	must(s.CreateTable(things()))(t)
	put(t, s, thing("a"))
	if log.Synced() != log.Len() {
		t.Error("a put is not on disk")
	}
	log.Refuse(store.ErrFull)
	if _, err := s.PutItem(t.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: thing("b")}); !errors.Is(err, store.ErrFull) {
		t.Errorf("with a full disk: %v", err)
	}
	log.Refuse(nil)
	if get(t, s, "b") != nil {
		t.Error("an item that was refused exists")
	}
	again := newService(t, log.At(log.Len()))
	if get(t, again, "a") == nil || must(again.Describe("things"))(t).Count.Items != 1 {
		t.Error("the item is lost")
	}
}

// What a client learns is on disk, too: that a condition failed, and what a consistent
// read or a transaction returned, also if nobody has waited for the change before.
func TestDurableBeforeClientsLearn(t *testing.T) {
	for name, learn := range map[string]func(*dynamodb.Service){
		"a failed condition": func(s *dynamodb.Service) {
			_, err := s.DeleteItem(t.Context(), developer, dynamodb.DeleteItemInput{TableName: "things", Key: thing("a"), ConditionExpression: text("attribute_exists(id)")})
			if cloud.ErrorCode(err) != "ConditionalCheckFailedException" {
				t.Error(err)
			}
		},
		"a consistent read": func(s *dynamodb.Service) {
			consistent := true
			must(s.GetItem(t.Context(), developer, dynamodb.GetItemInput{TableName: "things", Key: thing("a"), ConsistentRead: &consistent}))(t)
		},
		"a consistent scan": func(s *dynamodb.Service) {
			consistent := true
			must(s.Scan(t.Context(), developer, dynamodb.ScanInput{TableName: "things", ConsistentRead: &consistent}))(t)
		},
		"a transaction": func(s *dynamodb.Service) {
			must(s.TransactGetItems(t.Context(), developer, dynamodb.TransactGetItemsInput{TransactItems: []dynamodb.TransactGetItem{{Get: &dynamodb.TransactGet{TableName: "things", Key: thing("a")}}}}))(t)
		},
		"a canceled transaction": func(s *dynamodb.Service) {
			_, err := s.TransactWriteItems(t.Context(), developer, dynamodb.TransactWriteItemsInput{TransactItems: []dynamodb.TransactWriteItem{
				{ConditionCheck: &dynamodb.TransactWrite{TableName: "things", Key: thing("a"), ConditionExpression: text("attribute_exists(id)")}}}})
			if cloud.ErrorCode(err) != "TransactionCanceledException" {
				t.Error(err)
			}
		},
	} {
		st, log := store.InMemoryWithLog()
		s := newService(t, st)
		table := things()
		table.TTLAttribute = "until"
		must(s.CreateTable(table))(t)
		put(t, s, thing("a", "until", int(time.Now().Unix())-1))
		if err := s.Sweep(); err != nil { // which waits for nothing
			t.Fatal(err)
		}
		if log.Synced() == log.Len() {
			t.Fatal("the removal of an expired item waits for the disk")
		}
		if learn(s); log.Synced() != log.Len() {
			t.Errorf("%s: the client learned what may be lost", name)
		}
	}
}

// An index that is changed in one step contains what the new one should.
func TestChangedIndexIsFilledAgain(t *testing.T) {
	s := newService(t, nil)
	table := things()
	table.Attributes["kind"] = attribute.S
	table.Global = []dynamodb.Index{{Name: "index", Key: dynamodb.Schema{Hash: "kind"}, Projection: "KEYS_ONLY"}}
	must(s.CreateTable(table))(t)
	for i := range 2500 {
		put(t, s, thing(fmt.Sprint(i), "kind", "k", "size", i, "color", "c"))
	}
	must(s.UpdateTable("things", func(t *dynamodb.Table) error {
		delete(t.Attributes, "kind")
		t.Attributes["size"] = attribute.N
		t.Global[0].Key, t.Global[0].Projection, t.Global[0].Include = dynamodb.Schema{Hash: "size"}, "INCLUDE", []string{"color"}
		return nil
	}))(t)
	index := "index"
	out := must(s.Query(t.Context(), developer, dynamodb.QueryInput{TableName: "things", IndexName: &index, KeyConditionExpression: text("#s = :s"),
		ExpressionAttributeNames: map[string]string{"#s": "size"}, ExpressionAttributeValues: expression.Values{":s": attribute.Int(2042)}}))(t)
	if want := thing("2042", "size", 2042, "color", "c"); out.Count != 1 || !(*out.Items)[0].Equal(want) {
		t.Errorf("found %v", out.Items)
	}
	if d := must(s.Describe("things"))(t); d.Indexes[index].Items != 2500 || d.Count.Items != 2500 {
		t.Errorf("counts %+v", d.Indexes)
	}
	must(s.UpdateTable("things", func(t *dynamodb.Table) error {
		delete(t.Attributes, "size")
		t.Global = nil
		return nil
	}))(t)
	if d := must(s.Describe("things"))(t); len(d.Indexes) != 0 {
		t.Errorf("counts of a deleted index: %+v", d.Indexes)
	}
}

// The ARN of a table elsewhere, which other policies may allow, does not name a table here.
func TestTableElsewhere(t *testing.T) {
	s := newService(t, nil)
	must(s.CreateTable(things()))(t)
	for _, arn := range []string{"arn:aws:dynamodb:us-east-1:111111111111:table/things", "arn:aws:dynamodb:eu-west-1:000000000000:table/things"} {
		const want = "ResourceNotFoundException"
		if _, err := s.DeleteTable(arn); cloud.ErrorCode(err) != want {
			t.Errorf("delete %s: %v, want %s", arn, err, want)
		}
		if _, err := s.UpdateTable(arn, func(*dynamodb.Table) error { return nil }); cloud.ErrorCode(err) != want {
			t.Errorf("update %s: %v, want %s", arn, err, want)
		}
	}
	must(s.Describe("things"))(t)
}
