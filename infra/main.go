// Command infra is the Pulumi program of tally: it compiles the functions and
// provisions every AWS resource of one stack.
package main

import (
	"fmt"
	"strconv"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/bundle"
	"tally/infra/serverless"
	"tally/infra/settings"
)

func main() { pulumi.Run(program) }

// program loads the configuration, compiles the functions and declares the
// stack. It registers no resource unless the first two succeed.
func program(ctx *pulumi.Context) error {
	config, err := settings.Load(ctx.Project(), ctx.Stack())
	if err != nil {
		return err
	}
	if config.Target == settings.Local {
		if err := requireLocalCloud(); err != nil {
			return err
		}
	}
	code, err := bundle.Build(ctx.Context(), config.Platform())
	if err != nil {
		return err
	}
	if config.NotifyURL == "" {
		delete(code, notifyFunction)
	}
	if err := config.CheckConcurrency(ctx.Project(), len(code)); err != nil {
		return err
	}
	outputs, err := stack(ctx, config, code)
	for name, value := range outputs {
		ctx.Export(name, value)
	}
	return err
}

type (
	// grant allows a function to use something, such as Table.GrantRead.
	grant = func(*serverless.Function, ...pulumi.ResourceOption) error
	// newFunction creates a function with variables and grants.
	newFunction = func(name string, variables pulumi.StringMap, grants ...grant) (*serverless.Function, error)
)

// stack declares every resource and returns the stack's outputs. code holds the
// path of each function's archive by the function's name.
func stack(ctx *pulumi.Context, config settings.Settings, code map[string]string) (pulumi.Map, error) {
	env, err := serverless.NewEnvironment(ctx, "main", environmentArgs(config))
	if err != nil {
		return nil, err
	}
	functions := pulumi.StringMap{} // their physical names
	function := func(name string, variables pulumi.StringMap, grants ...grant) (*serverless.Function, error) {
		archive, ok := code[name]
		if !ok {
			return nil, fmt.Errorf("function %s has no code: there is no folder functions/%[1]s", name)
		}
		f, err := serverless.NewFunction(env, name, functionArgs(config, archive, variables))
		if err != nil {
			return nil, err
		}
		functions[name] = f.Name
		for _, allow := range grants {
			if err := allow(f); err != nil {
				return nil, err
			}
		}
		return f, nil
	}

	// What the functions share: the topics of numbers and of sums, and the table that
	// remembers each sum until it expires.
	numbers, err := serverless.NewTopic(env, "numbers", nil)
	if err != nil {
		return nil, err
	}
	sums, err := serverless.NewTopic(env, "sums", &serverless.TopicArgs{Email: optional(config.SumsEmail), Webhook: optional(config.SumsWebhook)})
	if err != nil {
		return nil, err
	}
	table, err := serverless.NewTable(env, "sums", &serverless.TableArgs{Key: "id", TTL: "expiresAt"})
	if err != nil {
		return nil, err
	}
	retention := pulumi.String(strconv.Itoa(config.SumsRetentionDays))

	// Messages: handle-message adds what arrives at numbers, records the sum in the
	// table and publishes it to sums. record-failure records what it failed to process.
	handleMessage, err := function("handle-message", pulumi.StringMap{
		"SUMS_TABLE": table.Name, "SUMS_RETENTION_DAYS": retention, "SUMS_TOPIC_ARN": sums.ARN,
	}, table.GrantWrite, sums.GrantPublish)
	if err != nil {
		return nil, err
	}
	recordFailure, err := function("record-failure", pulumi.StringMap{
		"SUMS_TABLE": table.Name, "SUMS_RETENTION_DAYS": retention, "FAILURES_QUEUE_URL": handleMessage.Failures.URL,
	}, table.GrantWrite)
	if err != nil {
		return nil, err
	}
	if err := handleMessage.OnFailure(recordFailure); err != nil {
		return nil, err
	}
	messages, err := numbers.Subscribe(handleMessage, subscriptionArgs(config))
	if err != nil {
		return nil, err
	}

	// HTTP: add-numbers responds with the sum. submit-numbers responds at once with
	// the location of the sum, where get-sum returns it.
	addNumbers, err := function("add-numbers", nil)
	if err != nil {
		return nil, err
	}
	submitNumbers, err := function("submit-numbers", pulumi.StringMap{
		"SUMS_TABLE": table.Name, "SUMS_RETENTION_DAYS": retention, "NUMBERS_TOPIC_ARN": numbers.ARN,
	}, table.GrantWrite, numbers.GrantPublish)
	if err != nil {
		return nil, err
	}
	getSum, err := function("get-sum", pulumi.StringMap{"SUMS_TABLE": table.Name}, table.GrantRead)
	if err != nil {
		return nil, err
	}
	api, err := serverless.NewAPI(env, "api", apiArgs(config,
		serverless.Route{Key: "POST /add", Function: addNumbers},
		serverless.Route{Key: "GET /add", Function: addNumbers},
		serverless.Route{Key: "POST /sums", Function: submitNumbers},
		serverless.Route{Key: "GET /sums/{id}", Function: getSum},
	))
	if err != nil {
		return nil, err
	}

	outputs := pulumi.Map{
		"functions":                functions,
		"rollout":                  pulumi.String(config.Functions.Rollout),
		"apiUrl":                   api.URL,
		"apiAuth":                  pulumi.String(config.API.Auth),
		"numbersTopicArn":          numbers.ARN,
		"sumsTopicArn":             sums.ARN,
		"sumsTableName":            table.Name,
		"alarmsTopicArn":           env.AlarmsTopicARN,
		"addNumbersFunction":       addNumbers.Name,
		"handleMessageFunction":    handleMessage.Name,
		"handleMessageLogGroup":    handleMessage.LogGroup,
		"handleMessageFailuresUrl": handleMessage.Failures.URL,
		"numbersRedriveUrl":        messages.Redrive.URL,
	}
	if config.SumsQueue {
		if err := queueSums(env, sums, outputs); err != nil {
			return nil, err
		}
	}
	if config.NotifyURL != "" {
		if err := notify(ctx, config.NotifyURL, sums, function); err != nil {
			return nil, err
		}
	}
	outputs["failures"] = env.Failures()
	return outputs, env.Complete()
}
