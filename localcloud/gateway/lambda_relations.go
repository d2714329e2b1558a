package gateway

import (
	"cmp"
	"fmt"
	"net/http"
	"strings"

	"tally/localcloud/lambda"
)

// relationOperations are the operations on what belongs to a function: its permissions, its
// concurrency, its tags and its configurations of asynchronous invocation.
func relationOperations() operations {
	const policy = "/2015-03-31/functions/{FunctionName}/policy"
	const concurrency = "/2017-10-31/functions/{FunctionName}/concurrency"
	const invocation = "/2019-09-25/functions/{FunctionName}/event-invoke-config"
	const tags = "/2017-03-31/tags/{ARN}"
	return operations{
		"AddPermission":                   authorized("lambda:AddPermission", newPermission, addPermission).at("POST " + policy),
		"RemovePermission":                authorized("lambda:RemovePermission", oldPermission, removePermission).at("DELETE " + policy + "/{StatementId}"),
		"PutFunctionConcurrency":          onFunction("lambda:PutFunctionConcurrency", putConcurrency).at("PUT " + concurrency),
		"DeleteFunctionConcurrency":       onFunction("lambda:DeleteFunctionConcurrency", deleteConcurrency).at("DELETE " + concurrency),
		"PutFunctionEventInvokeConfig":    onFunction("lambda:PutFunctionEventInvokeConfig", putEventInvokeConfig).at("PUT " + invocation),
		"UpdateFunctionEventInvokeConfig": onFunction("lambda:UpdateFunctionEventInvokeConfig", updateEventInvokeConfig).at("POST " + invocation),
		"DeleteFunctionEventInvokeConfig": onFunction("lambda:DeleteFunctionEventInvokeConfig", deleteEventInvokeConfig).at("DELETE " + invocation),
		"ListFunctionEventInvokeConfigs":  onFunction("lambda:ListFunctionEventInvokeConfigs", listEventInvokeConfigs).at("GET " + invocation + "/list"),
		"ListTags":                        authorized("lambda:ListTags", tagged, listTags).at("GET " + tags),
		"TagResource":                     authorized("lambda:TagResource", tagging, tagResource).at("POST " + tags),
		"UntagResource":                   authorized("lambda:UntagResource", untagging, untagResource).at("DELETE " + tags),
	}
}

type addPermissionInput struct {
	FunctionName string `path:"FunctionName"`
	Qualifier    string
	Permission   struct {
		Action     string
		Principal  string
		RevisionID string `json:"RevisionId"`

		FunctionURLAuthType   string `json:"FunctionUrlAuthType"`
		InvokedViaFunctionURL bool   `json:"InvokedViaFunctionUrl"`

		SourceAccount string
		SourceARN     string `json:"SourceArn"`
		StatementID   string `json:"StatementId"`
	} `payload:"json"`
}

func (in addPermissionInput) function() (name, qualifier string) {
	return in.FunctionName, in.Qualifier
}

// newPermission is the target of AddPermission, which a policy can limit to principals.
func newPermission(c *call, in addPermissionInput) (target, error) {
	t, err := functionTarget(c, in)
	t.context = permissionKeys(in.Permission.Principal, in.Permission.FunctionURLAuthType)
	return t, err
}

// permissionKeys returns the condition keys of a change of a permission.
func permissionKeys(principal, authType string) map[string][]string {
	keys := map[string][]string{"lambda:Principal": {principal}}
	if authType != "" {
		keys[urlAuthType] = []string{authType}
	}
	return keys
}

// https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
func addPermission(c *call, in addPermissionInput) (any, error) {
	f, err := c.Lambda.Resolve(in.function())
	if err == nil {
		err = c.Lambda.CheckRevision(f, in.Permission.RevisionID)
	}
	if err != nil {
		return nil, err
	}
	p := lambda.Permission{StatementID: in.Permission.StatementID, Qualifier: f.Qualifier, Action: in.Permission.Action,
		Principal: in.Permission.Principal, SourceARN: in.Permission.SourceARN, SourceAccount: in.Permission.SourceAccount,
		FunctionURLAuthType: in.Permission.FunctionURLAuthType, InvokedViaFunctionURL: in.Permission.InvokedViaFunctionURL}
	if err := c.Lambda.AddPermission(f.Name, p); err != nil {
		return nil, err
	}
	function := c.place.ARN("lambda", "function:"+f.Name).String()
	return jsonResponse(http.StatusCreated, "application/json", map[string]string{"Statement": p.Statement(function)})
}

type removePermissionInput struct {
	FunctionName string `path:"FunctionName"`
	StatementID  string `path:"StatementId"`
	Qualifier    string
	RevisionID   string `query:"RevisionId"`
}

func (in removePermissionInput) function() (name, qualifier string) {
	return in.FunctionName, in.Qualifier
}

func oldPermission(c *call, in removePermissionInput) (target, error) {
	t, err := functionTarget(c, in)
	if f, err := c.Lambda.Resolve(in.function()); err == nil {
		if p, err := c.Lambda.Permission(f.ARN, in.StatementID); err == nil {
			t.context = permissionKeys(p.Principal, p.FunctionURLAuthType)
		}
	}
	return t, err
}

// https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html
func removePermission(c *call, in removePermissionInput) (any, error) {
	f, err := c.Lambda.Resolve(in.function())
	if err == nil {
		err = c.Lambda.CheckRevision(f, in.RevisionID)
	}
	if err != nil {
		return nil, err
	}
	return response{status: http.StatusNoContent}, c.Lambda.RemovePermission(f.ARN, in.StatementID)
}

type putConcurrencyInput struct {
	FunctionName string                                      `path:"FunctionName"`
	Settings     struct{ ReservedConcurrentExecutions *int } `payload:"json"`
}

func (in putConcurrencyInput) function() (name, qualifier string) { return in.FunctionName, "" }

// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionConcurrency.html
func putConcurrency(c *call, f lambda.Reference, in putConcurrencyInput) (any, error) {
	n := in.Settings.ReservedConcurrentExecutions
	if n == nil || *n < 0 {
		return nil, constraint(fmt.Sprint(*cmp.Or(n, new(int))), "reservedConcurrentExecutions", "[0, …]")
	}
	return map[string]int{"ReservedConcurrentExecutions": *n}, c.Lambda.ReserveConcurrency(f.Name, *n)
}

// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionConcurrency.html
func deleteConcurrency(c *call, f lambda.Reference, _ concurrencyInput) (any, error) {
	return response{status: http.StatusNoContent}, c.Lambda.ReserveConcurrency(f.Name, -1)
}

type destinationConfig struct {
	OnSuccess, OnFailure struct {
		Destination string `json:",omitempty"`
	}
}

type eventInvokeConfigInput struct {
	FunctionName string `path:"FunctionName"`
	Qualifier    string
	Settings     struct {
		DestinationConfig        *destinationConfig
		MaximumEventAgeInSeconds *int
		MaximumRetryAttempts     *int
	} `payload:"json"`
}

func (in eventInvokeConfigInput) function() (name, qualifier string) {
	return in.FunctionName, in.Qualifier
}

// change stores what the request contains, and otherwise what the configuration contains.
func (in eventInvokeConfigInput) change(c *call, config lambda.EventInvokeConfig) (any, error) {
	set(&config.MaxEventAgeSeconds, in.Settings.MaximumEventAgeInSeconds)
	set(&config.MaxRetryAttempts, in.Settings.MaximumRetryAttempts)
	if to := in.Settings.DestinationConfig; to != nil {
		config.OnSuccess, config.OnFailure = to.OnSuccess.Destination, to.OnFailure.Destination
	}
	config, err := c.Lambda.PutEventInvokeConfig(config)
	return c.describeEventInvokeConfig(config), err
}

// https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html
func putEventInvokeConfig(c *call, f lambda.Reference, in eventInvokeConfigInput) (any, error) {
	return in.change(c, lambda.EventInvokeConfig{Function: f.Name, Qualifier: f.Qualifier, MaxRetryAttempts: 2})
}

// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionEventInvokeConfig.html
func updateEventInvokeConfig(c *call, f lambda.Reference, in eventInvokeConfigInput) (any, error) {
	config, err := c.Lambda.EventInvokeConfig(f.Name, f.Qualifier)
	if err != nil {
		return nil, err
	}
	return in.change(c, config)
}

// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionEventInvokeConfig.html
func deleteEventInvokeConfig(c *call, f lambda.Reference, _ functionInput) (any, error) {
	return response{status: http.StatusNoContent}, c.Lambda.DeleteEventInvokeConfig(f.Name, f.Qualifier)
}

// https://docs.aws.amazon.com/lambda/latest/api/API_ListFunctionEventInvokeConfigs.html
func listEventInvokeConfigs(c *call, f lambda.Reference, in listVersionsInput) (any, error) {
	all, err := c.Lambda.EventInvokeConfigs(f.Name)
	if err != nil {
		return nil, err
	}
	page, next, err := lambdaPage(all, in.Marker, in.MaxItems, func(e lambda.EventInvokeConfig) string { return cmp.Or(e.Qualifier, "$LATEST") })
	return struct {
		FunctionEventInvokeConfigs []eventInvokeConfiguration
		NextMarker                 string `json:",omitempty"`
	}{listOf(page, c.describeEventInvokeConfig), next}, err
}

type tagsInput struct {
	ARN string `path:"ARN"`
}

type tagInput struct {
	ARN  string                           `path:"ARN"`
	Body struct{ Tags map[string]string } `payload:"json"`
}

type untagInput struct {
	ARN  string   `path:"ARN"`
	Keys []string `query:"tagKeys"`
}

func tagged(c *call, in tagsInput) (target, error) { return taggable(c, in.ARN, nil), nil }

func tagging(c *call, in tagInput) (target, error) {
	return taggable(c, in.ARN, requestTags(in.Body.Tags)), nil
}

func untagging(c *call, in untagInput) (target, error) {
	return taggable(c, in.ARN, requestTags(nil, in.Keys...)), nil
}

// taggable returns the target of an operation on the tags of a function or mapping.
func taggable(c *call, arn string, keys map[string][]string) target {
	policy := ""
	if _, name, ok := strings.Cut(arn, ":function:"); ok {
		policy, _ = c.Lambda.Policy(name)
	}
	return target{arn, policy, keys}
}

func listTags(c *call, in tagsInput) (any, error) {
	tags, err := c.Lambda.Tags(in.ARN)
	if tags == nil {
		tags = map[string]string{}
	}
	return map[string]any{"Tags": tags}, err
}

// https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html
func tagResource(c *call, in tagInput) (any, error) {
	return response{status: http.StatusNoContent}, c.Lambda.ChangeTags(in.ARN, in.Body.Tags, nil)
}

// https://docs.aws.amazon.com/lambda/latest/api/API_UntagResource.html
func untagResource(c *call, in untagInput) (any, error) {
	return response{status: http.StatusNoContent}, c.Lambda.ChangeTags(in.ARN, nil, in.Keys)
}
