package dynamodb_test

import (
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
)

// recorded is a cloud.Metrics that adds values up, by name and dimensions.
type recorded map[string]float64

func (r recorded) Report(_ string, _ time.Time, dimensions [][]cloud.Dimension, values []cloud.MetricValue) {
	for _, set := range dimensions {
		for _, v := range values {
			key := v.Name
			for _, d := range set {
				key += " " + d.Name + "=" + d.Value
			}
			if v.Unit == "Milliseconds" {
				v.Value = 1 // the number of requests
			}
			r[key] += v.Value
		}
	}
}

// The metrics of https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func TestMetrics(t *testing.T) {
	got := recorded{}
	s := must(dynamodb.New(dynamodb.Options{Place: place, Metrics: got, Authorizer: allowing(func(cloud.Request) error { return nil })}))(t)
	table := things()
	table.Attributes["user"] = attribute.S
	table.Global = []dynamodb.Index{{Name: "by-user", Key: dynamodb.Schema{Hash: "user"}, Projection: "ALL"}}
	must(s.CreateTable(table))(t)
	consistent := true
	put(t, s, thing("a", "user", "u"))
	_, _ = s.PutItem(t.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: thing("a"), ConditionExpression: text("attribute_not_exists(id)")})
	must(s.GetItem(t.Context(), developer, dynamodb.GetItemInput{TableName: "things", Key: thing("a"), ConsistentRead: &consistent}))(t)
	_, _ = s.GetItem(t.Context(), developer, dynamodb.GetItemInput{TableName: "things", Key: attribute.Item{"wrong": attribute.Int(1)}})
	must(s.Scan(t.Context(), developer, dynamodb.ScanInput{TableName: "things"}))(t)
	for key, want := range map[string]float64{
		"ConsumedWriteCapacityUnits TableName=things":                                  1,
		"ConsumedWriteCapacityUnits GlobalSecondaryIndexName=by-user TableName=things": 1,
		"ConsumedReadCapacityUnits TableName=things":                                   1.5,
		"ConditionalCheckFailedRequests TableName=things":                              1,
		"UserErrors": 1,
		"ReturnedItemCount Operation=Scan TableName=things":           1,
		"SuccessfulRequestLatency Operation=PutItem TableName=things": 1,
		"SuccessfulRequestLatency Operation=GetItem TableName=things": 1,
		"SuccessfulRequestLatency Operation=Scan TableName=things":    1,
	} {
		if got[key] != want {
			t.Errorf("%s = %v, want %v", key, got[key], want)
		}
		delete(got, key)
	}
	if len(got) > 0 {
		t.Errorf("unexpected: %v", got)
	}
}
