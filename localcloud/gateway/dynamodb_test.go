package gateway

import (
	"cmp"
	"errors"
	"strings"
	"testing"

	awsdynamodb "github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/smithy-go"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/kms"
)

// sums creates the table sums with the key id and the index by-user.
func (k *kit) sums(t testing.TB, change func(*dynamodb.Table)) {
	t.Helper()
	table := dynamodb.Table{Name: "sums", Attributes: map[string]attribute.Type{"id": attribute.S, "user": attribute.S}, Key: dynamodb.Schema{Hash: "id"},
		BillingMode: dynamodb.PayPerRequest, Global: []dynamodb.Index{{Name: "by-user", Key: dynamodb.Schema{Hash: "user"}, Projection: "ALL"}}}
	if change != nil {
		change(&table)
	}
	must(k.DynamoDB.CreateTable(table))(t)
}

// The condition keys of https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
func TestTablePermissions(t *testing.T) {
	const (
		key   = `"TableName":"sums","Key":{"id":{"S":"mine"}}`
		other = `"TableName":"sums","Key":{"id":{"S":"yours"}}`

		schema = `"BillingMode":"PAY_PER_REQUEST","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}]`
		noTagB = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"},` +
			`{"Effect":"Deny","Action":"dynamodb:TagResource","Resource":"*","Condition":{"StringEquals":{"aws:RequestTag/a":"b"}}}]}`
		onlyTagA = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:CreateTable","Resource":"*"},` +
			`{"Effect":"Allow","Action":"dynamodb:TagResource","Resource":"*","Condition":{"ForAnyValue:StringEquals":{"aws:TagKeys":"a"}}}]}`
	)
	allow := func(actions, resource, condition string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":[` + actions + `],"Resource":"arn:aws:dynamodb:us-east-1:000000000000:` + resource + `","Condition":{` + condition + `}}]}`
	}
	leading := `"ForAllValues:StringEquals":{"dynamodb:LeadingKeys":["mine"]}`
	attributes := `"ForAllValues:StringEquals":{"dynamodb:Attributes":["id","sum"]},"StringEqualsIfExists":{"dynamodb:Select":"SPECIFIC_ATTRIBUTES","dynamodb:ReturnValues":["NONE","UPDATED_OLD","UPDATED_NEW"]}`
	transactional := `"ForAnyValue:StringEquals":{"dynamodb:EnclosingOperation":["TransactWriteItems","TransactGetItems"]}`
	for _, c := range []struct {
		policy, operation, input string
		refused                  string // the action; "" for none
	}{
		{allow(`"dynamodb:GetItem"`, "table/sums", ""), "GetItem", `{` + key + `}`, ""},
		{allow(`"dynamodb:GetItem"`, "table/sums", ""), "GetItem", `{"TableName":"arn:aws:dynamodb:us-east-1:000000000000:table/sums","Key":{"id":{"S":"a"}}}`, ""},
		{allow(`"dynamodb:GetItem"`, "table/other", ""), "GetItem", `{` + key + `}`, "GetItem"},
		{allow(`"dynamodb:GetItem"`, "table/sums", ""), "PutItem", `{"TableName":"sums","Item":{"id":{"S":"a"}}}`, "PutItem"},
		{allow(`"dynamodb:*"`, "table/sums", leading), "GetItem", `{` + key + `}`, ""},
		{allow(`"dynamodb:*"`, "table/sums", leading), "GetItem", `{` + other + `}`, "GetItem"},
		{allow(`"dynamodb:*"`, "table/sums", leading), "UpdateItem", `{` + other + `}`, "UpdateItem"},
		{allow(`"dynamodb:*"`, "table/sums", leading), "PutItem", `{"TableName":"sums","Item":{"id":{"S":"yours"}}}`, "PutItem"},
		{allow(`"dynamodb:*"`, "table/sums", leading), "DeleteItem", `{` + other + `}`, "DeleteItem"},
		{allow(`"dynamodb:*"`, "table/sums", leading), "BatchGetItem", `{"RequestItems":{"sums":{"Keys":[{"id":{"S":"mine"}},{"id":{"S":"yours"}}]}}}`, "BatchGetItem"},
		{allow(`"dynamodb:*"`, "table/sums", leading), "BatchWriteItem", `{"RequestItems":{"sums":[{"DeleteRequest":{"Key":{"id":{"S":"yours"}}}}]}}`, "BatchWriteItem"},
		{allow(`"dynamodb:*"`, "table/sums", leading), "BatchWriteItem", `{"RequestItems":{"sums":[{"DeleteRequest":{"Key":{"id":{"S":"mine"}}}}]}}`, ""},
		{allow(`"dynamodb:*"`, "table/sums", leading), "Query", `{"TableName":"sums","KeyConditionExpression":"id = :i","ExpressionAttributeValues":{":i":{"S":"mine"}}}`, ""},
		{allow(`"dynamodb:*"`, "table/sums", leading), "Query", `{"TableName":"sums","KeyConditionExpression":"id = :i","ExpressionAttributeValues":{":i":{"S":"yours"}}}`, "Query"},
		{allow(`"dynamodb:Query"`, "table/sums", ""), "Query", `{"TableName":"sums","IndexName":"by-user","KeyConditionExpression":"#u = :i","ExpressionAttributeNames":{"#u":"user"},"ExpressionAttributeValues":{":i":{"S":"mine"}}}`, "Query"},
		{allow(`"dynamodb:Query"`, "table/sums/index/*", ""), "Query", `{"TableName":"sums","IndexName":"by-user","KeyConditionExpression":"#u = :i","ExpressionAttributeNames":{"#u":"user"},"ExpressionAttributeValues":{":i":{"S":"mine"}}}`, ""},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "GetItem", `{` + key + `}`, "GetItem"},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "GetItem", `{` + key + `,"ProjectionExpression":"id, sum"}`, "reserved"},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "GetItem", `{` + key + `,"ProjectionExpression":"id, #s","ExpressionAttributeNames":{"#s":"sum"}}`, ""},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "GetItem", `{` + key + `,"ProjectionExpression":"id, secret"}`, "GetItem"},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "PutItem", `{"TableName":"sums","Item":{"id":{"S":"a"},"secret":{"S":"x"}}}`, "PutItem"},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "PutItem", `{"TableName":"sums","Item":{"id":{"S":"a"},"sum":{"N":"1"}}}`, ""},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "PutItem", `{"TableName":"sums","Item":{"id":{"S":"a"},"sum":{"N":"1"}},"ReturnValues":"ALL_OLD"}`, "PutItem"},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "UpdateItem", `{` + key + `,"UpdateExpression":"SET secret = :s","ExpressionAttributeValues":{":s":{"S":"x"}}}`, "UpdateItem"},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "DeleteItem", `{` + key + `,"ConditionExpression":"attribute_exists(secret)"}`, "DeleteItem"},
		{allow(`"dynamodb:*"`, "table/sums", attributes), "Scan", `{"TableName":"sums"}`, "Scan"},
		{allow(`"dynamodb:PutItem"`, "table/sums", ""), "TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"sums","Item":{"id":{"S":"b"}}}}]}`, ""},
		{allow(`"dynamodb:PutItem"`, "table/sums", ""), "TransactWriteItems", `{"TransactItems":[{"Delete":{` + key + `}}]}`, "DeleteItem"},
		{allow(`"dynamodb:PutItem"`, "table/sums", ""), "TransactWriteItems", `{"TransactItems":[{"Update":{` + key + `,"UpdateExpression":"REMOVE a"}}]}`, "UpdateItem"},
		{allow(`"dynamodb:PutItem"`, "table/sums", ""), "TransactWriteItems", `{"TransactItems":[{"ConditionCheck":{` + key + `,"ConditionExpression":"attribute_not_exists(a)"}}]}`, "ConditionCheckItem"},
		{allow(`"dynamodb:PutItem","dynamodb:GetItem"`, "table/sums", transactional), "TransactWriteItems", `{"TransactItems":[{"Put":{"TableName":"sums","Item":{"id":{"S":"c"}}}}]}`, ""},
		{allow(`"dynamodb:PutItem","dynamodb:GetItem"`, "table/sums", transactional), "TransactGetItems", `{"TransactItems":[{"Get":{` + key + `}}]}`, ""},
		{allow(`"dynamodb:PutItem","dynamodb:GetItem"`, "table/sums", transactional), "GetItem", `{` + key + `}`, "GetItem"},
		{allow(`"dynamodb:PutItem"`, "table/nothing", ""), "PutItem", `{"TableName":"nothing","Item":{"id":{"S":"a"}}}`, "not found"},
		{allow(`"dynamodb:DescribeTable"`, "table/sums", ""), "DescribeTable", `{"TableName":"sums"}`, ""},
		{allow(`"dynamodb:CreateTable"`, "table/new", ""), "CreateTable", `{"TableName":"new","Tags":[{"Key":"a","Value":"b"}],` + schema + `}`, "TagResource"},
		{noTagB, "CreateTable", `{"TableName":"new","Tags":[{"Key":"a","Value":"b"}],` + schema + `}`, "TagResource"},
		{noTagB, "CreateTable", `{"TableName":"new","Tags":[{"Key":"a","Value":"c"},{"Key":"d","Value":"b"}],` + schema + `}`, ""},
		{onlyTagA, "CreateTable", `{"TableName":"new","Tags":[{"Key":"a","Value":"b"}],` + schema + `}`, ""},
		{onlyTagA, "CreateTable", `{"TableName":"new","Tags":[{"Key":"d","Value":"b"}],` + schema + `}`, "TagResource"},
	} {
		k := newKit(t)
		k.sums(t, nil)
		client := awsdynamodb.NewFromConfig(k.config(k.role(t, c.policy)))
		_, err := callSDK(t.Context(), client, c.operation, c.input)
		want := map[string]string{"": "no error", "not found": "ResourceNotFoundException: Requested resource not found",
			"reserved": "ValidationException: Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: sum"}[c.refused]
		if want == "" {
			want = "is not authorized to perform: dynamodb:" + c.refused + " on resource: arn:aws:dynamodb:us-east-1:000000000000:table/"
		}
		if got := describeError(err); !strings.Contains(got, want) {
			t.Errorf("%s %s with %s:\ngot  %s\nwant %s", c.operation, c.input, c.policy, got, want)
		}
	}
}

// Whoever reads or writes the items of an encrypted table needs kms:Decrypt.
func TestTableEncryptedWithKey(t *testing.T) {
	k := newKit(t)
	made := must(k.KMS.CreateKey(kms.Key{Usage: "ENCRYPT_DECRYPT", Spec: "SYMMETRIC_DEFAULT", Policy: kms.DefaultPolicy(here.Account)}))(t)
	arn := k.KMS.KeyARN(made.ID).String()
	k.sums(t, func(table *dynamodb.Table) { table.KMS, table.KMSKey = true, arn })
	const input = `{"TableName":"sums","Key":{"id":{"S":"a"}}}`
	keys := k.role(t, `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"dynamodb:*","Resource":"*"}]}`)
	client := awsdynamodb.NewFromConfig(k.config(keys))
	_, err := callSDK(t.Context(), client, "GetItem", input)
	var refused smithy.APIError
	if !errors.As(err, &refused) || refused.ErrorCode() != "AccessDeniedException" || !strings.Contains(refused.ErrorMessage(), "kms:Decrypt") {
		t.Errorf("without a permission for the key: %v", err)
	}
	if err := k.IAM.PutRolePolicy("worker", "key", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:Decrypt","Resource":"`+arn+`","Condition":{`+
		`"StringEquals":{"kms:ViaService":"dynamodb.us-east-1.amazonaws.com","kms:EncryptionContext:aws:dynamodb:tableName":"sums","kms:EncryptionContext:aws:dynamodb:subscriberId":"000000000000"}}}]}`); err != nil {
		t.Fatal(err)
	}
	if _, err := callSDK(t.Context(), client, "GetItem", input); err != nil {
		t.Errorf("with the permission: %v", err)
	}
	// Whoever chooses the key needs what DynamoDB requires of it, with a grant for DynamoDB.
	//
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html#dynamodb-kms-authz
	choices := map[string]string{
		"CreateTable": `{"TableName":"new","AttributeDefinitions":[{"AttributeName":"id","AttributeType":"S"}],"KeySchema":[{"AttributeName":"id","KeyType":"HASH"}],` +
			`"BillingMode":"PAY_PER_REQUEST","SSESpecification":{"Enabled":true,"SSEType":"KMS","KMSMasterKeyId":"` + arn + `"}}`,
		"UpdateTable": `{"TableName":"plain","SSESpecification":{"Enabled":true,"SSEType":"KMS","KMSMasterKeyId":"` + arn + `"}}`,
	}
	must(k.DynamoDB.CreateTable(dynamodb.Table{Name: "plain", Attributes: map[string]attribute.Type{"id": attribute.S}, Key: dynamodb.Schema{Hash: "id"}, BillingMode: dynamodb.PayPerRequest}))(t)
	for _, missing := range []string{"Encrypt", "Decrypt", "ReEncryptFrom", "GenerateDataKey", "DescribeKey", "CreateGrant", ""} {
		policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["kms:Encrypt","kms:Decrypt","kms:ReEncrypt*","kms:GenerateDataKey*","kms:DescribeKey"],"Resource":"` + arn + `",` +
			`"Condition":{"StringLike":{"kms:ViaService":"dynamodb.*.amazonaws.com"}}},{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"}}},` +
			`{"Effect":"Deny","Action":"kms:` + cmp.Or(missing, "RetireGrant") + `","Resource":"*"}]}`
		if err := k.IAM.PutRolePolicy("worker", "key", policy); err != nil {
			t.Fatal(err)
		}
		for operation, input := range choices {
			_, err := callSDK(t.Context(), client, operation, input)
			if missing == "" && err != nil || missing != "" && !strings.Contains(describeError(err), "kms:"+missing) {
				t.Errorf("%s without kms:%s: %v", operation, missing, err)
			}
		}
	}
	if _, err := callSDK(t.Context(), client, "UpdateTable", `{"TableName":"plain","DeletionProtectionEnabled":false}`); err != nil {
		t.Errorf("an update that keeps the key: %v", err)
	}
	table := dynamodb.Table{Name: "wrong", Attributes: map[string]attribute.Type{"id": attribute.S}, Key: dynamodb.Schema{Hash: "id"}, BillingMode: dynamodb.PayPerRequest,
		KMS: true, KMSKey: "arn:aws:kms:us-east-1:000000000000:key/none"}
	if _, err := k.DynamoDB.CreateTable(table); cloud.ErrorCode(err) != "ValidationException" {
		t.Errorf("a key that does not exist: %v", err)
	}
}
