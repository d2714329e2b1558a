package provider

import "strings"

func dynamoRefusals() refusals {
	index := func(name, projection string, more map[string]any) map[string]any {
		i := map[string]any{"name": name, "projectionType": projection, "hashKey": "id"}
		for k, v := range more {
			i[k] = v
		}
		return i
	}
	global := func(indexes ...any) map[string]any { return map[string]any{"globalSecondaryIndexes": indexes} }
	local := map[string]any{"rangeKey": "at", "attributes": attributesOf("id", "at"),
		"localSecondaryIndexes": []any{map[string]any{"name": "local", "rangeKey": "at", "projectionType": "ALL"}}}
	const enum = "failed to satisfy constraint: Member must satisfy enum value set: "
	return refusals{[]refusal{
		{token: tableToken, property: "name", value: "ab", words: "Invalid table/index name.  Table/index names must be between 3 and 255 characters long"},
		{token: tableToken, property: "name", value: "a/b/c", words: "Invalid table/index name."},
		{token: tableToken, property: "billingMode", value: "FREE", words: "Value 'FREE' at 'billingMode' " + enum + "[PROVISIONED, PAY_PER_REQUEST]"},
		{token: tableToken, property: "attributes[0].type", value: "BOOL", words: "Value 'BOOL' at 'attributeDefinitions.1.member.attributeType' " + enum + "[B, N, S]"},
		{token: tableToken, property: "attributes[0].name", value: strings.Repeat("x", 256), words: "The name of a key attribute must have 1 to 255 bytes"},
		{token: tableToken, property: "globalSecondaryIndexes[0].name", value: "i", with: global(index("index", "ALL", nil)), words: "Invalid table/index name."},
		{token: tableToken, property: "globalSecondaryIndexes[0].projectionType", value: "SOME", with: global(index("index", "ALL", nil)), words: "Value 'SOME' at 'projection.projectionType' " + enum + "[ALL, INCLUDE, KEYS_ONLY]"},
		{token: tableToken, property: "localSecondaryIndexes[0].name", value: "i", with: local, words: "Invalid table/index name."},
		{token: tableToken, property: "localSecondaryIndexes[0].projectionType", value: "SOME", with: local, words: "Value 'SOME' at 'projection.projectionType' " + enum},
		{token: tableToken, property: "pointInTimeRecovery.recoveryPeriodInDays", value: 36, with: map[string]any{"pointInTimeRecovery": map[string]any{"enabled": true}}, words: "RecoveryPeriodInDays must be between 1 and 35"},
		{token: tableToken, property: "tableClass", value: "GLACIER", words: "Value 'GLACIER' at 'tableClass' " + enum + "[STANDARD, STANDARD_INFREQUENT_ACCESS]"},
		{token: tableToken, property: "tags", value: badTags, words: "the tag key"},

		// Combinations
		{token: tableToken, property: "attributes", value: attributesOf("id"), with: map[string]any{"rangeKey": "id"}, words: "Both the Hash Key and the Range Key element in the KeySchema have the same name"},
		{token: tableToken, property: "attributes", value: attributesOf("id"), with: global(index("index", "KEYS_ONLY", map[string]any{"nonKeyAttributes": []any{"a"}})), words: "ProjectionType is KEYS_ONLY, but NonKeyAttributes is specified"},
		{token: tableToken, property: "attributes", value: attributesOf("id"), with: global(index("index", "INCLUDE", nil)), words: "ProjectionType is INCLUDE, but NonKeyAttributes is not specified"},
		{token: tableToken, property: "attributes", value: attributesOf("id"), with: global(index("index", "ALL", nil), index("index", "ALL", nil)), words: "Duplicate index name: index"},
		{token: tableToken, property: "attributes", value: attributesOf("id"), with: map[string]any{"localSecondaryIndexes": []any{map[string]any{"name": "local", "rangeKey": "id", "projectionType": "ALL"}}}, words: "Both the Hash Key and the Range Key"},
	}, []string{tableToken + ".serverSideEncryption.kmsKeyArn", tableToken + ".streamEnabled", tableToken + ".streamViewType"}}
}
