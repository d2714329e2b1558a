package provider

import (
	"context"
	"fmt"

	"tally/local/cloud"
	"tally/local/lambda"
	"tally/local/provider/schema"
)

// lambdaFunction makes functions of archives on this machine; relative paths
// start in dir.
func lambdaFunction(place cloud.Place, service *lambda.Service, dir string) *Resource {
	return &Resource{
		Type: functionType(dir),
		Create: func(_ context.Context, in schema.Values) (string, map[string]any, error) {
			zip, err := bundle(dir, in.Archive("code"))
			if err != nil {
				return "", nil, err
			}
			f, err := service.CreateFunction(functionConfig(in), zip)
			return f.Name, liveFunction(place, f), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			f, err := service.Function(id)
			live := liveFunction(place, f)
			if was := state.String("codeSha256"); was != "" && was != f.CodeSHA256 {
				live["code"] = nil // not the archive of the state any more
			}
			return f.Name, live, err
		},
		Update: func(_ context.Context, _ string, state, in schema.Values) (map[string]any, error) {
			var zip []byte // nil: the code stays
			if code, old := in.Archive("code"), state.Archive("code"); old == nil || old.Hash != code.Hash {
				var err error
				if zip, err = bundle(dir, code); err != nil {
					return nil, err
				}
			}
			f, err := service.UpdateFunction(functionConfig(in), zip)
			return liveFunction(place, f), err
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			if state.Bool("skipDestroy") {
				return nil
			}
			return service.DeleteFunction(id)
		},
	}
}

func functionType(dir string) schema.Type {
	code := []string{"code"}
	return schema.Type{
		Token: "aws:lambda/function:Function", Noun: "Lambda Function",
		Inputs: []schema.Property{
			{Name: "name", AutoName: 64, ForceNew: true},
			{Name: "role", Required: true},
			{Name: "code", Kind: schema.Archive, Required: true, Check: findable(dir)},
			{Name: "handler", Required: true},
			{Name: "runtime", Required: true, Check: oneOf("provided.al2023", "provided.al2")},
			{Name: "description"},
			{Name: "architectures", Kind: schema.List, Computed: true, Check: oneArchitecture},
			{Name: "memorySize", Kind: schema.Int, Default: 128, Check: between(128, 10240)},
			{Name: "timeout", Kind: schema.Int, Default: 3, Check: between(1, 900)},
			{Name: "packageType", Default: "Zip", ForceNew: true, Check: oneOf("Zip")},
			{Name: "publish", Kind: schema.Bool, Default: false, Check: oneOf(false)},
			{Name: "reservedConcurrentExecutions", Kind: schema.Int, Default: -1, Check: between(-1, 1000)},
			{Name: "skipDestroy", Kind: schema.Bool, Default: false},
			{Name: "environment", Kind: schema.Object, Properties: []schema.Property{
				{Name: "variables", Kind: schema.Map, Check: validVariables}}},
			{Name: "ephemeralStorage", Kind: schema.Object, Computed: true, Properties: []schema.Property{
				{Name: "size", Kind: schema.Int, Computed: true, Check: between(512, 10240)}}},
			{Name: "loggingConfig", Kind: schema.Object, Computed: true, Unsupported: []string{"applicationLogLevel", "systemLogLevel"},
				Properties: []schema.Property{
					{Name: "logFormat", Required: true, Check: oneOf("Text")},
					{Name: "logGroup", Computed: true}}},
			{Name: "tracingConfig", Kind: schema.Object, Computed: true, Properties: []schema.Property{
				{Name: "mode", Required: true, Check: oneOf("PassThrough", "Active")}}},
			schema.TagProperty(),
		},
		Outputs: []schema.Output{
			{Name: "arn"}, {Name: "invokeArn"}, {Name: "qualifiedArn"}, {Name: "qualifiedInvokeArn"}, {Name: "version"},
			{Name: "signingJobArn"}, {Name: "signingProfileVersionArn"},
			{Name: "lastModified", Follows: []string{schema.Any}},
			{Name: "codeSha256", Follows: code}, {Name: "sourceCodeHash", Follows: code}, {Name: "sourceCodeSize", Follows: code},
			schema.TagOutput(),
		},
		// sourceCodeHash is an output all the same: the hash of what code holds.
		Unsupported: []string{
			"codeSigningConfigArn", "deadLetterConfig", "fileSystemConfig", "imageConfig", "imageUri", "kmsKeyArn", "layers",
			"replaceSecurityGroupsOnDestroy", "replacementSecurityGroupIds", "s3Bucket", "s3Key", "s3ObjectVersion", "snapStart",
			"sourceCodeHash", "vpcConfig",
		},
	}
}

func oneArchitecture(v any) error {
	list := v.([]any)
	if len(list) != 1 {
		return fmt.Errorf("expected one architecture, got %d", len(list))
	}
	return oneOf("x86_64", "arm64")(list[0])
}

// validVariables asks Lambda about the variables of an otherwise valid
// function.
func validVariables(v any) error {
	variables := map[string]string{}
	for name, value := range v.(map[string]any) {
		variables[name], _ = value.(string)
	}
	return lambda.Validate(lambda.Config{
		Name: "f", Role: "arn:aws:iam::000000000000:role/r", Handler: "bootstrap", Runtime: "provided.al2023", Environment: variables,
	})
}

func functionConfig(in schema.Values) lambda.Config {
	logging := in.Object("loggingConfig")
	return lambda.Config{
		Name: in.String("name"), Role: in.String("role"), Handler: in.String("handler"), Runtime: in.String("runtime"),
		Description: in.String("description"), Architectures: in.Strings("architectures"),
		MemoryMB: in.Int("memorySize"), TimeoutSeconds: in.Int("timeout"), EphemeralMB: in.Object("ephemeralStorage").Int("size"),
		Environment: in.Object("environment").Map("variables"), LogGroup: logging.String("logGroup"), LogFormat: logging.String("logFormat"),
		TracingMode: in.Object("tracingConfig").String("mode"), ReservedConcurrency: in.Int("reservedConcurrentExecutions"),
		Tags: in.Map("tagsAll"),
	}
}

func liveFunction(place cloud.Place, f lambda.Function) map[string]any {
	var environment any
	if len(f.Environment) > 0 {
		environment = map[string]any{"variables": f.Environment}
	}
	qualified := f.ARN + ":" + f.Version
	return map[string]any{
		"name": f.Name, "role": f.Role, "handler": f.Handler, "runtime": f.Runtime, "description": orNil(f.Description),
		"architectures": f.Architectures, "memorySize": f.MemoryMB, "timeout": f.TimeoutSeconds, "packageType": "Zip",
		"reservedConcurrentExecutions": f.ReservedConcurrency, "environment": environment,
		"ephemeralStorage": map[string]any{"size": f.EphemeralMB},
		"loggingConfig":    map[string]any{"logFormat": f.LogFormat, "logGroup": f.LogGroup},
		"tracingConfig":    map[string]any{"mode": f.TracingMode},
		"tagsAll":          f.Tags,

		"arn": f.ARN, "invokeArn": invokeARN(place, f.ARN), "qualifiedArn": qualified, "qualifiedInvokeArn": invokeARN(place, qualified),
		"version": f.Version, "signingJobArn": "", "signingProfileVersionArn": "",
		"lastModified": f.LastModified.UTC().Format("2006-01-02T15:04:05.000-0700"),
		"codeSha256":   f.CodeSHA256, "sourceCodeHash": f.CodeSHA256, "sourceCodeSize": int(f.CodeSize),
	}
}

// invokeARN is how API Gateway names the invocation of a function.
func invokeARN(place cloud.Place, function string) string {
	return fmt.Sprintf("arn:aws:apigateway:%s:lambda:path/2015-03-31/functions/%s/invocations", place.Region, function)
}
