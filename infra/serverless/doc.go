// Package serverless holds the components of a serverless stack on AWS: a
// Function, a Topic, a Queue and an API, in the Environment that they share.
// Their defaults are those of production: encrypted, private, watched by alarms,
// and with a queue for whatever fails. Relations between them are methods, and
// each creates exactly the permission it needs:
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
//	api, err := serverless.NewAPI(env, "api", &serverless.APIArgs{Routes: []serverless.Route{
//		{Key: "POST /add", Function: handle}, // the API may invoke the function for this route
//	}})
//	err = env.Complete() // last: the policies of queues, and a dashboard of all there is
//
// # Names
//
// The Pulumi name of every resource starts with the names of its environment and
// its component. Physical names are Pulumi's automatic ones; with this pattern
// in Pulumi.yaml they start with the project and the stack as well, as those do
// that components set themselves (of log groups, the key's alias and the
// dashboard). One ARN pattern, PROJECT-STACK-*, then covers a stack:
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
// An optional input that is nil has the documented default. Plain values are
// checked at once, inputs as soon as they are known, so that a wrong one fails
// the preview.
//
// Constructors and relations take resource options. Those of a constructor apply
// to the component, whose children inherit them as Pulumi defines it; those of a
// relation apply to each resource that it creates. With transformations, any
// property of any resource inside can be changed: see the example.
package serverless
