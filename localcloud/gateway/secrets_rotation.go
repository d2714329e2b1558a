package gateway

import "tally/localcloud/secretsmanager"

// rotationRules is https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_RotationRulesType.html
type rotationRules struct {
	AutomaticallyAfterDays *int   `json:",omitempty"`
	Duration               string `json:",omitempty"`
	ScheduleExpression     string `json:",omitempty"`
}

type rotateSecretInput struct {
	SecretID           string `json:"SecretId"`
	ClientRequestToken string
	RotateImmediately  *bool
	RotationLambdaARN  string
	RotationRules      *rotationRules
}

func (in rotateSecretInput) secret() string { return in.SecretID }
func (in rotateSecretInput) immediately() bool {
	return in.RotateImmediately == nil || *in.RotateImmediately
}

// keys says whether the rotation is immediate even if the request does not.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awssecretsmanager.html#awssecretsmanager-policy-keys
func (in rotateSecretInput) keys() map[string][]string {
	keys := withKey(nil, "secretsmanager:RotateImmediately", boolText(in.immediately()))
	keys = withKey(keys, "secretsmanager:ModifyRotationRules", boolText(in.RotationRules != nil))
	if in.RotationLambdaARN != "" {
		keys = withKey(keys, "secretsmanager:RotationLambdaARN", in.RotationLambdaARN)
	}
	return keys
}

func rotateSecret(c *call, in rotateSecretInput) (any, error) {
	r := secretsmanager.RotateRequest{Token: in.ClientRequestToken, Function: in.RotationLambdaARN, Later: !in.immediately()}
	if in.RotationRules != nil {
		r.Rules = &secretsmanager.Rules{Schedule: in.RotationRules.ScheduleExpression, Duration: in.RotationRules.Duration}
		if days := in.RotationRules.AutomaticallyAfterDays; days != nil {
			if err := secretsmanager.CheckDays(*days); err != nil {
				return nil, err
			}
			r.Rules.Days = *days
		}
	}
	s, err := c.Secrets.Rotate(c.Context(), c.caller, in.SecretID, r)
	return secretVersionOutput{ARN: s.ARN, Name: s.Name, VersionID: in.ClientRequestToken}, err
}

func cancelRotateSecret(c *call, in secretInput) (any, error) {
	s, version, err := c.Secrets.CancelRotation(in.SecretID)
	return secretVersionOutput{ARN: s.ARN, Name: s.Name, VersionID: version}, err
}

// secretRotation is the part of a description that says how a secret rotates. After
// CancelRotateSecret, it has no dates.
type secretRotation struct {
	RotationEnabled   *bool          `json:",omitempty"`
	RotationLambdaARN string         `json:",omitempty"`
	RotationRules     *rotationRules `json:",omitempty"`
	LastRotatedDate   *instant       `json:",omitempty"`
	NextRotationDate  *instant       `json:",omitempty"`
}

func secretRotationOf(c *call, s secretsmanager.Secret) secretRotation {
	r := s.Rotation
	if r.Function == "" {
		return secretRotation{}
	}
	out := secretRotation{RotationEnabled: &r.Enabled, RotationLambdaARN: r.Function}
	if rules := r.ReportedRules(); rules != (secretsmanager.Rules{}) {
		out.RotationRules = &rotationRules{Duration: rules.Duration, ScheduleExpression: rules.Schedule}
		if rules.Days > 0 {
			out.RotationRules.AutomaticallyAfterDays = &rules.Days
		}
	}
	if r.Enabled {
		out.LastRotatedDate = optional(r.Last)
	}
	if next, ok := c.Secrets.NextRotation(s); ok {
		out.NextRotationDate = &instant{next}
	}
	return out
}
