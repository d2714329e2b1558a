package lambda

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/awsservice"
)

// The functions in this file check the values of what belongs to a function: its
// permissions, its aliases and its configurations of asynchronous invocation.

// The maximum lengths of the names of aliases and statements, and of the ARNs of
// destinations.
const (
	MaxAliasName   = 128
	MaxStatementID = 100
	maxDestination = 350
)

var (
	qualifierName    = lazily(`^[a-zA-Z0-9$_-]{1,128}$`)
	statementID      = regexp.MustCompile(`^([a-zA-Z0-9-_]+)$`)
	permissionAction = regexp.MustCompile(`^(lambda:[*]|lambda:[a-zA-Z]+|[*])$`)
	serviceARN       = lazily(`^arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1})?:(\d{12})?:(.*)$`)
	principalText    = regexp.MustCompile(`^[^\s]+$`)
	arnPrincipal     = lazily(`^arn:aws:(iam::\d{12}:(root|(user|role)/[^*?]+)|sts::\d{12}:(assumed-role|federated-user)/[^*?]+)$`)
	accountID        = regexp.MustCompile(`^\d{12}$`)
	aliasName        = regexp.MustCompile(`^[a-zA-Z0-9-_]+$`)
	functionVersion  = regexp.MustCompile(`^(\$LATEST|[0-9]+)$`)
	number           = regexp.MustCompile(`^[0-9]+$`)
)

// CheckFunction accepts the name or ARN of a function, and a version or alias, ""
// for none. It refuses a name or ARN that ends in a different version or alias.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
func CheckFunction(function, qualifier string) error {
	_, err := parseName(function, qualifier)
	return err
}

// CheckPermissionTarget accepts what CheckFunction accepts, except $LATEST, to
// which no permission can apply.
func CheckPermissionTarget(function, qualifier string) error {
	n, err := parseName(function, qualifier)
	if err != nil {
		return err
	}
	if n.qualifier == latest {
		return badParameter("We currently do not support adding policies for $LATEST.")
	}
	return nil
}

// CheckQualifier accepts a version or the name of an alias.
func CheckQualifier(name string) error { return match(qualifierName(), "qualifier", name) }

// CheckStatementID accepts 1 to MaxStatementID letters, digits, hyphens and
// underscores.
func CheckStatementID(id string) error {
	return cmp.Or(atMost("statementId", id, MaxStatementID), match(statementID, "statementId", id))
}

// CheckAction accepts an action of Lambda, such as "lambda:InvokeFunction".
func CheckAction(action string) error { return match(permissionAction, "action", action) }

// CheckPrincipal accepts a service, an account, "*", and the ARN of an account's
// root user, a user, a role, or a session of one.
func CheckPrincipal(principal string) error {
	if err := match(principalText, "principal", principal); err != nil {
		return err
	}
	if principal == "*" || accountID.MatchString(principal) || arnPrincipal().MatchString(principal) {
		return nil
	}
	if err := awsservice.CheckPrincipal(principal); err != nil {
		return errPrincipal(err.Error())
	}
	return nil
}

func errPrincipal(detail string) error {
	return badParameter("The provided principal was invalid. Please check the principal and try again. (%s)", detail)
}

// principalElement returns the Principal element of a statement for a valid
// principal.
func principalElement(principal string) any {
	switch {
	case principal == "*":
		return "*"
	case accountID.MatchString(principal):
		return map[string]string{"AWS": "arn:aws:iam::" + principal + ":root"}
	case arnPrincipal().MatchString(principal):
		return map[string]string{"AWS": principal}
	}
	return map[string]string{"Service": principal}
}

// CheckSourceARN accepts an ARN, whose resource may be a pattern. IAM checks whether
// the pattern is a valid value of a condition.
func CheckSourceARN(arn string) error { return match(serviceARN(), "sourceArn", arn) }

// CheckSourceAccount accepts an account ID.
func CheckSourceAccount(id string) error { return match(accountID, "sourceAccount", id) }

// CheckAliasName accepts 1 to MaxAliasName letters, digits, hyphens and
// underscores, unless they are all digits.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
func CheckAliasName(name string) error {
	if err := atMost("name", name, MaxAliasName); err != nil {
		return err
	}
	if !aliasName.MatchString(name) || number.MatchString(name) {
		return violated(name, "name", "Member must satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)")
	}
	return nil
}

// CheckFunctionVersion accepts "$LATEST" and numbers.
func CheckFunctionVersion(version string) error {
	return match(functionVersion, "functionVersion", version)
}

// CheckRouting accepts a weight from 0 to 1 for at most one version in addition to
// the alias's own version, which is "" if it is unknown. It refuses weights for an
// alias of $LATEST.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_AliasRoutingConfiguration.html
func CheckRouting(version string, weights map[string]float64) error {
	if len(weights) > 1 {
		return badParameter("Number of items in AdditionalVersionWeights cannot be greater than 1")
	}
	for additional, weight := range weights {
		const member = "routingConfig.additionalVersionWeights"
		shown := fmt.Sprintf("{%s=%v}", additional, weight)
		switch {
		case weight < 0 || weight > 1:
			return violated(shown, member, "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, "+
				"Member must have value greater than or equal to 0.0]")
		case additional == version:
			return badParameter("Invalid function version %s. Function version %[1]s is already included in routing configuration.", additional)
		case version == latest:
			return badParameter("$LATEST is not supported for an alias pointing to more than 1 version")
		case !number.MatchString(additional):
			return violated(shown, member, "Map keys must satisfy constraint: [Member must satisfy regular expression pattern: [0-9]+]")
		}
	}
	return nil
}

// CheckMaximumRetryAttempts accepts 0 to 2.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
func CheckMaximumRetryAttempts(attempts int) error {
	return between("maximumRetryAttempts", attempts, 0, maxRetries)
}

// CheckMaximumEventAge accepts 60 to 21,600 seconds.
func CheckMaximumEventAge(seconds int) error {
	return between("maximumEventAgeInSeconds", seconds, 60, int(maxEventAge.Seconds()))
}

// CheckDestination accepts the ARN of a standard queue, a standard topic or a function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_OnFailure.html
func CheckDestination(arn string) error {
	if err := cmp.Or(atMost("destination", arn, maxDestination), match(serviceARN(), "destination", arn)); err != nil {
		return err
	}
	a, _ := cloud.ParseARN(arn) // the zero ARN is no destination
	if _, ok := destinations[a.Service]; !ok || a.Service == "lambda" && !strings.HasPrefix(a.Resource, "function:") {
		return badParameter("The destination ARN %s is invalid. The local cloud delivers to queues, topics and functions.", arn)
	}
	return checkStandard(arn)
}
