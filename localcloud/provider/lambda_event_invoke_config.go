package provider

import (
	"context"
	"strings"

	"tally/localcloud/lambda"
	"tally/localcloud/provider/schema"
)

// eventInvokeConfig returns the type of the configurations of asynchronous
// invocations. Their ID, also in imports, is "function" or "function:qualifier".
func eventInvokeConfig(service *lambda.Service) *Resource {
	put := func(in schema.Values) (map[string]any, error) {
		to := in.Object("destinationConfig")
		c, err := service.PutEventInvokeConfig(lambda.EventInvokeConfig{
			Function: in.String("functionName"), Qualifier: in.String("qualifier"),
			MaxRetryAttempts: in.Int("maximumRetryAttempts"), MaxEventAgeSeconds: in.Int("maximumEventAgeInSeconds"),
			OnFailure: to.Object("onFailure").String("destination"), OnSuccess: to.Object("onSuccess").String("destination"),
		})
		return liveEventInvokeConfig(in.String("functionName"), in.String("qualifier"), c), err
	}
	destination := []schema.Property{{Name: "destination", Required: true, Check: text(lambda.CheckDestination)}}
	return &Resource{
		Type: schema.Type{
			Token: "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig", Noun: "Lambda Function Event Invoke Config",
			Inputs: []schema.Property{
				{Name: "destinationConfig", Kind: schema.Object, Properties: []schema.Property{
					{Name: "onFailure", Kind: schema.Object, Properties: destination},
					{Name: "onSuccess", Kind: schema.Object, Properties: destination}}},
				{Name: "functionName", Required: true, ForceNew: true, Check: functionReference},
				{Name: "maximumEventAgeInSeconds", Kind: schema.Int, Check: whole(lambda.CheckMaximumEventAge)},
				{Name: "maximumRetryAttempts", Kind: schema.Int, Default: 2, Check: whole(lambda.CheckMaximumRetryAttempts)},
				{Name: "qualifier", ForceNew: true, Check: text(lambda.CheckQualifier)},
			},
			Together: checkQualifier("functionName", lambda.CheckFunction),
		},
		ID: func(in schema.Values) string { return qualify(in.String("functionName"), in.String("qualifier")) },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			live, err := put(in)
			return plannedID(ctx), live, err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			function, qualifier := state.String("functionName"), state.String("qualifier")
			if function == "" {
				to, err := service.Resolve(id, "")
				if err != nil {
					return "", nil, err
				}
				function, qualifier = strings.TrimSuffix(id, ":"+to.Qualifier), to.Qualifier
			}
			c, err := service.EventInvokeConfig(function, qualifier)
			return id, liveEventInvokeConfig(function, qualifier, c), err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) { return put(in) },
		Delete: func(_ context.Context, _ string, state schema.Values) error {
			return service.DeleteEventInvokeConfig(state.String("functionName"), state.String("qualifier"))
		},
	}
}

// liveEventInvokeConfig returns the live configuration, with the name of the
// function as the program gives it.
func liveEventInvokeConfig(function, qualifier string, c lambda.EventInvokeConfig) map[string]any {
	destinations := map[string]any{}
	for name, arn := range map[string]string{"onFailure": c.OnFailure, "onSuccess": c.OnSuccess} {
		if arn != "" {
			destinations[name] = map[string]any{"destination": arn}
		}
	}
	live := map[string]any{
		"functionName": function, "qualifier": orNil(qualifier), "destinationConfig": nil,
		"maximumRetryAttempts": c.MaxRetryAttempts, "maximumEventAgeInSeconds": orNil(c.MaxEventAgeSeconds),
	}
	if len(destinations) > 0 {
		live["destinationConfig"] = destinations
	}
	return live
}
