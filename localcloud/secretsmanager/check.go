package secretsmanager

import (
	"cmp"
	"regexp"
	"slices"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

const (
	maxName        = 512
	maxDescription = 2048
	maxValue       = 64 << 10 // bytes
	maxPolicy      = 20 << 10 // characters
)

var (
	nameForm = regexp.MustCompile(`^[A-Za-z0-9/_+=.@!-]+$`)
	keyForm  = regexp.MustCompile(`^[a-zA-Z0-9:/_-]+$`)
)

func invalid(format string, args ...any) *cloud.Error {
	return refuse("InvalidParameterException", format, args...)
}

func (s *Service) checkNew(secret Secret, value Value, token string) error {
	checks := []error{CheckName(secret.Name), CheckDescription(secret.Description), cloud.CheckOptional(secret.KMSKeyID, CheckKMSKeyID), CheckTags(secret.Tags), cloud.CheckOptional(token, CheckToken)}
	if !value.empty() {
		checks = append(checks, value.check())
	}
	return cmp.Or(checks...)
}

// CheckName validates the name of a secret.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html
func CheckName(name string) error {
	if !nameForm.MatchString(name) {
		return refuse("ValidationException", "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!")
	}
	if len(name) > maxName {
		return invalid("The secret name must be at most %d characters long, not %d.", maxName, len(name))
	}
	return nil
}

// CheckDescription validates the description of a secret.
func CheckDescription(s string) error {
	if n := utf8.RuneCountInString(s); n > maxDescription {
		return invalid("The description must be at most %d characters long, not %d.", maxDescription, n)
	}
	return nil
}

// CheckKMSKeyID validates the form of a reference to a KMS key.
func CheckKMSKeyID(key string) error {
	if len(key) > 2048 || !keyForm.MatchString(key) {
		return invalid("The KMS key %q must be a key ID, a key ARN, an alias name or an alias ARN.", key)
	}
	return nil
}

// CheckTags validates the tags of a secret.
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return invalid("%v", err)
	}
	return nil
}

// CheckToken validates a ClientRequestToken, which becomes the ID of a version.
func CheckToken(token string) error {
	if len(token) < 32 || len(token) > 64 {
		return invalid("ClientRequestToken must be 32-64 characters long.")
	}
	return nil
}

var rotationTokenForm = regexp.MustCompile(`^[a-zA-Z0-9-]{36,256}$`)

// CheckRotationToken validates the token with which a rotation function in a role of its own
// shows that it acts for a rotation. Here, its role is enough.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutSecretValue.html
func CheckRotationToken(token string) error {
	if !rotationTokenForm.MatchString(token) {
		return refuse("ValidationException", "1 validation error detected: Value at 'rotationToken' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-zA-Z0-9\\-]{36,256}$")
	}
	return nil
}

// CheckStages validates staging labels.
func CheckStages(stages []string) error {
	if len(stages) > maxStages {
		return refuse("LimitExceededException", "A version can have at most %d staging labels, not %d.", maxStages, len(stages))
	}
	for _, stage := range stages {
		if stage == "" || utf8.RuneCountInString(stage) > 256 {
			return invalid("A staging label must be 1 to 256 characters long.")
		}
	}
	return nil
}

// CheckRecoveryWindow validates the recovery window of a resource: days, or 0 to delete the
// secret at once.
func CheckRecoveryWindow(days int) error {
	return cloud.CheckOptional(days, checkWindow)
}

func checkWindow(days int) error {
	if days < 7 || days > 30 {
		return invalid("The RecoveryWindowInDays value must be between 7 and 30 days (inclusive).")
	}
	return nil
}

// check validates a value. Errors do not contain it.
func (v Value) check() error {
	size := len(v.Binary)
	if v.String != nil {
		size = len(*v.String)
	}
	switch {
	case v.empty():
		return refuse("InvalidRequestException", "You must provide either SecretString or SecretBinary.")
	case v.String != nil && v.Binary != nil:
		return invalid("You can't specify both a binary secret value and a string secret value in the same secret.")
	case size == 0:
		return invalid("The secret value must be at least 1 byte long.")
	case size > maxValue:
		return invalid("The secret value must be at most %d bytes long, not %d.", maxValue, size)
	}
	return nil
}

// CheckString validates the value of a version.
func CheckString(s string) error { return Value{String: &s}.check() }

// CheckBinary validates the value of a version.
func CheckBinary(b []byte) error { return Value{Binary: slices.Concat([]byte{}, b)}.check() }

// CheckPolicy validates what can be said about a resource policy without its grammar.
//
// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_PutResourcePolicy.html
func CheckPolicy(policy string) error {
	if n := utf8.RuneCountInString(policy); n > maxPolicy {
		return invalid("The resource policy must be at most %d characters long, not %d.", maxPolicy, n)
	}
	return nil
}

// RewordPolicyError returns the error of Secrets Manager for an invalid policy.
func RewordPolicyError(err error) error {
	return cloud.RewordPolicyError(err, func(p *cloud.PolicyError) error {
		if p.Principal {
			return refuse("MalformedPolicyDocumentException", "This resource policy contains an unsupported principal. (%s)", p.Detail)
		}
		return refuse("MalformedPolicyDocumentException", "This resource policy contains a syntax error. (%s)", p.Detail)
	})
}

func (s *Service) checkPolicy(policy string, blockPublic bool) error {
	if err := cmp.Or(CheckPolicy(policy), RewordPolicyError(cloud.CheckResourcePolicy(s.authorizer, policy))); err != nil {
		return err
	}
	if blockPublic && public(policy) {
		return refuse("PublicPolicyException", "This resource policy grants broad access to your secret. Secrets Manager blocks such policies because of BlockPublicPolicy.")
	}
	return nil
}

// ValidatePolicy returns the error with which SetPolicy would refuse a policy.
func (s *Service) ValidatePolicy(policy string) error { return s.checkPolicy(policy, true) }
