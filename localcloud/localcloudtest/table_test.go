package localcloudtest

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	awsdynamodb "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// A table that the engine deploys keeps its items in an update that adds an index, and its
// program shows no change afterwards, whatever the order of its attributes.
func TestTable(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	c := Start(t)
	program := func(indexed bool) Program {
		return Program{Run: func(ctx *pulumi.Context) error {
			attribute := func(name string) awsdynamodb.TableAttributeInput {
				return &awsdynamodb.TableAttributeArgs{Name: pulumi.String(name), Type: pulumi.String("S")}
			}
			args := &awsdynamodb.TableArgs{
				HashKey: pulumi.String("id"), BillingMode: pulumi.String("PAY_PER_REQUEST"),
				Attributes:          awsdynamodb.TableAttributeArray{attribute("id")},
				PointInTimeRecovery: &awsdynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(true)},
				Ttl:                 &awsdynamodb.TableTtlArgs{AttributeName: pulumi.String("until"), Enabled: pulumi.Bool(true)},
			}
			if indexed {
				args.Attributes = awsdynamodb.TableAttributeArray{attribute("user"), attribute("id")}
				args.GlobalSecondaryIndexes = awsdynamodb.TableGlobalSecondaryIndexArray{&awsdynamodb.TableGlobalSecondaryIndexArgs{
					Name: pulumi.String("by-user"), HashKey: pulumi.String("user"), ProjectionType: pulumi.String("ALL")}}
			}
			table, err := awsdynamodb.NewTable(ctx, "sums", args)
			if err != nil {
				return err
			}
			ctx.Export("table", table.Name)
			return nil
		}}
	}
	name := c.Deploy(t.Context(), program(false)).Output(t.Context(), "table")
	client := dynamodb.NewFromConfig(c.AWSConfig())
	text := func(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }
	if _, err := client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &name, Item: map[string]types.AttributeValue{"id": text("a"), "user": text("u")}}); err != nil {
		t.Fatal(err)
	}
	stack := c.Deploy(t.Context(), program(true))
	if again := stack.Output(t.Context(), "table"); again != name {
		t.Errorf("the table %s replaced %s", again, name)
	}
	index, condition := "by-user", "#u = :u"
	found, err := client.Query(t.Context(), &dynamodb.QueryInput{TableName: &name, IndexName: &index, KeyConditionExpression: &condition,
		ExpressionAttributeNames: map[string]string{"#u": "user"}, ExpressionAttributeValues: map[string]types.AttributeValue{":u": text("u")}})
	if err != nil || found.Count != 1 {
		t.Errorf("found %v, %v", found, err)
	}
	if _, err := stack.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := stack.Preview(t.Context(), optpreview.ExpectNoChanges()); err != nil {
		t.Error(err)
	}
}
