package provider

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

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
	}}
}
