package provider

import "strings"

const parameterToken = "aws:ssm/parameter:Parameter"

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
	}, nil}
}
