package ssm

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

const (
	text        = "text"
	standard    = "Standard"
	intelligent = "Intelligent-Tiering"

	maxStandard = 4 << 10 // bytes of a value
	maxAdvanced = 8 << 10
	maxARN      = 1011 // characters
	maxLevels   = 15
	maxText     = 1024 // characters of a description or pattern
	maxLabels   = 10
)

var (
	nameForm  = regexp.MustCompile(`^(/?[a-zA-Z0-9_.-]+|(/[a-zA-Z0-9_.-]+){2,})$`)
	unrooted  = regexp.MustCompile(`^[a-zA-Z0-9_.-]+(/[a-zA-Z0-9_.-]+)+$`)
	labelForm = regexp.MustCompile(`^[a-zA-Z_.-][a-zA-Z0-9_.-]{0,99}$`)
	keyForm   = regexp.MustCompile(`^[a-zA-Z0-9:/_-]{1,256}$`)
)

// CheckName validates the name of a new parameter.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
func CheckName(place cloud.Place, name string) error {
	arn := place.ARN("ssm", "parameter/"+keyOf(name)).String()
	lower := strings.ToLower(keyOf(name))
	switch {
	case name == "":
		return violated("", "name", "Member must have length greater than or equal to 1.")
	case len(arn) > maxARN:
		return invalid("Parameter name: with its ARN, it must be at most %d characters long, not %d.", maxARN, len(arn))
	case strings.HasPrefix(name, "/aws/"):
		return refuse("AccessDeniedException", "No access to reserved parameter name: %s.", name)
	case (strings.HasPrefix(lower, "aws") || strings.HasPrefix(lower, "ssm")) && !strings.Contains(lower, "/"):
		return invalid(`Parameter name: can't be prefixed with "aws" or "ssm" (case-insensitive).`)
	case unrooted.MatchString(name):
		return invalid("Parameter name must be a fully qualified name.")
	case strings.HasPrefix(lower, "aws"), strings.HasPrefix(lower, "ssm"), !nameForm.MatchString(name):
		return invalid(`Parameter name: can't be prefixed with "ssm" (case-insensitive). If formed as a path, it can consist of sub-paths divided by slash symbol; ` +
			`each sub-path can be formed as a mix of letters, numbers and the following 3 symbols .-_`)
	case strings.Count(name, "/") > maxLevels:
		return refuse("HierarchyLevelLimitExceededException", "A hierarchy can have a maximum of %d levels, not %d.", maxLevels, strings.Count(name, "/"))
	}
	return nil
}

// CheckType validates the type of a parameter.
func CheckType(t string) error {
	switch t {
	case String, StringList, SecureString:
		return nil
	}
	return violated(t, "type", "Member must satisfy enum value set: [SecureString, StringList, String]")
}

// CheckTier validates the tier of a parameter.
//
// https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html
func CheckTier(tier string) error {
	switch tier {
	case standard, advanced, intelligent:
		return nil
	}
	return violated(tier, "tier", "Member must satisfy enum value set: [Advanced, Intelligent-Tiering, Standard]")
}

// CheckDataType validates the data type of a parameter. Only text is emulated: the others
// need EC2 and services that notify others.
func CheckDataType(t string) error {
	switch t {
	case text:
		return nil
	case "aws:ec2:image", "aws:ssm:integration":
		return invalid("The following data type is not supported: %s (the local cloud emulates only text)", t)
	}
	return invalid("The following data type is not supported: %s (Data type names are all lowercase.)", t)
}

// CheckKeyID validates the form of a reference to a KMS key.
func CheckKeyID(key string) error {
	if !keyForm.MatchString(key) {
		return violated(key, "keyId", "Member must satisfy regular expression pattern: ^([a-zA-Z0-9:/_-]+)$")
	}
	return nil
}

// CheckDescription validates the description of a parameter.
func CheckDescription(s string) error { return checkLength("description", s) }

// CheckAllowedPattern validates the pattern of a parameter's values. Patterns that Go's
// regular expressions do not know, such as a lookahead, are refused here.
func CheckAllowedPattern(pattern string) error {
	if err := checkLength("allowedPattern", pattern); err != nil {
		return err
	}
	if _, err := regexp.Compile(pattern); err != nil {
		return refuse("InvalidAllowedPatternException", "The regular expression is invalid, or the local cloud does not know it: %v", err)
	}
	return nil
}

func checkLength(member, s string) error {
	if n := utf8.RuneCountInString(s); n > maxText {
		return violated(cloud.Hidden, member, "Member must have length less than or equal to %d, not %d", maxText, n)
	}
	return nil
}

// CheckValue validates a value of a parameter with that tier and pattern, "" for the
// default and for none. Errors do not contain the value, which may be secret. A pattern
// must match the whole value.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html
func CheckValue(value, tier, pattern string) error {
	switch {
	case value == "":
		return violated("", "value", "Member must have length greater than or equal to 1.")
	case len(value) > maxAdvanced:
		return invalid("Advanced tier parameters support a maximum parameter value of %d characters.", maxAdvanced)
	case len(value) > maxStandard && tier != advanced && tier != intelligent:
		return invalid("Standard tier parameters support a maximum parameter value of %d characters. To create a larger parameter value, upgrade the parameter to use the advanced-parameter tier. "+
			"For more information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-advanced-parameters.html", maxStandard)
	case strings.Contains(value, "{{"):
		return invalid(`Parameter value can't nest another parameter. Do not use "{{}}" in the value.`)
	}
	if pattern == "" {
		return nil
	}
	if err := CheckAllowedPattern(pattern); err != nil {
		return err
	}
	if !regexp.MustCompile(`^(?:` + pattern + `)$`).MatchString(value) {
		return refuse("ParameterPatternMismatchException", "Parameter value, cannot be validated against allowedPattern: %s", pattern)
	}
	return nil
}

// CheckTags validates the tags of a parameter.
func CheckTags(tags map[string]string) error {
	if len(tags) > 50 {
		return refuse("TooManyTagsError", "A parameter can have at most 50 tags, not %d.", len(tags))
	}
	if err := cloud.CheckTags(tags); err != nil {
		return invalid("%v", err)
	}
	return nil
}

func validLabel(label string) bool {
	lower := strings.ToLower(label)
	return labelForm.MatchString(label) && !strings.HasPrefix(lower, "aws") && !strings.HasPrefix(lower, "ssm")
}
