package gateway

import (
	"cmp"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
	"tally/localcloud/dynamodb/attribute"
)

// The structures that the inputs and outputs of operations on tables share.
type (
	attributeDefinition struct{ AttributeName, AttributeType string }
	keyElement          struct{ AttributeName, KeyType string }
	projection          struct {
		ProjectionType   string
		NonKeyAttributes []string `json:",omitempty"`
	}
	throughput struct{ ReadCapacityUnits, WriteCapacityUnits int64 }
	onDemand   struct {
		MaxReadRequestUnits  int64
		MaxWriteRequestUnits int64
	}
	secondaryIndex struct {
		IndexName             string
		KeySchema             []keyElement
		Projection            projection
		ProvisionedThroughput *throughput
		OnDemandThroughput    *onDemand
	}
	encryption struct {
		Enabled        *bool
		SSEType        string
		KMSMasterKeyID string `json:"KMSMasterKeyId"`
	}
	streamSpecification struct {
		StreamEnabled  bool
		StreamViewType string
	}
)

type tableInput struct{ TableName string }

// An input of an operation on a table names it.
type namesTable interface{ tableName() string }

func (in tableInput) tableName() string         { return in.TableName }
func (in createTableInput) tableName() string   { return in.TableName }
func (in updateTableInput) tableName() string   { return in.TableName }
func (in updateTTLInput) tableName() string     { return in.TableName }
func (in updateBackupsInput) tableName() string { return in.TableName }
func (in resourceInput) tableName() string      { return in.ResourceArn }
func (in tagTableInput) tableName() string      { return in.ResourceArn }
func (in untagTableInput) tableName() string    { return in.ResourceArn }

// tableOf returns the table that the input names, by its name or ARN.
func tableOf[In namesTable](c *call, in In) (target, error) {
	name := in.tableName()
	if name == "" {
		return target{}, cloud.Errorf(0, "ValidationException", "The parameter 'TableName' is required but was not present in the request")
	}
	return target{resource: c.DynamoDB.ARN(name).String()}, nil
}

func allTables(c *call, _ listTablesInput) (target, error) {
	return target{resource: "*"}, nil
}

type createTableInput struct {
	TableName                 string
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	BillingMode               string
	ProvisionedThroughput     *throughput
	OnDemandThroughput        *onDemand
	LocalSecondaryIndexes     []secondaryIndex
	GlobalSecondaryIndexes    []secondaryIndex
	SSESpecification          *encryption
	StreamSpecification       *streamSpecification
	TableClass                string
	Tags                      []tag
	DeletionProtectionEnabled bool
}

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/abac-example-use-cases.html
func createTable(c *call, in createTableInput) (any, error) {
	if err := refuseStream(in.StreamSpecification); err != nil {
		return nil, err
	}
	tags := tagMap(in.Tags)
	if err := c.tagNew("dynamodb:TagResource", c.DynamoDB.ARN(in.TableName).String(), tags); err != nil {
		return nil, err
	}
	t := dynamodb.Table{Name: in.TableName, BillingMode: in.BillingMode, Class: in.TableClass, Protected: in.DeletionProtectionEnabled, Tags: tags}
	err := cmp.Or(defineAttributes(&t, in.AttributeDefinitions), setKey(&t.Key, in.KeySchema), setThroughput(&t.Throughput, in.ProvisionedThroughput),
		addIndexes(&t.Local, in.LocalSecondaryIndexes), addIndexes(&t.Global, in.GlobalSecondaryIndexes))
	if err != nil {
		return nil, err
	}
	setOnDemand(&t.OnDemand, in.OnDemandThroughput)
	setEncryption(&t, in.SSESpecification)
	if err := c.DynamoDB.AuthorizeKeyChoice(c.Context(), c.caller, t); err != nil {
		return nil, err
	}
	if t, err = c.DynamoDB.CreateTable(t); err != nil {
		return nil, err
	}
	return tableResult(c, dynamodb.Description{Table: t}, dynamodb.Table{}, "CREATING"), nil
}

func refuseStream(s *streamSpecification) error {
	if s != nil && s.StreamEnabled {
		return cloud.Errorf(0, "ValidationException", "The local cloud does not emulate streams of tables (StreamSpecification)")
	}
	return nil
}

func defineAttributes(t *dynamodb.Table, definitions []attributeDefinition) error {
	if t.Attributes == nil {
		t.Attributes = map[string]attribute.Type{}
	}
	for _, d := range definitions {
		if kind, ok := t.Attributes[d.AttributeName]; ok && string(kind) != d.AttributeType {
			return cloud.Errorf(0, "ValidationException", "Cannot have two attributes with the same name")
		}
		t.Attributes[d.AttributeName] = attribute.Type(d.AttributeType)
	}
	return nil
}

func setKey(k *dynamodb.Schema, elements []keyElement) error {
	switch {
	case len(elements) < 1 || len(elements) > 2:
		return cloud.Violated("ValidationException", cloud.Hidden, "keySchema", "Member must have length from 1 to 2")
	case elements[0].KeyType != "HASH":
		return cloud.Errorf(0, "ValidationException", "Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
	case len(elements) == 2 && elements[1].KeyType != "RANGE":
		return cloud.Errorf(0, "ValidationException", "Invalid KeySchema: The second KeySchemaElement is not a RANGE key type")
	}
	k.Hash = elements[0].AttributeName
	if len(elements) == 2 {
		k.Sort = elements[1].AttributeName
	}
	return nil
}

func setThroughput(p *dynamodb.Throughput, in *throughput) error {
	if in == nil {
		return nil
	}
	if in.ReadCapacityUnits < 1 || in.WriteCapacityUnits < 1 {
		return cloud.Errorf(0, "ValidationException", "1 validation error detected: Value '%d' at 'provisionedThroughput.readCapacityUnits' or '%d' at "+
			"'provisionedThroughput.writeCapacityUnits' failed to satisfy constraint: Member must have value greater than or equal to 1", in.ReadCapacityUnits, in.WriteCapacityUnits)
	}
	*p = dynamodb.Throughput{Read: in.ReadCapacityUnits, Write: in.WriteCapacityUnits}
	return nil
}

// setOnDemand sets the limits of an on-demand table or index; -1 removes one.
func setOnDemand(o *dynamodb.OnDemand, in *onDemand) {
	if in != nil {
		*o = dynamodb.OnDemand{MaxRead: max(in.MaxReadRequestUnits, 0), MaxWrite: max(in.MaxWriteRequestUnits, 0)}
	}
}

func addIndexes(to *[]dynamodb.Index, indexes []secondaryIndex) error {
	for _, in := range indexes {
		index := dynamodb.Index{Name: in.IndexName, Projection: in.Projection.ProjectionType, Include: in.Projection.NonKeyAttributes}
		if err := cmp.Or(setKey(&index.Key, in.KeySchema), setThroughput(&index.Throughput, in.ProvisionedThroughput)); err != nil {
			return err
		}
		setOnDemand(&index.OnDemand, in.OnDemandThroughput)
		*to = append(*to, index)
	}
	return nil
}

// setEncryption sets the key of a table; without one, AWS owns it.
func setEncryption(t *dynamodb.Table, in *encryption) {
	if in != nil {
		t.KMS = in.Enabled != nil && *in.Enabled
		if t.KMSKey = in.KMSMasterKeyID; !t.KMS {
			t.KMSKey = ""
		}
	}
}

type updateTableInput struct {
	TableName                   string
	AttributeDefinitions        []attributeDefinition
	BillingMode                 string
	ProvisionedThroughput       *throughput
	OnDemandThroughput          *onDemand
	GlobalSecondaryIndexUpdates []indexUpdate
	SSESpecification            *encryption
	StreamSpecification         *streamSpecification
	TableClass                  string
	DeletionProtectionEnabled   *bool
}

// indexUpdate is exactly one of the three.
type indexUpdate struct {
	Create *secondaryIndex
	Update *struct {
		IndexName             string
		ProvisionedThroughput *throughput
		OnDemandThroughput    *onDemand
	}
	Delete *struct{ IndexName string }
}

func updateTable(c *call, in updateTableInput) (any, error) {
	if err := refuseStream(in.StreamSpecification); err != nil {
		return nil, err
	}
	if in.empty() {
		return nil, cloud.Errorf(0, "ValidationException", "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates "+
			"or SSESpecification or ReplicaUpdates is required")
	}
	var before dynamodb.Table
	_, err := c.DynamoDB.UpdateTable(in.TableName, func(t *dynamodb.Table) error {
		before = *t
		before.Global = slices.Clone(t.Global)
		if err := in.apply(t); err != nil || t.KMSKey == before.KMSKey {
			return err
		}
		return c.DynamoDB.AuthorizeKeyChoice(c.Context(), c.caller, *t)
	})
	if err != nil {
		return nil, err
	}
	d, err := c.DynamoDB.Describe(in.TableName)
	return tableResult(c, d, before, "UPDATING"), err
}

// empty reports whether the request changes nothing.
func (in updateTableInput) empty() bool {
	return in.BillingMode == "" && in.ProvisionedThroughput == nil && in.OnDemandThroughput == nil && len(in.GlobalSecondaryIndexUpdates) == 0 &&
		in.SSESpecification == nil && in.TableClass == "" && in.DeletionProtectionEnabled == nil
}

// apply changes a table. As on AWS, only one index can be created or deleted at once.
func (in updateTableInput) apply(t *dynamodb.Table) error {
	if err := defineAttributes(t, in.AttributeDefinitions); err != nil {
		return err
	}
	if err := in.bill(t); err != nil {
		return err
	}
	changed := 0
	for _, u := range in.GlobalSecondaryIndexUpdates {
		if u.Create != nil || u.Delete != nil {
			changed++
		}
		if err := u.apply(t); err != nil {
			return err
		}
	}
	if changed > 1 {
		return cloud.Errorf(0, "LimitExceededException", "Subscriber limit exceeded: Only 1 online index can be created or deleted simultaneously per table")
	}
	setEncryption(t, in.SSESpecification)
	t.Class = cmp.Or(in.TableClass, t.Class)
	if in.DeletionProtectionEnabled != nil {
		t.Protected = *in.DeletionProtectionEnabled
	}
	dropUnused(t)
	return nil
}

// bill changes the billing mode and throughput.
func (in updateTableInput) bill(t *dynamodb.Table) error {
	if in.BillingMode == dynamodb.PayPerRequest && t.BillingMode != in.BillingMode {
		t.Throughput = dynamodb.Throughput{}
		for i := range t.Global {
			t.Global[i].Throughput = dynamodb.Throughput{}
		}
	}
	if in.BillingMode == dynamodb.Provisioned {
		t.OnDemand = dynamodb.OnDemand{}
	}
	if p := in.ProvisionedThroughput; p != nil && (dynamodb.Throughput{Read: p.ReadCapacityUnits, Write: p.WriteCapacityUnits}) == t.Throughput {
		return cloud.Errorf(0, "ValidationException", "The provisioned throughput for the table will not change. The requested value equals the current value. "+
			"Current ReadCapacityUnits provisioned for the table: %d. Requested ReadCapacityUnits: %d. "+
			"Current WriteCapacityUnits provisioned for the table: %d. Requested WriteCapacityUnits: %d. "+
			"Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
			t.Throughput.Read, p.ReadCapacityUnits, t.Throughput.Write, p.WriteCapacityUnits)
	}
	t.BillingMode = cmp.Or(in.BillingMode, t.BillingMode)
	setOnDemand(&t.OnDemand, in.OnDemandThroughput)
	return setThroughput(&t.Throughput, in.ProvisionedThroughput)
}

func (u indexUpdate) apply(t *dynamodb.Table) error {
	named := func(name string) int {
		return slices.IndexFunc(t.Global, func(i dynamodb.Index) bool { return i.Name == name })
	}
	missing := cloud.Errorf(0, "ResourceNotFoundException", "Requested resource not found")
	switch {
	case u.Create != nil:
		if named(u.Create.IndexName) >= 0 {
			return cloud.Errorf(0, "ValidationException", "One or more parameter values were invalid: Attempting to create an index which already exists")
		}
		return addIndexes(&t.Global, []secondaryIndex{*u.Create})
	case u.Delete != nil:
		i := named(u.Delete.IndexName)
		if i < 0 {
			return missing
		}
		t.Global = slices.Delete(t.Global, i, i+1)
	case u.Update != nil:
		i := named(u.Update.IndexName)
		if i < 0 {
			return missing
		}
		setOnDemand(&t.Global[i].OnDemand, u.Update.OnDemandThroughput)
		return setThroughput(&t.Global[i].Throughput, u.Update.ProvisionedThroughput)
	}
	return nil
}

// dropUnused removes the definitions of attributes that no key uses any more.
func dropUnused(t *dynamodb.Table) {
	used := []string{t.Key.Hash, t.Key.Sort}
	for _, i := range slices.Concat(t.Local, t.Global) {
		used = append(used, i.Key.Hash, i.Key.Sort)
	}
	for name := range t.Attributes {
		if !slices.Contains(used, name) {
			delete(t.Attributes, name)
		}
	}
}

func deleteTable(c *call, in tableInput) (any, error) {
	t, err := c.DynamoDB.DeleteTable(in.TableName)
	if err != nil {
		return nil, err
	}
	return tableResult(c, dynamodb.Description{Table: t}, t, "DELETING"), nil
}

func describeTable(c *call, in tableInput) (any, error) {
	d, err := c.DynamoDB.Describe(in.TableName)
	if err != nil {
		return nil, err
	}
	return struct{ Table tableDescription }{describe(c, d, "ACTIVE")}, nil
}

type listTablesInput struct {
	ExclusiveStartTableName string
	Limit                   *int
}

func listTables(c *call, in listTablesInput) (any, error) {
	limit := 100
	if in.Limit != nil {
		limit = *in.Limit
	}
	if limit < 1 || limit > 100 {
		return nil, cloud.Violated("ValidationException", limit, "limit", "Member must have value from 1 to 100")
	}
	out := struct {
		TableNames             []string
		LastEvaluatedTableName string `json:",omitempty"`
	}{TableNames: []string{}}
	for _, t := range c.DynamoDB.Tables() {
		if strings.Compare(t.Name, in.ExclusiveStartTableName) <= 0 {
			continue
		}
		if len(out.TableNames) == limit {
			out.LastEvaluatedTableName = out.TableNames[limit-1]
			break
		}
		out.TableNames = append(out.TableNames, t.Name)
	}
	return out, nil
}
