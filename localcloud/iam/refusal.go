package iam

import (
	"fmt"
	"strings"

	"tally/localcloud/cloud"
)

// refusal is the error with which an AWS service refuses an action.
type refusal struct {
	code   string
	status int
	action func(string) string // formats the action; nil leaves it unchanged
}

// refusals contains the error of each service, by the prefix of its actions.
var refusals = map[string]refusal{
	"apigateway":     {"AccessDeniedException", 403, nil},
	"cloudwatch":     {"AccessDenied", 403, nil},
	"dynamodb":       {"AccessDeniedException", 400, nil},
	"execute-api":    {"AccessDeniedException", 403, nil},
	"iam":            {"AccessDenied", 403, nil},
	"kms":            {"AccessDeniedException", 400, nil},
	"lambda":         {"AccessDeniedException", 403, nil},
	"logs":           {"AccessDeniedException", 400, nil},
	"scheduler":      {"AccessDeniedException", 403, nil},
	"secretsmanager": {"AccessDeniedException", 400, nil},
	"ssm":            {"AccessDeniedException", 400, nil},
	"sns":            {"AuthorizationError", 403, upperPrefix},
	"sqs":            {"AccessDenied", 403, strings.ToLower},
	"sts":            {"AccessDenied", 403, nil},
	"xray":           {"AccessDeniedException", 403, nil},
}

// upperPrefix converts "sns:Publish" to "SNS:Publish".
func upperPrefix(action string) string {
	service, operation, _ := strings.Cut(action, ":")
	return strings.ToUpper(service) + ":" + operation
}

// refuse returns the error for a decision that denies r.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
func refuse(r cloud.Request, d Decision) error {
	service, _, _ := strings.Cut(r.Action, ":")
	as, ok := refusals[strings.ToLower(service)]
	if !ok {
		return fmt.Errorf("iam: %s is denied to %s, but the error that service %q returns for this is unknown", r.Action, r.Caller, service)
	}
	action := r.Action
	if as.action != nil {
		action = as.action(action)
	}
	return cloud.Errorf(as.status, as.code, "User: %s is not authorized to perform: %s on resource: %s %s",
		r.Caller, action, r.Resource, because(r, d, action))
}

// because returns the reason for a denial, in AWS's words. If no policy allows the
// request, AWS names one kind of policy that could: the permissions boundary if only
// that is missing, the identity-based one or, for services and anonymous callers, which have
// none, and for keys that do not delegate to the account, the resource-based one.
func because(r cloud.Request, d Decision, action string) string {
	if len(d.Reasons) > 0 {
		return "with an explicit deny in " + denying[d.Reasons[0].Kind]
	}
	allowing := "identity-based policy"
	switch {
	case d.OutOfBounds:
		allowing = "permissions boundary"
	case d.OutOfSession:
		allowing = "session policy"
	case action == "sts:AssumeRole":
		allowing = "role trust policy"
	case r.Caller.Service != "" || r.Caller.Anonymous() || d.Undelegated:
		allowing = "resource-based policy"
	}
	return fmt.Sprintf("because no %s allows the %s action", allowing, action)
}

var denying = map[Kind]string{
	IdentityPolicy: "an identity-based policy",
	ResourcePolicy: "a resource-based policy",
	TrustPolicy:    "the role trust policy",
	KeyPolicy:      "a resource-based policy",
	BoundaryPolicy: "a permissions boundary",
	SessionPolicy:  "a session policy",
}
