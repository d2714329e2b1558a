package provider

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/provider/schema"
)

// setTable applies the inputs to a table, except its name.
func setTable(t *dynamodb.Table, in schema.Values) {
	t.Attributes = map[string]attribute.Type{}
	for _, a := range in.Objects("attributes") {
		t.Attributes[a.String("name")] = attribute.Type(a.String("type"))
	}
	t.Key = dynamodb.Schema{Hash: in.String("hashKey"), Sort: in.String("rangeKey")}
	t.BillingMode, t.Class, t.Protected, t.Tags = in.String("billingMode"), in.String("tableClass"), in.Bool("deletionProtectionEnabled"), in.Map("tagsAll")
	t.Throughput, t.OnDemand = capacityOf(in, t.BillingMode), dynamodb.OnDemand{}
	if limits := in.Object("onDemandThroughput"); t.BillingMode == dynamodb.PayPerRequest {
		t.OnDemand = dynamodb.OnDemand{MaxRead: int64(max(limits.Int("maxReadRequestUnits"), 0)), MaxWrite: int64(max(limits.Int("maxWriteRequestUnits"), 0))}
	}
	t.Global, t.Local = nil, nil
	for _, index := range in.Objects("globalSecondaryIndexes") {
		i := indexOf(index, index.String("hashKey"))
		i.Throughput = capacityOf(index, t.BillingMode)
		t.Global = append(t.Global, i)
	}
	for _, index := range in.Objects("localSecondaryIndexes") {
		t.Local = append(t.Local, indexOf(index, t.Key.Hash))
	}
	if t.TTLAttribute = ""; in.Object("ttl").Bool("enabled") {
		t.TTLAttribute = in.Object("ttl").String("attributeName")
	}
	if t.Recovery = 0; in.Object("pointInTimeRecovery").Bool("enabled") {
		if t.Recovery = in.Object("pointInTimeRecovery").Int("recoveryPeriodInDays"); t.Recovery == 0 {
			t.Recovery = dynamodb.MaxRecovery
		}
	}
	t.KMS, t.KMSKey = in.Object("serverSideEncryption").Bool("enabled"), ""
	if key := in.Object("serverSideEncryption").String("kmsKeyArn"); t.KMS && !strings.HasSuffix(key, ":alias/aws/dynamodb") {
		t.KMSKey = key
	}
}

// capacityOf returns the provisioned capacity of a table or index. That of the state
// remains in the inputs when the table becomes an on-demand one.
func capacityOf(in schema.Values, mode string) dynamodb.Throughput {
	if mode == dynamodb.PayPerRequest {
		return dynamodb.Throughput{}
	}
	return dynamodb.Throughput{Read: int64(in.Int("readCapacity")), Write: int64(in.Int("writeCapacity"))}
}

func indexOf(in schema.Values, hash string) dynamodb.Index {
	return dynamodb.Index{Name: in.String("name"), Key: dynamodb.Schema{Hash: hash, Sort: in.String("rangeKey")},
		Projection: in.String("projectionType"), Include: in.Strings("nonKeyAttributes")}
}

// liveTable returns the live state of a table. Its attributes are in the order that they
// have in like, the inputs or the state.
func liveTable(service *dynamodb.Service, t dynamodb.Table, like schema.Values) map[string]any {
	if t.Name == "" {
		return nil
	}
	var sse any
	if t.KMS {
		sse = map[string]any{"enabled": true, "kmsKeyArn": service.KeyARN(t)}
	}
	recovery := map[string]any{"enabled": t.Recovery > 0}
	if t.Recovery > 0 {
		recovery["recoveryPeriodInDays"] = t.Recovery
	}
	var limits any
	if t.OnDemand != (dynamodb.OnDemand{}) {
		limits = map[string]any{"maxReadRequestUnits": int(t.OnDemand.MaxRead), "maxWriteRequestUnits": int(t.OnDemand.MaxWrite)}
	}
	return map[string]any{
		"name": t.Name, "arn": t.ARN, "hashKey": t.Key.Hash, "rangeKey": orNil(t.Key.Sort), "attributes": liveAttributes(t, like),
		"billingMode": t.BillingMode, "readCapacity": int(t.Throughput.Read), "writeCapacity": int(t.Throughput.Write), "onDemandThroughput": limits,
		"globalSecondaryIndexes": liveIndexes(t.Global, true), "localSecondaryIndexes": liveIndexes(t.Local, false),
		"ttl": map[string]any{"attributeName": t.TTLAttribute, "enabled": t.TTLAttribute != ""}, "pointInTimeRecovery": recovery, "serverSideEncryption": sse,
		"deletionProtectionEnabled": t.Protected, "tableClass": t.Class,
		"streamEnabled": false, "streamArn": "", "streamLabel": "", "streamViewType": "", "tagsAll": t.Tags,
	}
}

func liveAttributes(t dynamodb.Table, like schema.Values) any {
	var names []string
	for _, a := range like.Objects("attributes") {
		if _, ok := t.Attributes[a.String("name")]; ok {
			names = append(names, a.String("name"))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	var all []any
	for _, name := range names {
		all = append(all, map[string]any{"name": name, "type": string(t.Attributes[name])})
	}
	return orNilList(all)
}

func liveIndexes(indexes []dynamodb.Index, global bool) any {
	var all []any
	for _, i := range indexes {
		index := map[string]any{"name": i.Name, "rangeKey": orNil(i.Key.Sort), "projectionType": i.Projection, "nonKeyAttributes": orNilList(i.Include)}
		if global {
			index["hashKey"], index["readCapacity"], index["writeCapacity"] = i.Key.Hash, int(i.Throughput.Read), int(i.Throughput.Write)
		}
		all = append(all, index)
	}
	return orNilList(all)
}

// getTable describes a table by its name.
func getTable(service *dynamodb.Service) function {
	return func(args schema.Values) (map[string]any, error) {
		t, err := service.Describe(args.String("name"))
		if err != nil {
			return nil, fmt.Errorf("reading DynamoDB Table (%s): %w", args.String("name"), err)
		}
		found := liveTable(service, t.Table, schema.Values{})
		found["id"], found["rangeKey"], found["tags"] = t.Name, t.Key.Sort, t.Tags
		for _, name := range []string{"globalSecondaryIndexes", "localSecondaryIndexes", "attributes"} {
			if found[name] == nil {
				found[name] = []any{}
			}
		}
		if found["serverSideEncryption"] == nil {
			found["serverSideEncryption"] = map[string]any{"enabled": false, "kmsKeyArn": ""}
		}
		found["onDemandThroughputs"], found["replicas"] = []any{}, []any{}
		delete(found, "onDemandThroughput")
		delete(found, "tagsAll")
		return found, nil
	}
}
