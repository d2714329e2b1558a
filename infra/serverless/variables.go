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

// variableName matches the names that Lambda allows.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html
var variableName = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9_]+$`)

// reservedNames are the variables that Lambda sets and that functions must not.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
var reservedNames = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}

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
		case slices.Contains(reservedNames, name):
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
