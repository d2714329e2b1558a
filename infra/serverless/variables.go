package serverless

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// mostVariableBytes is how long the names and values of a function's variables
// may be together.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const mostVariableBytes = 4 << 10

// variableName is what Lambda takes; AWS_ and _ begin the names of its own.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var (
	variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
	reservedName = regexp.MustCompile(`^(AWS_|LAMBDA_|_|TZ$)`)
)

// variables are the function's own and those that say what it is part of.
func (f *Function) variables(own pulumi.StringMap) (lambda.FunctionEnvironmentArgs, error) {
	all := pulumi.StringMap{
		"NAMESPACE":   pulumi.String(f.env.ctx.Project()),
		"SERVICE":     pulumi.String(f.name),
		"ENVIRONMENT": pulumi.String(f.env.ctx.Stack()),
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(own)) {
		_, taken := all[name]
		switch {
		case taken:
			errs = append(errs, fmt.Errorf("variable %s of function %s: the component sets it itself", name, f.name))
		case reservedName.MatchString(name):
			errs = append(errs, fmt.Errorf("variable %s of function %s: the name is reserved for Lambda", name, f.name))
		case !variableName.MatchString(name):
			errs = append(errs, fmt.Errorf("variable %q of function %s: its name must be a letter and one or more letters, digits and underscores", name, f.name))
		}
		all[name] = own[name]
	}
	checked := all.ToStringMapOutput().ApplyT(func(values map[string]string) (map[string]string, error) {
		size := 0
		for name, value := range values {
			size += len(name) + len(value)
		}
		if size > mostVariableBytes {
			return nil, fmt.Errorf("the variables of function %s have %d bytes, %d are allowed", f.name, size, mostVariableBytes)
		}
		return values, nil
	}).(pulumi.StringMapOutput)
	return lambda.FunctionEnvironmentArgs{Variables: checked}, errors.Join(errs...)
}
