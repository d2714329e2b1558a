// Package serverless holds the components a stack is made of: a Function, a
// Topic and an API. Relations between them are methods, and each creates
// exactly the permission it needs:
//
//	numbers, err := serverless.NewTopic(ctx, "numbers")
//	sums, err := serverless.NewTopic(ctx, "sums")
//	handle, err := serverless.NewFunction(ctx, "handle-message", &serverless.FunctionArgs{
//		Code: pulumi.NewFileArchive("../bin/functions/linux-arm64/handle-message.zip"),
//	})
//	err = numbers.Subscribe(handle) // the topic may invoke the function, and does
//	err = sums.GrantPublish(handle) // the function may publish to the other topic
//
//	api, err := serverless.NewAPI(ctx, "api")
//	err = api.Route("POST /add", handle) // the API may invoke it on this route
//
// Physical names are Pulumi's: the name given here and a random suffix, so that
// stacks share an account.
package serverless
