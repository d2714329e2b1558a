package serverless

import (
	"fmt"
	"regexp"
	"strings"
)

// longest holds the maximum length of physical names by kind. It omits alarms
// (255) and log groups (512), whose names are within their limits if these are.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html
// https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
// https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis.html
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
var longest = map[string]int{
	"function":     64,
	"role":         64,
	"schedule":     64, // and its group
	"queue":        80,
	"statement ID": 100, // of a function's permission
	"role policy":  128,
	"API":          128,
	"table":        255,
	"topic":        256,
}

// randomEnd has the form of the suffix that Pulumi appends to a physical name.
const randomEnd = "-1a2b3c4"

var (
	componentName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	stackName     = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
)

// part is a resource of a component with a physical name.
type part struct {
	kind   string // a key of longest
	suffix string // appended to the component's name, such as "-failures"
}

// child returns the Pulumi name of a component.
func (e *Environment) child(name string) string { return e.name + "-" + name }

// physical returns "<project>-<stack>-<environment>-<name>", or only the first
// three parts if the name is empty. With the pattern in the package's
// documentation, the names that Pulumi generates are this one and a random
// suffix.
func (e *Environment) physical(name string) string {
	full := e.ctx.Project() + "-" + e.ctx.Stack() + "-" + e.name
	if name != "" {
		full += "-" + name
	}
	return full
}

// checkForm returns an error if some kind of resource could not have the name.
func checkForm(component, name string) error {
	if !componentName.MatchString(name) {
		return fmt.Errorf("%s %q: its name must be lowercase letters, digits and single dashes, and start with a letter", component, name)
	}
	return nil
}

// checkDistinct returns an error if names in the stack could start like those of
// an environment with this name in a stack with a shorter name: "p-dev-main-main-…"
// of the stack dev-main starts with "p-dev-main-", as do all names of the stack dev.
// The permissions to deploy a stack cover every name with that prefix.
func checkDistinct(stack, environment string) error {
	if shorter, _, found := strings.Cut(stack+"-", "-"+environment+"-"); found {
		return fmt.Errorf("stack %q: its name must not contain -%s, the name of an environment, because the permissions to deploy a stack named %q would include it",
			stack, environment, shorter)
	}
	return nil
}

// checkName returns an error if AWS would refuse a physical name of one of the
// component's parts.
func (e *Environment) checkName(component, name string, parts ...part) error {
	if err := checkForm(component, name); err != nil {
		return err
	}
	for _, p := range parts {
		full := e.physical(name+p.suffix) + randomEnd
		if excess := len(full) - longest[p.kind]; excess > 0 {
			return fmt.Errorf("%s %q: its %s would have the name %s of %d characters, but AWS allows at most %d: "+
				"shorten the name of the %[1]s, the environment, the stack or the project by %[7]d",
				component, name, p.kind, full, len(full), longest[p.kind], excess)
		}
	}
	return nil
}

// checkStack returns an error if AWS would refuse the name of the project or the
// stack in physical names. Pulumi itself allows periods.
func checkStack(project, stack string) error {
	for _, n := range []struct{ kind, name string }{{"project", project}, {"stack", stack}} {
		if !stackName.MatchString(n.name) {
			return fmt.Errorf("%s %q: its name must be letters, digits, dashes and underscores, because it is part of names on AWS", n.kind, n.name)
		}
	}
	return nil
}
