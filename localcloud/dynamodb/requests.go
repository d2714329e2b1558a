package dynamodb

import (
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

// The inputs and outputs of operations have the members that they have in JSON. A pointer
// is nil if the member is absent.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html

// PutItemInput is the input of [Service.PutItem].
type PutItemInput struct {
	TableName                           string
	Item                                attribute.Item
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           expression.Values
	ReturnValues                        string // NONE or ALL_OLD
	ReturnValuesOnConditionCheckFailure string // NONE or ALL_OLD
	ReturnConsumedCapacity              string // NONE, TOTAL or INDEXES
	ReturnItemCollectionMetrics         string // NONE or SIZE
}

// DeleteItemInput is the input of [Service.DeleteItem].
type DeleteItemInput struct {
	TableName                           string
	Key                                 attribute.Item
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           expression.Values
	ReturnValues                        string // NONE or ALL_OLD
	ReturnValuesOnConditionCheckFailure string
	ReturnConsumedCapacity              string
	ReturnItemCollectionMetrics         string
}

// UpdateItemInput is the input of [Service.UpdateItem].
type UpdateItemInput struct {
	TableName                           string
	Key                                 attribute.Item
	UpdateExpression                    *string
	ConditionExpression                 *string
	ExpressionAttributeNames            map[string]string
	ExpressionAttributeValues           expression.Values
	ReturnValues                        string // NONE, ALL_OLD, ALL_NEW, UPDATED_OLD or UPDATED_NEW
	ReturnValuesOnConditionCheckFailure string
	ReturnConsumedCapacity              string
	ReturnItemCollectionMetrics         string
}

// WriteOutput is the output of the operations that write one item.
type WriteOutput struct {
	Attributes            attribute.Item         `json:",omitempty"`
	ConsumedCapacity      *ConsumedCapacity      `json:",omitempty"`
	ItemCollectionMetrics *ItemCollectionMetrics `json:",omitempty"`
}

// ItemCollectionMetrics estimates the size of the items with one partition key, of a
// table with local indexes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_ItemCollectionMetrics.html
type ItemCollectionMetrics struct {
	ItemCollectionKey   attribute.Item
	SizeEstimateRangeGB [2]float64
}

// GetItemInput is the input of [Service.GetItem].
type GetItemInput struct {
	TableName                string
	Key                      attribute.Item
	ConsistentRead           *bool
	ProjectionExpression     *string
	ExpressionAttributeNames map[string]string
	ReturnConsumedCapacity   string
}

// GetItemOutput is the output of [Service.GetItem]. Item is nil if there is no such item,
// and not nil but perhaps empty otherwise.
type GetItemOutput struct {
	Item             *attribute.Item   `json:",omitempty"`
	ConsumedCapacity *ConsumedCapacity `json:",omitempty"`
}

// QueryInput is the input of [Service.Query].
type QueryInput struct {
	TableName                 string
	IndexName                 *string
	Select                    string // ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES, SPECIFIC_ATTRIBUTES or COUNT
	Limit                     *int
	ConsistentRead            *bool
	ScanIndexForward          *bool
	ExclusiveStartKey         attribute.Item
	KeyConditionExpression    *string
	FilterExpression          *string
	ProjectionExpression      *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues expression.Values
	ReturnConsumedCapacity    string
}

// ScanInput is the input of [Service.Scan].
type ScanInput struct {
	TableName                 string
	IndexName                 *string
	Select                    string
	Limit                     *int
	Segment                   *int
	TotalSegments             *int
	ConsistentRead            *bool
	ExclusiveStartKey         attribute.Item
	FilterExpression          *string
	ProjectionExpression      *string
	ExpressionAttributeNames  map[string]string
	ExpressionAttributeValues expression.Values
	ReturnConsumedCapacity    string
}

// PageOutput is the output of [Service.Query] and [Service.Scan]. Items is nil with the
// Select COUNT.
type PageOutput struct {
	Items            *[]attribute.Item `json:",omitempty"`
	Count            int
	ScannedCount     int
	LastEvaluatedKey attribute.Item    `json:",omitempty"`
	ConsumedCapacity *ConsumedCapacity `json:",omitempty"`
}
