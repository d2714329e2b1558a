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
	outputs["arn"] = resource.NewProperty("arn:aws:service:r:a:" + args.Name)
	outputs["executionArn"] = resource.NewProperty("arn:execute-api:" + args.Name)
	return args.Name, outputs, nil
}

func (c *cloud) Call(pulumi.MockCallArgs) (resource.PropertyMap, error) {
	return resource.NewPropertyMapFromMap(map[string]any{"accountId": "a", "arn": "arn:aws:iam::a:user/me"}), nil
}

// runStack runs a program in an environment of that stack.
func runStack(t *testing.T, stack string, program func(env *Environment) error) (map[string]resource.PropertyMap, error) {
	t.Helper()
	c := &cloud{inputs: map[string]resource.PropertyMap{}}
	err := pulumi.RunErr(func(ctx *pulumi.Context) error {
		env, err := NewEnvironment(ctx, &EnvironmentArgs{Region: "us-east-1"})
		if err != nil {
			return err
		}
		return program(env)
	}, pulumi.WithMocks("project", stack, c))
	return c.inputs, err
}

// run runs a program in which there is a function f with nothing but code.
func run(t *testing.T, program func(env *Environment, f *Function) error) (map[string]resource.PropertyMap, error) {
	t.Helper()
	return runStack(t, "stack", func(env *Environment) error {
		f, err := NewFunction(env, "f", &FunctionArgs{Code: pulumi.NewFileArchive("f.zip")})
		if err != nil {
			return err
		}
		return program(env, f)
	})
}

func TestFunctionDefaults(t *testing.T) {
	inputs, err := run(t, func(*Environment, *Function) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	function := inputs["aws:lambda/function:Function f"]
	delete(function, "code")
	delete(function, "role")
	want := map[string]any{
		"architectures":    []any{"arm64"},
		"environment":      map[string]any{"variables": map[string]any{"NAMESPACE": "project", "SERVICE": "f", "ENVIRONMENT": "stack"}},
		"ephemeralStorage": map[string]any{"size": 512.0},
		"handler":          "bootstrap",
		"loggingConfig": map[string]any{
			"logFormat": "JSON", "logGroup": "/aws/lambda/project-stack-f", "applicationLogLevel": "INFO", "systemLogLevel": "INFO",
		},
		"memorySize":                   128.0,
		"publish":                      true,
		"reservedConcurrentExecutions": -1.0,
		"runtime":                      "provided.al2023",
		"timeout":                      10.0,
		"tracingConfig":                map[string]any{"mode": "Active"},
	}
	if diff := cmp.Diff(want, function.Mappable()); diff != "" {
		t.Error(diff)
	}
	if days := inputs["aws:cloudwatch/logGroup:LogGroup f"]["retentionInDays"].NumberValue(); days != 365 {
		t.Errorf("logs are kept %v days", days)
	}
	async := inputs["aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig f"]
	if async["maximumRetryAttempts"].V != 2.0 || async["maximumEventAgeInSeconds"].V != 21600.0 {
		t.Errorf("asynchronous invocations: %v", async)
	}
	if _, ok := inputs["aws:cloudwatch/metricAlarm:MetricAlarm f-concurrency"]; ok {
		t.Error("there is an alarm for a limit that there is not")
	}
}

func TestGrant(t *testing.T) {
	inputs, err := run(t, func(env *Environment, f *Function) error {
		topic, err := NewTopic(env, "topic", nil)
		if err != nil {
			return err
		}
		return f.Grant("read", []string{"sns:GetTopicAttributes", "sns:ListTagsForResource"}, topic.ARN, pulumi.String("arn:other"))
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Statement":[{"Action":["sns:GetTopicAttributes","sns:ListTagsForResource"],"Effect":"Allow","Resource":["arn:aws:service:r:a:topic","arn:other"]}],"Version":"2012-10-17"}`
	if got := inputs["aws:iam/rolePolicy:RolePolicy f-read"]["policy"].StringValue(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSubscribe(t *testing.T) {
	subscribe := func(args *SubscriptionArgs) (resource.PropertyMap, error) {
		inputs, err := run(t, func(env *Environment, f *Function) error {
			topic, err := NewTopic(env, "topic", nil)
			if err != nil {
				return err
			}
			_, err = topic.Subscribe(f, args)
			return err
		})
		return inputs["aws:sns/topicSubscription:TopicSubscription topic-f"], err
	}
	got, err := subscribe(&SubscriptionArgs{FilterPolicy: map[string]any{"num1": []any{map[string]any{"exists": true}}}, FilterPolicyScope: "MessageBody"})
	if err != nil || got["filterPolicy"].V != `{"num1":[{"exists":true}]}` || got["filterPolicyScope"].V != "MessageBody" {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = subscribe(&SubscriptionArgs{FilterPolicyScope: "MessageBody"})
	if err == nil || !strings.Contains(err.Error(), "subscription topic-f: a filter policy scope without a filter policy has no effect") {
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
		inputs, err := run(t, func(env *Environment, f *Function) error { return route(env, Route{Key: key, Function: f}) })
		if err != nil {
			t.Errorf("%s: %v", key, err)
			continue
		}
		if got := inputs["aws:apigatewayv2/route:Route "+want.name]["routeKey"].V; got != key {
			t.Errorf("%s: the route %s has the key %v", key, want.name, got)
		}
		if got := inputs["aws:apigatewayv2/route:Route "+want.name]["authorizationType"].V; got != "AWS_IAM" {
			t.Errorf("%s: the authorization is %v", key, got)
		}
		if got := inputs["aws:lambda/permission:Permission "+want.name]["sourceArn"].V; got != want.source {
			t.Errorf("%s: may be invoked by %v, want %s", key, got, want.source)
		}
	}
	for _, key := range []string{"", "POST", "/add", "POST add", "post /add", "FETCH /add", "POST  /add", "POST /a b", "$default"} {
		_, err := run(t, func(env *Environment, f *Function) error { return route(env, Route{Key: key, Function: f}) })
		if err == nil || !strings.Contains(err.Error(), "of API api: must be a method in capitals and a path") {
			t.Errorf("%q: got %v", key, err)
		}
	}
}

func TestRouteThrottle(t *testing.T) {
	inputs, err := run(t, func(env *Environment, f *Function) error {
		return route(env, Route{Key: "GET /", Function: f, Throttle: &Throttle{RatePerSecond: 0.5, Burst: 1}})
	})
	if err != nil {
		t.Fatal(err)
	}
	stage := inputs["aws:apigatewayv2/stage:Stage api"].Mappable()
	want := map[string]any{
		"defaultRouteSettings": map[string]any{"throttlingRateLimit": 50.0, "throttlingBurstLimit": 100.0},
		"routeSettings":        []any{map[string]any{"routeKey": "GET /", "throttlingRateLimit": 0.5, "throttlingBurstLimit": 1.0}},
	}
	for property, value := range want {
		if diff := cmp.Diff(value, stage[property]); diff != "" {
			t.Errorf("%s: %s", property, diff)
		}
	}
}

func route(env *Environment, r Route) error {
	_, err := NewAPI(env, "api", &APIArgs{Routes: []Route{r}})
	return err
}
