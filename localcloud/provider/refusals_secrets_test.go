package provider

import "strings"

const (
	parameterToken     = "aws:ssm/parameter:Parameter"
	secretToken        = "aws:secretsmanager/secret:Secret"
	secretVersionToken = "aws:secretsmanager/secretVersion:SecretVersion"
	rotationToken      = "aws:secretsmanager/secretRotation:SecretRotation"
)

func secretRefusals() refusals {
	plain := map[string]any{"type": "String"}
	return refusals{[]refusal{
		{token: parameterToken, property: "name", value: "a/b", words: "ValidationException: Parameter name must be a fully qualified name."},
		{token: parameterToken, property: "name", value: "/aws/x", words: "AccessDeniedException: No access to reserved parameter name: /aws/x."},
		{token: parameterToken, property: "name", value: "ssm", words: `can't be prefixed with "aws" or "ssm"`},
		{token: parameterToken, property: "name", value: strings.Repeat("/a", 16), words: "HierarchyLevelLimitExceededException: A hierarchy can have a maximum of 15 levels, not 16."},
		{token: parameterToken, property: "type", value: "Text", words: "Value 'Text' at 'type' failed to satisfy constraint"},
		{token: parameterToken, property: "description", value: strings.Repeat("x", 1025), words: "at 'description' failed to satisfy constraint: Member must have length less than or equal to 1024"},
		{token: parameterToken, property: "allowedPattern", value: "(", words: "InvalidAllowedPatternException: "},
		{token: parameterToken, property: "dataType", value: "TEXT", words: "The following data type is not supported: TEXT (Data type names are all lowercase.)"},
		{token: parameterToken, property: "keyId", value: "alias/ä", words: "at 'keyId' failed to satisfy constraint"},
		{token: parameterToken, property: "tier", value: "standard", words: "Value 'standard' at 'tier'"},
		{token: parameterToken, property: "tags", value: badTags, words: "begins with aws:"},
		{token: parameterToken, property: "value", value: strings.Repeat("x", 4097), words: "Standard tier parameters support a maximum parameter value of 4096 characters."},
		{token: parameterToken, property: "value", value: strings.Repeat("x", 8193), with: map[string]any{"tier": "Advanced"}, words: "Advanced tier parameters support a maximum"},
		{token: parameterToken, property: "value", value: "{{ssm:a}}", with: plain, words: "Parameter value can't nest another parameter."},
		{token: parameterToken, property: "value", value: "ten", with: map[string]any{"allowedPattern": `\d+`}, words: `Parameter value, cannot be validated against allowedPattern: \d+`},
		{token: parameterToken, property: "value", value: "", words: "Value '' at 'value' failed to satisfy constraint"},

		{token: secretToken, property: "name", value: "a b", words: "ValidationException: Invalid name. Must be a valid name containing alphanumeric characters"},
		{token: secretToken, property: "name", value: strings.Repeat("a", 513), words: "InvalidParameterException: The secret name must be at most 512"},
		{token: secretToken, property: "description", value: strings.Repeat("x", 2049), words: "The description must be at most 2048 characters long, not 2049."},
		{token: secretToken, property: "kmsKeyId", value: "a key", words: "must be a key ID, a key ARN, an alias name or an alias ARN."},
		{token: secretToken, property: "policy", value: "{", words: "MalformedPolicyDocumentException: This resource policy contains a syntax error."},
		{token: secretToken, property: "policy", value: badPolicy, words: "This resource policy contains a syntax error. (Statement[0]: has no Principal)"},
		{token: secretToken, property: "tags", value: badTags, words: "begins with aws:"},
		{token: secretVersionToken, property: "secretString", value: "", words: "The secret value must be at least 1 byte long."},
		{token: secretVersionToken, property: "secretString", value: strings.Repeat("x", 64<<10+1), words: "The secret value must be at most 65536 bytes long"},
		{token: secretVersionToken, property: "secretBinary", value: "?", with: map[string]any{"secretString": nil}, words: "must be base64-encoded"},
		{token: secretVersionToken, property: "versionStages", value: []any{""}, words: "A staging label must be 1 to 256 characters long."},
		{token: rotationToken, property: "rotationLambdaArn", value: "f", words: `The RotationLambdaARN "f" must be the ARN of a Lambda function.`},
		{token: rotationToken, property: "rotationRules.automaticallyAfterDays", value: 1001, words: "Value '1001' at 'rotationRules.automaticallyAfterDays' failed to satisfy constraint: Member must have value less than or equal to 1000"},
		{token: rotationToken, property: "rotationRules.duration", value: "25h", words: "InvalidParameterException: Duration must be at least 1 hour, at most 24 hour."},
		{token: rotationToken, property: "rotationRules.scheduleExpression", value: "rate(3 hours)", words: "InvalidParameterException: Rate in hour should be least 4 and less than 24."},
		{token: rotationToken, property: "rotationRules", value: map[string]any{"automaticallyAfterDays": 1, "scheduleExpression": "rate(1 day)"}, words: "InvalidParameterException: You cannot specify both rotation frequency and schedule expression together."},
		{token: rotationToken, property: "rotationRules", value: map[string]any{}, words: "InvalidParameterException: You must specify either AutomaticallyAfterDays or ScheduleExpression in RotationRules."},
		{token: rotationToken, property: "rotationRules", value: map[string]any{"scheduleExpression": "cron(0 20 * * ? *)", "duration": "5h"}, words: "InvalidParameterException: Starting hour and duration must be within a day."},
	}, []string{secretToken + ".recoveryWindowInDays", secretToken + ".forceOverwriteReplicaSecret"}}
}
