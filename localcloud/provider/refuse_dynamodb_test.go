package provider

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// What the real provider refuses in a preview, and what the local cloud does not emulate.
func TestTablesThatCheckRefuses(t *testing.T) {
	c := start(t)
	for name, tc := range map[string]struct {
		inputs map[string]any
		words  string
	}{
		"unused attribute": {map[string]any{"attributes": attributesOf("id", "sum", "b")}, `all attributes must be indexed. Unused attributes: ["sum" "b"]`},
		"unmatched keys":   {map[string]any{"attributes": attributesOf("id"), "rangeKey": "at"}, `all indexes must match a defined attribute. Unmatched indexes: ["at"]`},
		"no attributes":    {map[string]any{"attributes": nil}, `Unmatched indexes: ["id"]`},
		"no key":           {map[string]any{"hashKey": nil}, "missing required property"},
		"no capacity":      {map[string]any{"billingMode": nil}, `read_capacity must be at least 1 when billing_mode is "PROVISIONED"`},
		"capacity":         {map[string]any{"writeCapacity": 1}, `write_capacity can not be set when billing_mode is "PAY_PER_REQUEST"`},
		"index without capacity": {map[string]any{"billingMode": "PROVISIONED", "readCapacity": 1, "writeCapacity": 1,
			"globalSecondaryIndexes": []any{map[string]any{"name": "index", "hashKey": "id", "projectionType": "ALL", "readCapacity": 1}}}, "write capacity must be > 0 when billing mode is PROVISIONED"},
		"TTL without a name": {map[string]any{"ttl": map[string]any{"enabled": true}}, "is required if enabled is true"},
		"TTL that is off":    {map[string]any{"ttl": map[string]any{"enabled": false, "attributeName": "until"}}, "must not be set unless enabled is true"},
		"streams":            {map[string]any{"streamEnabled": true}, "streams of tables are not emulated"},
		"replicas":           {map[string]any{"replicas": []any{map[string]any{"regionName": "eu-west-1"}}}, `does not emulate "replicas"`},
		"import":             {map[string]any{"importTable": map[string]any{}}, `does not emulate "importTable"`},
		"restoration":        {map[string]any{"restoreSourceName": "old"}, `does not emulate "restoreSourceName"`},
		"key":                {map[string]any{"serverSideEncryption": map[string]any{"enabled": true, "kmsKeyArn": "key"}}, "An ARN must have at least 6 elements"},
	} {
		inputs := map[string]any{"hashKey": "id", "billingMode": "PAY_PER_REQUEST", "attributes": attributesOf("id")}
		for k, v := range tc.inputs {
			inputs[k] = v
		}
		res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(tableToken, "sums"), News: c.raw(resource.NewPropertyMapFromMap(inputs))})
		if err != nil {
			t.Fatal(err)
		}
		var reasons []string
		for _, f := range res.Failures {
			reasons = append(reasons, f.Property+": "+f.Reason)
		}
		if all := strings.Join(reasons, "\n"); !strings.Contains(all, tc.words) {
			t.Errorf("%s: %s, want %s", name, all, tc.words)
		}
	}
}
