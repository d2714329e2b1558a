// Package ledger is the table of sums in DynamoDB: one entry for each sum that was
// submitted or whose message arrived. Its partition key is id, a string, and it has no sort key.
// The time to live is the attribute expiresAt.
//
// Numbers are stored as text, because DynamoDB's numbers have at most 38 digits. An
// entry that has expired counts as absent, although DynamoDB deletes it later.
//
// Every change is conditional, so that the same message can be handled any number of
// times, by several functions at once, and the first result stays. An ID belongs to the
// numbers with which it first appears: a message with other numbers cannot change it.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithItems.html#WorkingWithItems.ConditionalUpdate
package ledger

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"tally/internal/sum"
)

// Client has the operations of DynamoDB that a Table uses. Submit needs the permission
// dynamodb:PutItem, Finish and Fail need dynamodb:UpdateItem, and Get dynamodb:GetItem.
type Client interface {
	GetItem(context.Context, *dynamodb.GetItemInput, ...func(*dynamodb.Options)) (*dynamodb.GetItemOutput, error)
	PutItem(context.Context, *dynamodb.PutItemInput, ...func(*dynamodb.Options)) (*dynamodb.PutItemOutput, error)
	UpdateItem(context.Context, *dynamodb.UpdateItemInput, ...func(*dynamodb.Options)) (*dynamodb.UpdateItemOutput, error)
}

// Table is the table of sums.
type Table struct {
	client    Client
	name      string
	retention time.Duration
}

// New returns the table with a name or ARN. Its entries expire when they have not changed
// for the retention.
func New(client Client, name string, retention time.Duration) *Table {
	return &Table{client, name, retention}
}

// FromEnv returns the table that the environment variable SUMS_TABLE names. The variable
// SUMS_RETENTION_DAYS is the retention in days, 1 or more. Default: 30.
func FromEnv(config aws.Config) (*Table, error) {
	name := os.Getenv("SUMS_TABLE")
	if name == "" {
		return nil, errors.New("the environment variable SUMS_TABLE is not set: it must hold the name of the table of sums")
	}
	text := cmp.Or(os.Getenv("SUMS_RETENTION_DAYS"), "30")
	days, err := strconv.Atoi(text)
	if err != nil || days < 1 || days > maxRetentionDays {
		return nil, fmt.Errorf("the environment variable SUMS_RETENTION_DAYS is %q: it must be a number of days from 1 to %d", text, maxRetentionDays)
	}
	return New(dynamodb.NewFromConfig(config), name, time.Duration(days)*24*time.Hour), nil
}

// maxRetentionDays is a century, which a time.Duration can hold.
const maxRetentionDays = 36500

// The conditions on the entry before a change. absent also holds for an expired entry.
const (
	absent = "attribute_not_exists(id) OR expiresAt <= :now"
	// open holds unless the entry is done or for other numbers.
	open = absent + " OR (#status <> :done AND (attribute_not_exists(num1) OR (num1 = :num1 AND num2 = :num2)))"
)

// Submit adds a pending entry. request is a digest of the request that submits the
// numbers. If the ID exists already with the same request, Submit changes nothing and
// returns the entry. The error is ErrOtherNumbers if it exists with another request.
func (t *Table) Submit(ctx context.Context, id string, n sum.Numbers, request string) (Entry, error) {
	now := time.Now().Unix()
	added := item{
		"id": stringValue(id), "status": stringValue(string(Pending)), "num1": integer(n.Num1), "num2": integer(n.Num2),
		"request": stringValue(request), "createdAt": number(now), "expiresAt": t.expiry(now),
	}
	_, err := t.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &t.name, Item: added,
		ConditionExpression: aws.String(absent), ExpressionAttributeValues: item{":now": number(now)},
		ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		if text(refused.Item["request"]) != request {
			return Entry{}, ErrOtherNumbers
		}
		return entry(refused.Item), nil
	}
	if err != nil {
		return Entry{}, fmt.Errorf("add the sum to the table: %w", err)
	}
	return entry(added), nil
}

// Finish records the sum of the numbers and returns the entry. If the sum is recorded
// already, Finish changes nothing and returns the entry. The error is ErrOtherNumbers if
// the ID belongs to other numbers.
func (t *Table) Finish(ctx context.Context, id string, n sum.Numbers) (Entry, error) {
	return t.update(ctx, id, n,
		"SET #status = :done, num1 = :num1, num2 = :num2, #sum = :sum, "+times+" REMOVE reason",
		item{":sum": integer(n.Sum())})
}

// Fail records that the sum of the numbers failed, and why, in at most 500 characters. If
// the sum is done, Fail changes nothing. Fail returns the entry as it is then. n has no
// integers if the message contains none. The error is ErrOtherNumbers if the ID belongs to
// other numbers.
func (t *Table) Fail(ctx context.Context, id string, n sum.Numbers, reason string) (Entry, error) {
	set := "SET #status = :failed, num1 = :num1, num2 = :num2, reason = :reason, " + times + " REMOVE #sum"
	if n.Num1 == nil {
		set = "SET #status = :failed, reason = :reason, " + times + " REMOVE #sum, num1, num2"
	}
	return t.update(ctx, id, n, set, item{":failed": stringValue(string(Failed)), ":reason": stringValue(reason)})
}

// times are the parts of an update that set the attributes of time.
const times = "createdAt = if_not_exists(createdAt, :now), finishedAt = :now, expiresAt = :expires"

// update changes the entry if it is open. Otherwise it returns the entry if it is done with
// these numbers, or else ErrOtherNumbers.
func (t *Table) update(ctx context.Context, id string, n sum.Numbers, expression string, values item) (Entry, error) {
	now := time.Now().Unix()
	maps.Copy(values, item{
		":now": number(now), ":expires": t.expiry(now), ":done": stringValue(string(Done)),
		":num1": stringValue("none"), ":num2": stringValue("none"), // equal no integer
	})
	if n.Num1 != nil {
		values[":num1"], values[":num2"] = integer(n.Num1), integer(n.Num2)
	}
	out, err := t.client.UpdateItem(ctx, &dynamodb.UpdateItemInput{
		TableName: &t.name, Key: item{"id": stringValue(id)},
		UpdateExpression: &expression, ConditionExpression: aws.String(open),
		ExpressionAttributeNames: map[string]string{"#status": "status", "#sum": "sum"}, ExpressionAttributeValues: values,
		ReturnValues: types.ReturnValueAllNew, ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
	})
	if refused, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		if e := entry(refused.Item); e.Status == Done && e.has(n) {
			return e, nil
		}
		return Entry{}, ErrOtherNumbers
	}
	if err != nil {
		return Entry{}, fmt.Errorf("update the sum in the table: %w", err)
	}
	return entry(out.Attributes), nil
}

// Get returns an entry, with every change made before the call. The error is ErrNotFound
// if there is none.
func (t *Table) Get(ctx context.Context, id string) (Entry, error) {
	out, err := t.client.GetItem(ctx, &dynamodb.GetItemInput{TableName: &t.name, Key: item{"id": stringValue(id)}, ConsistentRead: aws.Bool(true)})
	if err != nil {
		return Entry{}, fmt.Errorf("get the sum from the table: %w", err)
	}
	if out.Item == nil || expired(out.Item, time.Now().Unix()) {
		return Entry{}, ErrNotFound
	}
	return entry(out.Item), nil
}

func (t *Table) expiry(now int64) types.AttributeValue {
	return number(now + int64(t.retention/time.Second))
}
