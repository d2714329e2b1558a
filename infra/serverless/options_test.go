package serverless

import (
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestOptions proves that the options of every constructor and every relation
// reach all resources that it creates, and no others.
func TestOptions(t *testing.T) {
	protect := pulumi.Protect(true)
	for name, test := range map[string]struct {
		declare func(env *Environment, f *Function, t *Topic, q *Queue) error
		prefix  string // of the names of what declare creates, or several separated by spaces
		want    int    // the minimum number of resources that declare creates
	}{
		"NewFunction": {func(env *Environment, _ *Function, _ *Topic, _ *Queue) error {
			_, err := NewFunction(env, "it", &FunctionArgs{Code: pulumi.NewFileArchive("f.zip")}, protect)
			return err
		}, "e-it", 15},
		"NewTopic": {func(env *Environment, _ *Function, _ *Topic, _ *Queue) error {
			_, err := NewTopic(env, "it", nil, protect)
			return err
		}, "e-it", 7},
		"NewQueue": {func(env *Environment, _ *Function, _ *Topic, _ *Queue) error {
			_, err := NewQueue(env, "it", nil, protect)
			return err
		}, "e-it", 7},
		"NewTable": {func(env *Environment, _ *Function, _ *Topic, _ *Queue) error {
			_, err := NewTable(env, "it", &TableArgs{Key: "id"}, protect)
			return err
		}, "e-it", 6},
		"NewSchedule": {func(env *Environment, f *Function, _ *Topic, _ *Queue) error {
			_, err := NewSchedule(env, "it", &ScheduleArgs{Expression: "rate(1 hour)", Function: f}, protect)
			return err
		}, "e-it", 9},
		"NewAPI": {func(env *Environment, f *Function, _ *Topic, _ *Queue) error {
			_, err := NewAPI(env, "it", &APIArgs{Routes: []Route{{Key: "GET /", Function: f}}}, protect)
			return err
		}, "e-it", 8},
		"Route": {func(env *Environment, f *Function, _ *Topic, _ *Queue) error {
			_, err := NewAPI(env, "it", &APIArgs{Routes: []Route{
				{Key: "GET /", Function: f}, {Key: "POST /one", Function: f, Options: []pulumi.ResourceOption{protect}},
			}})
			return err
		}, "e-it-post-one", 2},
		"Grant": {func(_ *Environment, f *Function, t *Topic, _ *Queue) error {
			return f.Grant("it", []string{"sns:Publish"}, pulumi.StringArray{t.ARN}, protect)
		}, "e-f-it", 1},
		"GrantPublish": {func(_ *Environment, f *Function, t *Topic, _ *Queue) error { return t.GrantPublish(f, protect) }, "e-f-publish-t", 1},
		"GrantSend":    {func(_ *Environment, f *Function, _ *Topic, q *Queue) error { return q.GrantSend(f, protect) }, "e-f-send-q", 1},
		"GrantConsume": {func(_ *Environment, f *Function, _ *Topic, q *Queue) error { return q.GrantConsume(f, protect) }, "e-f-consume-q", 1},
		"Subscribe a function": {func(_ *Environment, f *Function, t *Topic, _ *Queue) error {
			_, err := t.Subscribe(f, nil, protect)
			return err
		}, "e-t-f", 5},
		"Subscribe with a buffer": {func(_ *Environment, f *Function, t *Topic, _ *Queue) error {
			_, err := t.Subscribe(f, &SubscriptionArgs{Buffer: &BufferArgs{}}, protect)
			return err
		}, "e-t-f e-f-poll-t-f-buffer", 9},
		"OnFailure": {func(env *Environment, f *Function, _ *Topic, _ *Queue) error {
			g, err := newFunction(env, "g")
			if err != nil {
				return err
			}
			return f.OnFailure(g, protect)
		}, "e-f-on-failure e-g-poll-f-on-failure e-g-send-f-failures", 7},
		"GrantRead": {func(env *Environment, f *Function, _ *Topic, _ *Queue) error {
			table, err := NewTable(env, "r", &TableArgs{Key: "id"})
			if err != nil {
				return err
			}
			return table.GrantRead(f, protect)
		}, "e-f-read-r", 1},
		"GrantParameter": {func(_ *Environment, f *Function, _ *Topic, _ *Queue) error {
			return f.GrantParameter("/p/secret", protect)
		}, "e-f-read-p-secret", 1},
		"Subscribe a queue": {func(_ *Environment, _ *Function, t *Topic, q *Queue) error {
			_, err := t.Subscribe(q, nil, protect)
			return err
		}, "e-t-q", 4},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := withFunction(func(env *Environment, f *Function) error {
				topic, err := NewTopic(env, "t", nil)
				if err != nil {
					return err
				}
				queue, err := NewQueue(env, "q", nil)
				if err != nil {
					return err
				}
				return test.declare(env, f, topic, queue)
			})
			if err != nil {
				t.Fatal(err)
			}
			found := 0
			for name, r := range c.resources {
				of := slices.ContainsFunc(strings.Fields(test.prefix), func(prefix string) bool { return r.Name == prefix || strings.HasPrefix(r.Name, prefix+"-") })
				switch {
				case !of && r.RegisterRPC.GetProtect():
					t.Errorf("%s is protected, but was created without the option", name)
				case of && r.Custom:
					found++
					if !r.RegisterRPC.GetProtect() {
						t.Errorf("%s is not protected", name)
					}
				}
			}
			if found < test.want {
				t.Errorf("got only %d resources, want at least %d", found, test.want)
			}
		})
	}
}

// TestProtect proves that Protect protects the resources that hold data or that
// clients outside the stack depend on, and no others.
func TestProtect(t *testing.T) {
	c, err := within(EnvironmentArgs{Protect: true}, everything)
	if err != nil {
		t.Fatal(err)
	}
	for name, r := range c.resources {
		want := false
		switch r.TypeToken {
		case "aws:sns/topic:Topic", "aws:sqs/queue:Queue", "aws:dynamodb/table:Table", "aws:cloudwatch/logGroup:LogGroup", "aws:kms/key:Key",
			"aws:apigatewayv2/api:Api", "aws:apigatewayv2/domainName:DomainName":
			want = true
		}
		if got := r.RegisterRPC.GetProtect(); got != want {
			t.Errorf("%s: Protect is %v", name, got)
		}
	}
}
