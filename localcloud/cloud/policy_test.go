package cloud_test

import (
	"reflect"
	"testing"

	"tally/localcloud/cloud"
)

func TestPolicyStatements(t *testing.T) {
	for document, want := range map[string][]cloud.PolicyStatement{
		"{":                 nil,
		`"policy"`:          nil,
		`{"Statement":"s"}`: nil,
		`{"Statement":{"Action":"a:b","Resource":"*","Principal":"*"}}`: {
			{Actions: []string{"a:b"}, Resources: []string{"*"}, Principals: 1}},
		`{"Statement":[{"Principal":{"AWS":["1","2"],"Service":"s"},"Action":["a:b","a:c"],
			"Condition":{"Bool":{"a:x":true},"Null":{"a:x":"true","a:y":["true"]}}},{"NotAction":"*"}]}`: {
			{Actions: []string{"a:b", "a:c"}, Principals: 3, Conditions: 3}, {}},
	} {
		if got := cloud.PolicyStatements(document); !reflect.DeepEqual(got, want) {
			t.Errorf("PolicyStatements(%s) = %+v, want %+v", document, got, want)
		}
	}
}
