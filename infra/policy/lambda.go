package policy

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

const (
	function          = "aws:lambda/function:Function"
	permission        = "aws:lambda/permission:Permission"
	eventInvokeConfig = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
	eventSource       = "aws:lambda/eventSourceMapping:EventSourceMapping"
	alias             = "aws:lambda/alias:Alias"
)

var lambdaRules = []Rule{
	{
		Controls: []string{"Lambda.1", "CKV_AWS_301"}, Title: "functions allow no anonymous access",
		Types: []string{permission}, Property: "principal",
		Check: func(r Resource, _ Graph) error {
			if r.input("principal") == "*" {
				return errors.New("allows anyone to invoke the function")
			}
			return nil
		},
	},
	{
		Controls: []string{"CKV_AWS_364"}, Title: "services may invoke a function only on behalf of one resource or account",
		Types: []string{permission}, Property: "sourceArn, sourceAccount",
		Check: func(r Resource, _ Graph) error {
			if principal, _ := r.input("principal").(string); strings.HasSuffix(principal, ".amazonaws.com") && !r.has("sourceArn") && !r.has("sourceAccount") {
				return fmt.Errorf("allows %s to invoke the function on behalf of any account", principal)
			}
			return nil
		},
	},
	{
		Controls: []string{"TALLY.1"}, Title: "functions are invoked through an alias, so that a version can be rolled back",
		Types: []string{permission, eventSource}, Property: "qualifier; functionName is an alias",
		Check: func(r Resource, all Graph) error {
			if r.Type == permission {
				return require("qualifier")(r, all)
			}
			if !refersTo(r, "functionName", alias) {
				return errors.New("invokes a function that is not an alias of this stack")
			}
			return nil
		},
	},
	{
		Controls: []string{"TALLY.6"}, Title: "a message that a function fails to process does not fail its batch, and is stored",
		Types: []string{eventSource}, Property: "functionResponseTypes, and the redrivePolicy of the queue or of a RedrivePolicy",
		Check: storesFailedMessages,
	},
	{
		Controls: []string{"Lambda.2", "CKV_AWS_363"}, Title: "functions use a supported runtime",
		Types: []string{function}, Property: "runtime",
		Check: func(r Resource, _ Graph) error {
			// Go requires an OS-only runtime; all others are deprecated.
			// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html
			if runtime := r.input("runtime"); runtime != "provided.al2023" {
				return fmt.Errorf("uses the runtime %v, not provided.al2023", runtime)
			}
			return nil
		},
	},
	{
		Controls: []string{"Lambda.6", "SNS.3", "SQS.2", "DynamoDB.5", "SecretsManager.5"}, Title: "resources are tagged with their project, environment, owner and cost centre",
		Types: []string{function, topic, queue, table, secret}, Property: "tags, and the provider's defaultTags",
		Check: hasRequiredTags,
	},
	{
		Controls: []string{"Lambda.7", "CKV_AWS_50"}, Title: "functions are traced by X-Ray",
		Types: []string{function}, Property: "tracingConfig.mode",
		Check: func(r Resource, _ Graph) error {
			if mode := r.input("tracingConfig", "mode"); mode != "Active" && mode != Unknown {
				return errors.New("is not traced")
			}
			return nil
		},
	},
	{
		Controls: []string{"CKV_AWS_45"}, Title: "environment variables hold no secrets",
		Types: []string{function}, Property: "environment.variables",
		Check: noSecrets,
	},
	{
		Controls: []string{"CKV_AWS_115"}, Title: "a function's concurrency is limited",
		Types: []string{function}, Property: "reservedConcurrentExecutions",
		Check: func(r Resource, _ Graph) error {
			if limit, ok := r.input("reservedConcurrentExecutions").(float64); ok && limit >= 0 || r.input("reservedConcurrentExecutions") == Unknown {
				return nil
			}
			return errors.New("may use all of the account's concurrency")
		},
	},
	{
		Controls: []string{"CKV_AWS_116"}, Title: "events that a function fails to process are stored",
		Types: []string{function}, Property: "deadLetterConfig, or onFailure of its FunctionEventInvokeConfig",
		Check: func(r Resource, all Graph) error {
			if r.has("deadLetterConfig", "targetArn") {
				return nil
			}
			for _, c := range all.siblings(r, eventInvokeConfig) {
				if c.has("destinationConfig", "onFailure", "destination") {
					return nil
				}
			}
			return errors.New("loses the events that it fails to process")
		},
	},
	{
		Controls: []string{"CKV_AWS_117"}, Title: "functions run in a VPC",
		Types: []string{function}, Property: "vpcConfig",
		Check: require("vpcConfig"),
	},
	{
		Controls: []string{"CKV_AWS_173"}, Title: "environment variables are encrypted with a customer-managed key",
		Types: []string{function}, Property: "kmsKeyArn",
		Check: func(r Resource, all Graph) error {
			if !r.has("environment", "variables") {
				return nil
			}
			return require("kmsKeyArn")(r, all)
		},
	},
	{
		Controls: []string{"CKV_AWS_272"}, Title: "code is signed",
		Types: []string{function}, Property: "codeSigningConfigArn",
		Check: require("codeSigningConfigArn"),
	},
}

// refersTo reports whether an input contains an output of a resource of a type.
func refersTo(r Resource, input, kind string) bool {
	return slices.ContainsFunc(r.References[input], func(to string) bool { return strings.HasPrefix(to, kind+" ") })
}

// storesFailedMessages returns an error if the mapping retries whole batches, or if its
// queue has no dead-letter queue.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
func storesFailedMessages(r Resource, all Graph) error {
	types, _ := r.input("functionResponseTypes").([]any)
	if !slices.Contains(types, any("ReportBatchItemFailures")) && r.input("functionResponseTypes") != Unknown {
		return errors.New("retries a whole batch because of one message: set functionResponseTypes to ReportBatchItemFailures")
	}
	for _, q := range all {
		isSource := q.Type == queue && slices.Contains(r.References["eventSourceArn"], q.Type+" "+q.Name)
		if isSource && (q.has("redrivePolicy") || len(all.siblings(q, redrive)) > 0) {
			return nil
		}
	}
	return errors.New("polls no queue of this stack that has a redrivePolicy, so a message that always fails is retried until it is lost")
}

// noSecrets returns an error if the value of an environment variable has the
// form of a key, or if its name suggests a secret and the value is not an ARN.
func noSecrets(r Resource, _ Graph) error {
	variables, _ := r.input("environment", "variables").(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(variables)) {
		value, ok := variables[name].(string)
		switch {
		case ok && secretForm.MatchString(value):
			return fmt.Errorf("has an access key or a private key in the environment variable %s", name)
		case ok && value != "" && value != Unknown && !strings.HasPrefix(value, "arn:") && secretName.MatchString(name):
			return fmt.Errorf("has a secret in the environment variable %s: pass the ARN of a secret instead", name)
		}
	}
	return nil
}

var (
	secretForm = regexp.MustCompile(`\b(AKIA|ASIA)[A-Z0-9]{16}\b|-----BEGIN [A-Z ]*PRIVATE KEY-----`)
	secretName = regexp.MustCompile(`(?i)(^|_)(passw(or)?d|secret|token|api_?key|private_?key|access_?key(_id)?)$`)
)
