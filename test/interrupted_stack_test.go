package test

import (
	"errors"
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// anything is a resource of any type.
type anything struct {
	pulumi.CustomResourceState
	ARN     pulumi.StringOutput `pulumi:"arn"`
	Version pulumi.StringOutput `pulumi:"version"`
}

const partResources = 10

// unrepeatable returns the program of a stack in which nothing can be created twice: names
// are fixed, and a function or an API can have each part only once. The functions have the
// code in that folder, and never run. The stack has that many parts, of partResources each.
func unrepeatable(code string, parts *int) pulumi.RunFunc {
	return func(ctx *pulumi.Context) (err error) {
		add := func(token, name string, inputs pulumi.Map) *anything {
			r := &anything{}
			err = errors.Join(err, ctx.RegisterResource(token, name, inputs, r))
			return r
		}
		api := add("aws:apigatewayv2/api:Api", "api", pulumi.Map{"name": pulumi.String("api"), "protocolType": pulumi.String("HTTP")})
		add("aws:apigatewayv2/stage:Stage", "stage", pulumi.Map{"apiId": api.ID(), "name": pulumi.String("$default"), "autoDeploy": pulumi.Bool(true)})
		for part := range *parts {
			name := fmt.Sprint("part", part)
			fixed := pulumi.String(name)
			topic := add("aws:sns/topic:Topic", name, pulumi.Map{"name": fixed})
			queue := add("aws:sqs/queue:Queue", name, pulumi.Map{"name": fixed})
			add("aws:sns/topicSubscription:TopicSubscription", name, pulumi.Map{
				"topic": topic.ARN, "protocol": pulumi.String("sqs"), "endpoint": queue.ARN,
			})
			add("aws:cloudwatch/logGroup:LogGroup", name, pulumi.Map{"name": fixed})
			role := add("aws:iam/role:Role", name, pulumi.Map{"name": fixed, "assumeRolePolicy": pulumi.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
			function := add("aws:lambda/function:Function", name, pulumi.Map{
				"name": fixed, "role": role.ARN, "runtime": pulumi.String("provided.al2023"), "handler": pulumi.String("bootstrap"),
				"code": pulumi.NewFileArchive(code), "publish": pulumi.Bool(true),
			})
			add("aws:lambda/alias:Alias", name, pulumi.Map{
				"name": pulumi.String("live"), "functionName": function.ARN, "functionVersion": function.Version,
			})
			add("aws:lambda/permission:Permission", name, pulumi.Map{
				"function": function.ARN, "statementId": fixed, "action": pulumi.String("lambda:InvokeFunction"), "principal": pulumi.String("apigateway.amazonaws.com"),
			})
			integration := add("aws:apigatewayv2/integration:Integration", name, pulumi.Map{
				"apiId": api.ID(), "integrationType": pulumi.String("AWS_PROXY"), "integrationUri": function.ARN, "payloadFormatVersion": pulumi.String("2.0"),
			})
			add("aws:apigatewayv2/route:Route", name, pulumi.Map{
				"apiId": api.ID(), "routeKey": pulumi.String("GET /" + name), "target": pulumi.Sprintf("integrations/%s", integration.ID()),
			})
		}
		return err
	}
}
