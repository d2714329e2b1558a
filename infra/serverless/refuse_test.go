package serverless

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestRefuses proves that what AWS would refuse, or what would mean less than it
// seems to, fails before anything is deployed.
func TestRefuses(t *testing.T) {
	function := func(name string, variables pulumi.StringMap) func(*Environment, *Function) error {
		return func(env *Environment, _ *Function) error {
			_, err := NewFunction(env, name, &FunctionArgs{Code: pulumi.NewFileArchive("f.zip"), Environment: variables})
			return err
		}
	}
	topic := func(name string) func(*Environment, *Function) error {
		return func(env *Environment, _ *Function) error {
			_, err := NewTopic(env, name, nil)
			return err
		}
	}
	api := func(args APIArgs) func(*Environment, *Function) error {
		return func(env *Environment, f *Function) error {
			for i := range args.Routes {
				args.Routes[i].Function = f
			}
			_, err := NewAPI(env, "api", &args)
			return err
		}
	}
	value := func(s string) pulumi.StringInput { return pulumi.String(s) }
	for _, test := range []struct {
		name    string
		program func(*Environment, *Function) error
		want    string
	}{
		{"no name", function("", nil), `function "": its name must be 1 to 56 small letters, digits and single dashes, and start with a letter`},
		{"a long function", function(strings.Repeat("f", 57), nil), "its name must be 1 to 56 small letters"},
		{"capitals", function("handleMessage", nil), `function "handleMessage": its name must be`},
		{"an underscore", topic("my_topic"), `topic "my_topic": its name must be`},
		{"a long topic", topic(strings.Repeat("t", 48)), "its name must be 1 to 47 small letters"},
		{"a long subscription", func(env *Environment, _ *Function) error {
			f, err := NewFunction(env, strings.Repeat("f", 50), &FunctionArgs{Code: pulumi.NewFileArchive("f.zip")})
			if err != nil {
				return err
			}
			topic, err := NewTopic(env, strings.Repeat("t", 40), nil)
			if err != nil {
				return err
			}
			_, err = topic.Subscribe(f, nil)
			return err
		}, "its name must be 1 to 72 small letters"},

		{"a variable of Lambda's", function("g", pulumi.StringMap{"AWS_REGION": value("x")}), "variable AWS_REGION of function g: the name is reserved for Lambda"},
		{"a time zone", function("g", pulumi.StringMap{"TZ": value("x")}), "variable TZ of function g: the name is reserved"},
		{"a handler", function("g", pulumi.StringMap{"_HANDLER": value("x")}), "variable _HANDLER of function g: the name is reserved"},
		{"a dash", function("g", pulumi.StringMap{"SUMS-TOPIC": value("x")}), `variable "SUMS-TOPIC" of function g: its name must be a letter and`},
		{"one letter", function("g", pulumi.StringMap{"A": value("x")}), `variable "A" of function g: its name must be a letter and`},
		{"the component's own", function("g", pulumi.StringMap{"SERVICE": value("x")}), "variable SERVICE of function g: the component sets it itself"},
		{"every wrong variable", function("g", pulumi.StringMap{"A": value("x"), "TZ": value("x")}), "letters, digits and underscores\nvariable TZ of"},
		{"long values", function("g", pulumi.StringMap{"BIG": value(strings.Repeat("x", 4096))}), "the variables of function g have 4"},

		{"grants nothing", func(_ *Environment, f *Function) error { return f.Grant("read", []string{"sns:Publish"}) },
			"grant read of function f: name at least one action and one resource"},
		{"another auth", api(APIArgs{Auth: Auth{Type: "public"}}), `API api: the auth must be iam, jwt or none, not "public"`},
		{"tokens of nobody", api(APIArgs{Auth: Auth{Type: "jwt", Audience: []string{"a"}}}), "the auth jwt needs an issuer and an audience"},
		{"tokens for nobody", api(APIArgs{Auth: Auth{Type: "jwt", Issuer: "https://example.com"}}), "the auth jwt needs an issuer and an audience"},
		{"an issuer without tokens", api(APIArgs{Auth: Auth{Issuer: "https://example.com"}}), "issuer, audience and scopes are for the auth jwt alone"},
		{"scopes without tokens", api(APIArgs{Auth: Auth{Type: "iam"}, Routes: []Route{{Key: "GET /", Scopes: []string{"add"}}}}), "issuer, audience and scopes are for the auth jwt alone"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := run(t, test.program); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
	for _, stack := range []string{"a.b", strings.Repeat("s", 65)} {
		_, err := runStack(t, stack, func(*Environment) error { return nil })
		if err == nil || !strings.Contains(err.Error(), "its name must be 1 to 64 letters, digits, dashes and underscores") {
			t.Errorf("stack %s: got %v", stack, err)
		}
	}
}
