package policy

import (
	"errors"
	"slices"
)

const (
	table           = "aws:dynamodb/table:Table"
	daxCluster      = "aws:dax/cluster:Cluster"
	backupSelection = "aws:backup/selection:Selection"
)

var dynamodbRules = []Rule{
	{
		Controls: []string{"DynamoDB.1"}, Title: "tables scale with the demand",
		Types: []string{table}, Property: "billingMode",
		Check: func(r Resource, _ Graph) error {
			// Provisioned capacity with auto scaling complies with the control, too, but
			// needs resources that no component creates.
			if mode := r.input("billingMode"); mode != "PAY_PER_REQUEST" && mode != Unknown {
				return errors.New("has a fixed capacity: set billingMode to PAY_PER_REQUEST")
			}
			return nil
		},
	},
	{
		Controls: []string{"DynamoDB.2", "CKV_AWS_28"}, Title: "tables can be restored to any second of the last 35 days",
		Types: []string{table}, Property: "pointInTimeRecovery.enabled",
		Check: func(r Resource, _ Graph) error {
			if !r.has("pointInTimeRecovery", "enabled") {
				return errors.New("has no point-in-time recovery")
			}
			return nil
		},
	},
	{
		Controls: []string{"DynamoDB.3", "CKV_AWS_47"}, Title: "DAX clusters are encrypted at rest",
		Types: []string{daxCluster}, Property: "serverSideEncryption.enabled",
		Check: func(r Resource, _ Graph) error {
			if !r.has("serverSideEncryption", "enabled") {
				return errors.New("is not encrypted at rest")
			}
			return nil
		},
	},
	{
		Controls: []string{"DynamoDB.4"}, Title: "tables are in a backup plan",
		Types: []string{table}, Property: "resources of a Selection of AWS Backup",
		Check: func(r Resource, all Graph) error {
			for _, s := range all {
				if s.Type == backupSelection && slices.Contains(s.References["resources"], r.Type+" "+r.Name) {
					return nil
				}
			}
			return errors.New("is in no backup plan")
		},
	},
	{
		Controls: []string{"DynamoDB.6"}, Title: "tables are protected from deletion",
		Types: []string{table}, Property: "deletionProtectionEnabled",
		Check: require("deletionProtectionEnabled"),
	},
	{
		Controls: []string{"DynamoDB.7", "CKV_AWS_239"}, Title: "DAX clusters are encrypted in transit",
		Types: []string{daxCluster}, Property: "clusterEndpointEncryptionType",
		Check: func(r Resource, _ Graph) error {
			if kind := r.input("clusterEndpointEncryptionType"); kind != "TLS" && kind != Unknown {
				return errors.New("accepts connections without TLS")
			}
			return nil
		},
	},
	{
		Controls: []string{"CKV_AWS_119"}, Title: "tables are encrypted with a customer-managed key",
		Types: []string{table}, Property: "serverSideEncryption",
		Check: func(r Resource, all Graph) error {
			if !r.has("serverSideEncryption", "enabled") {
				return errors.New("is encrypted with a key of DynamoDB's")
			}
			return require("serverSideEncryption", "kmsKeyArn")(r, all)
		},
	},
}
