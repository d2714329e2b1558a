package provider

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
)

// A secret property is secret in the engine's inputs and state, from the preview to an
// import, even if the program gives its value in clear.
func TestSecretProperties(t *testing.T) {
	for token, given := range map[string]map[string]any{
		parameterToken:     {"type": "String", "value": "s3cret"},
		secretVersionToken: {"secretString": "s3cret"},
	} {
		c := start(t)
		if token == secretVersionToken {
			given["secretId"] = c.create(secretToken, "s", map[string]any{}).arn()
		}
		program := resource.NewPropertyMapFromMap(given)
		checked := c.check(token, "thing", nil, program)
		m := c.create(token, "thing", given)
		for what, got := range map[string]resource.PropertyMap{
			"inputs": checked, "preview": c.preview(token, "thing", checked), "state": m.state,
			"refreshed inputs": c.read(m, "").inputs, "refreshed state": c.read(m, "").state, "imported inputs": c.read(m, m.id).inputs, "imported state": c.read(m, m.id).state,
			"update": c.update(m, checked, true),
		} {
			for name := range given {
				if v := got[resource.PropertyKey(name)]; name != "type" && name != "secretId" && !v.IsSecret() {
					t.Errorf("%s: %s of the %s is %v", token, name, what, v)
				}
			}
		}
	}
}

// The failures of a check do not lead the engine to print the value of a secret property.
func TestRefusedSecrets(t *testing.T) {
	c := start(t)
	for _, value := range []any{strings.Repeat("s3cret", 1000), []any{"s3cret"}, 53.12} {
		res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(parameterToken, "thing"),
			News: c.raw(resource.NewPropertyMapFromMap(map[string]any{"type": "String", "value": value}))})
		if err != nil {
			t.Fatal(err)
		}
		if len(res.Failures) != 1 || res.Failures[0].Property != "" || !strings.HasPrefix(res.Failures[0].Reason, "value: ") || strings.Contains(fmt.Sprint(res.Failures), "s3cret") || strings.Contains(fmt.Sprint(res.Failures), "53.12") {
			t.Errorf("%.50v: %v", value, res.Failures)
		}
	}
}

// A parameter that is not secret can be given in clear, and its tags change without a new
// version.
func TestInsecureParameter(t *testing.T) {
	c := start(t)
	given := map[string]any{"name": "/tally/limit", "type": "String", "insecureValue": "10", "tier": "Intelligent-Tiering", "overwrite": true, "tags": map[string]any{"a": "1"}}
	m := c.create(parameterToken, "thing", given)
	given["tags"] = map[string]any{"b": "2"}
	inputs := c.check(parameterToken, "thing", m.inputs, resource.NewPropertyMapFromMap(given))
	m.state, m.inputs = c.update(m, inputs, false), inputs
	refreshed := c.read(m, "")
	c.same(m, refreshed.inputs, inputs)
	state := refreshed.state.Mappable()
	if state["insecureValue"] != "10" || state["value"] != nil || state["version"] != 1.0 || state["tier"] != "Intelligent-Tiering" || fmt.Sprint(state["tagsAll"]) != "map[b:2]" {
		t.Errorf("state %v", state)
	}
	for _, wrong := range []map[string]any{
		{"type": "SecureString", "insecureValue": "10"}, {"type": "String"}, {"type": "String", "value": "1", "insecureValue": "1"}, {"type": "String", "value": "1", "keyId": "alias/aws/ssm"},
	} {
		res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(parameterToken, "thing"), News: c.raw(resource.NewPropertyMapFromMap(wrong))})
		if err != nil || len(res.Failures) != 1 {
			t.Errorf("%v: %v, %v", wrong, res.GetFailures(), err)
		}
	}
}

// A secret is deleted at once or after its recovery window, as its resource says.
func TestSecretDeletion(t *testing.T) {
	c := start(t)
	for days, want := range map[int]string{0: "ResourceNotFoundException", 7: ""} {
		m := c.create(secretToken, "thing", map[string]any{"name": fmt.Sprint("s", days), "recoveryWindowInDays": days})
		c.delete(m)
		s, err := c.services.Secrets.Find(m.id)
		if cloud.ErrorCode(err) != want || err == nil && time.Until(s.Deletion).Round(time.Hour) != 7*24*time.Hour {
			t.Errorf("after %d days: %v, %v", days, s.Deletion, err)
		}
	}
	for _, days := range []int{6, 31} {
		res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(secretToken, "thing"), News: c.raw(resource.NewPropertyMapFromMap(map[string]any{"recoveryWindowInDays": days}))})
		if err != nil || len(res.Failures) != 1 || !strings.Contains(res.Failures[0].Reason, "must be between 7 and 30 days (inclusive).") {
			t.Errorf("%d days: %v, %v", days, res.GetFailures(), err)
		}
	}
}

// The data sources return what the resources have stored.
func TestSecretFunctions(t *testing.T) {
	c := start(t)
	c.create(parameterToken, "p", map[string]any{"name": "/p", "type": "SecureString", "value": "one"})
	s := c.create(secretToken, "s", map[string]any{"name": "s", "description": "d"})
	c.create(secretVersionToken, "v", map[string]any{"secretId": s.id, "secretString": "two"})
	for _, tt := range []struct {
		token    string
		args     map[string]any
		property string
		want     any
	}{
		{"aws:ssm/getParameter:getParameter", map[string]any{"name": "/p"}, "value", "one"},
		{"aws:secretsmanager/getSecret:getSecret", map[string]any{"name": "s"}, "arn", s.id},
		{"aws:secretsmanager/getSecret:getSecret", map[string]any{"arn": s.id}, "description", "d"},
		{"aws:secretsmanager/getSecretVersion:getSecretVersion", map[string]any{"secretId": "s"}, "secretString", "two"},
	} {
		res, err := c.Invoke(t.Context(), &pulumirpc.InvokeRequest{Tok: tt.token, Args: c.raw(resource.NewPropertyMapFromMap(tt.args))})
		if err != nil {
			t.Errorf("%s: %v", tt.token, err)
		} else if got := c.properties(res.Return).Mappable()[tt.property]; got != tt.want {
			t.Errorf("%s: %s is %v", tt.token, tt.property, got)
		}
	}
}

// The creation of a rotation waits for the permission of Secrets Manager to invoke the function.
func TestRotationPermission(t *testing.T) {
	c := start(t)
	f := c.function("f")
	inputs := c.check(rotationToken, "r", nil, resource.NewPropertyMapFromMap(map[string]any{
		"secretId": c.create(secretToken, "s", map[string]any{}).arn(), "rotationLambdaArn": f.arn(), "rotateImmediately": false, "rotationRules": map[string]any{"automaticallyAfterDays": 1},
	}))
	create := func() error {
		_, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(rotationToken, "r"), Properties: c.raw(inputs)})
		return err
	}
	holds(t, create(), "AccessDeniedException: Secrets Manager cannot invoke the specified Lambda function.")
	added := make(chan error)
	time.AfterFunc(permissionWait/10, func() {
		added <- c.services.Lambda.AddPermission(f.id, lambda.Permission{StatementID: "s", Action: "lambda:InvokeFunction", Principal: "secretsmanager.amazonaws.com"})
	})
	err := create()
	if err := errors.Join(err, <-added); err != nil {
		t.Error(err)
	}
}
