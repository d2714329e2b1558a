package serverless

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestTable(t *testing.T) {
	id := map[string]any{"name": "id", "type": "S"}
	for name, test := range map[string]struct {
		env  EnvironmentArgs
		args TableArgs
		want map[string]any // that differ from the defaults
	}{
		"defaults": {EnvironmentArgs{}, TableArgs{Key: "id"}, nil},
		"keys and expiry": {EnvironmentArgs{}, TableArgs{Key: "id", SortKey: "at", TTL: "expiresAt"}, map[string]any{
			"attributes": []any{id, map[string]any{"name": "at", "type": "S"}}, "rangeKey": "at",
			"ttl": map[string]any{"attributeName": "expiresAt", "enabled": true},
		}},
		"a customer key": {EnvironmentArgs{CustomerKey: true}, TableArgs{Key: "id"}, map[string]any{
			"serverSideEncryption": map[string]any{"enabled": true, "kmsKeyArn": "arn:aws:service:r:a:e-key"},
		}},
		"protected":                   {EnvironmentArgs{Protect: true}, TableArgs{Key: "id"}, map[string]any{"deletionProtectionEnabled": true}},
		"protected by DynamoDB":       {EnvironmentArgs{}, TableArgs{Key: "id", DeletionProtection: pulumi.Bool(true)}, map[string]any{"deletionProtectionEnabled": true}},
		"unprotected in an exception": {EnvironmentArgs{Protect: true}, TableArgs{Key: "id", DeletionProtection: pulumi.Bool(false)}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := within(test.env, func(env *Environment) error { _, err := NewTable(env, "t", &test.args); return err })
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{
				"billingMode": "PAY_PER_REQUEST", "hashKey": "id", "attributes": []any{id},
				"pointInTimeRecovery": map[string]any{"enabled": true}, "deletionProtectionEnabled": false,
				"serverSideEncryption": map[string]any{"enabled": false}, // explicitly, or a key that it had would remain
			}
			for property, value := range test.want {
				want[property] = value
			}
			if diff := cmp.Diff(want, c.inputs(t, "aws:dynamodb/table:Table e-t")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestTableGrants proves that grants allow operations on one item of one table, and
// none that lists, searches or deletes items.
func TestTableGrants(t *testing.T) {
	c, err := withFunction(func(env *Environment, f *Function) error {
		table, err := NewTable(env, "t", &TableArgs{Key: "id"})
		if err != nil {
			return err
		}
		if err := table.GrantRead(f); err != nil {
			return err
		}
		return table.GrantWrite(f)
	})
	if err != nil {
		t.Fatal(err)
	}
	for grant, actions := range map[string]string{
		"e-f-read-t":  `["dynamodb:GetItem"]`,
		"e-f-write-t": `["dynamodb:PutItem","dynamodb:UpdateItem"]`,
	} {
		want := `{"Statement":[{"Action":` + actions + `,"Effect":"Allow","Resource":["arn:aws:service:r:a:e-t"]}],"Version":"2012-10-17"}`
		if got := c.inputs(t, "aws:iam/rolePolicy:RolePolicy "+grant)["policy"]; got != want {
			t.Errorf("%s: got %v, want %s", grant, got, want)
		}
	}
}

// TestTableWatch proves that an alarm watches each metric with the dimensions that
// DynamoDB reports, and that a graph shows the table.
func TestTableWatch(t *testing.T) {
	c, err := within(EnvironmentArgs{Runbook: pulumi.String("https://example.com/")}, func(env *Environment) error {
		_, err := NewTable(env, "t", &TableArgs{Key: "id"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct{ metric, operation, section string }{
		"read-throttles":  {"ReadThrottleEvents", "", "table-throttles"},
		"write-throttles": {"WriteThrottleEvents", "", "table-throttles"},
		"get-errors":      {"SystemErrors", "GetItem", "table-errors"},
		"put-errors":      {"SystemErrors", "PutItem", "table-errors"},
		"update-errors":   {"SystemErrors", "UpdateItem", "table-errors"},
	} {
		alarm := c.inputs(t, "aws:cloudwatch/metricAlarm:MetricAlarm e-t-"+name)
		dimensions, _ := alarm["dimensions"].(map[string]any)
		operation, _ := dimensions["Operation"].(string)
		if alarm["metricName"] != want.metric || operation != want.operation || alarm["namespace"] != "AWS/DynamoDB" {
			t.Errorf("%s: %v", name, alarm)
		}
		if description, _ := alarm["alarmDescription"].(string); !strings.HasSuffix(description, " What to do: https://example.com/#"+want.section) {
			t.Errorf("%s: %s", name, description)
		}
	}
	if body := c.inputs(t, "aws:cloudwatch/dashboard:Dashboard e-dashboard")["dashboardBody"].(string); !strings.Contains(body, `"Table t"`) {
		t.Errorf("the dashboard does not show the table: %s", body)
	}
}

func TestGrantParameter(t *testing.T) {
	c, err := withFunction(func(_ *Environment, f *Function) error { return f.GrantParameter("/tally/dev/Notify_Secret") })
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Statement":[{"Action":["ssm:GetParameter"],"Effect":"Allow","Resource":["arn:aws:ssm:us-east-1:a:parameter/tally/dev/Notify_Secret"]}],"Version":"2012-10-17"}`
	if got := c.inputs(t, "aws:iam/rolePolicy:RolePolicy e-f-read-tally-dev-notify-secret")["policy"]; got != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
