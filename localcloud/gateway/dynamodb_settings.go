package gateway

import (
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb"
)

type ttlSpecification struct {
	AttributeName string
	Enabled       *bool
}

type updateTTLInput struct {
	TableName               string
	TimeToLiveSpecification *ttlSpecification
}

// updateTTL switches the expiration of items on or off. AWS does that at most once in an
// hour; here, it is possible at any time.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTimeToLive.html
func updateTTL(c *call, in updateTTLInput) (any, error) {
	spec := in.TimeToLiveSpecification
	if spec == nil || spec.Enabled == nil || spec.AttributeName == "" {
		return nil, cloud.Violated("ValidationException", nil, "timeToLiveSpecification", "Member must not be null")
	}
	_, err := c.DynamoDB.UpdateTable(in.TableName, func(t *dynamodb.Table) error { return setTTL(t, *spec) })
	return struct{ TimeToLiveSpecification ttlSpecification }{*spec}, err
}

func setTTL(t *dynamodb.Table, spec ttlSpecification) error {
	switch {
	case *spec.Enabled && t.TTLAttribute != "":
		return cloud.Errorf(0, "ValidationException", "TimeToLive is already enabled")
	case !*spec.Enabled && t.TTLAttribute == "":
		return cloud.Errorf(0, "ValidationException", "TimeToLive is already disabled")
	case !*spec.Enabled && t.TTLAttribute != spec.AttributeName:
		return cloud.Errorf(0, "ValidationException", "TimeToLive is active on a different AttributeName: current AttributeName is %s", t.TTLAttribute)
	}
	if t.TTLAttribute = ""; *spec.Enabled {
		t.TTLAttribute = spec.AttributeName
	}
	return nil
}

func describeTTL(c *call, in tableInput) (any, error) {
	d, err := c.DynamoDB.Describe(in.TableName)
	type description struct {
		AttributeName    string `json:",omitempty"`
		TimeToLiveStatus string
	}
	status := "DISABLED"
	if d.TTLAttribute != "" {
		status = "ENABLED"
	}
	return struct{ TimeToLiveDescription description }{description{d.TTLAttribute, status}}, err
}

type updateBackupsInput struct {
	TableName                        string
	PointInTimeRecoverySpecification *struct {
		PointInTimeRecoveryEnabled *bool
		RecoveryPeriodInDays       *int
	}
}

// updateBackups records point-in-time recovery.
func updateBackups(c *call, in updateBackupsInput) (any, error) {
	spec := in.PointInTimeRecoverySpecification
	if spec == nil || spec.PointInTimeRecoveryEnabled == nil {
		return nil, cloud.Violated("ValidationException", nil, "pointInTimeRecoverySpecification", "Member must not be null")
	}
	days := dynamodb.MaxRecovery
	if spec.RecoveryPeriodInDays != nil {
		days = *spec.RecoveryPeriodInDays
	}
	if err := dynamodb.CheckRecovery(days); err != nil {
		return nil, err
	}
	if !*spec.PointInTimeRecoveryEnabled {
		days = 0
	}
	if _, err := c.DynamoDB.UpdateTable(in.TableName, func(t *dynamodb.Table) error { t.Recovery = days; return nil }); err != nil {
		return nil, err
	}
	return describeBackups(c, tableInput{in.TableName})
}

func describeBackups(c *call, in tableInput) (any, error) {
	d, err := c.DynamoDB.Describe(in.TableName)
	if err != nil {
		return nil, err
	}
	type recovery struct {
		PointInTimeRecoveryStatus  string
		RecoveryPeriodInDays       int      `json:",omitempty"`
		EarliestRestorableDateTime *instant `json:",omitempty"`
		LatestRestorableDateTime   *instant `json:",omitempty"`
	}
	type description struct {
		ContinuousBackupsStatus        string
		PointInTimeRecoveryDescription recovery
	}
	r := recovery{PointInTimeRecoveryStatus: "DISABLED"}
	if d.Recovery > 0 {
		r = recovery{"ENABLED", d.Recovery, &instant{d.RecoveryStarted}, &instant{time.Now()}}
	}
	return struct{ ContinuousBackupsDescription description }{description{"ENABLED", r}}, nil
}

type resourceInput struct {
	ResourceArn string
	NextToken   string // there is one page
}

func listTableTags(c *call, in resourceInput) (any, error) {
	d, err := c.DynamoDB.Describe(in.ResourceArn)
	return struct{ Tags []tag }{tagsOf(d.Tags)}, err
}

type tagTableInput struct {
	ResourceArn string
	Tags        []tag
}

func tagTable(c *call, in tagTableInput) (any, error) {
	return c.changeTableTags(in.ResourceArn, tagMap(in.Tags), nil)
}

type untagTableInput struct {
	ResourceArn string
	TagKeys     []string
}

func untagTable(c *call, in untagTableInput) (any, error) {
	return c.changeTableTags(in.ResourceArn, nil, in.TagKeys)
}

func (c *call) changeTableTags(arn string, add map[string]string, remove []string) (any, error) {
	_, err := c.DynamoDB.UpdateTable(arn, func(t *dynamodb.Table) error {
		t.Tags = cloud.Retagged(t.Tags, add, remove)
		return nil
	})
	return struct{}{}, err
}
