package serverless

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestNames proves for each kind of component that the longest possible name is
// accepted and a name with one more character is refused. Physical names are
// "project-stack-e-<name>-1a2b3c4", which leaves 64-16-8 = 40 characters for a
// role.
func TestNames(t *testing.T) {
	name := func(length int) string { return strings.Repeat("n", length) }
	for component, test := range map[string]struct {
		longest int
		create  func(env *Environment, f *Function, name string) error
		want    string
	}{
		"function": {40, func(env *Environment, _ *Function, name string) error { _, err := newFunction(env, name); return err },
			"its function would have the name project-stack-e-" + name(41) + "-1a2b3c4 of 65 characters, but AWS allows at most 64: shorten the name of the function, the environment, the stack or the project by 1"},
		"topic": {31, func(env *Environment, _ *Function, name string) error { _, err := NewTopic(env, name, nil); return err },
			"its role would have the name project-stack-e-" + name(32) + "-feedback-1a2b3c4 of 65 characters, but AWS allows at most 64"},
		"queue": {43, func(env *Environment, _ *Function, name string) error { _, err := NewQueue(env, name, nil); return err },
			"of 81 characters, but AWS allows at most 80"},
		"schedule": {31, func(env *Environment, f *Function, name string) error {
			_, err := NewSchedule(env, name, &ScheduleArgs{Expression: "rate(1 hour)", Function: f})
			return err
		}, "its role would have the name project-stack-e-" + name(32) + "-schedule-1a2b3c4 of 65 characters, but AWS allows at most 64"},
		"table": {231, func(env *Environment, _ *Function, name string) error {
			_, err := NewTable(env, name, &TableArgs{Key: "id"})
			return err
		}, "its table would have the name project-stack-e-" + name(232) + "-1a2b3c4 of 256 characters, but AWS allows at most 255"},
		"API": {68, func(env *Environment, f *Function, name string) error {
			_, err := NewAPI(env, name, &APIArgs{Routes: []Route{{Key: "GET /abc", Function: f}}})
			return err
		}, "its statement ID would have the name project-stack-e-" + name(69) + "-get-abc-1a2b3c4 of 101 characters, but AWS allows at most 100"},
		"grant": {102, func(_ *Environment, f *Function, name string) error {
			return f.Grant(name, []string{"a:B"}, pulumi.StringArray{pulumi.String("arn")})
		}, "its role policy would have the name project-stack-e-f-" + name(103) + "-1a2b3c4 of 129 characters, but AWS allows at most 128"},
	} {
		t.Run(component, func(t *testing.T) {
			if _, err := withFunction(func(env *Environment, f *Function) error { return test.create(env, f, name(test.longest)) }); err != nil {
				t.Errorf("the longest name: %v", err)
			}
			_, err := withFunction(func(env *Environment, f *Function) error { return test.create(env, f, name(test.longest+1)) })
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	_, err := withFunction(func(env *Environment, _ *Function) error {
		f, err := newFunction(env, name(30))
		if err != nil {
			return err
		}
		topic, err := NewTopic(env, name(20), nil)
		if err != nil {
			return err
		}
		_, err = topic.Subscribe(f, nil)
		return err
	})
	if want := "its queue would have the name project-stack-e-" + name(20) + "-" + name(30) + "-redrive-1a2b3c4 of 83 characters, but AWS allows at most 80"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a long subscription: got %v", err)
	}
}

// TestStackNames proves that names that Pulumi allows but AWS does not are
// refused.
func TestStackNames(t *testing.T) {
	for _, test := range []struct{ project, stack, environment, want string }{
		{"my.project", "dev", "main", `project "my.project": its name must be letters, digits, dashes and underscores`},
		{"project", "feature.x", "main", `stack "feature.x": its name must be letters, digits, dashes and underscores`},
		{"project", "dev", "Main", `environment "Main": its name must be lowercase letters, digits and single dashes`},
		{"project", "dev-main", "main", `stack "dev-main": its name must not contain -main, the name of an environment, because the permissions to deploy a stack named "dev" would include it`},
		{"project", "dev-main-2", "main", `stack "dev-main-2": its name must not contain -main`},
		{"project", "dev", strings.Repeat("m", 29), `topic "alarms": its role would have the name`},
	} {
		_, err := run(test.project, test.stack, func(ctx *pulumi.Context) error {
			_, err := NewEnvironment(ctx, test.environment, &EnvironmentArgs{Region: pulumi.String("us-east-1")})
			return err
		})
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v", test, err)
		}
	}
}
