package dynamodb

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// MaxName is the maximum length of the name of a table or an index.
const MaxName = 255

const (
	maxLocal     = 5
	maxGlobal    = 20
	maxInclude   = 20  // attributes of one index
	maxIncludes  = 100 // attributes of all indexes
	maxUnits     = 1_000_000_000_000
	maxAttribute = 255 // bytes of the name of a key attribute
	// MaxRecovery is the maximum and default number of days of point-in-time recovery.
	MaxRecovery = 35
)

func notInName(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_.-", r))
}

// CheckName validates the name of a table or index.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html#HowItWorks.NamingRules
func CheckName(name string) error {
	if len(name) < 3 || len(name) > MaxName || strings.ContainsFunc(name, notInName) {
		return invalid("Invalid table/index name.  Table/index names must be between 3 and 255 characters long, " +
			"and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'")
	}
	return nil
}

// CheckBillingMode validates a billing mode.
func CheckBillingMode(mode string) error {
	return oneOf(mode, "billingMode", "PROVISIONED", "PAY_PER_REQUEST")
}

// CheckAttributeType validates the type of a key attribute.
func CheckAttributeType(kind string) error {
	return oneOf(kind, "attributeDefinitions.1.member.attributeType", "B", "N", "S")
}

// CheckProjectionType validates what an index projects.
func CheckProjectionType(projection string) error {
	return oneOf(projection, "projection.projectionType", "ALL", "INCLUDE", "KEYS_ONLY")
}

// CheckTableClass validates the class of a table, which may be "".
func CheckTableClass(class string) error {
	if class == "" {
		return nil
	}
	return oneOf(class, "tableClass", "STANDARD", "STANDARD_INFREQUENT_ACCESS")
}

func oneOf(value, path string, allowed ...string) error {
	var c constraints
	if !slices.Contains(allowed, value) {
		c.violated(value, path, "Member must satisfy enum value set: [%s]", strings.Join(allowed, ", "))
	}
	return c.err()
}

// CheckKeyName validates the name of a key attribute.
func CheckKeyName(name string) error {
	if len(name) < 1 || len(name) > maxAttribute {
		return invalidValue("The name of a key attribute must have 1 to %d bytes: %q", maxAttribute, name)
	}
	return nil
}

// CheckRecovery validates the days of point-in-time recovery.
func CheckRecovery(days int) error {
	if days < 1 || days > MaxRecovery {
		return invalidValue("RecoveryPeriodInDays must be between 1 and %d", MaxRecovery)
	}
	return nil
}

// CheckTable validates all of a table that does not depend on other resources.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ServiceQuotas.html
func CheckTable(t Table) error {
	for _, check := range []func(Table) error{checkValues, checkBilling, checkSchemas, checkIndexes} {
		if err := check(t); err != nil {
			return err
		}
	}
	return nil
}

// checkValues checks each value by itself.
func checkValues(t Table) error {
	err := cmp.Or(CheckName(t.Name), CheckBillingMode(t.BillingMode), CheckTableClass(t.Class), cloud.CheckOptional(t.Recovery, CheckRecovery),
		cloud.CheckOptional(t.TTLAttribute, CheckKeyName), CheckTags(t.Tags))
	for _, name := range slices.Sorted(maps.Keys(t.Attributes)) {
		err = cmp.Or(err, CheckKeyName(name), CheckAttributeType(string(t.Attributes[name])))
	}
	for _, index := range t.indexes() {
		err = cmp.Or(err, CheckName(index.Name))
		if index.Projection != "" {
			err = cmp.Or(err, CheckProjectionType(index.Projection))
		}
	}
	return err
}

func checkBilling(t Table) error {
	switch {
	case t.BillingMode == PayPerRequest && t.Throughput != (Throughput{}):
		return invalidValue("Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST")
	case t.BillingMode == PayPerRequest:
		return nil
	case t.Throughput.Read == 0 || t.Throughput.Write == 0:
		return invalidValue("ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED")
	case t.OnDemand != (OnDemand{}):
		return invalidValue("OnDemandThroughput can only be specified when BillingMode is PAY_PER_REQUEST")
	}
	return checkThroughput(t.Throughput)
}

func checkThroughput(p Throughput) error {
	for name, n := range map[string]int64{"ReadCapacityUnits": p.Read, "WriteCapacityUnits": p.Write} {
		if n < 1 || n > maxUnits {
			return invalid("Given value %d for %s is out of bounds", n, name)
		}
	}
	return nil
}

// checkSchemas checks that the key attributes of the table and its indexes are the
// attributes that are defined.
func checkSchemas(t Table) error {
	schemas := []Schema{t.Key}
	for _, index := range t.indexes() {
		schemas = append(schemas, index.Key)
	}
	used := map[string]bool{}
	for _, k := range schemas {
		if k.Hash == "" {
			return invalid("Invalid KeySchema: The first KeySchemaElement is not a HASH key type")
		}
		if k.Hash == k.Sort {
			return invalid("Both the Hash Key and the Range Key element in the KeySchema have the same name")
		}
		for _, name := range k.names() {
			if _, ok := t.Attributes[name]; !ok {
				return invalidValue("Some index key attributes are not defined in AttributeDefinitions. Keys: [%s], AttributeDefinitions: [%s]",
					strings.Join(k.names(), ", "), strings.Join(slices.Sorted(maps.Keys(t.Attributes)), ", "))
			}
			used[name] = true
		}
	}
	switch {
	case len(used) == len(t.Attributes):
		return nil
	case len(schemas) == 1:
		return invalidValue("Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions")
	}
	return invalidValue("Some AttributeDefinitions are not used. AttributeDefinitions: [%s], keys used: [%s]",
		strings.Join(slices.Sorted(maps.Keys(t.Attributes)), ", "), strings.Join(slices.Sorted(maps.Keys(used)), ", "))
}

func checkIndexes(t Table) error {
	names, included := map[string]bool{}, 0
	for _, index := range t.indexes() {
		if names[index.Name] {
			return invalidValue("Duplicate index name: %s", index.Name)
		}
		names[index.Name] = true
		if err := checkProjection(index); err != nil {
			return err
		}
		included += len(index.Include)
	}
	switch {
	case included > maxIncludes:
		return invalidValue("Number of NonKeyAttributes of all indexes exceeds the limit of %d", maxIncludes)
	case len(t.Local) > maxLocal:
		return invalidValue("Number of LocalSecondaryIndexes exceeds per-table limit of %d", maxLocal)
	case len(t.Global) > maxGlobal:
		return invalidValue("GlobalSecondaryIndex count exceeds the per-table limit of %d", maxGlobal)
	case len(t.Local) > 0 && t.Key.Sort == "":
		return invalidValue("Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex")
	}
	for _, index := range t.Local {
		if err := checkLocal(t, index); err != nil {
			return err
		}
	}
	for _, index := range t.Global {
		if err := checkGlobal(t, index); err != nil {
			return err
		}
	}
	return nil
}

func checkProjection(index Index) error {
	switch index.Projection {
	case "":
		return invalidValue("Unknown ProjectionType: null")
	case "INCLUDE":
		if len(index.Include) == 0 {
			return invalidValue("ProjectionType is INCLUDE, but NonKeyAttributes is not specified")
		}
		if len(index.Include) > maxInclude {
			return invalidValue("NonKeyAttributes of the index %s exceed the limit of %d", index.Name, maxInclude)
		}
	case "ALL", "KEYS_ONLY":
		if len(index.Include) > 0 {
			return invalidValue("ProjectionType is %s, but NonKeyAttributes is specified", index.Projection)
		}
	}
	return nil
}

func checkLocal(t Table, index Index) error {
	if index.Key.Sort == "" {
		return invalidValue("Index KeySchema does not have a range key for index: %s", index.Name)
	}
	if index.Key.Hash != t.Key.Hash {
		return invalidValue("Index KeySchema does not have the same leading hash key as table KeySchema for index: %s. index hash key: %s, table hash key: %s",
			index.Name, index.Key.Hash, t.Key.Hash)
	}
	return nil
}

func checkGlobal(t Table, index Index) error {
	if t.BillingMode == PayPerRequest {
		if index.Throughput != (Throughput{}) {
			return invalidValue("ProvisionedThroughput should not be specified for index: %s when BillingMode is PAY_PER_REQUEST", index.Name)
		}
		return nil
	}
	if index.Throughput == (Throughput{}) {
		return invalidValue("ProvisionedThroughput must be specified for index: %s", index.Name)
	}
	return checkThroughput(index.Throughput)
}

// CheckTags validates the tags of a table.
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return invalidValue("%v", err)
	}
	return nil
}
