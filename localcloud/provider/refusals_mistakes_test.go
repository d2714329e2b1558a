package provider

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// given returns inputs to which more are added, by name; nil removes one.
func given(in map[string]any, more map[string]any) map[string]any {
	in = maps.Clone(in)
	maps.Copy(in, more)
	maps.DeleteFunc(in, func(_ string, v any) bool { return v == nil })
	return in
}

// with returns inputs from their names and values.
func with(pairs ...any) map[string]any {
	in := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		in[pairs[i].(string)] = pairs[i+1]
	}
	return in
}

// bases returns functions that return valid inputs, by type. They may create what the
// inputs refer to.
func bases() map[string]func(c cloudUnderTest) map[string]any {
	return map[string]func(c cloudUnderTest) map[string]any{
		functionToken: func(c cloudUnderTest) map[string]any {
			r := c.create(roleToken, "r", map[string]any{"assumeRolePolicy": trust})
			c.create(rolePolicyToken, "all", map[string]any{"role": r.id, "policy": allow("*")})
			write(c.t, filepath.Join(c.dir, "f.zip"), zipped(c.t, "one"))
			return map[string]any{"role": r.arn(), "runtime": "provided.al2023", "handler": "bootstrap", "code": pathArchive(c.t, c.dir, "f.zip")}
		},
		permissionToken: func(c cloudUnderTest) map[string]any {
			return map[string]any{"function": c.function("f").id, "action": "lambda:InvokeFunction", "principal": "sns.amazonaws.com"}
		},
		aliasToken: func(c cloudUnderTest) map[string]any {
			return map[string]any{"functionName": c.published().id, "functionVersion": "1"}
		},
		roleToken: func(cloudUnderTest) map[string]any { return map[string]any{"assumeRolePolicy": trust} },
		rolePolicyToken: func(c cloudUnderTest) map[string]any {
			return map[string]any{"role": c.roleNamed("r"), "policy": publish}
		},
		roleAttachmentToken: func(c cloudUnderTest) map[string]any {
			return map[string]any{"role": c.roleNamed("r"), "policyArn": basicExecution}
		},
		subscriptionToken: func(c cloudUnderTest) map[string]any {
			return map[string]any{"topic": c.create(topicToken, "t", nil).arn(), "protocol": "sqs", "endpoint": aQueue}
		},
		invokeConfigToken: func(c cloudUnderTest) map[string]any {
			in := bases()[functionToken](c)
			in["name"] = "f"
			return map[string]any{"functionName": c.create(functionToken, "f", in).id}
		},
		logGroupToken: func(cloudUnderTest) map[string]any { return map[string]any{"name": "g"} },
		alarmToken: func(cloudUnderTest) map[string]any {
			return map[string]any{"comparisonOperator": "GreaterThanThreshold", "evaluationPeriods": 1, "threshold": 0.5, "statistic": "Sum",
				"metricName": "Errors", "namespace": "AWS/Lambda", "period": 60}
		},
		recordToken: func(cloudUnderTest) map[string]any {
			return map[string]any{"zoneId": "Z1", "name": "a.example.com", "type": "TXT", "ttl": 60, "records": []any{"x"}}
		},
		"aws:apigatewayv2/stage:Stage": func(c cloudUnderTest) map[string]any {
			return map[string]any{"apiId": c.api().id, "name": "$default", "autoDeploy": true}
		},
		"aws:apigatewayv2/integration:Integration": func(c cloudUnderTest) map[string]any {
			return map[string]any{"apiId": c.api().id, "integrationType": "AWS_PROXY", "payloadFormatVersion": "2.0", "integrationUri": aFunction}
		},
		"aws:apigatewayv2/route:Route": func(c cloudUnderTest) map[string]any {
			in := bases()["aws:apigatewayv2/integration:Integration"](c)
			i := c.create("aws:apigatewayv2/integration:Integration", "i", in)
			return map[string]any{"apiId": in["apiId"], "routeKey": "GET /", "target": "integrations/" + i.id}
		},
		"aws:apigatewayv2/api:Api": func(cloudUnderTest) map[string]any { return map[string]any{"protocolType": "HTTP"} },
	}
}

func (c cloudUnderTest) roleNamed(name string) string {
	return c.create(roleToken, name, map[string]any{"assumeRolePolicy": trust}).id
}

func allow(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
}

func keyPolicyOf(statements string) string {
	const root = `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::000000000000:root"},"Action":"kms:*","Resource":"*"}`
	return `{"Version":"2012-10-17","Statement":[` + root + statements + `]}`
}

// logsMayEncrypt is the statement of AWS's guide, for log groups of this account.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
const logsMayEncrypt = `,{"Effect":"Allow","Principal":{"Service":"logs.us-east-1.amazonaws.com"},"Resource":"*",` +
	`"Action":["kms:Encrypt*","kms:Decrypt*","kms:ReEncrypt*","kms:GenerateDataKey*","kms:Describe*"],` +
	`"Condition":{"ArnLike":{"kms:EncryptionContext:aws:logs:arn":"arn:aws:logs:us-east-1:000000000000:log-group:g*"}}}`

// someTags returns n tags.
func someTags(n int) map[string]any {
	tags := map[string]any{}
	for i := range n {
		tags[fmt.Sprint("key", i)] = "value"
	}
	return tags
}

// A configuration is a resource as people write it.
type configuration struct {
	token string
	in    map[string]any // in addition to the base of the type
	words string         // part of the reason for which AWS refuses it; "" if it is valid
	// refer returns more inputs, after creating what they refer to; nil for none.
	refer func(c cloudUnderTest) map[string]any
}

func (f configuration) check(t *testing.T, name string) {
	t.Helper()
	c := start(t)
	in := f.in
	if base := bases()[f.token]; base != nil {
		in = given(base(c), in)
	}
	if f.refer != nil {
		in = given(in, f.refer(c))
	}
	switch reason := c.refuse(f.token, in); {
	case f.words == "" && reason != "":
		t.Errorf("%s is refused: %s", name, reason)
	case !strings.Contains(reason, f.words):
		t.Errorf("%s: refused with %q, want %q", name, reason, f.words)
	case f.words != "" && reason == "":
		t.Errorf("%s is accepted", name)
	}
}

// TestMistakes complements TestRefusals with mistakes that concern several resources,
// or several properties of one.
func TestMistakes(t *testing.T) {
	const api, route, stage, integration = "aws:apigatewayv2/api:Api", "aws:apigatewayv2/route:Route", "aws:apigatewayv2/stage:Stage", "aws:apigatewayv2/integration:Integration"
	destination := func(arn string) map[string]any {
		return map[string]any{"destinationConfig": map[string]any{"onFailure": map[string]any{"destination": arn}}}
	}
	variables := map[string]any{"variables": map[string]any{"AB": "x"}}
	const noKey = "arn:aws:kms:us-east-1:000000000000:key/none"
	self := "arn:aws:lambda:us-east-1:000000000000:function:f"
	for name, mistake := range map[string]configuration{
		"function without handler":           {functionToken, with("handler", nil), "handler: missing required property", nil},
		"function without runtime":           {functionToken, with("runtime", nil), "runtime: missing required property", nil},
		"timeout 0":                          {functionToken, with("timeout", 0), "greater than or equal to 1", nil},
		"architecture in capitals":           {functionToken, with("architectures", []any{"ARM64"}), "Member must satisfy enum value set: [x86_64, arm64]", nil},
		"runtime without system":             {functionToken, with("runtime", "provided"), "Member must satisfy enum value set: [provided.al2023, provided.al2]", nil},
		"log format in lowercase":            {functionToken, with("loggingConfig", with("logFormat", "json")), "Value 'json' at 'loggingConfig.logFormat'", nil},
		"log level in lowercase":             {functionToken, with("loggingConfig", with("logFormat", "JSON", "applicationLogLevel", "info")), "Value 'info' at 'loggingConfig.applicationLogLevel'", nil},
		"tracing in lowercase":               {functionToken, with("tracingConfig", with("mode", "active")), "Value 'active' at 'tracingConfig.mode'", nil},
		"variable of one letter":             {functionToken, with("environment", with("variables", with("A", "x"))), "Map keys must satisfy constraint", nil},
		"role of another account":            {functionToken, with("role", "arn:aws:iam::123456789012:role/r"), "The role defined for the function cannot be assumed by Lambda.", nil},
		"function with 51 tags":              {functionToken, with("tags", someTags(51)), "at most 50 tags, not 51", nil},
		"variables with a key that is gone":  {functionToken, with("environment", variables, "kmsKeyArn", noKey), "KMS Exception: NotFoundException KMS Message: Key '" + noKey + "' does not exist", nil},
		"variables with a key elsewhere":     {functionToken, with("environment", variables, "kmsKeyArn", strings.Replace(noKey, "us-east-1", "eu-west-1", 1)), "KMS Exception: NotFoundException", nil},
		"FIFO queue for dead letters":        {functionToken, with("deadLetterConfig", with("targetArn", aQueue+".fifo")), "Lambda cannot send to " + aQueue + ".fifo", nil},
		"function as its own destination":    {invokeConfigToken, destination(self), "You can't specify the function as a destination for itself.", nil},
		"its own version as destination":     {invokeConfigToken, destination(self + ":$LATEST"), "You can't specify the function as a destination for itself.", nil},
		"destination function that is gone":  {invokeConfigToken, destination(self + "2"), "The destination ARN " + self + "2 is invalid.", nil},
		"FIFO queue as destination":          {invokeConfigToken, destination(aQueue + ".fifo"), "Lambda cannot send to " + aQueue + ".fifo", nil},
		"FIFO topic as destination":          {invokeConfigToken, destination(aTopic + ".fifo"), "Lambda cannot send to " + aTopic + ".fifo", nil},
		"URL as destination":                 {invokeConfigToken, destination("https://sqs.us-east-1.amazonaws.com/000000000000/q"), "at 'destination' failed to satisfy constraint", nil},
		"configuration of a missing alias":   {invokeConfigToken, with("qualifier", "live"), "ResourceNotFoundException: The function doesn't exist.", nil},
		"alias of a missing version":         {aliasToken, with("functionVersion", "7"), "ResourceNotFoundException: Function not found", nil},
		"permission on a missing alias":      {permissionToken, with("qualifier", "live"), "ResourceNotFoundException", nil},
		"permission for a short account":     {permissionToken, with("sourceAccount", "1234"), "Value '1234' at 'sourceAccount'", nil},
		"permission for a bad region":        {permissionToken, with("sourceArn", "arn:aws:sns:useast1:000000000000:t"), "at 'sourceArn' failed to satisfy constraint", nil},
		"permission without vendor":          {permissionToken, with("action", "InvokeFunction"), "Value 'InvokeFunction' at 'action'", nil},
		"trust in a misspelled action":       {roleToken, with("assumeRolePolicy", strings.Replace(trust, "AssumeRole", "AssumRole", 1)), "AssumeRole policy may only specify STS AssumeRole actions.", nil},
		"effect in lowercase":                {roleToken, with("assumeRolePolicy", strings.Replace(trust, "Allow", "allow", 1)), `must be "Allow" or "Deny"`, nil},
		"version of a policy":                {rolePolicyToken, with("policy", strings.Replace(publish, "2012", "2013", 1)), `Version: must be "2012-10-17"`, nil},
		"resource by name":                   {rolePolicyToken, with("policy", strings.Replace(publish, `"*"`, `"numbers"`, 1)), `Resource numbers must be in ARN format or "*".`, nil},
		"action without vendor":              {rolePolicyToken, with("policy", allow("Publish")), "Actions/Conditions must be prefaced by a vendor", nil},
		"policy of a missing role":           {rolePolicyToken, with("role", "none"), "NoSuchEntity: The role with name none cannot be found.", nil},
		"attachment to a missing role":       {roleAttachmentToken, with("role", "none"), "NoSuchEntity: The role with name none cannot be found.", nil},
		"topic with a dot":                   {topicToken, with("name", "a.b"), "InvalidParameter: Invalid parameter: Topic Name", nil},
		"topic with 51 tags":                 {topicToken, with("tags", someTags(51)), "at most 50 tags, not 51", nil},
		"minimum over maximum":               {topicToken, with("deliveryPolicy", `{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":30,"maxDelayTarget":20}}}`), "maxDelayTarget must be greater than or equal to minDelayTarget", nil},
		"protocol in capitals":               {subscriptionToken, with("protocol", "SQS"), "Amazon SNS does not support this protocol string: SQS", nil},
		"subscription to a missing topic":    {subscriptionToken, with("topic", aTopic), "NotFound: Topic does not exist", nil},
		"subscription of a FIFO queue":       {subscriptionToken, with("endpoint", aQueue+".fifo"), "FIFO SQS Queues can not be subscribed to standard SNS topics", nil},
		"subscription of a URL":              {subscriptionToken, with("endpoint", "https://sqs.us-east-1.amazonaws.com/000000000000/q"), "SQS endpoint ARN", nil},
		"subscription of a short account":    {subscriptionToken, with("endpoint", "arn:aws:sqs:us-east-1:1234:q"), "SQS endpoint ARN", nil},
		"subscription of a nameless one":     {subscriptionToken, with("protocol", "lambda", "endpoint", "arn:aws:lambda:us-east-1:000000000000:function:"), "Lambda endpoint ARN", nil},
		"scope without filter policy":        {subscriptionToken, with("filterPolicyScope", "MessageBody"), "filterPolicy is required when filterPolicyScope is set", nil},
		"missing dead-letter queue":          {queueToken, with("redrivePolicy", `{"deadLetterTargetArn":"`+aQueue+`","maxReceiveCount":3}`), "Dead letter target does not exist.", nil},
		"dead-letter queue elsewhere":        {queueToken, with("redrivePolicy", `{"deadLetterTargetArn":"arn:aws:sqs:eu-west-1:000000000000:q","maxReceiveCount":3}`), "Dead letter target does not exist.", nil},
		"queue policy for topics":            {queueToken, with("policy", topicPolicyOf("Publish")), "sns:Publish is not an action of SQS", nil},
		"log group with a key that is gone":  {logGroupToken, with("kmsKeyId", noKey), "AccessDeniedException: The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:us-east-1:000000000000:log-group:g'", nil},
		"log group with 51 tags":             {logGroupToken, with("tags", someTags(51)), "at most 50 tags, not 51", nil},
		"key that excludes its account":      {keyToken, with("policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"000000000000"},"Action":"kms:Encrypt","Resource":"*"}}`), "The new key policy will not allow you to update the key policy in the future.", nil},
		"key spec in lowercase":              {keyToken, with("customerMasterKeySpec", "symmetric_default"), `accepts "SYMMETRIC_DEFAULT"`, nil},
		"alarm for a topic elsewhere":        {alarmToken, with("alarmActions", []any{"arn:aws:sns:eu-west-1:000000000000:t"}), "ValidationError: Invalid region eu-west-1 specified. Only us-east-1 is supported.", nil},
		"alarm without period":               {alarmToken, with("period", nil), "is required without metricQueries", nil},
		"alarm with a percentile as average": {alarmToken, with("statistic", "p99"), `accepts "SampleCount"`, nil},
		"alarm with two statistics":          {alarmToken, with("extendedStatistic", "p99"), "exactly one of statistic and extendedStatistic must be given", nil},
		"text that is too long":              {recordToken, with("records", []any{strings.Repeat("x", 256)}), "CharacterStringTooLong (Value is too long)", nil},
		"route with a method in lowercase":   {route, with("routeKey", "get /"), "The provided route key is not formatted properly", nil},
		"route without a slash":              {route, with("routeKey", "GET add"), "The provided route key is not formatted properly", nil},
		"route to a missing integration":     {route, with("target", "integrations/abcdefg"), "NotFoundException: Invalid Integration identifier specified abcdefg", nil},
		"settings of a missing route":        {stage, with("routeSettings", []any{with("routeKey", "GET /none", "throttlingBurstLimit", 1)}), "Unable to find Route by key GET /none", nil},
		"default stage in capitals":          {stage, with("name", "$DEFAULT"), "Stage name only allows a-zA-Z0-9_- and $default", nil},
		"payload version by number":          {integration, with("payloadFormatVersion", "2"), `Invalid PayloadFormatVersion "2"`, nil},
		"origin with a slash":                {api, with("corsConfiguration", with("allowOrigins", []any{"https://example.com/"})), "Invalid format for origin https://example.com/", nil},
		"API with 51 tags":                   {api, with("tags", someTags(51)), "at most 50 tags, not 51", nil},
		"log group with a key without permission": {logGroupToken, nil, "is not allowed to be used with Arn", func(c cloudUnderTest) map[string]any {
			return with("kmsKeyId", c.create(keyToken, "k", nil).arn())
		}},
		"log group with a key for other groups": {logGroupToken, with("name", "other"), "is not allowed to be used with Arn", func(c cloudUnderTest) map[string]any {
			return with("kmsKeyId", c.create(keyToken, "k", with("policy", keyPolicyOf(logsMayEncrypt))).arn())
		}},
		"reservations of two functions": {functionToken, with("reservedConcurrentExecutions", 401), "below its minimum value of [100]", func(c cloudUnderTest) map[string]any {
			other, err := c.services.Lambda.Function(c.function("other").id)
			if err == nil {
				other.ReservedConcurrency = 500
				_, err = c.services.Lambda.UpdateFunction(other.Config, nil)
			}
			if err != nil {
				t.Fatal(err)
			}
			return nil
		}},
		"role whose name differs in case": {roleToken, with("name", "WORKER"), "EntityAlreadyExists: Role with name WORKER already exists.", func(c cloudUnderTest) map[string]any {
			c.create(roleToken, "worker", with("name", "worker", "assumeRolePolicy", trust))
			return nil
		}},
	} {
		mistake.check(t, name)
	}
}

// TestUnusualConfigurations checks that what AWS accepts is not refused here.
func TestUnusualConfigurations(t *testing.T) {
	for name, valid := range map[string]configuration{
		"queue with more than 50 tags":         {queueToken, with("tags", someTags(60)), "", nil},
		"queue without visibility timeout":     {queueToken, with("visibilityTimeoutSeconds", 0, "delaySeconds", 900, "messageRetentionSeconds", 60), "", nil},
		"queue policy with NotPrincipal":       {queueToken, with("policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","NotPrincipal":{"AWS":"000000000000"},"Action":"sqs:*","Resource":"*"}]}`), "", nil},
		"queue policy without Sids":            {queueToken, with("policy", `{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}},{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`), "", nil},
		"older version of a queue policy":      {queueToken, with("policy", `{"Version":"2008-10-17","Statement":{"Effect":"Allow","Principal":{"AWS":"*"},"Action":"SQS:SendMessage","Resource":"*"}}`), "", nil},
		"topic policy with distinct Sids":      {topicToken, with("policy", twoStatements("a", "")), "", nil},
		"topic with 50 tags":                   {topicToken, with("tags", someTags(50)), "", nil},
		"trust in a role and TagSession":       {roleToken, with("assumeRolePolicy", strings.Replace(trust, `"sts:AssumeRole"`, `["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"]`, 1)), "", nil},
		"trust in an identity provider":        {roleToken, with("assumeRolePolicy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::000000000000:oidc-provider/token.actions.githubusercontent.com"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringLike":{"token.actions.githubusercontent.com:sub":"repo:a/b:*"}}}}`), "", nil},
		"policy of unknown actions":            {rolePolicyToken, with("policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":["sns:PublishTwice","bedrock:*"],"Resource":["arn:aws:s3:::b/*","*"]}}`), "", nil},
		"policy with NotAction":                {rolePolicyToken, with("policy", `{"Statement":[{"Effect":"Deny","NotAction":"sns:*","NotResource":"arn:aws:sns:*:*:t"}]}`), "", nil},
		"dead letters to a topic":              {functionToken, with("deadLetterConfig", with("targetArn", aTopic), "timeout", 900, "memorySize", 10240), "", nil},
		"key without variables, not yet there": {functionToken, with("kmsKeyArn", "arn:aws:kms:us-east-1:000000000000:key/none"), "", nil},
		"permission for a pattern":             {permissionToken, with("sourceArn", "arn:aws:execute-api:us-east-1:000000000000:abc/*/*/{proxy+}", "principal", "apigateway.amazonaws.com"), "", nil},
		"permission for an account":            {permissionToken, with("principal", "123456789012"), "", nil},
		"subscription of an alias elsewhere":   {subscriptionToken, with("protocol", "lambda", "endpoint", "arn:aws:lambda:eu-west-1:123456789012:function:f:live"), "", nil},
		"nested filter with five leaf keys":    {subscriptionToken, with("filterPolicyScope", "MessageBody", "filterPolicy", `{"a":{"b":[1],"c":[{"exists":false}]},"d":[{"wildcard":"x*y"}],"$or":[{"e":[1]},{"f":[{"anything-but":{"prefix":"x"}}]}]}`), "", nil},
		"key administered by a role elsewhere": {keyToken, with("policy", keyPolicyOf(`,{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/r"},"Action":"kms:Decrypt","Resource":"*"}`)), "", nil},
		"key that locks its account out":       {keyToken, with("bypassPolicyLockoutSafetyCheck", true, "policy", `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"kms:*","Resource":"*"}}`), "", nil},
		"alarm without threshold":              {alarmToken, with("threshold", nil), "", nil},
		"alarm with a function as action":      {alarmToken, with("alarmActions", []any{aFunction}, "period", 10), "", nil},
		"text of two strings":                  {recordToken, with("records", []any{strings.Repeat("x", 255) + `""` + strings.Repeat("y", 255)}), "", nil},
		"log group with a key of an account":   {logGroupToken, with("kmsKeyId", "arn:aws:kms:us-east-1:123456789012:key/k"), "", nil},
		"log group with a key": {logGroupToken, nil, "", func(c cloudUnderTest) map[string]any {
			return with("kmsKeyId", c.create(keyToken, "k", with("policy", keyPolicyOf(logsMayEncrypt))).arn())
		}},
		"variables with a key": {functionToken, with("environment", with("variables", with("AB", ""))), "", func(c cloudUnderTest) map[string]any {
			return with("kmsKeyArn", c.create(keyToken, "k", nil).arn())
		}},
		"route for any method": {"aws:apigatewayv2/route:Route", with("routeKey", "ANY /{proxy+}"), "", nil},
	} {
		valid.check(t, name)
	}
}
