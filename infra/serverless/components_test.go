package serverless

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

func TestFunctionDefaults(t *testing.T) {
	c, err := withFunction(func(*Environment, *Function) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	function := c.inputs(t, "aws:lambda/function:Function e-f")
	delete(function, "code")
	delete(function, "role")
	want := map[string]any{
		"architectures":    []any{"arm64"},
		"environment":      map[string]any{"variables": map[string]any{"NAMESPACE": "project", "SERVICE": "f", "ENVIRONMENT": "stack-e"}},
		"ephemeralStorage": map[string]any{"size": 512.0},
		"handler":          "bootstrap",
		"loggingConfig": map[string]any{
			"logFormat": "JSON", "logGroup": "/aws/lambda/project-stack-e-f", "applicationLogLevel": "INFO", "systemLogLevel": "INFO",
		},
		"memorySize":                   128.0,
		"publish":                      true,
		"reservedConcurrentExecutions": -1.0,
		"runtime":                      "provided.al2023",
		"timeout":                      10.0,
		"tracingConfig":                map[string]any{"mode": "Active"},
	}
	if diff := cmp.Diff(want, function); diff != "" {
		t.Error(diff)
	}
	if days := c.inputs(t, "aws:cloudwatch/logGroup:LogGroup e-f")["retentionInDays"]; days != 365.0 {
		t.Errorf("logs have a retention of %v days", days)
	}
	async := c.inputs(t, "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig e-f")
	if async["maximumRetryAttempts"] != 2.0 || async["maximumEventAgeInSeconds"] != 21600.0 {
		t.Errorf("asynchronous invocations: %v", async)
	}
	if _, ok := c.resources["aws:cloudwatch/metricAlarm:MetricAlarm e-f-concurrency"]; ok {
		t.Error("there is an alarm for concurrency, although none is reserved")
	}
}

// TestVariables proves that a function may have the variables that Lambda does
// not reserve, although their names resemble those of reserved ones.
func TestVariables(t *testing.T) {
	own := pulumi.StringMap{
		"AWS_LAMBDA_EXEC_WRAPPER": pulumi.String("/opt/wrapper"), "LAMBDA_NAME": pulumi.String("f"), "TZ": pulumi.String("Europe/Rome"),
	}
	c, err := within(EnvironmentArgs{}, func(env *Environment) error {
		_, err := NewFunction(env, "f", &FunctionArgs{Code: pulumi.NewFileArchive("f.zip"), Environment: own})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	environment, _ := c.inputs(t, "aws:lambda/function:Function e-f")["environment"].(map[string]any)
	got, _ := environment["variables"].(map[string]any)
	for name, want := range own {
		if got[name] != string(want.(pulumi.String)) {
			t.Errorf("variable %s is %v, want %v", name, got[name], want)
		}
	}
}

func TestGrant(t *testing.T) {
	c, err := withFunction(func(env *Environment, f *Function) error {
		topic, err := NewTopic(env, "topic", nil)
		if err != nil {
			return err
		}
		return f.Grant("read", []string{"sns:GetTopicAttributes", "sns:ListTagsForResource"},
			pulumi.StringArray{topic.ARN, pulumi.String("arn:other")}, pulumi.Protect(true))
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Statement":[{"Action":["sns:GetTopicAttributes","sns:ListTagsForResource"],"Effect":"Allow","Resource":["arn:aws:service:r:a:e-topic","arn:other"]}],"Version":"2012-10-17"}`
	const grant = "aws:iam/rolePolicy:RolePolicy e-f-read"
	if got := c.inputs(t, grant)["policy"]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !c.resources[grant].RegisterRPC.GetProtect() {
		t.Error("the option does not apply to the grant")
	}
}

// TestGrantAcrossEnvironments proves that a function may use the key that
// encrypts the messages of another environment.
func TestGrantAcrossEnvironments(t *testing.T) {
	c, err := withFunction(func(env *Environment, f *Function) error {
		other, err := NewEnvironment(env.ctx, "other", &EnvironmentArgs{Region: pulumi.String("eu-west-1"), CustomerKey: true})
		if err != nil {
			return err
		}
		topic, err := NewTopic(other, "topic", nil)
		if err != nil {
			return err
		}
		if err := topic.GrantPublish(f); err != nil {
			return err
		}
		return other.Complete()
	})
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"Statement":[{"Action":["kms:Decrypt","kms:GenerateDataKey"],"Effect":"Allow","Resource":["arn:aws:service:r:a:other-key"]}],"Version":"2012-10-17"}`
	if got := c.inputs(t, "aws:iam/rolePolicy:RolePolicy e-f-publish-topic-key")["policy"]; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestSubscribe(t *testing.T) {
	subscribe := func(args *SubscriptionArgs) (map[string]any, error) {
		c, err := withFunction(func(env *Environment, f *Function) error {
			topic, err := NewTopic(env, "topic", nil)
			if err != nil {
				return err
			}
			_, err = topic.Subscribe(f, args)
			return err
		})
		if err != nil {
			return nil, err
		}
		return c.inputs(t, "aws:sns/topicSubscription:TopicSubscription e-topic-f"), nil
	}
	got, err := subscribe(&SubscriptionArgs{
		FilterPolicy: pulumi.Map{"num1": pulumi.Array{pulumi.Map{"exists": pulumi.Bool(true)}}}, FilterPolicyScope: "MessageBody"})
	if err != nil || got["filterPolicy"] != `{"num1":[{"exists":true}]}` || got["filterPolicyScope"] != "MessageBody" {
		t.Errorf("got %v, %v", got, err)
	}
	for want, args := range map[string]*SubscriptionArgs{
		"subscription topic-f: FilterPolicyScope has no effect without FilterPolicy":                    {FilterPolicyScope: "MessageBody"},
		`subscription topic-f: FilterPolicyScope must be MessageAttributes or MessageBody, not "Body"`:  {FilterPolicy: pulumi.Map{}, FilterPolicyScope: "Body"},
		"queue topic-f-buffer: MaxConcurrency must be a whole number from 2 to 1000, not 1":             {Buffer: &BufferArgs{MaxConcurrency: pulumi.Int(1)}},
		"queue topic-f-buffer: WindowSeconds must be a whole number from 0 to 300, not 301":             {Buffer: &BufferArgs{WindowSeconds: pulumi.Int(301)}},
		"queue topic-f-buffer: BatchSize must be a whole number from 1 to 10000, not 0":                 {Buffer: &BufferArgs{BatchSize: pulumi.Int(0)}},
		"queue topic-f-buffer: a BatchSize of 11, more than 10, requires a WindowSeconds of at least 1": {Buffer: &BufferArgs{BatchSize: pulumi.Int(11)}},
		"queue topic-f-buffer: MaxReceives must be a whole number from 1 to 900, not 0":                 {Buffer: &BufferArgs{MaxReceives: pulumi.Int(0)}},
		"subscription topic-f: RawMessageDelivery requires a queue; the subscriber is a function":       {RawMessageDelivery: true},
	} {
		if _, err := subscribe(args); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
