package gateway

import (
	"encoding/base64"
	"errors"
	"maps"
	"net/http"
	"slices"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
)

// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
func lambdaOperations() operations {
	const all = "/2015-03-31/functions"
	const one = all + "/{FunctionName}"
	o := operations{
		"Invoke":                       authorizedByService("lambda:InvokeFunction", invoke).at("POST " + one + "/invocations"),
		"GetFunction":                  onFunction("lambda:GetFunction", getFunction).at("GET " + one),
		"DeleteFunction":               onFunction("lambda:DeleteFunction", deleteFunction).at("DELETE " + one),
		"GetFunctionConfiguration":     onFunction("lambda:GetFunctionConfiguration", getFunctionConfiguration).at("GET " + one + "/configuration"),
		"GetPolicy":                    onFunction("lambda:GetPolicy", getPolicy).at("GET " + one + "/policy"),
		"ListFunctions":                authorized("lambda:ListFunctions", allFunctions, listFunctions).at("GET " + all),
		"ListVersionsByFunction":       onFunction("lambda:ListVersionsByFunction", listVersions).at("GET " + one + "/versions"),
		"ListAliases":                  onFunction("lambda:ListAliases", listAliases).at("GET " + one + "/aliases"),
		"GetAlias":                     onFunction("lambda:GetAlias", getAlias).at("GET " + one + "/aliases/{Name}"),
		"UpdateAlias":                  onFunction("lambda:UpdateAlias", updateAlias).at("PUT " + one + "/aliases/{Name}"),
		"GetFunctionEventInvokeConfig": onFunction("lambda:GetFunctionEventInvokeConfig", getEventInvokeConfig).at("GET /2019-09-25/functions/{FunctionName}/event-invoke-config"),
		"GetFunctionConcurrency":       onFunction("lambda:GetFunctionConcurrency", getConcurrency).at("GET /2019-09-30/functions/{FunctionName}/concurrency"),
	}
	for _, more := range []operations{changeOperations(), relationOperations(), urlOperations(), mappingOperations()} {
		maps.Copy(o, more)
	}
	return o
}

// onFunction makes an operation on the function that its input names.
func onFunction[In interface {
	function() (name, qualifier string)
}](action string, run func(*call, lambda.Reference, In) (any, error)) operation {
	return authorized(action, functionTarget[In], func(c *call, in In) (any, error) {
		f, err := c.Lambda.Resolve(in.function())
		if err != nil {
			return nil, err
		}
		return run(c, f, in)
	})
}

// functionTarget returns the target of an operation on the function that its input names. A
// missing function counts as one without a policy, so that a caller without permission does
// not learn whether it exists.
func functionTarget[In interface {
	function() (name, qualifier string)
}](c *call, in In) (target, error) {
	f, err := c.Lambda.Resolve(in.function())
	if err != nil {
		return target{}, err
	}
	policy, _ := c.Lambda.Policy(f.Name)
	return target{resource: c.place.ARN("lambda", "function:"+f.Name).String(), policy: policy}, nil
}

func allFunctions(*call, listFunctionsInput) (target, error) { return target{resource: "*"}, nil }

type invokeInput struct {
	Function      string `path:"FunctionName"`
	Qualifier     string
	Type          string `header:"X-Amz-Invocation-Type"`
	LogType       string `header:"X-Amz-Log-Type"`
	ClientContext string `header:"X-Amz-Client-Context"`
	TraceHeader   string `header:"X-Amzn-Trace-Id"`
	Payload       []byte `payload:"body"`
}

// https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
func invoke(c *call, in invokeInput) (any, error) {
	i := cloud.Invocation{Caller: c.caller, Function: in.Function, Qualifier: in.Qualifier, Payload: in.Payload,
		ClientContext: in.ClientContext, TraceHeader: in.TraceHeader}
	switch in.Type {
	case "", "RequestResponse":
		return invokeAndWait(c, i, in.LogType)
	case "Event":
		id, err := c.Lambda.InvokeEvent(c.Context(), i)
		return response{http.StatusAccepted, http.Header{requestIDHeader: {id}}, nil}, err
	case "DryRun":
		return response{status: http.StatusNoContent}, c.Lambda.DryRun(c.Context(), i)
	}
	return nil, constraint(in.Type, "invocationType", "[Event, RequestResponse, DryRun]")
}

func invokeAndWait(c *call, in cloud.Invocation, logType string) (any, error) {
	if !slices.Contains([]string{"", "None", "Tail"}, logType) {
		return nil, constraint(logType, "logType", "[None, Tail]")
	}
	in.LogTail = logType == "Tail"
	out, err := c.Lambda.Invoke(c.Context(), in)
	if err != nil {
		return nil, err
	}
	h := http.Header{"Content-Type": {"application/json"}, "X-Amz-Executed-Version": {out.ExecutedVersion}, requestIDHeader: {out.RequestID}}
	if out.FunctionError != "" {
		h.Set("X-Amz-Function-Error", out.FunctionError)
	}
	if in.LogTail {
		h.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(out.LogTail))
	}
	return response{http.StatusOK, h, out.Payload}, nil
}

// configuration is Lambda's description of a function.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionConfiguration.html
type configuration struct {
	Architectures    []string
	CodeSha256       string
	DeadLetterConfig *deadLetterConfig `json:",omitempty"`
	CodeSize         int64
	Description      string
	Environment      *variables `json:",omitempty"`
	EphemeralStorage struct{ Size int }
	FunctionArn      string
	FunctionName     string
	Handler          string
	KMSKeyARN        string `json:"KMSKeyArn,omitempty"`
	LastModified     string
	LastUpdateStatus string

	LastUpdateStatusReason     string `json:",omitempty"`
	LastUpdateStatusReasonCode string `json:",omitempty"`

	LoggingConfig   loggingConfig
	MemorySize      int
	PackageType     string
	RevisionID      string `json:"RevisionId"`
	Role            string
	Runtime         string
	SnapStart       struct{ ApplyOn, OptimizationStatus string }
	State           string
	StateReason     string `json:",omitempty"`
	StateReasonCode string `json:",omitempty"`
	Timeout         int
	TracingConfig   struct{ Mode string }
	Version         string
}

type variables struct{ Variables map[string]string }

type deadLetterConfig struct {
	TargetARN string `json:"TargetArn"`
}

type loggingConfig struct {
	ApplicationLogLevel string `json:",omitempty"`
	LogFormat, LogGroup string
	SystemLogLevel      string `json:",omitempty"`
}

// configurationOf returns the description of a function with the ARN by which the
// caller referred to it.
func configurationOf(f lambda.Function, arn string) configuration {
	c := configuration{
		Architectures: f.Architectures, CodeSha256: f.CodeSHA256, CodeSize: f.CodeSize, Description: f.Description,
		KMSKeyARN: f.KMSKeyARN, FunctionArn: arn, FunctionName: f.Name, Handler: f.Handler,
		LastModified:     f.LastModified.UTC().Format("2006-01-02T15:04:05.000+0000"),
		LastUpdateStatus: "Successful", State: "Active", // every change is complete when its call returns
		MemorySize: f.MemoryMB, PackageType: "Zip", RevisionID: f.RevisionID, Role: f.Role, Runtime: f.Runtime,
		Timeout: f.TimeoutSeconds, Version: f.Version,
	}
	if len(f.Environment) > 0 {
		c.Environment = &variables{f.Environment}
	}
	c.EphemeralStorage.Size = f.EphemeralMB
	if f.DeadLetterTargetARN != "" {
		c.DeadLetterConfig = &deadLetterConfig{f.DeadLetterTargetARN}
	}
	c.LoggingConfig = loggingConfig{f.ApplicationLogLevel, f.LogFormat, f.LogGroup, f.SystemLogLevel}
	c.SnapStart.ApplyOn, c.SnapStart.OptimizationStatus = "None", "Off"
	c.TracingConfig.Mode = f.TracingMode
	return c
}

// functionInput is the input of an operation on a function or one of its
// versions.
type functionInput struct {
	FunctionName string `path:"FunctionName"`
	Qualifier    string
}

func (in functionInput) function() (name, qualifier string) { return in.FunctionName, in.Qualifier }

// tagsError is why a response of GetFunction lacks tags.
type tagsError struct{ ErrorCode, Message string }

// getFunction describes a function. It returns the tags to callers with the permission to
// list them.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_GetFunction.html
func getFunction(c *call, f lambda.Reference, _ functionInput) (any, error) {
	found, err := c.Lambda.Lookup(f)
	if err != nil {
		return nil, err
	}
	type concurrency struct{ ReservedConcurrentExecutions int }
	out := struct {
		Code          struct{ RepositoryType string }
		Concurrency   *concurrency `json:",omitempty"`
		Configuration configuration
		Tags          map[string]string `json:",omitempty"`
		TagsError     *tagsError        `json:",omitempty"`
	}{Configuration: configurationOf(found, f.ARN)}
	if len(found.Tags) > 0 {
		err := c.authorize("lambda:ListTags", taggable(c, found.ARN, nil))
		if refused, ok := errors.AsType[*cloud.Error](err); ok {
			out.TagsError = &tagsError{jsonCode(refused.Code), refused.Message}
		} else if err != nil {
			return nil, err
		} else {
			out.Tags = found.Tags
		}
	}
	out.Code.RepositoryType = "S3"
	if found.ReservedConcurrency >= 0 {
		out.Concurrency = &concurrency{found.ReservedConcurrency}
	}
	return out, nil
}

// deleteFunction deletes the function, or the version that the qualifier names.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunction.html
func deleteFunction(c *call, f lambda.Reference, _ functionInput) (any, error) {
	if f.Qualifier != "" {
		return response{status: http.StatusNoContent}, c.Lambda.DeleteVersion(f.Name, f.Qualifier)
	}
	return response{status: http.StatusNoContent}, c.Lambda.DeleteFunction(f.Name)
}

func getFunctionConfiguration(c *call, f lambda.Reference, _ functionInput) (any, error) {
	found, err := c.Lambda.Lookup(f)
	return configurationOf(found, f.ARN), err
}

func getPolicy(c *call, f lambda.Reference, _ functionInput) (any, error) {
	found, err := c.Lambda.Lookup(f)
	if err != nil {
		return nil, err
	}
	policy, err := c.Lambda.Policy(f.ARN)
	return struct {
		Policy     string
		RevisionID string `json:"RevisionId"`
	}{policy, found.RevisionID}, err
}

type listFunctionsInput struct {
	Marker          string
	MaxItems        *int
	FunctionVersion string
	MasterRegion    string
}

func listFunctions(c *call, in listFunctionsInput) (any, error) {
	if v := in.FunctionVersion; v != "" && v != "ALL" {
		return nil, constraint(v, "functionVersion", "[ALL]")
	}
	if region := in.MasterRegion; region != "" && region != "ALL" && region != c.place.Region {
		return nil, constraint(region, "masterRegion", "[ALL, "+c.place.Region+"]")
	}
	all, arn := c.Lambda.Functions(), func(f lambda.Function) string { return f.ARN }
	if in.FunctionVersion == "ALL" {
		all, arn = allVersions(c, all), lambda.Function.QualifiedARN
	}
	// No name contains the zero byte, so the versions of a function stay together.
	key := func(f lambda.Function) string { return f.Name + "\x00" + versionKey(f) }
	functions, next, err := lambdaPage(all, in.Marker, in.MaxItems, key)
	if err != nil {
		return nil, err
	}
	out := struct {
		Functions  []configuration
		NextMarker string `json:",omitempty"`
	}{[]configuration{}, next}
	for _, f := range functions {
		out.Functions = append(out.Functions, configurationOf(f, arn(f)))
	}
	return out, nil
}

// allVersions returns $LATEST and the published versions of each function.
func allVersions(c *call, functions []lambda.Function) (all []lambda.Function) {
	for _, f := range functions {
		versions, _ := c.Lambda.Versions(f.Name) // none if it has been deleted since
		all = append(all, versions...)
	}
	return all
}

// lambdaPage returns a page of at most 50 items even if maxItems is larger, as
// Lambda does.
func lambdaPage[T any](items []T, marker string, maxItems *int, key func(T) string) (first []T, next string, err error) {
	size := 50
	if maxItems != nil {
		if *maxItems < 1 || *maxItems > 10_000 {
			return nil, "", cloud.Violated("ValidationException", *maxItems, "maxItems", "Member must have value from 1 to 10000")
		}
		size = min(*maxItems, size)
	}
	first, next, ok := page(items, marker, size, key)
	if !ok {
		return nil, "", cloud.Errorf(http.StatusBadRequest, "InvalidParameterValueException", "The Marker '%s' was not returned by this operation", marker)
	}
	return first, next, nil
}

func constraint(value, parameter, allowed string) error {
	return cloud.Violated("ValidationException", value, parameter, "Member must satisfy enum value set: %s", allowed)
}
