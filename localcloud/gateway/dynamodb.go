package gateway

import (
	"cmp"
	"context"
	"encoding/json"
	"hash/crc32"
	"maps"
	"slices"
	"strconv"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
)

const dynamoTarget = "DynamoDB_20120810"

// Transactions are authorized as operations on single items.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_Operations_Amazon_DynamoDB.html
func dynamoOperations() operations {
	return operations{
		"BatchGetItem":              onItems("BatchGetItem", (*dynamodb.Service).BatchGetItem),
		"BatchWriteItem":            onItems("BatchWriteItem", (*dynamodb.Service).BatchWriteItem),
		"DeleteItem":                onItems("DeleteItem", (*dynamodb.Service).DeleteItem),
		"GetItem":                   onItems("GetItem", (*dynamodb.Service).GetItem),
		"PutItem":                   onItems("PutItem", (*dynamodb.Service).PutItem),
		"Query":                     onItems("Query", (*dynamodb.Service).Query),
		"Scan":                      onItems("Scan", (*dynamodb.Service).Scan),
		"TransactGetItems":          onItems("GetItem", (*dynamodb.Service).TransactGetItems),
		"TransactWriteItems":        onItems("PutItem", (*dynamodb.Service).TransactWriteItems),
		"UpdateItem":                onItems("UpdateItem", (*dynamodb.Service).UpdateItem),
		"CreateTable":               authorized("dynamodb:CreateTable", tableOf, createTable),
		"DeleteTable":               authorized("dynamodb:DeleteTable", tableOf, deleteTable),
		"DescribeContinuousBackups": authorized("dynamodb:DescribeContinuousBackups", tableOf, describeBackups),
		"DescribeTable":             authorized("dynamodb:DescribeTable", tableOf, describeTable),
		"DescribeTimeToLive":        authorized("dynamodb:DescribeTimeToLive", tableOf, describeTTL),
		"ListTables":                authorized("dynamodb:ListTables", allTables, listTables),
		"ListTagsOfResource":        authorized("dynamodb:ListTagsOfResource", tableOf, listTableTags),
		"TagResource":               authorized("dynamodb:TagResource", tableOf, tagTable),
		"UntagResource":             authorized("dynamodb:UntagResource", tableOf, untagTable),
		"UpdateContinuousBackups":   authorized("dynamodb:UpdateContinuousBackups", tableOf, updateBackups),
		"UpdateTable":               authorized("dynamodb:UpdateTable", tableOf, updateTable),
		"UpdateTimeToLive":          authorized("dynamodb:UpdateTimeToLive", tableOf, updateTTL),
	}
}

// onItems makes the operation of a method of the service, which authorizes it.
func onItems[In, Out any](action string, run func(*dynamodb.Service, context.Context, cloud.Caller, In) (Out, error)) operation {
	return authorizedByService("dynamodb:"+action, func(c *call, in In) (any, error) {
		return run(c.DynamoDB, c.Context(), c.caller, in)
	})
}

// dynamoJSON is the AWS JSON 1.0 protocol, with a checksum that SDKs verify.
type dynamoJSON struct{ awsJSON }

func (j dynamoJSON) parse(c *call) (string, decoder, error) {
	name, decode, err := j.awsJSON.parse(c)
	if err != nil {
		return "", nil, err
	}
	return name, func(into any) error {
		err := decode(into)
		if err == nil {
			return nil
		}
		return cmp.Or(refuseLegacy(c.body, name), err)
	}, nil
}

// legacy holds the parameters that expressions have replaced, and those expressions.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/LegacyConditionalParameters.html
var legacy = map[string]string{
	"AttributesToGet":     "ProjectionExpression",
	"AttributeUpdates":    "UpdateExpression",
	"ConditionalOperator": "ConditionExpression or FilterExpression",
	"Expected":            "ConditionExpression",
	"KeyConditions":       "KeyConditionExpression",
	"QueryFilter":         "FilterExpression",
	"ScanFilter":          "FilterExpression",
}

// refuseLegacy refuses legacy parameters by name. AWS accepts them. Inputs have none, so
// only a body that cannot be decoded contains any.
func refuseLegacy(body []byte, operation string) error {
	var in struct {
		members      map[string]json.RawMessage
		RequestItems map[string]json.RawMessage
	}
	if json.Unmarshal(body, &in.members) != nil {
		return nil // decoding the input refuses it
	}
	requests := []map[string]json.RawMessage{in.members}
	if operation == "BatchGetItem" && json.Unmarshal(body, &in) == nil {
		for _, raw := range in.RequestItems {
			var request map[string]json.RawMessage
			_ = json.Unmarshal(raw, &request) // as above
			requests = append(requests, request)
		}
	}
	for _, request := range requests {
		for _, name := range slices.Sorted(maps.Keys(request)) {
			if instead, ok := legacy[name]; ok {
				return cloud.Errorf(0, "ValidationException", "The local cloud does not emulate the legacy parameter %s of %s; use %s", name, operation, instead)
			}
		}
	}
	return nil
}

func (j dynamoJSON) encode(name string, result any, requestID string) (response, error) {
	res, err := j.awsJSON.encode(name, result, requestID)
	return summed(res), err
}

// summed adds the checksum of the body.
func summed(res response) response {
	res.header.Set("X-Amz-Crc32", strconv.FormatUint(uint64(crc32.ChecksumIEEE(res.body)), 10))
	return res
}

// refuse writes the message in the spelling of each error.
func (j dynamoJSON) refuse(e *cloud.Error, _ string) response {
	code := jsonCode(e.Code)
	status := e.HTTPStatus()
	if code != e.Code {
		status = 400
	}
	body := map[string]any{"__type": dynamoShape(code)}
	maps.Copy(body, e.Fields)
	member := "message"
	if code == "TransactionCanceledException" || code == "AccessDeniedException" || code == "SerializationException" {
		member = "Message"
	}
	body[member] = e.Message
	res, _ := jsonResponse(status, j.contentType(), body) // the fields of errors can be encoded
	return summed(res)
}

// dynamoShape returns the name of an error with that of the model that defines it.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
func dynamoShape(code string) string {
	switch code {
	case "ValidationException":
		return "com.amazon.coral.validate#" + code
	case "AccessDeniedException", "IncompleteSignatureException", "InvalidSignatureException", "MissingAuthenticationTokenException",
		"SerializationException", "UnknownOperationException", "UnrecognizedClientException":
		return "com.amazon.coral.service#" + code
	}
	return "com.amazonaws.dynamodb.v20120810#" + code
}
