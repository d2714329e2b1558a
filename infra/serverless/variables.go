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

// maxVariableBytes is the maximum total size of a function's variables, names
// and values.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxVariableBytes = 4 << 10

// variableName is what Lambda allows; its own names begin with AWS_ and _.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
var (
	variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)
	reservedName = regexp.MustCompile(`^(AWS_|LAMBDA_|_|TZ$)`)
)

// variables returns the function's environment variables: own, which are those
// of its arguments, and those that the component sets.
func (f *Function) variables(own pulumi.StringMap) (lambda.FunctionEnvironmentArgs, error) {
	all := pulumi.StringMap{
		"NAMESPACE":   pulumi.String(f.env.ctx.Project()),
		"SERVICE":     pulumi.String(f.name),
		"ENVIRONMENT": pulumi.String(f.env.dimension()),
	}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(own)) {
		_, taken := all[name]
		switch {
		case taken:
			errs = append(errs, fmt.Errorf("variable %s of function %s: the component sets it", name, f.name))
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
		if size > maxVariableBytes {
			return nil, fmt.Errorf("function %s: its environment variables have %d bytes, but Lambda allows at most %d", f.name, size, maxVariableBytes)
		}
		return values, nil
	}).(pulumi.StringMapOutput)
	return lambda.FunctionEnvironmentArgs{Variables: checked}, errors.Join(errs...)
}
