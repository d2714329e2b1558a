package provider

import (
	"path/filepath"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"

	"tally/localcloud/lambda"
)

// lifeCycle is the life of one resource of a type.
type lifeCycle struct {
	token string
	// inputs returns the program's inputs. It may create other resources that
	// they refer to.
	inputs func(c cloudUnderTest) map[string]any
	id     string // pattern
	// outputs holds patterns of the outputs that are not inputs of the program.
	outputs  map[string]string
	importID func(made) string // nil if it is the ID
	imported map[string]any    // inputs that an import finds otherwise, because the service does not keep them
	update   map[string]any    // nil if the type has no updates
	diff     map[string]string // of the update
	replace  map[string]any    // forces a new resource
	replaces []string
	deletes  bool // the old resource is deleted before the new one is created
	remains  bool // the service keeps it after its deletion
	// settle waits for what the service does after a change; nil if it does nothing.
	settle func(c cloudUnderTest, m made)
	// drift changes the live resource behind the engine's back.
	drift func(c cloudUnderTest, m made) error
	seen  []string // the properties in which the drift is detected
}

// hex is a pattern of the suffix of generated names.
const hex = `[0-9a-f]{7}`

const (
	basicExecution = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
	xrayWrite      = "arn:aws:iam::aws:policy/AWSXRayDaemonWriteAccess"
)

func lifeCycles() []lifeCycle {
	return []lifeCycle{{
		token: "aws:iam/role:Role",
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"assumeRolePolicy": trust, "tags": map[string]any{"a": "1"}, "managedPolicyArns": []any{basicExecution}}
		},
		id: "thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:iam::000000000000:role/thing-" + hex, "path": "/",
			"maxSessionDuration": "3600", "forceDetachPolicies": "false", "uniqueId": "AROA[A-Z0-9]+",
			"createDate": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "tagsAll": "map.a:1."},
		update:  map[string]any{"description": "new", "tags": map[string]any{"a": "2", "b": "3"}, "managedPolicyArns": []any{xrayWrite, basicExecution}},
		diff:    map[string]string{"managedPolicyArns[0]": "UPDATE", "managedPolicyArns[1]": "ADD", "description": "ADD", "tags.a": "UPDATE", "tags.b": "ADD", "tagsAll.a": "UPDATE", "tagsAll.b": "ADD"},
		replace: map[string]any{"path": "/team/"}, replaces: []string{"path"},
		drift: func(c cloudUnderTest, m made) error {
			r, err := c.services.IAM.Role(m.id)
			if err != nil {
				return err
			}
			r.Description, r.Tags = "by hand", nil
			if _, err = c.services.IAM.UpdateRole(r); err != nil {
				return err
			}
			return c.services.IAM.DetachRolePolicy(r.Name, basicExecution)
		},
		seen: []string{"description", "managedPolicyArns", "tags", "tagsAll"},
	}, {
		token: "aws:iam/role:Role",
		inputs: func(c cloudUnderTest) map[string]any {
			boundary := c.create("aws:iam/policy:Policy", "b", map[string]any{"policy": publish})
			return map[string]any{"assumeRolePolicy": trust, "permissionsBoundary": boundary.id}
		},
		id: "thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:iam::000000000000:role/thing-" + hex, "path": "/",
			"maxSessionDuration": "3600", "forceDetachPolicies": "false", "uniqueId": "AROA[A-Z0-9]+",
			"createDate": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "tagsAll": "map.."},
		update:  map[string]any{"permissionsBoundary": xrayWrite},
		diff:    map[string]string{"permissionsBoundary": "UPDATE"},
		replace: map[string]any{"path": "/team/"}, replaces: []string{"path"},
		drift: func(c cloudUnderTest, m made) error {
			r, err := c.services.IAM.Role(m.id)
			if err != nil {
				return err
			}
			r.PermissionsBoundary = ""
			_, err = c.services.IAM.UpdateRole(r)
			return err
		},
		seen: []string{"permissionsBoundary"},
	}, {
		token: "aws:iam/policy:Policy",
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"policy": publish, "description": "old", "tags": map[string]any{"a": "1"}}
		},
		id: "arn:aws:iam::000000000000:policy/thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:iam::000000000000:policy/thing-" + hex, "path": "/",
			"policyId": "ANPA[A-Z0-9]+", "attachmentCount": "0", "tagsAll": "map.a:1."},
		update:  map[string]any{"policy": strings.ReplaceAll(publish, "Publish", "ListTopics"), "tags": map[string]any{"a": "2"}},
		diff:    map[string]string{"policy": "UPDATE", "tags.a": "UPDATE", "tagsAll.a": "UPDATE"},
		replace: map[string]any{"description": "new"}, replaces: []string{"description"},
		drift: func(c cloudUnderTest, m made) error {
			_, err := c.services.IAM.UpdatePolicy(m.id, strings.ReplaceAll(publish, "Publish", "Subscribe"), nil)
			return err
		},
		seen: []string{"policy", "tags", "tagsAll"},
	}, {
		token: "aws:iam/rolePolicy:RolePolicy",
		inputs: func(c cloudUnderTest) map[string]any {
			r := c.create("aws:iam/role:Role", "r", map[string]any{"assumeRolePolicy": trust})
			return map[string]any{"role": r.id, "policy": " " + publish}
		},
		id:      "r-" + hex + ":thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex},
		update:  map[string]any{"policy": strings.ReplaceAll(publish, "Publish", "ListTopics")},
		diff:    map[string]string{"policy": "UPDATE"},
		replace: map[string]any{"role": "other"}, replaces: []string{"role"},
		drift: func(c cloudUnderTest, m made) error {
			return c.services.IAM.PutRolePolicy(m.state["role"].StringValue(), m.state["name"].StringValue(), strings.ReplaceAll(publish, "Publish", "Subscribe"))
		},
		seen: []string{"policy"},
	}, {
		token: "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
		inputs: func(c cloudUnderTest) map[string]any {
			r := c.create("aws:iam/role:Role", "r", map[string]any{"assumeRolePolicy": trust})
			return map[string]any{"role": r.id, "policyArn": basicExecution}
		},
		id:      "r-" + hex + "/" + basicExecution,
		replace: map[string]any{"role": "other"}, replaces: []string{"role"}, deletes: true,
	}, {
		token:  "aws:cloudwatch/logGroup:LogGroup",
		inputs: func(cloudUnderTest) map[string]any { return map[string]any{"name": "/aws/x", "retentionInDays": 30} },
		id:     "/aws/x",
		outputs: map[string]string{"arn": "arn:aws:logs:us-east-1:000000000000:log-group:/aws/x", "logGroupClass": "STANDARD",
			"skipDestroy": "false", "tagsAll": "map.."},
		update: map[string]any{"retentionInDays": 7}, diff: map[string]string{"retentionInDays": "UPDATE"},
		replace: map[string]any{"name": "/aws/y"}, replaces: []string{"name"},
		drift: func(c cloudUnderTest, m made) error {
			g, err := c.services.Logs.Group(m.id)
			if err != nil {
				return err
			}
			g.RetentionDays = 1
			_, err = c.services.Logs.UpdateGroup(g)
			return err
		},
		seen: []string{"retentionInDays"},
	}, {
		token: "aws:lambda/function:Function",
		inputs: func(c cloudUnderTest) map[string]any {
			r := c.create("aws:iam/role:Role", "r", map[string]any{"assumeRolePolicy": trust})
			write(c.t, filepath.Join(c.dir, "f.zip"), zipped(c.t, "one"))
			return map[string]any{
				"role": r.arn(), "runtime": "provided.al2023", "handler": "bootstrap", "code": pathArchive(c.t, c.dir, "f.zip"),
				"environment":   map[string]any{"variables": map[string]any{"KEY": resource.MakeSecret(resource.NewStringProperty("hidden"))}},
				"loggingConfig": map[string]any{"logFormat": "Text"},
			}
		},
		id: "thing-" + hex,
		outputs: map[string]string{
			"name": "thing-" + hex, "arn": "arn:aws:lambda:us-east-1:000000000000:function:thing-" + hex,
			"invokeArn":          "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:thing-" + hex + "/invocations",
			"qualifiedArn":       "arn:aws:lambda:us-east-1:000000000000:function:thing-" + hex + `:\$LATEST`,
			"qualifiedInvokeArn": `arn:aws:apigateway:.*:\$LATEST/invocations`, "version": `\$LATEST`,
			"lastModified": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+0000`, "codeSha256": "[A-Za-z0-9+/]{43}=", "sourceCodeHash": "[A-Za-z0-9+/]{43}=",
			"sourceCodeSize": `\d+`, "memorySize": "128", "timeout": "3", "packageType": "Zip", "publish": "false", "skipDestroy": "false",
			"reservedConcurrentExecutions": "-1", "architectures": ".x86_64.", "ephemeralStorage": "map.size:512.",
			"tracingConfig": "map.mode:PassThrough.", "tagsAll": "map..", "signingJobArn": "", "signingProfileVersionArn": "",
		},
		update: map[string]any{"memorySize": 256, "ephemeralStorage": map[string]any{"size": 1024}},
		diff:   map[string]string{"memorySize": "UPDATE", "ephemeralStorage.size": "UPDATE"},
		drift: func(c cloudUnderTest, m made) error {
			f, err := c.services.Lambda.Function(m.id)
			if err != nil {
				return err
			}
			f.TimeoutSeconds, f.Environment = 60, nil
			_, err = c.services.Lambda.UpdateFunction(f.Config, zipped(c.t, "by hand"))
			return err
		},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
		seen: []string{"code", "environment", "timeout"},
	}, {
		token: "aws:lambda/permission:Permission",
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{"function": c.function("f").id, "action": "lambda:InvokeFunction", "principal": "sns.amazonaws.com",
				"sourceArn": "arn:aws:sns:us-east-1:000000000000:t"}
		},
		id:       "thing-" + hex,
		outputs:  map[string]string{"statementId": "thing-" + hex},
		importID: func(m made) string { return m.state["function"].StringValue() + "/" + m.id },
		replace:  map[string]any{"principal": "apigateway.amazonaws.com", "sourceAccount": "000000000000"}, replaces: []string{"principal", "sourceAccount"},
		drift: func(c cloudUnderTest, m made) error {
			function := m.state["function"].StringValue()
			if err := c.services.Lambda.RemovePermission(function, m.id); err != nil {
				return err
			}
			return c.services.Lambda.AddPermission(function, lambda.Permission{StatementID: m.id, Action: "lambda:InvokeFunction", Principal: "sns.amazonaws.com"})
		},
		seen: []string{"sourceArn"},
	}}
}
