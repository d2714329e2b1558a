package gateway

import (
	"maps"
	"slices"

	"tally/localcloud/dynamodb"
)

// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TableDescription.html
type tableDescription struct {
	TableName                 string
	TableArn                  string
	TableID                   string `json:"TableId"`
	TableStatus               string
	CreationDateTime          *instant
	AttributeDefinitions      []attributeDefinition
	KeySchema                 []keyElement
	BillingModeSummary        *billingSummary `json:",omitempty"`
	ProvisionedThroughput     throughputDescription
	OnDemandThroughput        *onDemand          `json:",omitempty"`
	LocalSecondaryIndexes     []indexDescription `json:",omitempty"`
	GlobalSecondaryIndexes    []indexDescription `json:",omitempty"`
	SSEDescription            *sseDescription    `json:",omitempty"`
	TableClassSummary         *classSummary      `json:",omitempty"`
	DeletionProtectionEnabled bool
	ItemCount                 int64
	TableSizeBytes            int64
}

type (
	billingSummary struct {
		BillingMode                       string
		LastUpdateToPayPerRequestDateTime *instant `json:",omitempty"`
	}
	throughputDescription struct {
		ReadCapacityUnits      int64
		WriteCapacityUnits     int64
		NumberOfDecreasesToday int64
	}
	indexDescription struct {
		IndexName             string
		IndexArn              string
		IndexStatus           string `json:",omitempty"` // of global indexes
		Backfilling           *bool  `json:",omitempty"` // of those that UpdateTable creates
		KeySchema             []keyElement
		Projection            projection
		ProvisionedThroughput *throughputDescription `json:",omitempty"`
		OnDemandThroughput    *onDemand              `json:",omitempty"`
		ItemCount             int64
		IndexSizeBytes        int64
	}
	sseDescription struct{ Status, SSEType, KMSMasterKeyArn string }
	classSummary   struct{ TableClass string }
)

// tableResult is the output of the operations that change a table. It describes the change
// from the table before as under way, as AWS does, although it is complete.
func tableResult(c *call, d dynamodb.Description, before dynamodb.Table, status string) any {
	out := describe(c, d, status)
	if before.Throughput != (dynamodb.Throughput{}) && before.BillingMode == d.BillingMode {
		out.ProvisionedThroughput = describeThroughput(before.Throughput)
	}
	for i, index := range d.Global {
		old := slices.IndexFunc(before.Global, func(o dynamodb.Index) bool { return o.Name == index.Name })
		switch described := &out.GlobalSecondaryIndexes[i]; {
		case old < 0:
			described.IndexStatus, described.ItemCount, described.IndexSizeBytes = "CREATING", 0, 0
			if before.Name != "" {
				described.Backfilling = new(bool)
			}
		case before.Global[old].Throughput != index.Throughput && before.BillingMode == d.BillingMode:
			described.IndexStatus, described.ProvisionedThroughput = "UPDATING", new(describeThroughput(before.Global[old].Throughput))
		}
	}
	for _, old := range before.Global {
		if !slices.ContainsFunc(d.Global, func(i dynamodb.Index) bool { return i.Name == old.Name }) {
			out.GlobalSecondaryIndexes = append(out.GlobalSecondaryIndexes, describeGlobal(d, old, "DELETING"))
		}
	}
	return struct{ TableDescription tableDescription }{out}
}

func describe(c *call, d dynamodb.Description, status string) tableDescription {
	out := tableDescription{
		TableName: d.Name, TableArn: d.ARN, TableID: d.ID, TableStatus: status, CreationDateTime: &instant{d.Created},
		KeySchema: elements(d.Key), ProvisionedThroughput: describeThroughput(d.Throughput),
		OnDemandThroughput: describeOnDemand(d.OnDemand), DeletionProtectionEnabled: d.Protected, ItemCount: d.Count.Items, TableSizeBytes: d.Count.Bytes,
	}
	for _, name := range slices.Sorted(maps.Keys(d.Attributes)) {
		out.AttributeDefinitions = append(out.AttributeDefinitions, attributeDefinition{name, string(d.Attributes[name])})
	}
	if d.BillingMode == dynamodb.PayPerRequest {
		out.BillingModeSummary = &billingSummary{d.BillingMode, &instant{d.BillingChanged}}
	} else if !d.BillingChanged.IsZero() {
		out.BillingModeSummary = &billingSummary{BillingMode: d.BillingMode, LastUpdateToPayPerRequestDateTime: &instant{d.BillingChanged}}
	}
	for _, i := range d.Local {
		out.LocalSecondaryIndexes = append(out.LocalSecondaryIndexes, describeIndex(d, i))
	}
	for _, i := range d.Global {
		out.GlobalSecondaryIndexes = append(out.GlobalSecondaryIndexes, describeGlobal(d, i, "ACTIVE"))
	}
	if d.KMS {
		out.SSEDescription = &sseDescription{"ENABLED", "KMS", c.DynamoDB.KeyARN(d.Table)}
	}
	if d.Class != "" {
		out.TableClassSummary = &classSummary{d.Class}
	}
	return out
}

func elements(k dynamodb.Schema) []keyElement {
	all := []keyElement{{k.Hash, "HASH"}}
	if k.Sort != "" {
		all = append(all, keyElement{k.Sort, "RANGE"})
	}
	return all
}

// describeOnDemand returns the limits of an on-demand table or index, in which -1 stands
// for no limit, or nil if there is none.
func describeOnDemand(o dynamodb.OnDemand) *onDemand {
	if o == (dynamodb.OnDemand{}) {
		return nil
	}
	limit := func(n int64) int64 {
		if n == 0 {
			return -1
		}
		return n
	}
	return &onDemand{limit(o.MaxRead), limit(o.MaxWrite)}
}

func describeIndex(d dynamodb.Description, i dynamodb.Index) indexDescription {
	n := d.Indexes[i.Name]
	return indexDescription{IndexName: i.Name, IndexArn: d.ARN + "/index/" + i.Name, KeySchema: elements(i.Key),
		Projection: projection{i.Projection, i.Include}, ItemCount: n.Items, IndexSizeBytes: n.Bytes}
}

func describeGlobal(d dynamodb.Description, i dynamodb.Index, status string) indexDescription {
	out := describeIndex(d, i)
	out.IndexStatus, out.OnDemandThroughput = status, describeOnDemand(i.OnDemand)
	out.ProvisionedThroughput = new(describeThroughput(i.Throughput))
	return out
}

func describeThroughput(t dynamodb.Throughput) throughputDescription {
	return throughputDescription{ReadCapacityUnits: t.Read, WriteCapacityUnits: t.Write}
}
