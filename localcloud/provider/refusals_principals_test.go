package provider

import (
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// refuse returns the reason for which a resource is refused, in the preview or when
// it is created, or "" if it is created.
func (c client) refuse(token string, want map[string]any) string {
	c.t.Helper()
	res, err := c.Check(c.t.Context(), &pulumirpc.CheckRequest{
		Urn: urnOf(token, "thing"), News: c.raw(resource.NewPropertyMapFromMap(want)), RandomSeed: []byte("seed"),
	})
	if err == nil && len(res.Failures) > 0 {
		err = errors.New("preview: " + res.Failures[0].Reason)
	}
	if err == nil {
		_, err = c.Create(c.t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(token, "thing"), Properties: res.Inputs})
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

const (
	ghost  = "arn:aws:iam::000000000000:role/ghost"
	worker = "arn:aws:iam::000000000000:role/worker"
)

// Each service refuses principals that do not exist in words of its own. A preview
// already refuses names of services that are misspelled; whether a role exists is
// known only when the resource is created.
func TestPrincipalsThatDoNotExist(t *testing.T) {
	statement := func(principal, rest string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":` + principal + `,` + rest + `}]}`
	}
	for name, tt := range map[string]struct {
		inputs func(c cloudUnderTest, principal string) (token string, in map[string]any)
		words  string
	}{
		"trust policy": {func(_ cloudUnderTest, p string) (string, map[string]any) {
			return roleToken, map[string]any{"assumeRolePolicy": statement(p, `"Action":"sts:AssumeRole"`)}
		}, "MalformedPolicyDocument: Invalid principal in policy: "},
		"topic": {func(_ cloudUnderTest, p string) (string, map[string]any) {
			return topicToken, map[string]any{"policy": statement(p, `"Action":"sns:Publish","Resource":"*"`)}
		}, "InvalidParameter: Invalid parameter: Policy Error: PrincipalNotFound (Statement[0].Principal: "},
		"topic policy": {func(c cloudUnderTest, p string) (string, map[string]any) {
			topic := c.create(topicToken, "t", nil).arn()
			return topicPolicyToken, map[string]any{"arn": topic, "policy": statement(p, `"Action":"sns:Publish","Resource":"`+topic+`"`)}
		}, "InvalidParameter: Invalid parameter: Policy Error: PrincipalNotFound (Statement[0].Principal: "},
		"queue": {func(_ cloudUnderTest, p string) (string, map[string]any) {
			return queueToken, map[string]any{"policy": statement(p, `"Action":"sqs:SendMessage","Resource":"*"`)}
		}, "InvalidAttributeValue: Invalid value for the parameter Policy. (Statement[0].Principal: "},
		"queue policy": {func(c cloudUnderTest, p string) (string, map[string]any) {
			return "aws:sqs/queuePolicy:QueuePolicy", map[string]any{"queueUrl": c.create(queueToken, "q", nil).id, "policy": statement(p, `"Action":"sqs:SendMessage","Resource":"*"`)}
		}, "InvalidAttributeValue: Invalid value for the parameter Policy. (Statement[0].Principal: "},
		"key": {func(_ cloudUnderTest, p string) (string, map[string]any) {
			return keyToken, map[string]any{"policy": statement(p, `"Action":"kms:*","Resource":"*"`), "bypassPolicyLockoutSafetyCheck": true}
		}, "MalformedPolicyDocumentException: Policy contains a statement with one or more invalid principals. (Statement[0].Principal: "},
		"permission": {func(c cloudUnderTest, p string) (string, map[string]any) {
			return permissionToken, map[string]any{"function": c.function("f").id, "action": "lambda:InvokeFunction", "principal": strings.Split(p, `"`)[3]}
		}, "InvalidParameterValueException: The provided principal was invalid. Please check the principal and try again. ("},
	} {
		for principal, hint := range map[string]string{
			`{"AWS":"` + ghost + `"}`:                            "this account has no role or user with the ARN " + ghost,
			`{"AWS":"arn:aws:iam::000000000000:user/ghost"}`:     "this account has no role or user with the ARN",
			`{"Service":"event.amazonaws.com"}`:                  "did you mean events.amazonaws.com?",
			`{"AWS":"arn:aws:iam::123456789012:role/elsewhere"}`: "", // nothing is known of other accounts
		} {
			c := start(t)
			token, in := tt.inputs(c, principal)
			reason := c.refuse(token, in)
			switch {
			case hint == "" && reason != "":
				t.Errorf("%s: %s is refused: %s", name, principal, reason)
			case hint != "" && (!strings.Contains(reason, tt.words) || name != "trust policy" && !strings.Contains(reason, hint)):
				t.Errorf("%s: %s: %q, want %s…%s", name, principal, reason, tt.words, hint)
			case strings.Contains(principal, "Service") != strings.HasPrefix(reason, "preview: "):
				t.Errorf("%s: %s is refused too late or too early: %s", name, principal, reason)
			}
		}
	}
}

// On AWS, the unique ID of a role takes the place of its ARN in a policy that names
// it. So the policy remains valid after the role has been deleted, and other settings
// of its resource can be changed.
func TestUnrelatedUpdatesAfterAPrincipalWasDeleted(t *testing.T) {
	allow := func(action string) string {
		return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` + worker + `"},"Action":"` + action + `","Resource":"*"}]}`
	}
	c := start(t)
	role := c.create(roleToken, "worker", map[string]any{"name": "worker", "assumeRolePolicy": trust})
	trusting := strings.Replace(trust, `{"Service":"lambda.amazonaws.com"}`, `{"AWS":"`+worker+`"}`, 1)
	for token, tt := range map[string]struct{ inputs, update, refused map[string]any }{
		topicToken: {map[string]any{"policy": allow("sns:Publish")}, map[string]any{"displayName": "d"}, map[string]any{"policy": allow("sns:Subscribe")}},
		queueToken: {map[string]any{"policy": allow("sqs:SendMessage")}, map[string]any{"delaySeconds": 1}, map[string]any{"policy": allow("sqs:PurgeQueue")}},
		keyToken:   {map[string]any{"policy": allow("kms:*"), "bypassPolicyLockoutSafetyCheck": true}, map[string]any{"description": "d"}, map[string]any{"policy": allow("kms:Encrypt")}},
		roleToken:  {map[string]any{"assumeRolePolicy": trusting}, map[string]any{"description": "d"}, map[string]any{"assumeRolePolicy": strings.Replace(trusting, "Allow", "Deny", 1)}},
	} {
		m := c.create(token, "thing", tt.inputs)
		c.delete(role)
		change := func(changes map[string]any) error {
			in := resource.NewPropertyMapFromMap(tt.inputs)
			for k, v := range resource.NewPropertyMapFromMap(changes) {
				in[k] = v
			}
			_, err := c.Update(t.Context(), &pulumirpc.UpdateRequest{Id: m.id, Urn: m.urn(), Olds: c.raw(m.state), OldInputs: c.raw(m.inputs), News: c.raw(c.check(token, "thing", m.inputs, in))})
			return err
		}
		if err := change(tt.update); err != nil {
			t.Errorf("%s: %v", token, err)
		}
		if change(tt.refused) == nil {
			t.Errorf("%s: a new policy may name a role that does not exist", token)
		}
		role = c.create(roleToken, "worker", map[string]any{"name": "worker", "assumeRolePolicy": trust})
	}
}

// Lambda checks the whole policy of a function when a permission is added.
//
// https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1189
func TestPermissionsBesideOneForADeletedPrincipal(t *testing.T) {
	c := start(t)
	role := c.create(roleToken, "worker", map[string]any{"name": "worker", "assumeRolePolicy": trust})
	f := c.function("f").id
	c.create(permissionToken, "p", map[string]any{"function": f, "action": "lambda:InvokeFunction", "principal": worker})
	c.delete(role)
	reason := c.refuse(permissionToken, map[string]any{"function": f, "action": "lambda:InvokeFunction", "principal": "sns.amazonaws.com"})
	if !strings.Contains(reason, "The provided principal was invalid.") || !strings.Contains(reason, worker) {
		t.Errorf("refused with %q", reason)
	}
}

// A queue whose dead-letter queue was deleted can be changed otherwise.
func TestUnrelatedUpdatesAfterADeadLetterQueueWasDeleted(t *testing.T) {
	c := start(t)
	dead := c.create(queueToken, "dead", map[string]any{"name": "dead"})
	in := map[string]any{"name": "q", "redrivePolicy": `{"deadLetterTargetArn":"` + dead.arn() + `","maxReceiveCount":3}`}
	m := c.create(queueToken, "q", in)
	c.delete(dead)
	in["delaySeconds"] = 1
	c.update(m, c.check(queueToken, "q", m.inputs, resource.NewPropertyMapFromMap(in)), false)
}
