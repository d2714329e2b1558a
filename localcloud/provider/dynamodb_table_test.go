package provider

import (
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestGetTable(t *testing.T) {
	c := start(t)
	c.create(tableToken, "sums", map[string]any{"name": "sums", "hashKey": "id", "billingMode": "PAY_PER_REQUEST", "attributes": attributesOf("id")})
	arguments := func(name string) *pulumirpc.InvokeRequest {
		return &pulumirpc.InvokeRequest{Tok: "aws:dynamodb/getTable:getTable", Args: c.raw(resource.PropertyMap{"name": resource.NewStringProperty(name)})}
	}
	found, err := c.Invoke(t.Context(), arguments("sums"))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"arn": "arn:aws:dynamodb:us-east-1:000000000000:table/sums", "hashKey": "id", "id": "sums", "billingMode": "PAY_PER_REQUEST", "streamArn": ""} {
		if got := found.GetReturn().GetFields()[name].GetStringValue(); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
	_, err = c.Invoke(t.Context(), arguments("none"))
	holds(t, err, "reading DynamoDB Table (none)", "ResourceNotFoundException")
}

// A change of what an index contains deletes and creates it, as the real provider does.
func TestTableIndexIsReplaced(t *testing.T) {
	c := start(t)
	inputs := func(projection string) map[string]any {
		return map[string]any{"name": "sums", "hashKey": "id", "billingMode": "PAY_PER_REQUEST", "attributes": attributesOf("id", "user"),
			"globalSecondaryIndexes": []any{map[string]any{"name": "by-user", "hashKey": "user", "projectionType": projection}}}
	}
	m := c.create(tableToken, "sums", inputs("ALL"))
	c.update(m, c.check(tableToken, "sums", m.inputs, resource.NewPropertyMapFromMap(inputs("KEYS_ONLY"))), false)
	d, err := c.services.DynamoDB.Describe("sums")
	if err != nil || d.Global[0].Projection != "KEYS_ONLY" {
		t.Errorf("index %+v, %v", d.Global, err)
	}
}

// A protected table cannot be deleted.
func TestProtectedTable(t *testing.T) {
	c := start(t)
	m := c.create(tableToken, "sums", map[string]any{"name": "sums", "hashKey": "id", "billingMode": "PAY_PER_REQUEST", "attributes": attributesOf("id"), "deletionProtectionEnabled": true})
	_, err := c.Delete(t.Context(), &pulumirpc.DeleteRequest{Id: m.id, Urn: urnOf(tableToken, "sums"), Properties: c.raw(m.state)})
	holds(t, err, "deleting DynamoDB Table (sums)", "currently protected against deletion")
}

// A table keeps its key if the program no longer has the block, and loses it if the program
// disables it, as with the real provider: the block is optional and computed.
//
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/dynamodb/table.go
func TestTableLosesItsKey(t *testing.T) {
	c := start(t)
	key := c.create(keyToken, "k", nil).state["arn"].StringValue()
	inputs := func(encryption map[string]any) map[string]any {
		in := map[string]any{"name": "sums", "hashKey": "id", "billingMode": "PAY_PER_REQUEST", "attributes": attributesOf("id")}
		if encryption != nil {
			in["serverSideEncryption"] = encryption
		}
		return in
	}
	m := c.create(tableToken, "sums", inputs(map[string]any{"enabled": true, "kmsKeyArn": key}))
	checked := func(encryption map[string]any) resource.PropertyMap {
		return c.check(tableToken, "sums", m.inputs, resource.NewPropertyMapFromMap(inputs(encryption)))
	}
	c.same(m, m.inputs, checked(nil))
	for _, step := range []struct {
		encryption map[string]any
		key        string
	}{
		{map[string]any{"enabled": false}, ""},
		{map[string]any{"enabled": true, "kmsKeyArn": key}, key},
	} {
		want := checked(step.encryption)
		if d := c.diff(m, m.inputs, want); d.DetailedDiff["serverSideEncryption.enabled"] == nil {
			t.Errorf("%v: %v", step.encryption, d.DetailedDiff)
		}
		m.state, m.inputs = c.update(m, want, false), want
		if d, err := c.services.DynamoDB.Describe("sums"); err != nil || d.KMSKey != step.key || d.KMS != (step.key != "") {
			t.Errorf("%v: %+v, %v", step.encryption, d.Table, err)
		}
		m = c.read(m, "")
		c.same(m, m.inputs, want)
	}
}
