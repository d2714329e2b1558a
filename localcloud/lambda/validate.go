package lambda

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// The functions in this file check only the form of values. They fail with
// ValidationException if a value does not conform to the API's model, and with
// InvalidParameterValueException if it does but is invalid nevertheless.

// MaxFunctionName is the maximum length of a function's name.
const MaxFunctionName = 64

// runtimes are the supported runtimes, whose bundles contain everything but the
// operating system.
var runtimes = []string{"provided.al2023", "provided.al2"}

// reservedVariables are the environment variables that only Lambda may set.
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
	plainName    = lazily(`^[a-zA-Z0-9-_]{1,64}$`)
	rolePattern  = regexp.MustCompile(`^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$`)
	handlerName  = lazily(`^[^\s]{1,128}$`)
	logGroupName = lazily(`^[a-zA-Z0-9_/.\-#]{1,512}$`)
	variableName = regexp.MustCompile(`^[a-zA-Z]([a-zA-Z0-9_])+$`)
	keyARN       = regexp.MustCompile(`^arn:aws[a-zA-Z-]*:kms:[a-z0-9-]+:\d{12}:(key|alias)/.+$`)
)

// lazily returns a pattern that is compiled when it is first used, because one with large
// counts takes up to a millisecond and 350 kB, also in processes that never use it.
func lazily(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// violated returns the error of a value that does not conform to the API's model.
func violated(value any, parameter, rule string, args ...any) *cloud.Error {
	return cloud.Violated("ValidationException", value, parameter, rule, args...)
}

// badParameter returns the error of a value that conforms to the API's model but is
// invalid.
func badParameter(format string, args ...any) *cloud.Error {
	return cloud.Errorf(http.StatusBadRequest, "InvalidParameterValueException", format, args...)
}

// match returns an error if the value does not match the pattern. As on AWS, the
// error shows the pattern without its anchors.
func match(pattern *regexp.Regexp, parameter, value string) error {
	if !pattern.MatchString(value) {
		return violated(value, parameter, "Member must satisfy regular expression pattern: %s",
			strings.TrimSuffix(strings.TrimPrefix(pattern.String(), "^"), "$"))
	}
	return nil
}

// atMost returns an error if the value has more characters than max.
func atMost(parameter, value string, max int) error {
	if utf8.RuneCountInString(value) > max {
		return violated(value, parameter, "Member must have length less than or equal to %d", max)
	}
	return nil
}

func between(parameter string, value, low, high int) error {
	return cloud.CheckRange("ValidationException", parameter, value, low, high)
}

func oneOf(parameter, value string, allowed ...string) error {
	if !slices.Contains(allowed, value) {
		return violated(value, parameter, "Member must satisfy enum value set: [%s]", strings.Join(allowed, ", "))
	}
	return nil
}

// Validate checks a function's configuration as a whole, including its defaults.
// It checks neither the role's trust policy nor the code.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
func Validate(c Config) error {
	c = c.withDefaults()
	return cmp.Or(
		CheckFunctionName(c.Name), CheckRole(c.Role), CheckHandler(c.Handler), CheckDescription(c.Description), CheckLogGroup(c.LogGroup),
		CheckRuntime(c.Runtime), CheckArchitectures(c.Architectures),
		CheckMemorySize(c.MemoryMB), CheckTimeout(c.TimeoutSeconds), CheckEphemeralStorage(c.EphemeralMB), CheckReservedConcurrency(c.ReservedConcurrency),
		CheckLogFormat(c.LogFormat), CheckLogLevels(c.LogFormat, c.ApplicationLogLevel, c.SystemLogLevel), CheckTracingMode(c.TracingMode),
		CheckDeadLetterTarget(c.DeadLetterTargetARN), CheckKMSKeyARN(c.KMSKeyARN), CheckEncryption(c.KMSKeyARN, c.Environment), CheckVariables(c.Environment), CheckTags(c.Tags),
	)
}

// CheckFunctionName accepts 1 to 64 letters, digits, hyphens and underscores.
func CheckFunctionName(name string) error { return match(plainName(), "functionName", name) }

// CheckRole accepts the ARN of a role.
func CheckRole(arn string) error { return match(rolePattern, "role", arn) }

// CheckHandler accepts 1 to 128 characters that are not white space.
func CheckHandler(name string) error { return match(handlerName(), "handler", name) }

// CheckDescription accepts up to 256 characters.
func CheckDescription(text string) error { return atMost("description", text, 256) }

// CheckLogGroup accepts the name of a log group.
func CheckLogGroup(name string) error { return match(logGroupName(), "loggingConfig.logGroup", name) }

// CheckRuntime accepts the OS-only runtimes.
func CheckRuntime(name string) error {
	if !slices.Contains(runtimes, name) {
		return badParameter("Value %s at 'runtime' failed to satisfy constraint: Member must satisfy enum value set: [%s]. "+
			"The local cloud runs only OS-only runtimes, whose bundles contain an executable named bootstrap.",
			name, strings.Join(runtimes, ", "))
	}
	return nil
}

// CheckArchitectures accepts exactly one of "x86_64" and "arm64".
func CheckArchitectures(names []string) error {
	if len(names) != 1 || names[0] != "x86_64" && names[0] != "arm64" {
		return violated("["+strings.Join(names, ", ")+"]", "architectures",
			"Member must satisfy constraint: [Member must satisfy enum value set: [x86_64, arm64]], exactly one")
	}
	return nil
}

// CheckMemorySize accepts 128 to 10,240 MiB.
func CheckMemorySize(megabytes int) error { return between("memorySize", megabytes, 128, 10240) }

// CheckTimeout accepts 1 to 900 seconds.
func CheckTimeout(seconds int) error { return between("timeout", seconds, 1, 900) }

// CheckEphemeralStorage accepts 512 to 10,240 MiB.
func CheckEphemeralStorage(megabytes int) error {
	return between("ephemeralStorage.size", megabytes, 512, 10240)
}

// CheckReservedConcurrency accepts -1, which means no reservation, and any number
// that leaves functions without a reservation the minimum that AWS guarantees.
func CheckReservedConcurrency(executions int) error {
	switch {
	case executions < -1:
		return violated(executions, "reservedConcurrentExecutions", "Member must have value greater than or equal to 0, or be -1 for none")
	case executions > accountConcurrency-minUnreserved:
		return badParameter("Specified ReservedConcurrentExecutions for function decreases account's "+
			"UnreservedConcurrentExecution below its minimum value of [%d].", minUnreserved)
	}
	return nil
}

// CheckLogFormat accepts "Text" and "JSON".
func CheckLogFormat(format string) error {
	return oneOf("loggingConfig.logFormat", format, "Text", "JSON")
}

// CheckApplicationLogLevel accepts "TRACE" to "FATAL".
func CheckApplicationLogLevel(level string) error {
	return oneOf("loggingConfig.applicationLogLevel", level, logLevels...)
}

// CheckSystemLogLevel accepts "DEBUG", "INFO" and "WARN".
func CheckSystemLogLevel(level string) error {
	return oneOf("loggingConfig.systemLogLevel", level, systemLogLevels...)
}

// CheckLogLevels accepts the log levels of a function, "" for the default. Only the
// format "JSON" can have log levels.
func CheckLogLevels(format, application, system string) error {
	if format != "JSON" && (application != "" || system != "") {
		return badParameter("To use log-level filtering, the log format must be JSON, not %s.", format)
	}
	return cmp.Or(CheckApplicationLogLevel(cmp.Or(application, "INFO")), CheckSystemLogLevel(cmp.Or(system, "INFO")))
}

// CheckTracingMode accepts "Active" and "PassThrough".
func CheckTracingMode(mode string) error {
	return oneOf("tracingConfig.mode", mode, "Active", "PassThrough")
}

// CheckDeadLetterTarget accepts the ARN of a standard queue or topic, and "" for none.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
func CheckDeadLetterTarget(arn string) error {
	if service := cloud.ServiceOf(arn); arn != "" && service != "sqs" && service != "sns" {
		return violated(arn, "deadLetterConfig.targetArn", "Member must be the ARN of a queue or topic")
	}
	return checkStandard(arn)
}

// checkStandard refuses a FIFO queue or topic. AWS accepts it, but cannot send to it.
func checkStandard(arn string) error {
	if strings.HasSuffix(arn, ".fifo") {
		return badParameter("Lambda cannot send to %s, because it sends only to standard queues and topics. AWS would accept it, and lose every record.", arn)
	}
	return nil
}

// CheckKMSKeyARN accepts the ARN of a key or of its alias, and "" for none.
func CheckKMSKeyARN(arn string) error {
	if arn != "" && !keyARN.MatchString(arn) {
		return violated(arn, "kMSKeyArn", "Member must be the ARN of a key of AWS KMS")
	}
	return nil
}

// CheckEncryption refuses the alias of a key for a function with environment
// variables, which Lambda encrypts with a grant of the key itself.
//
// https://github.com/hashicorp/terraform/issues/20813
func CheckEncryption(keyARN string, variables map[string]string) error {
	if key, _ := cloud.ParseARN(keyARN); len(variables) > 0 && strings.HasPrefix(key.Resource, "alias/") {
		return invalidKey("InvalidArnException", "Key Aliases are not supported for this operation.")
	}
	return nil
}

// refuseKey returns the error for a function with environment variables and a key that
// KMS refuses with err, or nil if err is nil.
func refuseKey(err error) error {
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return invalidKey(e.Code, e.Message)
	}
	return err
}

func invalidKey(exception, message string) error {
	return badParameter("Lambda was unable to configure access to your environment variables because the KMS key is invalid for CreateGrant. "+
		"Please check your KMS key settings. KMS Exception: %s KMS Message: %s", exception, message)
}

// CheckVariables accepts environment variables whose names are not reserved and
// whose JSON encoding has at most 4 KiB.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
func CheckVariables(variables map[string]string) error {
	const prefix = "Lambda was unable to configure your environment variables because the environment variables you have provided "
	var reserved []string
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		switch {
		case slices.Contains(reservedVariables, name):
			reserved = append(reserved, name)
		case !variableName.MatchString(name):
			return violated(cloud.Hidden, "environment.variables", "Map keys must satisfy constraint: "+
				"[Member must satisfy regular expression pattern: [a-zA-Z]([a-zA-Z0-9_])+], unlike '%s'", name)
		case strings.ContainsRune(variables[name], 0):
			return badParameter(prefix+"contain a null character: %s", name)
		}
	}
	if len(reserved) > 0 {
		return badParameter(prefix+"contains reserved keys that are currently not supported for modification. "+
			"Reserved keys used in this request: %s", strings.Join(reserved, ", "))
	}
	measured, err := json.Marshal(variables)
	if err != nil {
		panic(fmt.Sprintf("encode environment variables: %v", err)) // strings always encode
	}
	if len(measured) > maxEnvironment {
		return badParameter(prefix+"exceeded the 4KB limit. String measured: %s", measured)
	}
	return nil
}

// CheckTags accepts up to 50 tags.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html
func CheckTags(tags map[string]string) error {
	if err := cloud.CheckTags(tags); err != nil {
		return badParameter("Tags: %v", err)
	}
	return nil
}
