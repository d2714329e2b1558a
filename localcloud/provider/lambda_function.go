package provider

import (
	"context"
	"fmt"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/provider/schema"
)

// lambdaFunction returns the type of functions. Their code is an archive on this
// machine, whose relative path starts in one of the folders.
func lambdaFunction(place cloud.Place, service *lambda.Service, files folders) *Resource {
	return &Resource{
		Type: functionType(files),
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			zip, err := bundle(files, in.Archive("code"))
			if err != nil {
				return "", nil, err
			}
			f, err := service.CreateFunction(functionConfig(in), zip)
			if err != nil {
				return "", nil, err
			}
			live, err := published(place, service, f, in.Bool("publish"))
			return f.Name, live, err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			f, err := service.Function(id)
			if err != nil {
				return "", nil, err
			}
			live, err := published(place, service, f, false)
			if err != nil {
				return "", nil, err
			}
			if was := state.String("codeSha256"); was != "" && was != f.CodeSHA256 || service.CheckCode(f) != nil {
				live["code"] = nil // it is no longer the archive in the state
			}
			if !state.Has("publish") {
				live["publish"] = f.QualifiedARN() != live["qualifiedArn"] // in an import: infer it from the function
			}
			return f.Name, live, err
		},
		Update: func(_ context.Context, _ string, state, in schema.Values) (map[string]any, error) {
			var zip []byte // nil leaves the code unchanged
			if code, old := in.Archive("code"), state.Archive("code"); old == nil || old.Hash != code.Hash {
				var err error
				if zip, err = bundle(files, code); err != nil {
					return nil, err
				}
			}
			f, err := service.UpdateFunction(functionConfig(in), zip)
			if err != nil {
				return nil, err
			}
			return published(place, service, f, in.Bool("publish"))
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			if state.Bool("skipDestroy") {
				return nil
			}
			return service.DeleteFunction(id)
		},
	}
}

// published returns the live function. If publish is set, it first publishes a
// version of a function that has changed.
func published(place cloud.Place, service *lambda.Service, f lambda.Function, publish bool) (map[string]any, error) {
	if publish {
		if _, err := service.PublishVersion(f.Name, "", ""); err != nil {
			return nil, err
		}
	}
	versions, err := service.Versions(f.Name)
	if err != nil {
		return nil, err
	}
	return liveFunction(place, f, versions[len(versions)-1].QualifiedARN()), nil
}

func functionType(files folders) schema.Type {
	code := []string{"code"}
	// Only changes of these inputs, which a version contains, create a new version.
	versioned := []string{
		"code", "publish", "role", "handler", "runtime", "description", "architectures", "memorySize", "timeout", "environment",
		"ephemeralStorage", "loggingConfig", "tracingConfig", "deadLetterConfig", "kmsKeyArn",
	}
	return schema.Type{
		Token: "aws:lambda/function:Function", Noun: "Lambda Function",
		Inputs: []schema.Property{
			{Name: "name", AutoName: lambda.MaxFunctionName, ForceNew: true, Check: text(lambda.CheckFunctionName)},
			{Name: "role", Required: true, Check: text(lambda.CheckRole)},
			{Name: "code", Kind: schema.Archive, Required: true, Check: findable(files)},
			{Name: "handler", Required: true, Check: text(lambda.CheckHandler)},
			{Name: "runtime", Required: true, Check: text(lambda.CheckRuntime)},
			{Name: "description", Check: text(lambda.CheckDescription)},
			{Name: "architectures", Kind: schema.List, Computed: true, Check: texts(lambda.CheckArchitectures)},
			{Name: "memorySize", Kind: schema.Int, Default: 128, Check: whole(lambda.CheckMemorySize)},
			{Name: "timeout", Kind: schema.Int, Default: 3, Check: whole(lambda.CheckTimeout)},
			{Name: "packageType", Default: "Zip", ForceNew: true, Check: oneOf("Zip")},
			{Name: "publish", Kind: schema.Bool, Default: false},
			{Name: "reservedConcurrentExecutions", Kind: schema.Int, Default: -1, Check: whole(lambda.CheckReservedConcurrency)},
			{Name: "skipDestroy", Kind: schema.Bool, Default: false},
			{Name: "environment", Kind: schema.Object, Properties: []schema.Property{
				{Name: "variables", Kind: schema.Map, Check: mapped(lambda.CheckVariables)}}},
			{Name: "ephemeralStorage", Kind: schema.Object, Computed: true, Properties: []schema.Property{
				{Name: "size", Kind: schema.Int, Computed: true, Check: whole(lambda.CheckEphemeralStorage)}}},
			{Name: "loggingConfig", Kind: schema.Object, Computed: true, Properties: []schema.Property{
				{Name: "logFormat", Required: true, Check: text(lambda.CheckLogFormat)},
				{Name: "logGroup", Computed: true, Check: text(lambda.CheckLogGroup)},
				{Name: "applicationLogLevel", Computed: true, Check: text(lambda.CheckApplicationLogLevel)},
				{Name: "systemLogLevel", Computed: true, Check: text(lambda.CheckSystemLogLevel)}}},
			{Name: "deadLetterConfig", Kind: schema.Object, Properties: []schema.Property{
				{Name: "targetArn", Required: true, Check: text(lambda.CheckDeadLetterTarget)}}},
			{Name: "kmsKeyArn", Check: text(lambda.CheckKMSKeyARN)},
			{Name: "tracingConfig", Kind: schema.Object, Computed: true, Properties: []schema.Property{
				{Name: "mode", Required: true, Check: text(lambda.CheckTracingMode)}}},
			tagged(lambda.CheckTags),
		},
		Outputs: []schema.Output{
			{Name: "arn"}, {Name: "invokeArn"},
			{Name: "qualifiedArn", Follows: versioned}, {Name: "qualifiedInvokeArn", Follows: versioned}, {Name: "version", Follows: versioned},
			{Name: "signingJobArn"}, {Name: "signingProfileVersionArn"},
			{Name: "lastModified", Follows: []string{schema.Any}},
			{Name: "codeSha256", Follows: code}, {Name: "sourceCodeHash", Follows: code}, {Name: "sourceCodeSize", Follows: code},
			schema.TagOutput(),
		},
		// sourceCodeHash is refused as an input, but is also an output: the hash of
		// the code.
		Unsupported: []string{
			"codeSigningConfigArn", "fileSystemConfig", "imageConfig", "imageUri", "layers",
			"replaceSecurityGroupsOnDestroy", "replacementSecurityGroupIds", "s3Bucket", "s3Key", "s3ObjectVersion", "snapStart",
			"sourceCodeHash", "vpcConfig",
		},
		Together: func(in schema.Values, fail schema.Fail) { checkFunction(files, in, fail) },
	}
}

// checkFunction refuses a program that is built for another architecture, log levels
// that the log format does not support, and a key that cannot encrypt the environment
// variables.
func checkFunction(files folders, in schema.Values, fail schema.Fail) {
	if err := checkProgram(files, in); err != nil {
		fail("code", "%s", err)
	}
	if err := lambda.CheckEncryption(in.String("kmsKeyArn"), in.Object("environment").Map("variables")); err != nil {
		fail("kmsKeyArn", "%s", err)
	}
	logging := in.Object("loggingConfig")
	if !logging.Has("logFormat") {
		return
	}
	err := lambda.CheckLogLevels(logging.String("logFormat"), logging.String("applicationLogLevel"), logging.String("systemLogLevel"))
	if err != nil {
		fail("loggingConfig", "%s", err)
	}
}

// checkProgram refuses code whose bootstrap is built for another architecture than the
// function's. It accepts code or an architecture that is not known yet.
func checkProgram(files folders, in schema.Values) error {
	architecture := "x86_64"
	if in.Given("architectures") {
		if !in.Has("architectures") {
			return nil
		}
		architecture = in.Strings("architectures")[0]
	}
	code := in.Archive("code")
	if code == nil {
		return nil
	}
	header, err := bootstrapHeader(files, code)
	if err != nil {
		return err
	}
	return lambda.CheckBootstrap(header, architecture)
}

func functionConfig(in schema.Values) lambda.Config {
	logging := in.Object("loggingConfig")
	return lambda.Config{
		Name: in.String("name"), Role: in.String("role"), Handler: in.String("handler"), Runtime: in.String("runtime"),
		Description: in.String("description"), Architectures: in.Strings("architectures"),
		MemoryMB: in.Int("memorySize"), TimeoutSeconds: in.Int("timeout"), EphemeralMB: in.Object("ephemeralStorage").Int("size"),
		Environment: in.Object("environment").Map("variables"), LogGroup: logging.String("logGroup"), LogFormat: logging.String("logFormat"),
		ApplicationLogLevel: logging.String("applicationLogLevel"), SystemLogLevel: logging.String("systemLogLevel"),
		DeadLetterTargetARN: in.Object("deadLetterConfig").String("targetArn"), KMSKeyARN: in.String("kmsKeyArn"),
		TracingMode: in.Object("tracingConfig").String("mode"), ReservedConcurrency: in.Int("reservedConcurrentExecutions"),
		Tags: in.Map("tagsAll"),
	}
}

// liveFunction returns the live function, with the ARN of its newest version.
func liveFunction(place cloud.Place, f lambda.Function, qualified string) map[string]any {
	var environment, deadLetter any
	if len(f.Environment) > 0 {
		environment = map[string]any{"variables": f.Environment}
	}
	if f.DeadLetterTargetARN != "" {
		deadLetter = map[string]any{"targetArn": f.DeadLetterTargetARN}
	}
	return map[string]any{
		"name": f.Name, "role": f.Role, "handler": f.Handler, "runtime": f.Runtime, "description": orNil(f.Description),
		"architectures": f.Architectures, "memorySize": f.MemoryMB, "timeout": f.TimeoutSeconds, "packageType": "Zip",
		"reservedConcurrentExecutions": f.ReservedConcurrency, "environment": environment,
		"ephemeralStorage": map[string]any{"size": f.EphemeralMB},
		"loggingConfig": map[string]any{"logFormat": f.LogFormat, "logGroup": f.LogGroup,
			"applicationLogLevel": orNil(f.ApplicationLogLevel), "systemLogLevel": orNil(f.SystemLogLevel)},
		"deadLetterConfig": deadLetter, "kmsKeyArn": orNil(f.KMSKeyARN),
		"tracingConfig": map[string]any{"mode": f.TracingMode},
		"tagsAll":       f.Tags,

		"arn": f.ARN, "invokeArn": invokeARN(place, f.ARN), "qualifiedArn": qualified, "qualifiedInvokeArn": invokeARN(place, qualified),
		"version": strings.TrimPrefix(qualified, f.ARN+":"), "signingJobArn": "", "signingProfileVersionArn": "",
		"lastModified": f.LastModified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		"codeSha256":   f.CodeSHA256, "sourceCodeHash": f.CodeSHA256, "sourceCodeSize": int(f.CodeSize),
	}
}

// invokeARN returns the ARN by which API Gateway invokes a function.
func invokeARN(place cloud.Place, function string) string {
	return fmt.Sprintf("arn:aws:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", place.Region, function)
}
