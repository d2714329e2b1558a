package serverless

import (
	"errors"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestRefuses proves that a declaration that AWS would refuse, or that would
// have no effect, fails before anything is deployed.
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
	sized := func(args FunctionArgs) func(*Environment, *Function) error {
		return func(env *Environment, _ *Function) error {
			args.Code = pulumi.NewFileArchive("f.zip")
			_, err := NewFunction(env, "g", &args)
			return err
		}
	}
	notified := func(args TopicArgs) func(*Environment, *Function) error {
		return func(env *Environment, _ *Function) error { _, err := NewTopic(env, "t", &args); return err }
	}
	queue := func(args QueueArgs) func(*Environment, *Function) error {
		return func(env *Environment, _ *Function) error { _, err := NewQueue(env, "q", &args); return err }
	}
	table := func(args TableArgs) func(*Environment, *Function) error {
		return func(env *Environment, _ *Function) error { _, err := NewTable(env, "t", &args); return err }
	}
	root := []Route{{Key: "GET /"}}
	value := func(s string) pulumi.String { return pulumi.String(s) }
	values := func(s string) pulumi.StringArray { return pulumi.ToStringArray([]string{s}) }
	for _, test := range []struct {
		name    string
		program func(*Environment, *Function) error
		want    string
	}{
		{"no name", function("", nil), `function "": its name must be lowercase letters, digits and single dashes, and start with a letter`},
		{"capitals", function("handleMessage", nil), `function "handleMessage": its name must be`},
		{"an underscore", topic("my_topic"), `topic "my_topic": its name must be`},
		{"no code", func(env *Environment, _ *Function) error {
			_, err := NewFunction(env, "g", &FunctionArgs{})
			return err
		}, `function "g": Code is required`},

		{"a variable that Lambda sets", function("g", pulumi.StringMap{"AWS_REGION": value("x")}), "variable AWS_REGION of function g: the name is reserved for Lambda"},
		{"a handler", function("g", pulumi.StringMap{"_HANDLER": value("x")}), "variable _HANDLER of function g: the name is reserved"},
		{"a dash", function("g", pulumi.StringMap{"SUMS-TOPIC": value("x")}), `variable "SUMS-TOPIC" of function g: its name must be a letter and`},
		{"one letter", function("g", pulumi.StringMap{"A": value("x")}), `variable "A" of function g: its name must be a letter and`},
		{"the component's own", function("g", pulumi.StringMap{"SERVICE": value("x")}), "variable SERVICE of function g: the component sets it"},
		{"several invalid variables", function("g", pulumi.StringMap{"A": value("x"), "AWS_REGION": value("x")}), "letters, digits and underscores\nvariable AWS_REGION of"},
		{"long values", function("g", pulumi.StringMap{"BIG": value(strings.Repeat("x", 4096))}), "function g: its environment variables have 4"},

		{"a grant without resources", func(_ *Environment, f *Function) error { return f.Grant("read", []string{"sns:Publish"}, nil) },
			`grant "read" of function f: its name must be lowercase letters, digits and single dashes, and start with a letter, and it needs at least one action and one resource`},
		{"a subscriber in another environment", func(env *Environment, f *Function) error {
			other, err := NewEnvironment(env.ctx, "other", &EnvironmentArgs{Region: value("eu-west-1")})
			if err != nil {
				return err
			}
			topic, err := NewTopic(other, "t", nil)
			if err != nil {
				return err
			}
			_, err = topic.Subscribe(f, nil)
			return err
		}, "subscription t-f: the topic is in the environment other and the subscriber in e"},

		{"a table without a key", table(TableArgs{}), "table t: Key is required"},
		{"a sort key that is the key", table(TableArgs{Key: "id", SortKey: "id"}), "table t: Key, SortKey and TTL must be different attributes"},
		{"a key that expires", table(TableArgs{Key: "id", SortKey: "at", TTL: "at"}), "table t: Key, SortKey and TTL must be different attributes"},
		{"a long attribute", table(TableArgs{Key: "id", TTL: strings.Repeat("x", 256)}), "table t: the name of the attribute xxxxxxxxxxxxxxxxxxxx… has 256 bytes, but DynamoDB allows at most 255"},
		{"a parameter without a path", func(_ *Environment, f *Function) error { return f.GrantParameter("secret") }, `grant of the parameter "secret" to function f: its name must be a path`},
		{"every parameter", func(_ *Environment, f *Function) error { return f.GrantParameter("/p/*") }, `grant of the parameter "/p/*" to function f: its name must be a path`},
		{"its own failures", func(_ *Environment, f *Function) error { return f.OnFailure(f) }, "function f: it cannot handle its own failures"},
		{"failures twice", func(env *Environment, f *Function) error {
			return errors.Join(recorded(env, f, nil), f.OnFailure(&Function{env: env, name: "h"}))
		}, "function f: OnFailure has already been called"},
		{"a handler in another environment", func(env *Environment, f *Function) error {
			return f.OnFailure(&Function{env: &Environment{name: "other"}, name: "g"})
		}, "function f: it is in the environment e and the handler of its failures, g, in other"},
		{"a handler after a buffer", func(env *Environment, f *Function) error {
			topic, err := NewTopic(env, "t", nil)
			if err != nil {
				return err
			}
			if _, err := topic.Subscribe(f, &SubscriptionArgs{Buffer: &BufferArgs{}}); err != nil {
				return err
			}
			return recorded(env, f, nil)
		}, "function f: call OnFailure before Subscribe with a Buffer"},
		{"a buffer before a queue", func(env *Environment, f *Function) error {
			topic, err := NewTopic(env, "t", nil)
			if err != nil {
				return err
			}
			q, err := NewQueue(env, "q", nil)
			if err != nil {
				return err
			}
			_, err = topic.Subscribe(q, &SubscriptionArgs{Buffer: &BufferArgs{}})
			return err
		}, "subscription t-q: Buffer requires a function; the subscriber is a queue"},

		{"the name of a boundary", func(env *Environment, _ *Function) error {
			_, err := NewEnvironment(env.ctx, "other", &EnvironmentArgs{Region: value("eu-west-1"), PermissionsBoundary: value("boundary")})
			return err
		}, `environment other: PermissionsBoundary must be the ARN of an IAM policy, not "boundary"`},

		{"an unknown auth", api(APIArgs{Routes: root, Auth: Auth{Type: "public"}}), `API api: the auth type must be iam, jwt or none, not "public"`},
		{"no issuer", api(APIArgs{Routes: root, Auth: Auth{Type: "jwt", Audience: values("a")}}), "the auth type jwt requires Issuer and Audience"},
		{"no audience", api(APIArgs{Routes: root, Auth: Auth{Type: "jwt", Issuer: value("https://example.com")}}), "the auth type jwt requires Issuer and Audience"},
		{"an issuer without tokens", api(APIArgs{Routes: root, Auth: Auth{Issuer: value("https://example.com")}}), "Issuer, Audience and Scopes require the auth type jwt"},
		{"scopes without tokens", api(APIArgs{Routes: []Route{{Key: "GET /", Scopes: values("add")}}, Auth: Auth{Type: "iam"}}), "Issuer, Audience and Scopes require the auth type jwt"},
		{"no routes", api(APIArgs{}), "API api: Routes are required"},
		{"an incomplete domain", api(APIArgs{Routes: root, Domain: &Domain{Name: value("example.com")}}), "API api: Domain requires Name, ZoneID and CertificateARN"},
		{"an invalid domain name", api(APIArgs{Routes: root, Domain: &Domain{Name: value("Example.com"), ZoneID: value("Z1"), CertificateARN: value("arn")}}),
			`API api: Domain.Name must be a host name in lowercase letters, not "Example.com"`},
		{"a burst of zero", api(APIArgs{Routes: root, Throttle: Throttle{Burst: pulumi.Int(0)}}), "API api: Throttle.Burst must be a whole number of at least 1, not 0"},
		{"a rate of zero", api(APIArgs{Routes: root, Throttle: Throttle{RatePerSecond: pulumi.Float64(0)}}), "API api: Throttle.RatePerSecond must be more than 0, not 0"},
		{"a negative latency", api(APIArgs{Routes: root, SlowMillis: pulumi.Int(-1)}), "API api: SlowMillis must be a whole number of at least 1, not -1"},

		{"memory", sized(FunctionArgs{MemoryMB: pulumi.Int(127)}), "function g: MemoryMB must be a whole number from 128 to 10240, not 127"},
		{"memory that is known later", sized(FunctionArgs{MemoryMB: pulumi.Int(127).ToIntOutput().ToIntPtrOutput()}), "function g: MemoryMB must be a whole number from 128 to 10240, not 127"},
		{"timeout", sized(FunctionArgs{TimeoutSeconds: pulumi.Int(901)}), "function g: TimeoutSeconds must be a whole number from 1 to 900, not 901"},
		{"storage", sized(FunctionArgs{EphemeralMB: pulumi.Int(1)}), "function g: EphemeralMB must be a whole number from 512 to 10240, not 1"},
		{"retries", sized(FunctionArgs{Retries: pulumi.Int(3)}), "function g: Retries must be a whole number from 0 to 2, not 3"},
		{"age", sized(FunctionArgs{MaxEventAgeSeconds: pulumi.Int(59)}), "function g: MaxEventAgeSeconds must be a whole number from 60 to 21600, not 59"},
		{"concurrency", sized(FunctionArgs{ReservedConcurrency: pulumi.Int(-1)}), "function g: ReservedConcurrency must be a whole number of at least 0, not -1"},
		{"architecture", sized(FunctionArgs{Architecture: value("amd64")}), `function g: Architecture must be arm64 or x86_64, not "amd64"`},
		{"log level", sized(FunctionArgs{LogLevel: value("info")}), `function g: LogLevel must be TRACE, DEBUG, INFO, WARN, ERROR or FATAL, not "info"`},
		{"email", notified(TopicArgs{Email: value("me")}), `topic t: Email must be an email address, not "me"`},
		{"webhook", notified(TopicArgs{Webhook: value("http://example.com")}), `topic t: Webhook must be an https URL, not "http://example.com"`},
		{"a queue's delay", queue(QueueArgs{DelaySeconds: pulumi.Int(901)}), "queue q: DelaySeconds must be a whole number from 0 to 900, not 901"},
		{"a queue's receives", queue(QueueArgs{MaxReceives: pulumi.Int(0)}), "queue q: MaxReceives must be a whole number from 1 to 1000, not 0"},
		{"a queue's wait", queue(QueueArgs{ReceiveWaitSeconds: pulumi.Int(21)}), "queue q: ReceiveWaitSeconds must be a whole number from 0 to 20, not 21"},
		{"a queue's retention", queue(QueueArgs{RetentionSeconds: pulumi.Int(59)}), "queue q: RetentionSeconds must be a whole number from 60 to 1209600, not 59"},
		{"a queue's visibility", queue(QueueArgs{VisibilityTimeoutSeconds: pulumi.Int(43201)}), "queue q: VisibilityTimeoutSeconds must be a whole number from 0 to 43200, not 43201"},
		{"a queue's age", queue(QueueArgs{AlarmAgeSeconds: pulumi.Int(0)}), "queue q: AlarmAgeSeconds must be a whole number of at least 1, not 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := withFunction(test.program); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q in it", err, test.want)
			}
		})
	}
}
