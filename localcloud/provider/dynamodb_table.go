package provider

import (
	"context"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/provider/schema"
)

// dynamoTable returns the type of tables. Their ID is their name.
func dynamoTable(service *dynamodb.Service) *Resource {
	return &Resource{
		Type: schema.Type{
			Token: "aws:dynamodb/table:Table", Noun: "DynamoDB Table",
			Inputs: []schema.Property{
				{Name: "name", AutoName: dynamodb.MaxName, ForceNew: true, Check: text(dynamodb.CheckName)},
				{Name: "attributes", Kind: schema.Objects, Unordered: true, Properties: []schema.Property{
					{Name: "name", Required: true, Check: text(dynamodb.CheckKeyName)},
					{Name: "type", Required: true, Check: text(dynamodb.CheckAttributeType)},
				}},
				{Name: "hashKey", Required: true, ForceNew: true},
				{Name: "rangeKey", ForceNew: true},
				{Name: "billingMode", Default: dynamodb.Provisioned, Check: text(dynamodb.CheckBillingMode)},
				{Name: "readCapacity", Kind: schema.Int, Computed: true, Recorded: true},
				{Name: "writeCapacity", Kind: schema.Int, Computed: true, Recorded: true},
				{Name: "onDemandThroughput", Kind: schema.Object, Computed: true, Properties: []schema.Property{
					{Name: "maxReadRequestUnits", Kind: schema.Int, Recorded: true},
					{Name: "maxWriteRequestUnits", Kind: schema.Int, Recorded: true},
				}},
				{Name: "globalSecondaryIndexes", Kind: schema.Objects, Unordered: true, Properties: append(indexProperties(),
					schema.Property{Name: "hashKey", Required: true},
					schema.Property{Name: "rangeKey"},
					schema.Property{Name: "readCapacity", Kind: schema.Int, Computed: true},
					schema.Property{Name: "writeCapacity", Kind: schema.Int, Computed: true},
				), Unsupported: []string{"onDemandThroughput"}},
				{Name: "localSecondaryIndexes", Kind: schema.Objects, Unordered: true, ForceNew: true, Properties: append(indexProperties(),
					schema.Property{Name: "rangeKey", Required: true})},
				{Name: "ttl", Kind: schema.Object, Computed: true, Properties: []schema.Property{
					{Name: "attributeName"},
					{Name: "enabled", Kind: schema.Bool},
				}},
				{Name: "pointInTimeRecovery", Kind: schema.Object, Computed: true, Properties: []schema.Property{
					{Name: "enabled", Kind: schema.Bool, Required: true, Recorded: true},
					{Name: "recoveryPeriodInDays", Kind: schema.Int, Computed: true, Recorded: true, Check: whole(dynamodb.CheckRecovery)},
				}},
				{Name: "serverSideEncryption", Kind: schema.Object, Computed: true, Properties: []schema.Property{
					{Name: "enabled", Kind: schema.Bool, Required: true},
					{Name: "kmsKeyArn", Computed: true, Check: anARN},
				}},
				{Name: "deletionProtectionEnabled", Kind: schema.Bool, Default: false},
				{Name: "tableClass", Default: "STANDARD", Recorded: true, Check: text(dynamodb.CheckTableClass)},
				{Name: "streamEnabled", Kind: schema.Bool, Default: false, Check: off("streams of tables are not emulated")},
				{Name: "streamViewType", Computed: true, Check: oneOf("")},
				tagged(dynamodb.CheckTags),
			},
			Outputs:     []schema.Output{{Name: "arn"}, {Name: "streamArn"}, {Name: "streamLabel"}, schema.TagOutput()},
			Unsupported: []string{"importTable", "replicas", "restoreDateTime", "restoreSourceName", "restoreSourceTableArn", "restoreToLatestTime"},
			Together:    tableTogether,
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			t := dynamodb.Table{Name: in.String("name")}
			setTable(&t, in)
			t, err := service.CreateTable(t)
			return t.Name, liveTable(service, t, in), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			t, err := service.Describe(id)
			return id, liveTable(service, t.Table, state), err
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			t, err := service.UpdateTable(id, func(t *dynamodb.Table) error { setTable(t, in); return nil })
			return liveTable(service, t, in), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error {
			_, err := service.DeleteTable(id)
			return err
		},
	}
}

func indexProperties() []schema.Property {
	return []schema.Property{
		{Name: "name", Required: true, Check: text(dynamodb.CheckName)},
		{Name: "projectionType", Required: true, Check: text(dynamodb.CheckProjectionType)},
		{Name: "nonKeyAttributes", Kind: schema.List, Unordered: true},
	}
}

// tableTogether refuses what the real provider refuses, and then what DynamoDB refuses.
//
// https://github.com/hashicorp/terraform-provider-aws/blob/main/internal/service/dynamodb/table.go
func tableTogether(in schema.Values, fail schema.Fail) {
	if ttl := in.Object("ttl"); ttl.Bool("enabled") && !ttl.Given("attributeName") {
		fail("ttl.attributeName", "is required if enabled is true")
	} else if ttl.Has("enabled") && !ttl.Bool("enabled") && ttl.String("attributeName") != "" {
		fail("ttl.attributeName", "must not be set unless enabled is true")
	}
	if !tableKnown(in) {
		return
	}
	failed := false
	refuse := func(property, format string, args ...any) {
		failed = true
		fail(property, format, args...)
	}
	checkIndexed(in, refuse)
	checkCapacity(in, refuse)
	if failed {
		return
	}
	t := dynamodb.Table{Name: in.String("name")}
	setTable(&t, in)
	if err := dynamodb.CheckTable(t); err != nil {
		fail("attributes", "%s", err)
	}
}

// tableKnown reports whether everything is known that the table must agree on.
func tableKnown(in schema.Values) bool {
	unknown := func(v schema.Values, names ...string) bool {
		return slices.ContainsFunc(names, func(name string) bool { return v.Given(name) && !v.Has(name) })
	}
	if unknown(in, "name", "hashKey", "rangeKey", "billingMode", "attributes", "globalSecondaryIndexes", "localSecondaryIndexes", "readCapacity", "writeCapacity") {
		return false
	}
	for _, list := range []string{"attributes", "globalSecondaryIndexes", "localSecondaryIndexes"} {
		for _, v := range in.Objects(list) {
			if !v.Has("name") || unknown(v, "type", "hashKey", "rangeKey", "projectionType", "nonKeyAttributes", "readCapacity", "writeCapacity") {
				return false
			}
		}
	}
	return true
}

// checkIndexed checks that the attributes are those of the keys.
func checkIndexed(in schema.Values, fail schema.Fail) {
	var indexed []string
	add := func(v schema.Values, names ...string) {
		for _, name := range names {
			if key := v.String(name); key != "" {
				indexed = append(indexed, key)
			}
		}
	}
	add(in, "hashKey", "rangeKey")
	for _, index := range in.Objects("globalSecondaryIndexes") {
		add(index, "hashKey", "rangeKey")
	}
	for _, index := range in.Objects("localSecondaryIndexes") {
		add(index, "rangeKey")
	}
	slices.Sort(indexed)
	unmatched := slices.Compact(indexed)
	var unused []string
	for _, a := range in.Objects("attributes") {
		name := a.String("name")
		if !slices.Contains(indexed, name) {
			unused = append(unused, name)
		}
		unmatched = slices.DeleteFunc(slices.Clone(unmatched), func(key string) bool { return key == name })
	}
	if len(unused) > 0 {
		fail("attributes", "all attributes must be indexed. Unused attributes: %q", unused)
	}
	if len(unmatched) > 0 {
		fail("attributes", "all indexes must match a defined attribute. Unmatched indexes: %q", unmatched)
	}
}

// checkCapacity checks that capacity is given for provisioned tables.
func checkCapacity(in schema.Values, fail schema.Fail) {
	provisioned := in.String("billingMode") == dynamodb.Provisioned
	for name, words := range map[string]string{"readCapacity": "read", "writeCapacity": "write"} {
		switch n := in.Int(name); {
		case provisioned && n < 1:
			fail(name, "%s_capacity must be at least 1 when billing_mode is %q", words, dynamodb.Provisioned)
		case !provisioned && n != 0:
			fail(name, "%s_capacity can not be set when billing_mode is %q", words, dynamodb.PayPerRequest)
		}
		for _, index := range in.Objects("globalSecondaryIndexes") {
			if provisioned && index.Int(name) < 1 {
				fail("globalSecondaryIndexes", "%s capacity must be > 0 when billing mode is %s", words, dynamodb.Provisioned)
			}
		}
	}
}

// anARN accepts ARNs, and nothing at all.
func anARN(v any) error {
	return cloud.CheckOptional(v.(string), func(s string) error { _, err := cloud.ParseARN(s); return err })
}
