package provider

import (
	"context"
	"errors"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/provider/schema"
)

// functionURL returns the type of the URLs of functions and aliases. Their ID, also in
// imports, is "function" or "function/alias". Like the real provider, it allows everyone to
// use a URL that needs no signature, but not to invoke the function, for which AWS wants
// another permission since October 2025. The permission remains when the URL is deleted.
//
// https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
func functionURL(service *lambda.Service) *Resource {
	wanted := func(in schema.Values) lambda.FunctionURL {
		u := lambda.FunctionURL{
			Function: in.String("functionName"), Qualifier: in.String("qualifier"),
			AuthType: in.String("authorizationType"), InvokeMode: in.String("invokeMode"),
		}
		if in.Given("cors") {
			c := in.Object("cors")
			u.CORS = &lambda.CORS{
				AllowOrigins: c.Strings("allowOrigins"), AllowMethods: c.Strings("allowMethods"), AllowHeaders: c.Strings("allowHeaders"),
				ExposeHeaders: c.Strings("exposeHeaders"), AllowCredentials: c.Bool("allowCredentials"), MaxAgeSeconds: c.Int("maxAge"),
			}
		}
		return u
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:lambda/functionUrl:FunctionUrl", Noun: "Lambda Function URL",
			Inputs: []schema.Property{
				{Name: "authorizationType", Required: true, Check: text(lambda.CheckURLAuthType)},
				{Name: "cors", Kind: schema.Object, Properties: []schema.Property{
					{Name: "allowCredentials", Kind: schema.Bool},
					{Name: "allowHeaders", Kind: schema.List, Unordered: true, Check: texts(lambda.CheckCORSHeaders)},
					{Name: "allowMethods", Kind: schema.List, Unordered: true, Check: texts(lambda.CheckCORSMethods)},
					{Name: "allowOrigins", Kind: schema.List, Unordered: true, Check: texts(lambda.CheckCORSOrigins)},
					{Name: "exposeHeaders", Kind: schema.List, Unordered: true, Check: texts(lambda.CheckCORSExposedHeaders)},
					{Name: "maxAge", Kind: schema.Int, Check: whole(lambda.CheckCORSMaxAge)}}},
				{Name: "functionName", Required: true, ForceNew: true, Check: functionReference},
				{Name: "invokeMode", Default: "BUFFERED", Check: text(lambda.CheckInvokeMode)},
				{Name: "qualifier", ForceNew: true},
			},
			Outputs:  []schema.Output{{Name: "functionArn"}, {Name: "functionUrl"}, {Name: "urlId"}},
			Together: checkQualifier("functionName", lambda.CheckURLTarget),
		},
		ID: func(in schema.Values) string {
			return strings.TrimSuffix(in.String("functionName")+"/"+in.String("qualifier"), "/")
		},
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			u, err := service.CreateFunctionURL(wanted(in))
			if err == nil && u.AuthType == "NONE" {
				if err = allowEveryone(service, in); err != nil {
					err = errors.Join(err, service.DeleteFunctionURL(u.Function, u.Qualifier))
				}
			}
			return plannedID(ctx), liveFunctionURL(in, u), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			if !state.Has("functionName") {
				function, qualifier, _ := strings.Cut(id, "/")
				state = schema.Plain(properties(map[string]any{"functionName": function, "qualifier": orNil(qualifier)}))
			}
			u, err := service.FunctionURL(state.String("functionName"), state.String("qualifier"))
			return id, liveFunctionURL(state, u), err
		},
		Update: func(_ context.Context, _ string, _, in schema.Values) (map[string]any, error) {
			u, err := service.EditFunctionURL(in.String("functionName"), in.String("qualifier"), func(u *lambda.FunctionURL) {
				w := wanted(in)
				u.AuthType, u.InvokeMode, u.CORS = w.AuthType, w.InvokeMode, w.CORS
			})
			return liveFunctionURL(in, u), err
		},
		Delete: func(_ context.Context, _ string, state schema.Values) error {
			return service.DeleteFunctionURL(state.String("functionName"), state.String("qualifier"))
		},
	}
}

// allowEveryone adds the permission that the real provider adds, unless an earlier URL has
// left it.
func allowEveryone(service *lambda.Service, in schema.Values) error {
	err := service.AddPermission(in.String("functionName"), lambda.Permission{
		StatementID: "FunctionURLAllowPublicAccess", Qualifier: in.String("qualifier"), Action: "lambda:InvokeFunctionUrl",
		Principal: "*", FunctionURLAuthType: "NONE",
	})
	if cloud.ErrorCode(err) == "ResourceConflictException" {
		return nil
	}
	return err
}

// liveFunctionURL returns the live URL, with the name of the function as the program gives
// it.
func liveFunctionURL(in schema.Values, u lambda.FunctionURL) map[string]any {
	live := map[string]any{
		"functionName": in.String("functionName"), "qualifier": orNil(in.String("qualifier")), "authorizationType": u.AuthType, "invokeMode": u.InvokeMode,
		"cors": nil, "functionArn": u.ARN, "functionUrl": u.Address(), "urlId": u.ID,
	}
	if c := u.CORS; c != nil {
		live["cors"] = map[string]any{
			"allowOrigins": orNilList(c.AllowOrigins), "allowMethods": orNilList(c.AllowMethods), "allowHeaders": orNilList(c.AllowHeaders),
			"exposeHeaders": orNilList(c.ExposeHeaders), "allowCredentials": orNil(c.AllowCredentials), "maxAge": orNil(c.MaxAgeSeconds),
		}
	}
	return live
}
