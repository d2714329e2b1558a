package provider

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"tally/localcloud/iam"
	"tally/localcloud/lambda"
	"tally/localcloud/provider/schema"
)

// permission returns the type of the statements in policies of functions. Their
// ID is the statement ID, and they are imported by "function/statementId" or
// "function:qualifier/statementId".
func permission(service *lambda.Service) *Resource {
	live := func(function string, p lambda.Permission) map[string]any {
		return map[string]any{
			"function": function, "statementId": p.StatementID, "action": p.Action, "principal": p.Principal,
			"sourceArn": orNil(p.SourceARN), "sourceAccount": orNil(p.SourceAccount), "qualifier": orNil(p.Qualifier),
			"functionUrlAuthType": orNil(p.FunctionURLAuthType),
		}
	}
	return &Resource{
		Type: schema.Type{
			Token: "aws:lambda/permission:Permission", Noun: "Lambda Permission",
			Inputs: []schema.Property{
				{Name: "action", Required: true, ForceNew: true, Check: text(lambda.CheckAction)},
				{Name: "function", Required: true, ForceNew: true, Check: functionReference},
				{Name: "functionUrlAuthType", ForceNew: true, Check: text(lambda.CheckPermissionAuthType)},
				{Name: "principal", Required: true, ForceNew: true, Check: text(lambda.CheckPrincipal)},
				{Name: "qualifier", ForceNew: true, Check: text(lambda.CheckQualifier)},
				{Name: "sourceAccount", ForceNew: true, Check: text(lambda.CheckSourceAccount)},
				{Name: "sourceArn", ForceNew: true, Check: sourceARN},
				{Name: "statementId", AutoName: lambda.MaxStatementID, ForceNew: true, Check: text(lambda.CheckStatementID)},
			},
			Together: func(in schema.Values, fail schema.Fail) {
				checkQualifier("function", lambda.CheckPermissionTarget)(in, fail)
				if err := lambda.CheckURLPermission(in.String("action"), in.String("functionUrlAuthType"), false); err != nil && in.Has("action") {
					fail("functionUrlAuthType", "%s", err)
				}
			},
			Unsupported: []string{"eventSourceToken", "principalOrgId", "statementIdPrefix"},
		},
		ID: input("statementId"),
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			function := in.String("function")
			p := lambda.Permission{
				StatementID: in.String("statementId"), Qualifier: in.String("qualifier"), Action: in.String("action"), Principal: in.String("principal"),
				SourceARN: in.String("sourceArn"), SourceAccount: in.String("sourceAccount"), FunctionURLAuthType: in.String("functionUrlAuthType"),
			}
			err := service.AddPermission(function, p)
			return p.StatementID, live(function, p), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			if function := state.String("function"); function != "" {
				p, err := service.Permission(qualify(function, state.String("qualifier")), id)
				return id, live(function, p), err
			}
			function, id, ok := strings.Cut(id, "/")
			if !ok {
				return "", nil, fmt.Errorf("a permission is imported by \"function/statementId\", not %q", function)
			}
			p, err := service.Permission(function, id)
			return id, live(strings.TrimSuffix(function, ":"+p.Qualifier), p), err
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			return service.RemovePermission(qualify(state.String("function"), state.String("qualifier")), id)
		},
	}
}

// sourceARN accepts what Lambda accepts, if IAM accepts it as the value of a condition.
func sourceARN(v any) error {
	p := lambda.Permission{StatementID: "id", Action: "*", Principal: "*", SourceARN: v.(string)}
	return cmp.Or(text(lambda.CheckSourceARN)(v), policyOf(iam.ResourcePolicy)(p.Policy("*")))
}

// qualify returns the name of a version or alias of the function, or of the
// function itself if qualifier is "".
func qualify(function, qualifier string) string {
	if qualifier == "" {
		return function
	}
	return strings.TrimSuffix(function, ":"+qualifier) + ":" + qualifier
}
