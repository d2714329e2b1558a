// Command kill is the Pulumi program of a stack with every way that a message can take:
//
//	HTTP → function ─┐
//	    publishers → topic → function, queue, dead-letter queue of a subscription
//	       senders → queue → dead-letter queue
//	       callers → asynchronous invocation → function, on-failure destination
package main

import (
	"errors"
	"runtime"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/bundle"
	"tally/infra/serverless"
)

func main() { pulumi.Run(program) }

func program(ctx *pulumi.Context) error {
	code, err := bundle.Build(ctx.Context(), bundle.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}, "witness")
	if err != nil {
		return err
	}
	witness, _ := ctx.GetConfig("kill:witness")
	env, err := serverless.NewEnvironment(ctx, "main", &serverless.EnvironmentArgs{Region: pulumi.String("us-east-1")})
	if err != nil {
		return err
	}
	topic, err := serverless.NewTopic(env, "messages", nil)
	if err != nil {
		return err
	}
	function := func(name string) *serverless.Function {
		f, e := serverless.NewFunction(env, name, &serverless.FunctionArgs{
			Code:         pulumi.NewFileArchive(code["witness"]),
			Architecture: pulumi.String(map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]),
			Retries:      pulumi.Int(1),
			Environment:  pulumi.StringMap{"WITNESS": pulumi.String(witness), "TOPIC": topic.ARN},
		})
		err = errors.Join(err, e)
		return f
	}
	front, see, fail, gone := function("front"), function("see"), function("fail"), function("gone")
	copies, e1 := serverless.NewQueue(env, "copies", &serverless.QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(2)})
	work, e2 := serverless.NewQueue(env, "work", &serverless.QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(1), MaxReceives: pulumi.Int(2)})
	if err := errors.Join(err, e1, e2); err != nil {
		return err
	}
	_, e1 = topic.Subscribe(see, nil)
	_, e2 = topic.Subscribe(copies, &serverless.SubscriptionArgs{RawMessageDelivery: true})
	subscription, e3 := topic.Subscribe(gone, nil) // the test deletes the function
	api, e4 := serverless.NewAPI(env, "api", &serverless.APIArgs{
		Routes:   []serverless.Route{{Key: "POST /", Function: front}},
		Auth:     serverless.Auth{Type: "none"},
		Throttle: serverless.Throttle{RatePerSecond: pulumi.Float64(10_000), Burst: pulumi.Int(5_000)},
	})
	if err := errors.Join(e1, e2, e3, e4, topic.GrantPublish(front)); err != nil {
		return err
	}
	for name, output := range map[string]pulumi.StringOutput{
		"api": api.URL, "topic": topic.ARN, "see": see.ARN, "fail": fail.ARN, "gone": gone.Name,
		"copies": copies.URL, "work": work.URL, "workDead": work.DeadLetters.URL,
		"failed": fail.Failures.URL, "undelivered": subscription.Redrive.URL,
	} {
		ctx.Export(name, output)
	}
	return env.Complete()
}
