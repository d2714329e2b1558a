package serverless

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// cloud creates whatever it is asked for and remembers the inputs by type and
// name.
type cloud struct {
	mu     sync.Mutex
	inputs map[string]resource.PropertyMap
}

func (c *cloud) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inputs[args.TypeToken+" "+args.Name] = args.Inputs
	outputs := args.Inputs.Copy()
	outputs["arn"] = resource.NewProperty("arn:" + args.Name)
	outputs["executionArn"] = resource.NewProperty("arn:execute-api:" + args.Name)
	return args.Name, outputs, nil
}

func (c *cloud) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) { return nil, nil }

// run runs a program in which there is a function f with nothing but code.
func run(t *testing.T, program func(ctx *pulumi.Context, f *Function) error) (map[string]resource.PropertyMap, error) {
	t.Helper()
	c := &cloud{inputs: map[string]resource.PropertyMap{}}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		f, err := NewFunction(ctx, "f", &FunctionArgs{Code: pulumi.NewFileArchive("f.zip")})
		if err != nil {
			return err
		}
		return program(ctx, f)
	}, pulumi.WithMocks("project", "stack", c))
	return c.inputs, err
}

func TestFunctionDefaults(t *testing.T) {
	inputs, err := run(t, func(*pulumi.Context, *Function) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	function := inputs["aws:lambda/function:Function f"]
	delete(function, "code")
	delete(function, "role")
	want := map[string]any{
		"architectures": []any{"arm64"},
		"handler":       "bootstrap",
		"loggingConfig": map[string]any{"logFormat": "Text", "logGroup": "/aws/lambda/project-stack-f"},
		"memorySize":    128.0,
		"runtime":       "provided.al2023",
		"timeout":       10.0,
	}
	if diff := cmp.Diff(want, function.Mappable()); diff != "" {
		t.Error(diff)
	}
	if days := inputs["aws:cloudwatch/logGroup:LogGroup f"]["retentionInDays"].NumberValue(); days != 30 {
		t.Errorf("logs are kept %v days", days)
	}
}

func TestGrant(t *testing.T) {
	inputs, err := run(t, func(ctx *pulumi.Context, f *Function) error {
		topic, err := NewTopic(ctx, "topic")
		if err != nil {
			return err
		}
		return f.Grant("read", []string{"sns:GetTopicAttributes", "sns:ListTagsForResource"}, topic.ARN, pulumi.String("arn:other"))
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["sns:GetTopicAttributes","sns:ListTagsForResource"],"Resource":["arn:topic","arn:other"]}]}`
	if got := inputs["aws:iam/rolePolicy:RolePolicy f-read"]["policy"].StringValue(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGrantRefusesNothing(t *testing.T) {
	_, err := run(t, func(_ *pulumi.Context, f *Function) error { return f.Grant("read", []string{"sns:Publish"}) })
	if err == nil || !strings.Contains(err.Error(), "grant read of function f: name at least one action and one resource") {
		t.Errorf("got %v", err)
	}
}

func TestRoute(t *testing.T) {
	for key, want := range map[string]struct{ name, source string }{
		"POST /add":         {"api-post-add", "arn:execute-api:api/*/POST/add"},
		"GET /sums/{id}":    {"api-get-sums-id", "arn:execute-api:api/*/GET/sums/{id}"},
		"ANY /files/{all+}": {"api-any-files-all", "arn:execute-api:api/*/*/files/{all+}"},
		"GET /":             {"api-get", "arn:execute-api:api/*/GET/"},
	} {
		inputs, err := run(t, func(ctx *pulumi.Context, f *Function) error { return route(ctx, key, f) })
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		if got := inputs["aws:apigatewayv2/route:Route "+want.name]["routeKey"].V; got != key {
			t.Errorf("%s: the route %s has the key %v", key, want.name, got)
		}
		if got := inputs["aws:lambda/permission:Permission "+want.name]["sourceArn"].V; got != want.source {
			t.Errorf("%s: may be invoked by %v, want %s", key, got, want.source)
		}
	}
	for _, key := range []string{"", "POST", "/add", "POST add", "post /add", "FETCH /add", "POST  /add", "POST /a b", "$default"} {
		_, err := run(t, func(ctx *pulumi.Context, f *Function) error { return route(ctx, key, f) })
		if err == nil || !strings.Contains(err.Error(), "of API api: must be a method in capitals and a path") {
			t.Errorf("%q: got %v", key, err)
		}
	}
}

func route(ctx *pulumi.Context, key string, f *Function) error {
	api, err := NewAPI(ctx, "api")
	if err != nil {
		return err
	}
	return api.Route(key, f)
}
