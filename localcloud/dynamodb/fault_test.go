package dynamodb_test

import (
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
)

// faults is a cloud.Faults that hits every request with one kind of fault.
type faults struct {
	cloud.NoFaults
	kind cloud.FaultKind // "" for none
}

func (f *faults) Decide(kind cloud.FaultKind, v cloud.Victim) (cloud.Fault, bool) {
	return cloud.Fault{Kind: kind}, kind == f.kind && v.Service == "dynamodb" && v.Resource == "things"
}

// TestFaults checks the errors and the metrics of requests that faults refuse, and that
// these requests change nothing.
func TestFaults(t *testing.T) {
	got, f := recorded{}, &faults{}
	s := must(dynamodb.New(dynamodb.Options{Place: place, Metrics: got, Faults: f, Authorizer: allowing(func(cloud.Request) error { return nil })}))(t)
	must(s.CreateTable(things()))(t)
	for _, c := range []struct {
		kind    cloud.FaultKind
		code    string
		status  int
		metrics map[string]float64
	}{
		{cloud.FaultThrottle, "ProvisionedThroughputExceededException", 400, map[string]float64{
			"ThrottledRequests Operation=GetItem TableName=things": 1, "ReadThrottleEvents TableName=things": 1,
			"ThrottledRequests Operation=PutItem TableName=things": 1, "WriteThrottleEvents TableName=things": 1,
		}},
		{cloud.FaultError, "InternalServerError", 500, map[string]float64{
			"SystemErrors Operation=GetItem TableName=things": 1, "SystemErrors Operation=PutItem TableName=things": 1,
		}},
	} {
		f.kind = c.kind
		clear(got)
		_, getErr := s.GetItem(t.Context(), developer, dynamodb.GetItemInput{TableName: "things", Key: thing("a")})
		_, putErr := s.PutItem(t.Context(), developer, dynamodb.PutItemInput{TableName: "things", Item: thing("a")})
		for _, err := range []error{getErr, putErr} {
			e, ok := err.(*cloud.Error)
			if !ok || e.Code != c.code || e.HTTPStatus() != c.status {
				t.Errorf("%s: %v, want %s", c.kind, err, c.code)
			}
		}
		for key, want := range c.metrics {
			if got[key] != want {
				t.Errorf("%s: %s = %v, want %v", c.kind, key, got[key], want)
			}
		}
		if len(got) != len(c.metrics) {
			t.Errorf("%s: metrics %v, want %v", c.kind, got, c.metrics)
		}
	}
	f.kind = ""
	found := must(s.GetItem(t.Context(), developer, dynamodb.GetItemInput{TableName: "things", Key: attribute.Item(thing("a"))}))(t)
	if found.Item != nil {
		t.Errorf("a refused request has put %v", *found.Item)
	}
}
