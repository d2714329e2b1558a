// Package serverless holds the components a stack is made of: a Function, a
// Topic and an API, in the Environment they share. Their defaults are those of
// production: encrypted, private, watched, and with a queue for whatever fails.
// Relations between them are methods, and each creates exactly the permission
// it needs:
//
//	env, err := serverless.NewEnvironment(ctx, &serverless.EnvironmentArgs{Region: "us-east-1"})
//	numbers, err := serverless.NewTopic(env, "numbers", nil)
//	sums, err := serverless.NewTopic(env, "sums", nil)
//	handle, err := serverless.NewFunction(env, "handle-message", &serverless.FunctionArgs{
//		Code: pulumi.NewFileArchive("../bin/functions/linux-arm64/handle-message.zip"),
//	})
//	subscription, err := numbers.Subscribe(handle, nil) // the topic may invoke the function, and does
//	err = sums.GrantPublish(handle)                     // the function may publish to the other topic
//
//	api, err := serverless.NewAPI(env, "api", &serverless.APIArgs{Routes: []serverless.Route{
//		{Key: "POST /add", Function: handle}, // the API may invoke it on this route
//	}})
//	err = env.Dashboard() // last: it shows what there is
//
// Physical names are Pulumi's: the name given here and a random suffix, so that
// stacks share an account.
package serverless
