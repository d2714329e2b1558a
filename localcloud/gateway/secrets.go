package gateway

import (
	"strconv"

	"tally/localcloud/cloud"
	"tally/localcloud/secretsmanager"
)

const secretsTarget = "secretsmanager"

// https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_Operations.html
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html
func secretsOperations() operations {
	const prefix = "secretsmanager:"
	return operations{
		"BatchGetSecretValue":      authorized(prefix+"BatchGetSecretValue", noResource[batchGetSecretInput], batchGetSecretValue),
		"CancelRotateSecret":       authorized(prefix+"CancelRotateSecret", ofSecret[secretInput], cancelRotateSecret),
		"CreateSecret":             authorized(prefix+"CreateSecret", newSecret, createSecret),
		"DeleteResourcePolicy":     authorized(prefix+"DeleteResourcePolicy", ofSecret[secretInput], deleteSecretPolicy),
		"DeleteSecret":             authorized(prefix+"DeleteSecret", ofSecret[deleteSecretInput], deleteSecret),
		"DescribeSecret":           authorized(prefix+"DescribeSecret", ofSecret[secretInput], describeSecret),
		"GetRandomPassword":        authorized(prefix+"GetRandomPassword", noResource[randomPasswordInput], getRandomPassword),
		"GetResourcePolicy":        authorized(prefix+"GetResourcePolicy", ofSecret[secretInput], getSecretPolicy),
		"GetSecretValue":           authorized(prefix+"GetSecretValue", ofSecret[getSecretInput], getSecretValue),
		"ListSecretVersionIds":     authorized(prefix+"ListSecretVersionIds", ofSecret[secretVersionsInput], listSecretVersionIDs),
		"ListSecrets":              authorized(prefix+"ListSecrets", noResource[listSecretsInput], listSecrets),
		"PutResourcePolicy":        authorized(prefix+"PutResourcePolicy", ofSecret[putSecretPolicyInput], putSecretPolicy),
		"PutSecretValue":           authorized(prefix+"PutSecretValue", ofSecret[putSecretInput], putSecretValue),
		"RestoreSecret":            authorized(prefix+"RestoreSecret", ofSecret[secretInput], restoreSecret),
		"RotateSecret":             authorized(prefix+"RotateSecret", ofSecret[rotateSecretInput], rotateSecret),
		"TagResource":              authorized(prefix+"TagResource", ofSecret[tagSecretInput], tagSecret),
		"UntagResource":            authorized(prefix+"UntagResource", ofSecret[tagSecretInput], untagSecret),
		"UpdateSecret":             authorized(prefix+"UpdateSecret", ofSecret[updateSecretInput], updateSecret),
		"UpdateSecretVersionStage": authorized(prefix+"UpdateSecretVersionStage", ofSecret[moveStageInput], updateSecretVersionStage),
		"ValidateResourcePolicy":   authorized(prefix+"ValidateResourcePolicy", noResource[putSecretPolicyInput], validateSecretPolicy),
	}
}

// noResource is the resource of operations that support no other.
func noResource[In any](*call, In) (target, error) { return target{resource: "*"}, nil }

// secretRequest is the input of an operation on a secret, with its condition keys.
type secretRequest interface {
	secret() string
	keys() map[string][]string
}

func ofSecret[In secretRequest](c *call, in In) (target, error) {
	keys := withKey(in.keys(), "secretsmanager:SecretId", in.secret())
	policy := ""
	if s, err := c.Secrets.Find(in.secret()); err == nil {
		policy = s.Policy
		if s.Rotation.Function != "" {
			keys = withKey(keys, "secretsmanager:resource/AllowRotationLambdaArn", s.Rotation.Function)
		}
	}
	return target{c.Secrets.ARN(in.secret()), policy, keys}, nil
}

type (
	secretInput struct {
		SecretID string `json:"SecretId"`
	}
	secretVersionsInput struct {
		SecretID          string `json:"SecretId"`
		IncludeDeprecated bool
		MaxResults        *int
		NextToken         string
	}
	getSecretInput struct {
		SecretID     string `json:"SecretId"`
		VersionID    string `json:"VersionId"`
		VersionStage string
	}
	deleteSecretInput struct {
		SecretID                   string `json:"SecretId"`
		RecoveryWindowInDays       *int
		ForceDeleteWithoutRecovery bool
	}
	tagSecretInput struct {
		SecretID string `json:"SecretId"`
		Tags     []tag
		TagKeys  []string
	}
	moveStageInput struct {
		SecretID            string `json:"SecretId"`
		VersionStage        string
		RemoveFromVersionID string `json:"RemoveFromVersionId"`
		MoveToVersionID     string `json:"MoveToVersionId"`
	}
	putSecretPolicyInput struct {
		SecretID          string `json:"SecretId"`
		ResourcePolicy    string
		BlockPublicPolicy *bool
	}
)

func (in secretInput) secret() string                 { return in.SecretID }
func (in secretInput) keys() map[string][]string      { return nil }
func (in secretVersionsInput) secret() string         { return in.SecretID }
func (secretVersionsInput) keys() map[string][]string { return nil }
func (in moveStageInput) secret() string              { return in.SecretID }
func (in moveStageInput) keys() map[string][]string {
	return withKey(nil, "secretsmanager:VersionStage", in.VersionStage)
}
func (in tagSecretInput) secret() string { return in.SecretID }
func (in tagSecretInput) keys() map[string][]string {
	return requestTags(tagMap(in.Tags), in.TagKeys...)
}
func (in putSecretPolicyInput) secret() string { return in.SecretID }
func (in putSecretPolicyInput) keys() map[string][]string {
	if in.BlockPublicPolicy == nil {
		return nil
	}
	return withKey(nil, "secretsmanager:BlockPublicPolicy", boolText(*in.BlockPublicPolicy))
}

func (in getSecretInput) secret() string { return in.SecretID }

// keys names the stage AWSCURRENT if the request names neither a version nor a stage.
func (in getSecretInput) keys() map[string][]string {
	var keys map[string][]string
	switch {
	case in.VersionStage != "":
		keys = withKey(keys, "secretsmanager:VersionStage", in.VersionStage)
	case in.VersionID == "":
		keys = withKey(keys, "secretsmanager:VersionStage", secretsmanager.Current)
	}
	if in.VersionID != "" {
		keys = withKey(keys, "secretsmanager:VersionId", in.VersionID)
	}
	return keys
}

func (in deleteSecretInput) secret() string { return in.SecretID }
func (in deleteSecretInput) keys() map[string][]string {
	keys := withKey(nil, "secretsmanager:ForceDeleteWithoutRecovery", boolText(in.ForceDeleteWithoutRecovery))
	if in.RecoveryWindowInDays != nil {
		keys = withKey(keys, "secretsmanager:RecoveryWindowInDays", strconv.Itoa(*in.RecoveryWindowInDays))
	}
	return keys
}

func deleteSecret(c *call, in deleteSecretInput) (any, error) {
	s, err := c.Secrets.Delete(in.SecretID, in.RecoveryWindowInDays, in.ForceDeleteWithoutRecovery)
	return struct {
		ARN, Name    string
		DeletionDate instant
	}{s.ARN, s.Name, instant{s.Deletion}}, err
}

type secretReference struct{ ARN, Name string }

func reference(s secretsmanager.Secret) secretReference { return secretReference{s.ARN, s.Name} }

func restoreSecret(c *call, in secretInput) (any, error) {
	s, err := c.Secrets.Restore(in.SecretID)
	return reference(s), err
}

func tagSecret(c *call, in tagSecretInput) (any, error) {
	return struct{}{}, c.Secrets.ChangeTags(in.SecretID, tagMap(in.Tags), nil)
}

func untagSecret(c *call, in tagSecretInput) (any, error) {
	return struct{}{}, c.Secrets.ChangeTags(in.SecretID, nil, in.TagKeys)
}

func updateSecretVersionStage(c *call, in moveStageInput) (any, error) {
	s, err := c.Secrets.MoveStage(in.SecretID, in.VersionStage, in.RemoveFromVersionID, in.MoveToVersionID)
	return reference(s), err
}

func getSecretPolicy(c *call, in secretInput) (any, error) {
	s, err := c.Secrets.Find(in.SecretID)
	return struct {
		ARN, Name      string
		ResourcePolicy string `json:",omitempty"`
	}{s.ARN, s.Name, s.Policy}, err
}

func putSecretPolicy(c *call, in putSecretPolicyInput) (any, error) {
	if in.ResourcePolicy == "" {
		return nil, invalidSecret("You must provide a ResourcePolicy.")
	}
	s, err := c.Secrets.SetPolicy(in.SecretID, in.ResourcePolicy, in.BlockPublicPolicy != nil && *in.BlockPublicPolicy)
	return reference(s), err
}

func deleteSecretPolicy(c *call, in secretInput) (any, error) {
	s, err := c.Secrets.SetPolicy(in.SecretID, "", false)
	return reference(s), err
}

func validateSecretPolicy(c *call, in putSecretPolicyInput) (any, error) {
	type failure struct{ CheckName, ErrorMessage string }
	out := struct {
		PolicyValidationPassed bool
		ValidationErrors       []failure
	}{true, []failure{}}
	if err := c.Secrets.ValidatePolicy(in.ResourcePolicy); err != nil {
		out.PolicyValidationPassed, out.ValidationErrors = false, append(out.ValidationErrors, failure{cloud.ErrorCode(err), err.Error()})
	}
	return out, nil
}
