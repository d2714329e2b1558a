package gateway

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
)

// https://docs.aws.amazon.com/lambda/latest/api/API_Operations.html
func lambdaOperations() map[string]restOperation {
	const all = "/2015-03-31/functions"
	const one = all + "/{FunctionName}"
	qualifier := []string{"Qualifier"}
	return map[string]restOperation{
		"POST " + one + "/invocations": {name: "Invoke", parameters: qualifier, run: invoke},
		"GET " + one: {name: "GetFunction", parameters: qualifier,
			action: "lambda:GetFunction", on: theFunction, run: getFunction},
		"GET " + one + "/configuration": {name: "GetFunctionConfiguration", parameters: qualifier,
			action: "lambda:GetFunctionConfiguration", on: theFunction, run: getFunctionConfiguration},
		"GET " + one + "/policy": {name: "GetPolicy", parameters: qualifier,
			action: "lambda:GetPolicy", on: theFunction, run: getPolicy},
		"GET " + all: {name: "ListFunctions", parameters: []string{"Marker", "MaxItems", "FunctionVersion", "MasterRegion"},
			action: "lambda:ListFunctions", on: func(*call, lambda.Reference) target { return target{resource: "*"} }, run: listFunctions},
		"GET " + one + "/versions": {name: "ListVersionsByFunction", parameters: []string{"Marker", "MaxItems"},
			action: "lambda:ListVersionsByFunction", on: theFunction, run: listVersions},
		"GET " + one + "/aliases": {name: "ListAliases", parameters: []string{"Marker", "MaxItems", "FunctionVersion"},
			action: "lambda:ListAliases", on: theFunction, run: listAliases},
		"GET " + one + "/aliases/{Name}": {name: "GetAlias",
			action: "lambda:GetAlias", on: theFunction, run: getAlias},
		"GET /2019-09-25/functions/{FunctionName}/event-invoke-config": {name: "GetFunctionEventInvokeConfig", parameters: qualifier,
			action: "lambda:GetFunctionEventInvokeConfig", on: theFunction, run: getEventInvokeConfig},
		"GET /2019-09-30/functions/{FunctionName}/concurrency": {name: "GetFunctionConcurrency",
			action: "lambda:GetFunctionConcurrency", on: theFunction, run: getConcurrency},
	}
}

// theFunction has no policy where it does not exist: who may not read it does
// not learn that.
func theFunction(c *call, f lambda.Reference) target {
	policy, _ := c.Lambda.Policy(f.Name)
	return target{c.place.ARN("lambda", "function:"+f.Name).String(), policy}
}

func invoke(c *call, f lambda.Reference) (answer, error) {
	in := cloud.Invocation{Caller: c.caller, Function: f.ARN, Payload: c.body,
		ClientContext: c.Header.Get("X-Amz-Client-Context"), TraceHeader: c.Header.Get("X-Amzn-Trace-Id")}
	switch kind := c.Header.Get("X-Amz-Invocation-Type"); kind {
	case "", "RequestResponse":
		return invokeAndWait(c, in)
	case "Event":
		id, err := c.Lambda.InvokeAsync(c.Context(), in)
		c.setID(id)
		return answer{status: http.StatusAccepted}, err
	case "DryRun":
		policy, _ := c.Lambda.Policy(f.ARN)
		if err := c.authorize("lambda:InvokeFunction", target{f.ARN, policy}); err != nil {
			return answer{}, err
		}
		_, err := c.Lambda.Lookup(f)
		return answer{status: http.StatusNoContent}, err
	default:
		return answer{}, constraint(kind, "invocationType", "[Event, RequestResponse, DryRun]")
	}
}

func invokeAndWait(c *call, in cloud.Invocation) (answer, error) {
	logType := c.Header.Get("X-Amz-Log-Type")
	if !slices.Contains([]string{"", "None", "Tail"}, logType) {
		return answer{}, constraint(logType, "logType", "[None, Tail]")
	}
	out, err := c.Lambda.Invoke(c.Context(), in)
	if err != nil {
		return answer{}, err
	}
	c.setID(out.RequestID)
	h := http.Header{"Content-Type": {"application/json"}, "X-Amz-Executed-Version": {out.ExecutedVersion}}
	if out.FunctionError != "" {
		h.Set("X-Amz-Function-Error", out.FunctionError)
	}
	if logType == "Tail" {
		h.Set("X-Amz-Log-Result", base64.StdEncoding.EncodeToString(out.LogTail))
	}
	return answer{http.StatusOK, h, out.Payload}, nil
}

// setID makes the invocation's request id that of the answer, as on AWS.
func (c *call) setID(requestID string) {
	if requestID != "" {
		c.id = requestID
	}
}

// configuration is a function as Lambda describes it.
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
	LoggingConfig    loggingConfig
	MemorySize       int
	PackageType      string
	RevisionID       string `json:"RevisionId"`
	Role             string
	Runtime          string
	SnapStart        struct{ ApplyOn, OptimizationStatus string }
	State            string
	Timeout          int
	TracingConfig    struct{ Mode string }
	Version          string
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

// configurationOf gives the function's ARN as the caller named it.
func configurationOf(f lambda.Function, arn string) configuration {
	c := configuration{
		Architectures: f.Architectures, CodeSha256: f.CodeSHA256, CodeSize: f.CodeSize, Description: f.Description,
		KMSKeyARN: f.KMSKeyARN, FunctionArn: arn, FunctionName: f.Name, Handler: f.Handler,
		LastModified:     f.LastModified.UTC().Format("2006-01-02T15:04:05.000+0000"),
		LastUpdateStatus: "Successful", State: "Active", // a change is done when it returns
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

func getFunction(c *call, f lambda.Reference) (answer, error) {
	found, err := c.Lambda.Lookup(f)
	if err != nil {
		return answer{}, err
	}
	type concurrency struct{ ReservedConcurrentExecutions int }
	out := struct {
		Code          struct{ RepositoryType string }
		Concurrency   *concurrency `json:",omitempty"`
		Configuration configuration
		Tags          map[string]string `json:",omitempty"`
	}{Configuration: configurationOf(found, f.ARN), Tags: found.Tags}
	out.Code.RepositoryType = "S3"
	if found.ReservedConcurrency >= 0 {
		out.Concurrency = &concurrency{found.ReservedConcurrency}
	}
	return asJSON(http.StatusOK, "application/json", out)
}

func getFunctionConfiguration(c *call, f lambda.Reference) (answer, error) {
	found, err := c.Lambda.Lookup(f)
	if err != nil {
		return answer{}, err
	}
	return asJSON(http.StatusOK, "application/json", configurationOf(found, f.ARN))
}

func getPolicy(c *call, f lambda.Reference) (answer, error) {
	found, err := c.Lambda.Lookup(f)
	if err != nil {
		return answer{}, err
	}
	policy, err := c.Lambda.Policy(f.ARN)
	if err != nil {
		return answer{}, err
	}
	return asJSON(http.StatusOK, "application/json", map[string]string{"Policy": policy, "RevisionId": found.RevisionID})
}

func listFunctions(c *call, _ lambda.Reference) (answer, error) {
	p := c.URL.Query()
	if v := p.Get("FunctionVersion"); v != "" && v != "ALL" {
		return answer{}, constraint(v, "functionVersion", "[ALL]")
	}
	if region := p.Get("MasterRegion"); region != "" && region != "ALL" && region != c.place.Region {
		return answer{}, constraint(region, "masterRegion", "[ALL, "+c.place.Region+"]")
	}
	functions, next, err := lambdaPage(c, c.Lambda.Functions(), func(f lambda.Function) string { return f.Name })
	if err != nil {
		return answer{}, err
	}
	out := struct {
		Functions  []configuration
		NextMarker string `json:",omitempty"`
	}{[]configuration{}, next}
	for _, f := range functions {
		out.Functions = append(out.Functions, configurationOf(f, f.ARN))
	}
	return asJSON(http.StatusOK, "application/json", out)
}

// lambdaPage gives at most 50 items at once, as Lambda does, whatever MaxItems
// asks for beyond that.
func lambdaPage[T any](c *call, items []T, key func(T) string) (first []T, next string, err error) {
	p, size := c.URL.Query(), 50
	if p.Has("MaxItems") {
		n, err := strconv.Atoi(p.Get("MaxItems"))
		if err != nil || n < 1 || n > 10_000 {
			return nil, "", cloud.Errorf(http.StatusBadRequest, "ValidationException",
				"1 validation error detected: Value '%s' at 'maxItems' failed to satisfy constraint: Member must have value from 1 to 10000", p.Get("MaxItems"))
		}
		size = min(n, size)
	}
	first, next, ok := page(items, p.Get("Marker"), size, key)
	if !ok {
		return nil, "", cloud.Errorf(http.StatusBadRequest, "InvalidParameterValueException", "The Marker '%s' is none that this operation gave", p.Get("Marker"))
	}
	return first, next, nil
}

func constraint(value, parameter, allowed string) error {
	return cloud.Errorf(http.StatusBadRequest, "ValidationException",
		"1 validation error detected: Value '%s' at '%s' failed to satisfy constraint: Member must satisfy enum value set: %s", value, parameter, allowed)
}
