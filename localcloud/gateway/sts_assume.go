package gateway

import (
	"time"

	"tally/localcloud/iam"
)

type assumeRoleInput struct {
	Role       string `query:"RoleArn"`
	Session    string `query:"RoleSessionName"`
	Seconds    *int   `query:"DurationSeconds"`
	Policy     string
	ExternalID string `query:"ExternalId"`
}

// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
func assumeRole(c *call, in assumeRoleInput) (any, error) {
	a := iam.Assumption{Role: in.Role, Session: in.Session, Policy: in.Policy, ExternalID: in.ExternalID}
	if in.Seconds != nil {
		if a.Seconds = *in.Seconds; a.Seconds == 0 {
			a.Seconds = -1 // invalid, unlike a duration that is not given
		}
	}
	creds, err := c.IAM.Assume(c.Context(), c.caller, a)
	if err != nil {
		return nil, err
	}
	type credentials struct {
		AccessKeyID     string `xml:"AccessKeyId"`
		SecretAccessKey string
		SessionToken    string
		Expiration      string
	}
	type user struct {
		ID  string `xml:"AssumedRoleId"`
		ARN string `xml:"Arn"`
	}
	out := struct {
		Credentials credentials
		User        user `xml:"AssumedRoleUser"`
		Packed      *int `xml:"PackedPolicySize,omitempty"`
	}{
		Credentials: credentials{creds.AccessKeyID, creds.SecretAccessKey, creds.SessionToken, creds.Expires.UTC().Format(time.RFC3339)},
		User:        user{creds.Caller.UserID, creds.Caller.ARN.String()},
	}
	if in.Policy != "" {
		percent := 1 + len(in.Policy)*100/4096 // AWS's size is that of an encoding that it does not document
		out.Packed = &percent
	}
	return out, nil
}
