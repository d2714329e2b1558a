package lambda

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// runtimes are those that run here: a bundle brings everything it needs but
// the operating system.
var runtimes = []string{"provided.al2023", "provided.al2"}

// reservedVariables are those that Lambda itself sets.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html#configuration-envvars-runtime
var reservedVariables = []string{
	"_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_EXECUTION_ENV",
	"AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
	"AWS_LAMBDA_INITIALIZATION_TYPE", "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME",
	"AWS_LAMBDA_MAX_CONCURRENCY", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION", "AWS_SECRET_ACCESS_KEY",
	"AWS_SESSION_TOKEN", "LAMBDA_RUNTIME_DIR", "LAMBDA_TASK_ROOT",
}

var (
	plainName    = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,64}$`)
	rolePattern  = regexp.MustCompile(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)
	logGroupName = regexp.MustCompile(`^[a-zA-Z0-9_/.\-#]{1,512}$`)
	variableName = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9_])+$`)
)

// invalid is the error of a request that breaks the API's own model.
func invalid(format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, "ValidationException", "1 validation error detected: "+format, args...)
}

func badParameter(format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameterValueException", format, args...)
}

// Validate tells what is wrong with c, as far as that can be seen from c
// alone: not the role's trust, nor the code. Zero values stand for defaults.
// It fails with ValidationException or InvalidParameterValueException.
func Validate(c Config) error {
	c = c.withDefaults()
	for _, check := range []func(Config) *cloud.Error{
		checkNames, checkRuntime, checkSizes, checkLogging, checkDeadLetter, checkVariables,
	} {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

func checkNames(c Config) *cloud.Error {
	const constraint = "Value '%s' at '%s' failed to satisfy constraint: Member must satisfy regular expression pattern: %s"
	switch {
	case !plainName.MatchString(c.Name):
		return invalid(constraint, c.Name, "functionName", plainName)
	case !rolePattern.MatchString(c.Role):
		return invalid(constraint, c.Role, "role", rolePattern)
	case !logGroupName.MatchString(c.LogGroup):
		return invalid(constraint, c.LogGroup, "loggingConfig.logGroup", logGroupName)
	}
	return nil
}

func checkRuntime(c Config) *cloud.Error {
	if !slices.Contains(runtimes, c.Runtime) {
		return badParameter("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s]. "+
			"The local cloud runs OS-only runtimes, whose bundle holds an executable named bootstrap.",
			c.Runtime, strings.Join(runtimes, ", "))
	}
	if len(c.Architectures) != 1 || !slices.Contains([]string{"x86_64", "arm64"}, c.Architectures[0]) {
		return invalid("Value '[%s]' at 'architectures' failed to satisfy constraint: "+
			"Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]], exactly one",
			strings.Join(c.Architectures, ", "))
	}
	return nil
}

func checkSizes(c Config) *cloud.Error {
	for _, n := range []struct {
		name             string
		value, low, high int
	}{
		{"memorySize", c.MemoryMB, 128, 10240},
		{"timeout", c.TimeoutSeconds, 1, 900},
		{"ephemeralStorage.size", c.EphemeralMB, 512, 10240},
	} {
		if err := between(n.name, n.value, n.low, n.high); err != nil {
			return err
		}
	}
	if c.ReservedConcurrency < -1 {
		return invalid("Value '%d' at 'reservedConcurrentExecutions' failed to satisfy constraint: "+
			"Member must have value greater than or equal to 0, or be -1 for none", c.ReservedConcurrency)
	}
	return checkReserved(c.ReservedConcurrency)
}

func between(name string, value, low, high int) *cloud.Error {
	const constraint = "Value '%d' at '%s' failed to satisfy constraint: Member must have value %s than or equal to %d"
	switch {
	case value < low:
		return invalid(constraint, value, name, "greater", low)
	case value > high:
		return invalid(constraint, value, name, "less", high)
	}
	return nil
}

// checkReserved refuses a sum of reservations that leaves too little for the
// functions that reserve none.
func checkReserved(sum int) *cloud.Error {
	if sum <= accountConcurrency-minUnreserved {
		return nil
	}
	return badParameter("Specified ReservedConcurrentExecutions for function decreases account's "+
		"UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved)
}

func checkLogging(c Config) *cloud.Error {
	levels := c.ApplicationLogLevel != "" || c.SystemLogLevel != ""
	for _, choice := range []struct {
		name, value string
		allowed     []string
	}{
		{"loggingConfig.logFormat", c.LogFormat, []string{"Text", "JSON"}},
		{"loggingConfig.applicationLogLevel", cmp.Or(c.ApplicationLogLevel, "INFO"), logLevels},
		{"loggingConfig.systemLogLevel", cmp.Or(c.SystemLogLevel, "INFO"), systemLogLevels},
		{"tracingConfig.mode", c.TracingMode, []string{"Active", "PassThrough"}},
	} {
		if !slices.Contains(choice.allowed, choice.value) {
			return invalid("Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: [%s]",
				choice.value, choice.name, strings.Join(choice.allowed, ", "))
		}
	}
	if levels && c.LogFormat != "JSON" {
		return badParameter("To use log-level filtering, the log format must be JSON, not %s.", c.LogFormat)
	}
	return nil
}

// checkDeadLetter is about the kind of the target; whether the role may send
// there the service finds out.
func checkDeadLetter(c Config) *cloud.Error {
	arn := c.DeadLetterTargetARN
	if service := serviceOf(arn); arn == "" || service == "sqs" || service == "sns" {
		return nil
	}
	return invalid("Value '%s' at 'deadLetterConfig.targetArn' failed to satisfy constraint: Member must be the ARN of a queue or topic", arn)
}

func checkVariables(c Config) *cloud.Error {
	const trouble = "Lambda was unable to configure your environment variables because the environment variables you have provided "
	var reserved []string
	for _, name := range slices.Sorted(maps.Keys(c.Environment)) {
		if slices.Contains(reservedVariables, name) {
			reserved = append(reserved, name)
			continue
		}
		if !variableName.MatchString(name) {
			return invalid("Value at 'environment.variables' failed to satisfy constraint: Map keys must satisfy constraint: "+
				"[Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+], unlike '%s'", name)
		}
		if strings.ContainsRune(c.Environment[name], 0) {
			return badParameter(trouble+"contain a null character: %s", name)
		}
	}
	if len(reserved) > 0 {
		return badParameter(trouble+"contains reserved keys that are currently not supported for modification. "+
			"Reserved keys used in this request: %s", strings.Join(reserved, ", "))
	}
	measured, err := json.Marshal(c.Environment)
	if err != nil {
		panic(fmt.Sprintf("variables of %s: %v", c.Name, err)) // strings always encode
	}
	if len(measured) > maxEnvironment {
		return badParameter(trouble+"exceeded the 4KB limit. String measured: %s", measured)
	}
	return nil
}
