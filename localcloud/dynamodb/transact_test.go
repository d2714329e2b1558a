package dynamodb_test

import (
	"fmt"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
)

// The items that a transaction only checks or deletes, or of which it changes a part, count
// for its size, too.
func TestTransactionSize(t *testing.T) {
	s := newService(t, nil)
	must(s.CreateTable(things()))(t)
	const items = 11
	for i := range items {
		put(t, s, thing(fmt.Sprint(i), "text", strings.Repeat("x", 390_000)))
	}
	key := func(i int) attribute.Item { return thing(fmt.Sprint(i)) }
	for name, write := range map[string]func(i int) dynamodb.TransactWriteItem{
		"check": func(i int) dynamodb.TransactWriteItem {
			return dynamodb.TransactWriteItem{ConditionCheck: &dynamodb.TransactWrite{TableName: "things", Key: key(i), ConditionExpression: text("attribute_exists(id)")}}
		},
		"put": func(i int) dynamodb.TransactWriteItem {
			return dynamodb.TransactWriteItem{Put: &dynamodb.TransactPut{TableName: "things", Item: thing(fmt.Sprint(i), "text", strings.Repeat("x", 390_000))}}
		},
		"update": func(i int) dynamodb.TransactWriteItem {
			return dynamodb.TransactWriteItem{Update: &dynamodb.TransactUpdate{TableName: "things", Key: key(i), UpdateExpression: text("REMOVE n")}}
		},
		"delete": func(i int) dynamodb.TransactWriteItem {
			return dynamodb.TransactWriteItem{Delete: &dynamodb.TransactWrite{TableName: "things", Key: key(i)}}
		},
	} {
		var in dynamodb.TransactWriteItemsInput
		for i := range items {
			in.TransactItems = append(in.TransactItems, write(i))
		}
		if _, err := s.TransactWriteItems(t.Context(), developer, in); cloud.ErrorCode(err) != "ValidationException" {
			t.Errorf("%s %d items: %v", name, items, err)
		}
		if name != "delete" {
			in.TransactItems = in.TransactItems[1:]
			if _, err := s.TransactWriteItems(t.Context(), developer, in); err != nil {
				t.Errorf("%s %d items: %v", name, items-1, err)
			}
		}
	}
}
