// Package serverless provides the components of a serverless stack on AWS:
// Function, Topic, Queue, ExternalQueue, Table, Schedule and API, in an Environment
// that they share. Their defaults suit production: data is encrypted, access is private,
// alarms watch every component, and queues hold what failed. Relations between
// components are methods, and each creates exactly the permission it needs:
//
//	env, err := serverless.NewEnvironment(ctx, "main", &serverless.EnvironmentArgs{Region: pulumi.String("us-east-1")})
//	numbers, err := serverless.NewTopic(env, "numbers", nil)
//	sums, err := serverless.NewTopic(env, "sums", nil)
//	handle, err := serverless.NewFunction(env, "handle-message", &serverless.FunctionArgs{
//		Code: pulumi.NewFileArchive("../bin/functions/linux-arm64/handle-message.zip"),
//	})
//	subscription, err := numbers.Subscribe(handle, nil) // the topic invokes the function
//	err = sums.GrantPublish(handle)                     // the function may publish to the other topic
//
//	audit, err := serverless.NewQueue(env, "audit", nil)
//	_, err = sums.Subscribe(audit, &serverless.SubscriptionArgs{RawMessageDelivery: true})
//
//	orders, err := serverless.NewQueue(env, "orders", nil)
//	err = orders.Invoke(handle, nil) // Lambda invokes the function with the queue's messages
//
//	external, err := serverless.NewExternalQueue(env, "external-sums", &serverless.ExternalQueueArgs{ARN: arn})
//	err = external.Invoke(handle, nil) // the same for a queue of another stack
//
//	table, err := serverless.NewTable(env, "sums", &serverless.TableArgs{Key: "id"})
//	err = table.GrantWrite(handle)      // the function may create and change items
//	err = handle.OnFailure(recordFailure) // what the function fails to process goes to another function first
//
//	_, err = serverless.NewSchedule(env, "hourly", &serverless.ScheduleArgs{Expression: "rate(1 hour)", Function: handle})
//
//	api, err := serverless.NewAPI(env, "api", &serverless.APIArgs{Routes: []serverless.Route{
//		{Key: "POST /add", Function: handle}, // the API may invoke the function for this route
//	}})
//	err = env.Complete() // last: creates the queues' policies and a dashboard
//
// # Names
//
// The Pulumi name of every resource starts with the names of its environment and
// its component. Pulumi generates the physical names. With the pattern below in
// Pulumi.yaml, these start with the project and the stack, as do the names that
// components set themselves: those of log groups, the key's alias and the
// dashboard. One ARN pattern, PROJECT-STACK-ENVIRONMENT-*, then covers an
// environment of a stack, and nothing of another stack:
//
//	config:
//	  pulumi:autonaming:
//	    value:
//	      pattern: ${project}-${stack}-${name}-${hex(7)}
//
// Constructors refuse names that would be too long for AWS with this pattern.
//
// https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming-configuration
//
// # Inputs and options
//
// An optional input that is nil has the documented default. Constructors check
// plain values immediately and inputs as soon as they are known, so that an
// invalid value fails the preview.
//
// Constructors and relations take resource options. Those of a constructor
// apply to the component, and its children inherit them as Pulumi defines.
// Those of a relation apply to each resource that it creates. A transformation
// can change any property of any resource of a component; see the example.
package serverless
