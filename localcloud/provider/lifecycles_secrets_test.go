package provider

import (
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"tally/localcloud/secretsmanager"
	"tally/localcloud/ssm"
)

// hidden returns a secret string.
func hidden(s string) resource.PropertyValue { return resource.MakeSecret(resource.NewProperty(s)) }

func secretLifeCycles() []lifeCycle {
	return []lifeCycle{{
		token: parameterToken,
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"type": "SecureString", "value": hidden("one"), "description": "d", "tags": map[string]any{"a": "1"}}
		},
		id: "thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:ssm:us-east-1:000000000000:parameter/thing-" + hex, "version": "1",
			"dataType": "text", "tier": "Standard", "keyId": "alias/aws/ssm", "tagsAll": "map.a:1."},
		update:  map[string]any{"value": hidden("two"), "description": "e"},
		diff:    map[string]string{"value": "UPDATE", "description": "UPDATE"},
		replace: map[string]any{"name": "/other"}, replaces: []string{"name"},
		drift: func(c cloudUnderTest, m made) error {
			caller, err := developer(c.services.IAM)
			if err == nil {
				_, err = c.services.SSM.Put(c.t.Context(), caller, ssm.Input{Name: m.id, Value: "three", Tier: "Standard", Overwrite: true})
			}
			return err
		},
		seen: []string{"value"},
	}, {
		token: secretToken,
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"description": "d", "tags": map[string]any{"a": "1"}}
		},
		id: "arn:aws:secretsmanager:us-east-1:000000000000:secret:thing-" + hex + "-[A-Z2-7]{6}",
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:thing-" + hex + "-[A-Z2-7]{6}",
			"policy": "", "recoveryWindowInDays": "30", "forceOverwriteReplicaSecret": "false", "tagsAll": "map.a:1."},
		update:  map[string]any{"description": "e", "kmsKeyId": "alias/aws/secretsmanager", "policy": secretPolicy},
		diff:    map[string]string{"description": "UPDATE", "kmsKeyId": "ADD", "policy": "UPDATE"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
		drift: func(c cloudUnderTest, m made) error {
			_, err := c.services.Secrets.SetPolicy(m.id, "", false)
			return err
		},
		seen: []string{"policy"},
	}, {
		token: secretVersionToken,
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"secretId": c.create(secretToken, "s", map[string]any{}).arn(), "secretString": hidden("one")}
		},
		id:      "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-" + hex + "-[A-Z2-7]{6}[|][0-9a-f-]{36}",
		outputs: map[string]string{"arn": "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-" + hex + "-[A-Z2-7]{6}", "versionId": "[0-9a-f-]{36}", "versionStages": "[[]AWSCURRENT[]]"},
		update:  map[string]any{"versionStages": []any{"mine", "AWSCURRENT"}},
		diff:    map[string]string{"versionStages[0]": "UPDATE", "versionStages[1]": "ADD"},
		replace: map[string]any{"secretString": hidden("two")}, replaces: []string{"secretString"},
		remains: true,
		drift: func(c cloudUnderTest, m made) error {
			secretID, version, err := splitVersion(m.id)
			if err == nil {
				_, err = c.services.Secrets.MoveStage(secretID, "mine", version, "")
			}
			return err
		},
		seen: []string{"versionStages"},
	}, {
		token: rotationToken,
		inputs: func(c cloudUnderTest) map[string]any {
			f := c.function("f")
			c.create("aws:lambda/permission:Permission", "p", map[string]any{"action": "lambda:InvokeFunction", "function": f.id, "principal": "secretsmanager.amazonaws.com"})
			return map[string]any{"secretId": c.create(secretToken, "s", map[string]any{}).arn(), "rotationLambdaArn": f.arn(), "rotateImmediately": false, "rotationRules": map[string]any{"automaticallyAfterDays": 30}}
		},
		id:      "arn:aws:secretsmanager:us-east-1:000000000000:secret:s-" + hex + "-[A-Z2-7]{6}",
		outputs: map[string]string{"rotationEnabled": "true"}, imported: map[string]any{"rotateImmediately": true},
		update:  map[string]any{"rotationRules": map[string]any{"scheduleExpression": "cron(0 8 ? * SUN#1 *)", "duration": "2h"}},
		diff:    map[string]string{"rotationRules.automaticallyAfterDays": "DELETE", "rotationRules.duration": "ADD", "rotationRules.scheduleExpression": "ADD"},
		replace: map[string]any{"secretId": "other"}, replaces: []string{"secretId"},
		remains: true,
		settle:  rotationTested,
		drift: func(c cloudUnderTest, m made) error {
			_, _, err := c.services.Secrets.CancelRotation(m.id)
			return err
		},
		seen: []string{"rotationLambdaArn", "rotationRules"},
	}}
}

// rotationTested waits for the end of the test of a rotation function, during which a secret
// cannot be rotated.
func rotationTested(c cloudUnderTest, m made) {
	c.t.Helper()
	for c.t.Context().Err() == nil {
		s, err := c.services.Secrets.Find(m.state["secretId"].StringValue())
		if err != nil {
			c.t.Fatal(err)
		}
		if s.Stages[secretsmanager.Pending] == "" {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

const secretPolicy = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"secretsmanager:GetSecretValue","Resource":"*"}]}`
