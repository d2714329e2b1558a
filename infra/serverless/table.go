package serverless

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/dynamodb"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TableArgs are the arguments of NewTable. Attributes other than these need no
// declaration.
type TableArgs struct {
	// Key is the name of the partition key, an attribute that is a string. Required.
	Key string
	// SortKey is the name of the sort key, an attribute that is a string. Default:
	// none; the partition key alone identifies an item.
	SortKey string
	// TTL is the name of the attribute, a number, with the time at which an item
	// expires, in seconds since 1970. DynamoDB deletes expired items within a few
	// days, without a charge. Default: none; items do not expire.
	//
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html
	TTL string
	// DeletionProtection makes DynamoDB refuse to delete the table, whoever asks.
	// Default: the environment's Protect.
	//
	// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/WorkingWithTables.Basics.html
	DeletionProtection pulumi.BoolPtrInput
}

// Table is a DynamoDB table that is encrypted, charged by request, and can be restored
// to any second of the last 35 days. A key that DynamoDB owns encrypts it, unless the
// environment has a CustomerKey.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Point-in-time-recovery.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html
type Table struct {
	pulumi.ResourceState

	Name pulumi.StringOutput // "<project>-<stack>-<environment>-sums-1a2b3c4"
	ARN  pulumi.StringOutput

	env  *Environment
	name string
}

// NewTable creates a table. No function can use it until a grant allows that.
func NewTable(env *Environment, name string, args *TableArgs, opts ...pulumi.ResourceOption) (*Table, error) {
	t := &Table{env: env, name: name}
	if args == nil {
		args = &TableArgs{}
	}
	if err := errors.Join(env.checkName("table", name, part{"table", ""}), args.check(name)); err != nil {
		return nil, err
	}
	if err := env.register("Table", name, t, nil, opts); err != nil {
		return nil, err
	}
	table, err := dynamodb.NewTable(env.ctx, env.child(name), t.inputs(args), env.protected(t)...)
	if err != nil {
		return nil, err
	}
	t.Name, t.ARN = table.Name, table.Arn
	if err := t.watch(); err != nil {
		return nil, err
	}
	return t, env.ctx.RegisterResourceOutputs(t, pulumi.Map{"name": t.Name, "arn": t.ARN})
}

// maxKeyName is the length of the longest name of a key or of the TTL attribute, in
// bytes.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
const maxKeyName = 255

// check returns an error if DynamoDB would refuse the attributes.
func (a *TableArgs) check(name string) error {
	if a.Key == "" {
		return fmt.Errorf("table %s: Key is required", name)
	}
	for _, attribute := range []string{a.Key, a.SortKey, a.TTL} {
		if len(attribute) > maxKeyName {
			return fmt.Errorf("table %s: the name of the attribute %.20s… has %d bytes, but DynamoDB allows at most %d", name, attribute, len(attribute), maxKeyName)
		}
	}
	if a.SortKey == a.Key || a.TTL == a.Key || a.TTL != "" && a.TTL == a.SortKey {
		return fmt.Errorf("table %s: Key, SortKey and TTL must be different attributes", name)
	}
	return nil
}

// inputs returns the inputs of the table.
func (t *Table) inputs(args *TableArgs) *dynamodb.TableArgs {
	attribute := func(name string) dynamodb.TableAttributeInput {
		return dynamodb.TableAttributeArgs{Name: pulumi.String(name), Type: pulumi.String("S")}
	}
	in := &dynamodb.TableArgs{
		BillingMode:               pulumi.String("PAY_PER_REQUEST"),
		HashKey:                   pulumi.String(args.Key),
		Attributes:                dynamodb.TableAttributeArray{attribute(args.Key)},
		PointInTimeRecovery:       dynamodb.TablePointInTimeRecoveryArgs{Enabled: pulumi.Bool(true)},
		DeletionProtectionEnabled: pulumi.Bool(t.env.args.Protect),
		Tags:                      t.env.tags,
	}
	if args.DeletionProtection != nil {
		in.DeletionProtectionEnabled = args.DeletionProtection
	}
	if args.SortKey != "" {
		in.RangeKey = pulumi.String(args.SortKey)
		in.Attributes = dynamodb.TableAttributeArray{attribute(args.Key), attribute(args.SortKey)}
	}
	if args.TTL != "" {
		in.Ttl = dynamodb.TableTtlArgs{AttributeName: pulumi.String(args.TTL), Enabled: pulumi.Bool(true)}
	}
	// Without this block, the provider would leave the table as it is: encrypted with a key
	// that the environment no longer has and deletes.
	in.ServerSideEncryption = dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(false)} // a key of DynamoDB
	if key := t.env.customerKey(); key != nil {
		in.ServerSideEncryption = dynamodb.TableServerSideEncryptionArgs{Enabled: pulumi.Bool(true), KmsKeyArn: key}
	}
	return in
}

var (
	// tableReads and tableWrites are the operations that grants allow: on one item
	// each, by its key.
	tableReads  = []string{"GetItem"}
	tableWrites = []string{"PutItem", "UpdateItem"}
)

// GrantRead allows the function to read items whose keys it knows. It does not allow
// the function to list or search items.
func (t *Table) GrantRead(f *Function, opts ...pulumi.ResourceOption) error {
	return t.grant(f, "read", tableReads, opts)
}

// GrantWrite allows the function to create items and to change those whose keys it
// knows, with conditions. It does not allow the function to delete items: they expire,
// if the table has a TTL.
//
// A write can return the item that it replaces or that violates its condition.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
func (t *Table) GrantWrite(f *Function, opts ...pulumi.ResourceOption) error {
	return t.grant(f, "write", tableWrites, opts)
}

// grant allows the function to perform operations on the table.
func (t *Table) grant(f *Function, name string, operations []string, opts []pulumi.ResourceOption) error {
	var actions []string
	for _, o := range operations {
		actions = append(actions, "dynamodb:"+o)
	}
	return f.grantUse(t.env, name+"-"+t.name, actions, t.ARN, opts)
}

// watch creates the table's alarms and graph. The alarms are raised if DynamoDB
// throttles requests or fails. It reports errors by operation only.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/metrics-dimensions.html
func (t *Table) watch() error {
	count := func(name string) metric {
		return metric{"AWS/DynamoDB", name, "Sum", pulumi.StringMap{"TableName": t.Name}}
	}
	reads, writes := count("ReadThrottleEvents"), count("WriteThrottleEvents")
	t.env.show("Table "+t.name, count("ConsumedReadCapacityUnits"), count("ConsumedWriteCapacityUnits"), count("ConditionalCheckFailedRequests"), reads, writes)

	const throttled = "DynamoDB throttled %s of the table %s: one item, or the whole table, is used more than DynamoDB allows."
	once := pulumi.Float64(1)
	alarms := []alarm{
		{name: "read-throttles", section: "throttles", metric: reads, atLeast: once, meaning: pulumi.Sprintf(throttled, "a read", t.name)},
		{name: "write-throttles", section: "throttles", metric: writes, atLeast: once, meaning: pulumi.Sprintf(throttled, "a write", t.name)},
	}
	for _, operation := range slices.Concat(tableReads, tableWrites) {
		failed := count("SystemErrors")
		failed.dimensions["Operation"] = pulumi.String(operation)
		alarms = append(alarms, alarm{
			name: strings.ToLower(strings.TrimSuffix(operation, "Item")) + "-errors", section: "errors", metric: failed, atLeast: once,
			meaning: pulumi.Sprintf("DynamoDB failed to perform %s on the table %s: the logs of the functions that use it show whether a retry succeeded.", operation, t.name),
		})
	}
	return t.env.watch("table", t.env.child(t.name), t, alarms...)
}
