package iam

import (
	"errors"
	"regexp"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/awsservice"
)

// principals is a Principal element or, if except is set, a NotPrincipal element.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
type principals struct {
	except   bool
	everyone bool     // "*" or {"AWS": "*"}, which are equivalent
	accounts []string // twelve digits
	arns     []string // users, roles and role sessions
	services []string // "lambda.amazonaws.com"
}

// include reports whether a statement with that effect applies to the caller.
//
// A statement that allows an account only delegates to the policies of the
// account's identities, so it does not grant anything by itself. A statement that
// denies an account denies everyone in it. A NotPrincipal that denies applies to
// every caller with a permissions boundary, whomever it names.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func (p *principals) include(q query, effect Effect) bool {
	if effect == Deny && p.except && q.bounded {
		return true
	}
	named := p.everyone || p.names(q)
	if effect == Deny || p.except {
		named = named || slices.Contains(p.accounts, q.Caller.ARN.Account)
	}
	return named != p.except
}

// delegate reports whether a statement that allows the caller's request allows it to
// the policies of the account's identities.
func (p *principals) delegate(q query) bool {
	return !p.except && slices.Contains(p.accounts, q.Caller.ARN.Account)
}

// unbounded reports whether a statement that allows the caller's request does so
// regardless of the caller's permissions boundary. It returns false for an identity
// policy, where p is nil.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
func (p *principals) unbounded(q query) bool {
	return p != nil && (p.everyone || p.except || len(p.arns) > 0 && slices.Contains(p.arns, q.Caller.ARN.String()))
}

func (p *principals) names(q query) bool {
	if q.Caller.Service != "" {
		return slices.Contains(p.services, q.Caller.Service)
	}
	if len(p.arns) == 0 {
		return false
	}
	if slices.Contains(p.arns, q.Caller.ARN.String()) {
		return true
	}
	// A session also matches the ARN of its role. The path of the role is not part
	// of the session's ARN, but of this key.
	return slices.ContainsFunc(q.keys.get("aws:principalarn"), func(arn string) bool { return slices.Contains(p.arns, arn) })
}

// anyIn reports whether the element includes any identity of the account.
func (p *principals) anyIn(account string) bool {
	of := func(arn string) bool {
		a, err := cloud.ParseARN(arn)
		return err == nil && a.Account == account
	}
	return p.everyone || p.except || slices.Contains(p.accounts, account) || slices.ContainsFunc(p.arns, of)
}

var (
	accountPrincipal = regexp.MustCompile(`^(?:(\d{12})|arn:aws:iam::(\d{12}):root)$`)
	arnPrincipal     = regexp.MustCompile(`^arn:aws:(iam::\d{12}:(user|role)|sts::\d{12}:(assumed-role|federated-user))/[^*?]+$`)
)

// add adds one value of the element. It returns an error with a hint if the value is
// not a valid principal of that type.
func (p *principals) add(kind, value string) error {
	switch account := accountPrincipal.FindStringSubmatch(value); {
	case kind == "AWS" && value == "*":
		p.everyone = true
	case kind == "AWS" && account != nil:
		p.accounts = append(p.accounts, account[1]+account[2])
	case kind == "AWS" && arnPrincipal.MatchString(value):
		p.arns = append(p.arns, value)
	case kind == "Service":
		if err := awsservice.CheckPrincipal(value); err != nil {
			return err
		}
		p.services = append(p.services, value)
	case kind == "Federated" && value != "":
		// Valid, but it matches no caller: the local cloud has no identity providers.
	default:
		return errors.New("check its spelling")
	}
	return nil
}
