package provider

import (
	"context"
	"fmt"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/provider/schema"
)

// lambdaAlias returns the type of the aliases of functions. Their ID is their ARN,
// and they are imported by "function/alias".
func lambdaAlias(place cloud.Place, service *lambda.Service) *Resource {
	live := func(function string, a lambda.Alias) map[string]any {
		var routing any
		if len(a.AdditionalVersionWeights) > 0 {
			routing = map[string]any{"additionalVersionWeights": a.AdditionalVersionWeights}
		}
		return map[string]any{
			"functionName": function, "name": a.Name, "functionVersion": a.Version, "description": orNil(a.Description), "routingConfig": routing,
			"arn": a.ARN, "invokeArn": invokeARN(place, a.ARN),
		}
	}
	wanted := func(in schema.Values) lambda.Alias {
		return lambda.Alias{
			Name: in.String("name"), Function: in.String("functionName"), Version: in.String("functionVersion"), Description: in.String("description"),
			AdditionalVersionWeights: in.Object("routingConfig").Numbers("additionalVersionWeights"),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:lambda/alias:Alias", Noun: "Lambda Alias",
			Inputs: []schema.Property{
				{Name: "description", Check: text(lambda.CheckDescription)},
				{Name: "functionName", Required: true, ForceNew: true, Check: functionReference},
				{Name: "functionVersion", Required: true, Check: text(lambda.CheckFunctionVersion)},
				{Name: "name", AutoName: lambda.MaxAliasName, ForceNew: true, Check: text(lambda.CheckAliasName)},
				{Name: "routingConfig", Kind: schema.Object, Properties: []schema.Property{
					{Name: "additionalVersionWeights", Kind: schema.Numbers}}},
			},
			Outputs: []schema.Output{{Name: "arn"}, {Name: "invokeArn"}},
			Together: func(in schema.Values, fail schema.Fail) {
				weights := in.Object("routingConfig").Numbers("additionalVersionWeights")
				if err := lambda.CheckRouting(in.String("functionVersion"), weights); err != nil {
					fail("routingConfig.additionalVersionWeights", "%s", err)
				}
			},
		},
		ID: func(in schema.Values) string {
			to, _ := service.Resolve(in.String("functionName"), in.String("name")) // after an error, the creation will fail
			return to.ARN
		},
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			a, err := service.CreateAlias(wanted(in))
			return a.ARN, live(in.String("functionName"), a), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			function, name := state.String("functionName"), state.String("name")
			if function == "" {
				var ok bool
				if function, name, ok = strings.Cut(id, "/"); !ok {
					return "", nil, fmt.Errorf("an alias is imported by \"function/alias\", not %q", id)
				}
			}
			a, err := service.Alias(function, name)
			return a.ARN, live(function, a), err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			a, err := service.UpdateAlias(wanted(in))
			return live(in.String("functionName"), a), err
		},
		Delete: func(_ context.Context, _ string, state schema.Values) error {
			return service.DeleteAlias(state.String("functionName"), state.String("name"))
		},
	}
}

// functionReference accepts names and ARNs of functions.
func functionReference(v any) error { return lambda.CheckFunction(v.(string), "") }

// checkQualifier refuses a qualifier that contradicts the one in the name of the
// function.
func checkQualifier(function string, check func(function, qualifier string) error) func(schema.Values, schema.Fail) {
	return func(in schema.Values, fail schema.Fail) {
		if !in.Has(function) {
			return
		}
		if err := check(in.String(function), in.String("qualifier")); err != nil {
			fail("qualifier", "%s", err)
		}
	}
}
