// Command infra is the Pulumi program of tally: it compiles the functions and
// provisions every AWS resource of one stack.
package main

import (
	"fmt"

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
	if err := config.CheckConcurrency(ctx.Project(), len(code)); err != nil {
		return err
	}
	outputs, err := stack(ctx, config, code)
	for name, value := range outputs {
		ctx.Export(name, value)
	}
	return err
}

// stack declares every resource and returns the stack's outputs. code holds the
// path of each function's archive by the function's name.
func stack(ctx *pulumi.Context, config settings.Settings, code map[string]string) (pulumi.Map, error) {
	env, err := serverless.NewEnvironment(ctx, "main", environmentArgs(config))
	if err != nil {
		return nil, err
	}
	functions := pulumi.StringMap{} // their physical names
	function := func(name string, variables pulumi.StringMap) (*serverless.Function, error) {
		archive, ok := code[name]
		if !ok {
			return nil, fmt.Errorf("function %s has no code: there is no folder functions/%[1]s", name)
		}
		f, err := serverless.NewFunction(env, name, functionArgs(config, archive, variables))
		if err != nil {
			return nil, err
		}
		functions[name] = f.Name
		return f, nil
	}

	// Messages: handle-message adds what arrives at numbers and publishes to
	// sums.
	numbers, err := serverless.NewTopic(env, "numbers", nil)
	if err != nil {
		return nil, err
	}
	sums, err := serverless.NewTopic(env, "sums", &serverless.TopicArgs{Email: optional(config.SumsEmail), Webhook: optional(config.SumsWebhook)})
	if err != nil {
		return nil, err
	}
	handleMessage, err := function("handle-message", pulumi.StringMap{"SUMS_TOPIC_ARN": sums.ARN})
	if err != nil {
		return nil, err
	}
	if err := sums.GrantPublish(handleMessage); err != nil {
		return nil, err
	}
	messages, err := numbers.Subscribe(handleMessage, nil)
	if err != nil {
		return nil, err
	}

	// HTTP: add-numbers responds to POST /add and GET /add with the sum.
	addNumbers, err := function("add-numbers", nil)
	if err != nil {
		return nil, err
	}
	api, err := serverless.NewAPI(env, "api", apiArgs(config,
		serverless.Route{Key: "POST /add", Function: addNumbers},
		serverless.Route{Key: "GET /add", Function: addNumbers},
	))
	if err != nil {
		return nil, err
	}

	return pulumi.Map{
		"functions":                functions,
		"rollout":                  pulumi.String(config.Functions.Rollout),
		"apiUrl":                   api.URL,
		"apiAuth":                  pulumi.String(config.API.Auth),
		"numbersTopicArn":          numbers.ARN,
		"sumsTopicArn":             sums.ARN,
		"alarmsTopicArn":           env.AlarmsTopicARN,
		"addNumbersFunction":       addNumbers.Name,
		"handleMessageFunction":    handleMessage.Name,
		"handleMessageLogGroup":    handleMessage.LogGroup,
		"handleMessageFailuresUrl": handleMessage.Failures.URL,
		"numbersRedriveUrl":        messages.Redrive.URL,
		"failures":                 env.Failures(),
	}, env.Complete()
}
