package main

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// failTables sends requests that fail because of DynamoDB.
func failTables(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	return d.refuseRequests(ctx, "--error", all, undo, func(a alarm) string { return a.dimensions["Operation"] })
}

// throttleTables sends requests that DynamoDB throttles.
func throttleTables(ctx context.Context, d *drill, all []alarm, undo *undo) error {
	return d.refuseRequests(ctx, "--throttle", all, undo, func(a alarm) string {
		if a.metric == "ReadThrottleEvents" {
			return "GetItem"
		}
		return "PutItem"
	})
}

// refuseRequests sends the operation that raises each alarm to its table, while a fault
// refuses all requests to tables. So none of them changes an item.
func (d *drill) refuseRequests(ctx context.Context, fault string, all []alarm, undo *undo, operation func(alarm) string) error {
	if err := setFaults(ctx, undo, fault, "*=1"); err != nil {
		return err
	}
	for _, a := range all {
		table := a.dimensions["TableName"]
		described, err := d.dynamodb.DescribeTable(ctx, &dynamodb.DescribeTableInput{TableName: &table})
		if err != nil {
			return err
		}
		key := keyOf(described.Table)
		switch operation := operation(a); operation {
		case "GetItem":
			_, err = d.dynamodb.GetItem(ctx, &dynamodb.GetItemInput{TableName: &table, Key: key})
		case "PutItem":
			_, err = d.dynamodb.PutItem(ctx, &dynamodb.PutItemInput{TableName: &table, Item: key})
		case "UpdateItem":
			_, err = d.dynamodb.UpdateItem(ctx, &dynamodb.UpdateItemInput{TableName: &table, Key: key})
		case "DeleteItem":
			_, err = d.dynamodb.DeleteItem(ctx, &dynamodb.DeleteItemInput{TableName: &table, Key: key})
		default:
			return fmt.Errorf("the drill cannot send %s to a table", operation)
		}
		if err == nil {
			return fmt.Errorf("a request to the table %s succeeded, in spite of %s", table, fault)
		}
	}
	return nil
}

// keyOf returns the key of an item that need not exist.
func keyOf(t *types.TableDescription) map[string]types.AttributeValue {
	key := map[string]types.AttributeValue{}
	for _, a := range t.AttributeDefinitions {
		for _, k := range t.KeySchema {
			if aws.ToString(k.AttributeName) == aws.ToString(a.AttributeName) {
				key[*k.AttributeName] = valueOf(a.AttributeType)
			}
		}
	}
	return key
}

func valueOf(typ types.ScalarAttributeType) types.AttributeValue {
	switch typ {
	case types.ScalarAttributeTypeN:
		return &types.AttributeValueMemberN{Value: "0"}
	case types.ScalarAttributeTypeB:
		return &types.AttributeValueMemberB{Value: []byte("drill")}
	}
	return &types.AttributeValueMemberS{Value: "drill"}
}
