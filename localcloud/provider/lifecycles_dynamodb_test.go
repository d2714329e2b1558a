package provider

import (
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
)

const tableToken = "aws:dynamodb/table:Table"

// attributesOf returns definitions of attributes of type S.
func attributesOf(names ...string) []any {
	var all []any
	for _, name := range names {
		all = append(all, map[string]any{"name": name, "type": "S"})
	}
	return all
}

func dynamoLifeCycles() []lifeCycle {
	byHand := func(change func(*dynamodb.Table)) func(c cloudUnderTest, m made) error {
		return func(c cloudUnderTest, m made) error {
			_, err := c.services.DynamoDB.UpdateTable(m.id, func(t *dynamodb.Table) error { change(t); return nil })
			return err
		}
	}
	onDemand := map[string]string{"name": "thing-" + hex, "arn": "arn:aws:dynamodb:us-east-1:000000000000:table/thing-" + hex,
		"readCapacity": "0", "writeCapacity": "0", "pointInTimeRecovery": "map.enabled:false.", "ttl": "map.attributeName: enabled:false.",
		"tableClass": "STANDARD", "deletionProtectionEnabled": "false",
		"streamEnabled": "false", "streamArn": "", "streamLabel": "", "streamViewType": "", "tagsAll": "map.a:1."}
	provisioned := map[string]string{"name": "thing-" + hex, "arn": "arn:aws:dynamodb:us-east-1:000000000000:table/thing-" + hex,
		"billingMode": "PROVISIONED", "ttl": "map.attributeName:until enabled:true.", "pointInTimeRecovery": "map.enabled:true recoveryPeriodInDays:35.",
		"tableClass": "STANDARD", "deletionProtectionEnabled": "false", "serverSideEncryption": "map.enabled:true kmsKeyArn:arn:aws:kms:us-east-1:000000000000:alias/aws/dynamodb.",
		"streamEnabled": "false", "streamArn": "", "streamLabel": "", "streamViewType": "", "tagsAll": "map.."}
	return []lifeCycle{{
		token: tableToken,
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"hashKey": "id", "billingMode": "PAY_PER_REQUEST", "attributes": attributesOf("id"), "tags": map[string]any{"a": "1"}}
		},
		id: "thing-" + hex, outputs: onDemand,
		update: map[string]any{"deletionProtectionEnabled": false, "ttl": map[string]any{"attributeName": "until", "enabled": true},
			"attributes":             attributesOf("user", "id"),
			"globalSecondaryIndexes": []any{map[string]any{"name": "by-user", "hashKey": "user", "projectionType": "ALL"}}},
		diff:    map[string]string{"attributes[1]": "ADD", "globalSecondaryIndexes": "ADD", "ttl.attributeName": "UPDATE", "ttl.enabled": "UPDATE"},
		replace: map[string]any{"hashKey": "key", "attributes": attributesOf("key")}, replaces: []string{"hashKey"},
		drift: byHand(func(t *dynamodb.Table) { t.Recovery, t.Tags = 7, nil }), seen: []string{"tags", "tagsAll"},
	}, {
		token: tableToken,
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"hashKey": "id", "rangeKey": "at", "readCapacity": 5, "writeCapacity": 6, "attributes": attributesOf("user", "id", "at", "kind"),
				"globalSecondaryIndexes": []any{map[string]any{"name": "by-user", "hashKey": "user", "rangeKey": "at", "projectionType": "INCLUDE",
					"nonKeyAttributes": []any{"b", "a"}, "readCapacity": 1, "writeCapacity": 2}},
				"localSecondaryIndexes": []any{map[string]any{"name": "by-kind", "rangeKey": "kind", "projectionType": "KEYS_ONLY"}},
				"ttl":                   map[string]any{"attributeName": "until", "enabled": true},
				"pointInTimeRecovery":   map[string]any{"enabled": true}, "serverSideEncryption": map[string]any{"enabled": true}}
		},
		id: "thing-" + hex, outputs: provisioned,
		update: map[string]any{"readCapacity": 7, "attributes": attributesOf("at", "id", "kind", "user"), "pointInTimeRecovery": map[string]any{"enabled": true, "recoveryPeriodInDays": 7},
			"globalSecondaryIndexes": []any{map[string]any{"name": "by-user", "hashKey": "user", "rangeKey": "at", "projectionType": "INCLUDE",
				"nonKeyAttributes": []any{"a", "b"}, "readCapacity": 3, "writeCapacity": 2}}},
		diff:    map[string]string{"readCapacity": "UPDATE", "pointInTimeRecovery.recoveryPeriodInDays": "UPDATE", "globalSecondaryIndexes[0].readCapacity": "UPDATE"},
		replace: map[string]any{"rangeKey": "kind", "attributes": attributesOf("user", "id", "at", "kind")}, replaces: []string{"rangeKey"},
		drift: byHand(func(t *dynamodb.Table) {
			t.Throughput.Read, t.TTLAttribute = 9, ""
			delete(t.Attributes, "user")
			t.Attributes["user"], t.Class = attribute.S, "STANDARD_INFREQUENT_ACCESS"
		}), seen: []string{"readCapacity", "tableClass", "ttl"},
	}}
}
