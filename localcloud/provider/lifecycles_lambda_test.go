package provider

import (
	"cmp"
	"path/filepath"
	"strings"

	"tally/localcloud/lambda"
)

const failures = "arn:aws:sqs:us-east-1:000000000000:failures"

// published creates a function with version 1, whose role may send to failures.
func (c cloudUnderTest) published() made {
	c.t.Helper()
	return c.create("aws:lambda/function:Function", "f", c.publishing())
}

func (c cloudUnderTest) publishing() map[string]any {
	c.t.Helper()
	r := c.create("aws:iam/role:Role", "r", map[string]any{"assumeRolePolicy": trust})
	c.create("aws:iam/rolePolicy:RolePolicy", "p", map[string]any{"role": r.id,
		"policy": `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"` + failures + `"}]}`})
	write(c.t, filepath.Join(c.dir, "f.zip"), zipped(c.t, "one"))
	return map[string]any{
		"role": r.arn(), "runtime": "provided.al2023", "handler": "bootstrap", "code": pathArchive(c.t, c.dir, "f.zip"), "publish": true,
		"loggingConfig": map[string]any{"logFormat": "JSON", "systemLogLevel": "INFO"}, "deadLetterConfig": map[string]any{"targetArn": failures},
	}
}

// consumer creates a function whose role may receive messages of any queue.
func (c cloudUnderTest) consumer(name string) made {
	c.t.Helper()
	f := c.function(name)
	role := f.state["role"].StringValue()
	c.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", name, map[string]any{
		"role": role[strings.LastIndex(role, "/")+1:], "policyArn": "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"})
	return f
}

func lambdaLifeCycles() []lifeCycle {
	return []lifeCycle{{
		token:  "aws:lambda/function:Function",
		inputs: cloudUnderTest.publishing,
		id:     "thing-" + hex,
		outputs: map[string]string{
			"name": "thing-" + hex, "arn": "arn:aws:lambda:us-east-1:000000000000:function:thing-" + hex,
			"invokeArn":          "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:thing-" + hex + "/invocations",
			"qualifiedArn":       "arn:aws:lambda:us-east-1:000000000000:function:thing-" + hex + ":1",
			"qualifiedInvokeArn": "arn:aws:apigateway:.*:1/invocations", "version": "1",
			"lastModified": ".*", "codeSha256": ".*", "sourceCodeHash": ".*", "sourceCodeSize": `\d+`, "memorySize": "128", "timeout": "3",
			"packageType": "Zip", "skipDestroy": "false", "reservedConcurrentExecutions": "-1", "architectures": ".x86_64.",
			"ephemeralStorage": "map.size:512.", "tracingConfig": "map.mode:PassThrough.", "tagsAll": "map..",
			"signingJobArn": "", "signingProfileVersionArn": "",
		},
		update: map[string]any{"timeout": 5, "loggingConfig": map[string]any{"logFormat": "JSON", "systemLogLevel": "WARN"}, "kmsKeyArn": "arn:aws:kms:us-east-1:000000000000:key/k"},
		diff:   map[string]string{"timeout": "UPDATE", "loggingConfig.systemLogLevel": "UPDATE", "kmsKeyArn": "ADD"},
		drift: func(c cloudUnderTest, m made) error {
			_, err := c.services.Lambda.EditFunction(m.id, "", zipped(c.t, "by hand"), func(f *lambda.Config) {
				f.DeadLetterTargetARN, f.LogFormat, f.ApplicationLogLevel, f.SystemLogLevel = "", "Text", "", ""
			})
			if err != nil {
				return err
			}
			tag := map[string]string{"a": "1"}
			return cmp.Or(c.services.Lambda.ReserveConcurrency(m.id, 7), c.services.Lambda.ChangeTags(m.state["arn"].StringValue(), tag, nil))
		},
		seen: []string{"code", "deadLetterConfig", "loggingConfig", "reservedConcurrentExecutions", "tags", "tagsAll"},
	}, {
		token: "aws:lambda/alias:Alias",
		inputs: func(c cloudUnderTest) map[string]any {
			f := c.published()
			for _, memory := range []int{256, 512} {
				live, err := c.services.Lambda.Function(f.id)
				if err != nil {
					c.t.Fatal(err)
				}
				live.MemoryMB = memory
				if _, err := c.services.Lambda.UpdateFunction(live.Config, nil); err != nil {
					c.t.Fatal(err)
				}
				if _, err := c.services.Lambda.PublishVersion(f.id, "", ""); err != nil {
					c.t.Fatal(err)
				}
			}
			return map[string]any{"functionName": f.id, "functionVersion": "1"}
		},
		id: "arn:aws:lambda:us-east-1:000000000000:function:f-" + hex + ":thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:lambda:us-east-1:000000000000:function:f-" + hex + ":thing-" + hex,
			"invokeArn": "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:.*:thing-" + hex + "/invocations"},
		importID: func(m made) string {
			return m.state["functionName"].StringValue() + "/" + m.state["name"].StringValue()
		},
		update: map[string]any{"functionVersion": "2", "description": "d", "routingConfig": map[string]any{"additionalVersionWeights": map[string]any{"3": 0.5}}},
		diff:   map[string]string{"functionVersion": "UPDATE", "description": "ADD", "routingConfig": "ADD"},
		drift: func(c cloudUnderTest, m made) error {
			a, err := c.services.Lambda.Alias(m.state["functionName"].StringValue(), m.state["name"].StringValue())
			if err != nil {
				return err
			}
			a.Version, a.AdditionalVersionWeights = "1", map[string]float64{"3": 0.25}
			_, err = c.services.Lambda.UpdateAlias(a)
			return err
		},
		seen:    []string{"functionVersion", "routingConfig"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
	}, {
		token: "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
		inputs: func(c cloudUnderTest) map[string]any {
			a := c.create("aws:lambda/alias:Alias", "live", map[string]any{"functionName": c.published().id, "functionVersion": "1", "name": "live"})
			return map[string]any{"functionName": a.state["functionName"], "qualifier": "live",
				"destinationConfig": map[string]any{"onFailure": map[string]any{"destination": failures}}}
		},
		id:      "f-" + hex + ":live",
		outputs: map[string]string{"maximumRetryAttempts": "2"},
		update:  map[string]any{"maximumRetryAttempts": 0, "maximumEventAgeInSeconds": 60, "destinationConfig": map[string]any{"onSuccess": map[string]any{"destination": failures}}},
		diff: map[string]string{"maximumRetryAttempts": "UPDATE", "maximumEventAgeInSeconds": "ADD",
			"destinationConfig.onFailure": "DELETE", "destinationConfig.onSuccess": "ADD"},
		drift: func(c cloudUnderTest, m made) error {
			_, err := c.services.Lambda.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: m.id, MaxRetryAttempts: 1})
			return err
		},
		seen:    []string{"destinationConfig", "maximumEventAgeInSeconds", "maximumRetryAttempts"},
		replace: map[string]any{"qualifier": "1"}, replaces: []string{"qualifier"},
	}, {
		token: "aws:lambda/functionUrl:FunctionUrl",
		inputs: func(c cloudUnderTest) map[string]any {
			a := c.create("aws:lambda/alias:Alias", "live", map[string]any{"functionName": c.published().id, "functionVersion": "1", "name": "live"})
			return map[string]any{"functionName": a.state["functionName"], "qualifier": "live", "authorizationType": "NONE",
				"cors": map[string]any{"allowOrigins": []any{"https://b.example", "https://a.example"}, "maxAge": 60}}
		},
		id: "f-" + hex + "/live",
		outputs: map[string]string{"functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f-" + hex + ":live", "functionUrl": `http://127.0.0.1:\d+/`,
			"urlId": "[a-z0-9]{32}", "invokeMode": "BUFFERED"},
		update: map[string]any{"authorizationType": "AWS_IAM", "cors": map[string]any{"allowOrigins": []any{"https://a.example"}, "allowCredentials": true, "maxAge": 60}},
		diff:   map[string]string{"authorizationType": "UPDATE", "cors.allowOrigins[0]": "UPDATE", "cors.allowOrigins[1]": "DELETE", "cors.allowCredentials": "ADD"},
		drift: func(c cloudUnderTest, m made) error {
			_, err := c.services.Lambda.EditFunctionURL(m.state["functionName"].StringValue(), "live", func(u *lambda.FunctionURL) { u.AuthType, u.CORS = "NONE", nil })
			return err
		},
		seen:    []string{"authorizationType", "cors"},
		replace: map[string]any{"qualifier": "other"}, replaces: []string{"qualifier"},
	}, {
		token: mappingToken,
		inputs: func(c cloudUnderTest) map[string]any {
			work := c.create(queueToken, "work", map[string]any{"name": "work"})
			f := c.consumer("f")
			return map[string]any{"eventSourceArn": work.arn(), "functionName": f.arn(), "functionResponseTypes": []any{"ReportBatchItemFailures"},
				"tags": map[string]any{"a": "1"}}
		},
		id: "[0-9a-f-]{36}",
		outputs: map[string]string{"arn": "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:[0-9a-f-]{36}", "uuid": "[0-9a-f-]{36}",
			"functionArn": "arn:aws:lambda:us-east-1:000000000000:function:f-" + hex, "batchSize": "10", "enabled": "true", "state": "Enabled",
			"stateTransitionReason": "USER_INITIATED", "lastProcessingResult": "", "lastModified": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, "tagsAll": "map.a:1."},
		update: map[string]any{"enabled": false, "batchSize": 100, "maximumBatchingWindowInSeconds": 5, "scalingConfig": map[string]any{"maximumConcurrency": 2},
			"filterCriteria": map[string]any{"filters": []any{map[string]any{"pattern": `{"body":{"a":["b"]}}`}}},
			"metricsConfig":  map[string]any{"metrics": []any{"EventCount"}}},
		diff: map[string]string{"enabled": "UPDATE", "batchSize": "UPDATE", "maximumBatchingWindowInSeconds": "ADD", "scalingConfig": "ADD", "metricsConfig": "ADD",
			"filterCriteria": "ADD"},
		drift: func(c cloudUnderTest, m made) error {
			other := c.consumer("g")
			mapping, err := c.services.Lambda.EventSourceMapping(m.id)
			if err != nil {
				return err
			}
			mapping.Function, mapping.Disabled, mapping.ResponseTypes, mapping.BatchSize, mapping.MaxConcurrency = other.arn(), false, nil, 20, 0
			mapping.Filters = nil
			_, err = c.services.Lambda.UpdateEventSourceMapping(mapping)
			return err
		},
		seen:    []string{"batchSize", "enabled", "filterCriteria", "functionName", "functionResponseTypes", "scalingConfig"},
		replace: map[string]any{"eventSourceArn": "arn:aws:sqs:us-east-1:000000000000:other"}, replaces: []string{"eventSourceArn"},
	}, {
		token: "aws:lambda/permission:Permission",
		inputs: func(c cloudUnderTest) map[string]any {
			a := c.create("aws:lambda/alias:Alias", "live", map[string]any{"functionName": c.published().id, "functionVersion": "1", "name": "live"})
			return map[string]any{"function": a.state["functionName"], "qualifier": "live", "action": "lambda:InvokeFunction", "principal": "sns.amazonaws.com"}
		},
		id:       "thing-" + hex,
		outputs:  map[string]string{"statementId": "thing-" + hex},
		importID: func(m made) string { return m.state["function"].StringValue() + ":live/" + m.id },
		replace:  map[string]any{"qualifier": "1"}, replaces: []string{"qualifier"},
	}}
}
