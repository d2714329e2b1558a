// Command infra is a small program with the parts that the command looks for.
package main

import (
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"example/infra/serverless"
	"example/infra/settings"
)

// stack declares the stack.
func stack(ctx *pulumi.Context, config settings.Settings, code map[string]string) (pulumi.Map, error) {
	env, err := serverless.NewEnvironment(ctx, "main", environmentArgs(config))
	if err != nil {
		return nil, err
	}
	function := func(name string, variables pulumi.StringMap) (*serverless.Function, error) {
		return serverless.NewFunction(env, name, functionArgs(config, code[name], variables))
	}

	numbers, err := serverless.NewTopic(env, "numbers", nil) // the topic of numbers
	if err != nil {
		return nil, err
	}
	table, err := serverless.NewTable(env, "sums", &serverless.TableArgs{Key: "id"})
	if err != nil {
		return nil, err
	}
	jobs, err := serverless.NewQueue(env, "jobs", nil)
	if err != nil {
		return nil, err
	}
	work, err := serverless.NewQueue(env, "work", nil)
	if err != nil {
		return nil, err
	}
	worker, err := function("worker", nil)
	if err != nil {
		return nil, err
	}
	if err := work.Invoke(worker, nil); err != nil {
		return nil, err
	}

	// HTTP: get-sum returns a sum.
	getSum, err := function("get-sum", nil)
	if err != nil {
		return nil, err
	}
	// The API is last, after its functions.
	api, err := serverless.NewAPI(env, "api", apiArgs(config,
		serverless.Route{Key: "GET /sums/{id}", Function: getSum}, // with an ID
	))
	if err != nil {
		return nil, err
	}

	outputs := pulumi.Map{
		"apiUrl":        api.URL,
		"sumsTableName": table.Name, // for people
	}
	outputs["failures"] = env.Failures()
	return outputs, env.Complete()
}
