package serverless

import (
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// everything creates a component and a relation of each kind.
func everything(env *Environment) error {
	f, err := newFunction(env, "f")
	if err != nil {
		return err
	}
	topic, err := NewTopic(env, "numbers", &TopicArgs{Email: pulumi.String("me@example.com"), Webhook: pulumi.String("https://example.com/")})
	if err != nil {
		return err
	}
	if _, err := topic.Subscribe(f, nil); err != nil {
		return err
	}
	if err := topic.GrantPublish(f); err != nil {
		return err
	}
	if err := fanIn(env, f); err != nil {
		return err
	}
	if err := recorded(env, f, nil); err != nil {
		return err
	}
	if _, err := NewSchedule(env, "hourly", &ScheduleArgs{Expression: "rate(1 hour)", Function: f}); err != nil {
		return err
	}
	_, err = NewAPI(env, "api", &APIArgs{
		Routes: []Route{{Key: "GET /", Function: f}, {Key: "$default", Function: f}},
		Auth:   Auth{Type: "jwt", Issuer: pulumi.String("https://example.com"), Audience: pulumi.ToStringArray([]string{"a"})},
		Domain: &Domain{Name: pulumi.String(env.name + ".example.com"), ZoneID: pulumi.String("Z1"), CertificateARN: pulumi.String("arn:certificate")},
	})
	return err
}

// TestTwoEnvironments declares the same components in two regions of one
// program.
func TestTwoEnvironments(t *testing.T) {
	regions := map[string]string{"eu": "eu-west-1", "us": "us-east-1"}
	c, err := run("project", "stack", func(ctx *pulumi.Context) error {
		for _, name := range []string{"eu", "us"} {
			env, err := NewEnvironment(ctx, name, &EnvironmentArgs{Region: pulumi.String(regions[name])})
			if err != nil {
				return err
			}
			if err := everything(env); err != nil {
				return err
			}
			if err := env.Complete(); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	physical := map[string]string{} // the resource by its type and physical name
	for name, r := range c.resources {
		env, _, _ := strings.Cut(r.Name, "-")
		if regions[env] == "" {
			t.Errorf("the name of %s does not start with an environment's", name)
		}
		if r.Custom && r.TypeToken != "pulumi:providers:aws" && !strings.Contains(r.Provider, "::"+env+"::") {
			t.Errorf("%s has the provider %s", name, r.Provider)
		}
		for _, property := range []resource.PropertyKey{"name", "dashboardName", "domainName"} {
			if r.TypeToken == "aws:lambda/alias:Alias" || r.TypeToken == "aws:apigatewayv2/stage:Stage" || !r.Inputs[property].IsString() {
				continue // unique only within their function or API
			}
			key := r.TypeToken + " " + r.Inputs[property].StringValue()
			if other, taken := physical[key]; taken {
				t.Errorf("%s and %s are both named %s", name, other, key)
			}
			physical[key] = name
		}
	}
	if len(physical) < 14 {
		t.Errorf("there are only %d explicit names: %v", len(physical), physical)
	}
	for name, region := range regions {
		body := c.inputs(t, "aws:cloudwatch/dashboard:Dashboard "+name+"-dashboard")["dashboardBody"].(string)
		if !strings.Contains(body, `"region":"`+region+`"`) || !strings.Contains(body, `environment=\"stack-`+name+`\"`) {
			t.Errorf("the dashboard of %s is %s", name, body)
		}
	}
}

// TestGivenProvider proves that an environment uses the provider in its options
// and sets its tags on each resource itself.
func TestGivenProvider(t *testing.T) {
	for option, with := range map[string]func(*pulumi.Context, pulumi.ProviderResource) (pulumi.ResourceOption, error){
		"Provider": func(_ *pulumi.Context, p pulumi.ProviderResource) (pulumi.ResourceOption, error) {
			return pulumi.Provider(p), nil
		},
		"Providers": func(_ *pulumi.Context, p pulumi.ProviderResource) (pulumi.ResourceOption, error) {
			return pulumi.Providers(p), nil
		},
		"Parent": func(ctx *pulumi.Context, p pulumi.ProviderResource) (pulumi.ResourceOption, error) {
			var parent pulumi.ResourceState
			err := ctx.RegisterComponentResource("test:index:Parent", "parent", &parent, pulumi.Providers(p))
			return pulumi.Parent(&parent), err
		},
	} {
		t.Run(option, func(t *testing.T) {
			c, err := run("project", "stack", func(ctx *pulumi.Context) error {
				provider, err := newProvider(ctx, "eu-west-1")
				if err != nil {
					return err
				}
				option, err := with(ctx, provider)
				if err != nil {
					return err
				}
				env, err := NewEnvironment(ctx, "e", &EnvironmentArgs{Tags: pulumi.StringMap{"owner": pulumi.String("me")}}, option)
				if err != nil {
					return err
				}
				if err := everything(env); err != nil {
					return err
				}
				return env.Complete()
			})
			if err != nil {
				t.Fatal(err)
			}
			tagged := 0
			for name, r := range c.resources {
				if r.TypeToken == "pulumi:providers:aws" && r.Name != "mine" {
					t.Errorf("the environment created the provider %s", name)
				}
				if r.Custom && r.TypeToken != "pulumi:providers:aws" && !strings.Contains(r.Provider, "::mine::") {
					t.Errorf("%s has the provider %s", name, r.Provider)
				}
				switch r.TypeToken {
				case "aws:lambda/function:Function", "aws:sns/topic:Topic", "aws:sqs/queue:Queue", "aws:cloudwatch/logGroup:LogGroup", "aws:iam/role:Role", "aws:dynamodb/table:Table", "aws:lambda/eventSourceMapping:EventSourceMapping",
					"aws:kms/key:Key", "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:apigatewayv2/api:Api", "aws:apigatewayv2/stage:Stage", "aws:apigatewayv2/domainName:DomainName":
					tagged++
					tags, _ := r.Inputs.Mappable()["tags"].(map[string]any)
					if tags["owner"] != "me" || tags["project"] != "project" || tags["environment"] != "stack" {
						t.Errorf("%s has the tags %v", name, tags)
					}
				}
			}
			if tagged < 30 {
				t.Errorf("there are only %d resources with tags", tagged)
			}
		})
	}
}

func TestGivenProviderConflicts(t *testing.T) {
	for name, args := range map[string]*EnvironmentArgs{
		"region":   {Region: pulumi.String("us-east-1")},
		"profile":  {Profile: pulumi.String("me")},
		"accounts": {AllowedAccounts: pulumi.ToStringArray([]string{"123456789012"})},
	} {
		_, err := run("project", "stack", func(ctx *pulumi.Context) error {
			provider, err := newProvider(ctx, "eu-west-1")
			if err != nil {
				return err
			}
			_, err = NewEnvironment(ctx, "e", args, pulumi.Provider(provider))
			return err
		})
		if err == nil || !strings.Contains(err.Error(), "environment e: Region, Profile and AllowedAccounts conflict with the provider in the options") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	_, err := run("project", "stack", func(ctx *pulumi.Context) error {
		_, err := NewEnvironment(ctx, "e", nil)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "environment e: Region is required, unless the options contain a provider") {
		t.Errorf("without a region and a provider: got %v", err)
	}
}

// TestTags proves that the arguments cannot replace the tags that permissions
// depend on.
func TestTags(t *testing.T) {
	c, err := within(EnvironmentArgs{Tags: pulumi.StringMap{"owner": pulumi.String("me"), "project": pulumi.String("another")}}, func(*Environment) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	tags := c.inputs(t, "pulumi:providers:aws e")["defaultTags"]
	if got := tags.(map[string]any)["tags"].(map[string]any); got["project"] != "project" || got["owner"] != "me" || got["environment"] != "stack" {
		t.Errorf("got %v", got)
	}
}

// TestComplete proves that nothing can be declared after Complete.
func TestComplete(t *testing.T) {
	type components struct {
		env   *Environment
		f     *Function
		topic *Topic
		queue *Queue
		table *Table
	}
	for name, test := range map[string]struct {
		late func(components) error
		want string
	}{
		"a function": {func(c components) error { _, err := newFunction(c.env, "g"); return err }, "create Function g"},
		"a topic":    {func(c components) error { _, err := NewTopic(c.env, "u", nil); return err }, "create Topic u"},
		"a queue":    {func(c components) error { _, err := NewQueue(c.env, "p", nil); return err }, "create Queue p"},
		"a table":    {func(c components) error { _, err := NewTable(c.env, "u", &TableArgs{Key: "id"}); return err }, "create Table u"},
		"an API": {func(c components) error {
			_, err := NewAPI(c.env, "api", &APIArgs{Routes: []Route{{Key: "GET /", Function: c.f}}})
			return err
		}, "create API api"},
		"a function's subscription": {func(c components) error { _, err := c.topic.Subscribe(c.f, nil); return err }, "subscribe f"},
		"a queue's subscription":    {func(c components) error { _, err := c.topic.Subscribe(c.queue, nil); return err }, "subscribe q"},
		"a grant":                   {func(c components) error { return c.f.Grant("x", []string{"a:B"}, pulumi.StringArray{c.topic.ARN}) }, "grant x to function f"},
		"a grant to publish":        {func(c components) error { return c.topic.GrantPublish(c.f) }, "grant publish-t to function f"},
		"a grant to send":           {func(c components) error { return c.queue.GrantSend(c.f) }, "grant send-q to function f"},
		"a grant to read":           {func(c components) error { return c.table.GrantRead(c.f) }, "grant read-r to function f"},
		"a grant to write":          {func(c components) error { return c.table.GrantWrite(c.f) }, "grant write-r to function f"},
		"a handler of failures":     {func(c components) error { return c.f.OnFailure(&Function{env: c.env, name: "g"}) }, "call OnFailure of function f"},
		"a grant to consume":        {func(c components) error { return c.queue.GrantConsume(c.f) }, "grant consume-q to function f"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := withFunction(func(env *Environment, f *Function) error {
				topic, err := NewTopic(env, "t", nil)
				if err != nil {
					return err
				}
				queue, err := NewQueue(env, "q", nil)
				if err != nil {
					return err
				}
				table, err := NewTable(env, "r", &TableArgs{Key: "id"})
				if err != nil {
					return err
				}
				if err := env.Complete(); err != nil {
					return err
				}
				return test.late(components{env, f, topic, queue, table})
			})
			if want := "environment e is complete: " + test.want + " before calling Complete"; err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %s", err, want)
			}
		})
	}
	_, err := within(EnvironmentArgs{}, func(env *Environment) error { return errors.Join(env.Complete(), env.Complete()) })
	if err == nil || !strings.Contains(err.Error(), "environment e: Complete has already been called") {
		t.Errorf("twice: got %v", err)
	}
}
