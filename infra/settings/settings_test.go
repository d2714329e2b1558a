package settings

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag"
	"github.com/pulumi/pulumi/sdk/v3/go/common/diag/colors"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/config"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/bundle"
	tally "tally/internal/project"
)

// required returns a configuration of the required keys alone.
func required() map[string]string {
	return map[string]string{"aws:region": "eu-central-1", "tally:target": "aws", "tally:owner": "team-a", "tally:costCentre": "4711"}
}

func TestParse(t *testing.T) {
	machine := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	defaults := func(change func(*Settings)) Settings {
		s := Settings{
			Region: "eu-central-1", Target: AWS, Owner: "team-a", CostCentre: "4711", LogRetentionDays: 30,
			Functions: Functions{Architecture: "arm64", MemoryMB: 128, TimeoutSeconds: 10, EphemeralMB: 512, AccountConcurrency: 1000, Retries: 2, MaxEventAgeSeconds: 21600, LogLevel: "INFO", Rollout: AllAtOnce},
			API:       API{Auth: IAM, RatePerSecond: 50, Burst: 100}, SumsRetentionDays: 30,
		}
		change(&s)
		return s
	}
	arm := bundle.Platform{OS: "linux", Arch: "arm64"}
	tests := []struct {
		name     string
		config   map[string]string
		want     Settings
		platform bundle.Platform
	}{
		{"defaults", nil, defaults(func(*Settings) {}), arm},
		{"everything", map[string]string{
			"aws:region": "us-gov-west-1", "aws:profile": "me", "aws:allowedAccountIds": `["123456789012"]`,
			"tally:owner": "Équipe A", "tally:costCentre": "a+b@c", "tally:protect": "true", "tally:encryption": "customer",
			"tally:permissionsBoundary": "arn:aws-us-gov:iam::123456789012:policy/teams/a/boundary",
			"tally:architecture":        "x86_64", "tally:memory": "10240", "tally:timeout": "30", "tally:ephemeralStorage": "10240",
			"tally:reservedConcurrency": "900", "tally:accountConcurrency": "5000", "tally:asyncRetries": "0", "tally:asyncMaxAge": "60", "tally:logLevel": "debug", "tally:rollout": "canary-5-15m",
			"tally:auth": "jwt", "tally:jwtIssuer": "https://login.example.com/", "tally:jwtAudience": `["tally"]`, "tally:jwtScopes": `["add","read"]`,
			"tally:throttleRate": "10000", "tally:throttleBurst": "5000", "tally:corsOrigins": `["https://a.example.com","http://localhost:8080"]`,
			"tally:domainName": "api.example.com", "tally:domainZoneId": "Z0123456789ABCDEFGHIJ",
			"tally:domainCertificateArn": "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/0a1b",
			"tally:logRetentionDays":     "3653", "tally:alarmEmail": "on-call@example.com",
			"tally:alarmWebhook": "https://example.com/alarms", "tally:runbook": "https://example.com/operate.md", "tally:sumsEmail": "sums@example.com", "tally:sumsWebhook": "https://user:p%40ss@example.com:8443/sums?a=b",
			"tally:buffer": "true", "tally:sumsRetentionDays": "3650", "tally:sumsQueue": "true", "tally:notifyUrl": "https://example.com/notify",
		}, Settings{
			Region: "us-gov-west-1", Profile: "me", AllowedAccounts: []string{"123456789012"}, Target: AWS,
			Owner: "Équipe A", CostCentre: "a+b@c", Protect: true, CustomerKey: true, PermissionsBoundary: "arn:aws-us-gov:iam::123456789012:policy/teams/a/boundary",
			Functions: Functions{"x86_64", 10240, 30, 10240, 900, 5000, 0, 60, "DEBUG", "canary-5-15m"},
			API: API{
				Auth: JWT, Issuer: "https://login.example.com/", Audience: []string{"tally"}, Scopes: []string{"add", "read"},
				RatePerSecond: 10000, Burst: 5000, CORSOrigins: []string{"https://a.example.com", "http://localhost:8080"},
				DomainName: "api.example.com", ZoneID: "Z0123456789ABCDEFGHIJ",
				CertificateARN: "arn:aws-us-gov:acm:us-gov-west-1:123456789012:certificate/0a1b",
			},
			LogRetentionDays: 3653, AlarmEmail: "on-call@example.com", AlarmWebhook: "https://example.com/alarms", Runbook: "https://example.com/operate.md",
			SumsEmail: "sums@example.com", SumsWebhook: "https://user:p%40ss@example.com:8443/sums?a=b",
			Buffer: true, SumsRetentionDays: 3650, SumsQueue: true, NotifyURL: "https://example.com/notify",
		}, bundle.Platform{OS: "linux", Arch: "amd64"}},
		{"local", map[string]string{"tally:target": "local"},
			defaults(func(s *Settings) { s.Target, s.Functions.Architecture = Local, machine }), bundle.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}},
		{"an issuer of this machine", map[string]string{"tally:target": "local", "tally:auth": "jwt", "tally:jwtIssuer": "http://127.0.0.1:8080", "tally:jwtAudience": `["a"]`},
			defaults(func(s *Settings) {
				s.Target, s.Functions.Architecture = Local, machine
				s.API.Auth, s.API.Issuer, s.API.Audience = JWT, "http://127.0.0.1:8080", []string{"a"}
			}), bundle.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}},
		{"protected with a webhook", map[string]string{"tally:protect": "true", "tally:alarmWebhook": "https://example.com"},
			defaults(func(s *Settings) { s.Protect, s.AlarmWebhook = true, "https://example.com" }), arm},
		{"public with confirmation", map[string]string{"tally:auth": "none", "tally:allowPublic": "true"},
			defaults(func(s *Settings) { s.API.Auth, s.API.AllowPublic = None, true }), arm},
		{"keys of other namespaces", map[string]string{"pulumi:tags": "{}", "other:memory": "1"}, defaults(func(*Settings) {}), arm},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := required()
			maps.Copy(config, test.config)
			got, err := Parse("tally", "dev", config)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if got := got.Platform(); got != test.platform {
				t.Errorf("platform %v, want %v", got, test.platform)
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, `{"aws:region": "us-east-1", "sums:target": "aws", "sums:owner": "a", "sums:costCentre": "b", "sums:memory": "512"}`)
	got, err := Load("sums", "dev")
	if err != nil || got.Functions.MemoryMB != 512 || got.Region != "us-east-1" {
		t.Errorf("got %+v, %v", got, err)
	}
	t.Setenv(pulumi.EnvConfig, "{")
	if _, err := Load("sums", "dev"); err == nil || !strings.Contains(err.Error(), pulumi.EnvConfig) {
		t.Errorf("got %v, want an error that names %s", err, pulumi.EnvConfig)
	}
}

// TestProjectDeclares proves that Pulumi.yaml and this package declare the same
// keys, defaults and descriptions.
func TestProjectDeclares(t *testing.T) {
	project, err := workspace.LoadProject("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]string{}
	config := required()
	for name, declaration := range project.Config {
		if !strings.HasPrefix(name, "tally:") {
			continue // a value for the engine, not for the program
		}
		fallback := ""
		if declaration.Default != nil {
			fallback = fmt.Sprint(declaration.Default)
		}
		if declaration.Default != nil { // the engine passes it to the program
			config[name] = fallback
		}
		if unset(fallback) {
			fallback = ""
		}
		declared[name] = fallback + "; " + declaration.Description
	}
	want := map[string]string{}
	for _, s := range all() {
		if key := s.key("tally"); strings.HasPrefix(key, "tally:") { // Pulumi.yaml cannot declare the keys of other namespaces
			want[key] = s.Default + "; " + strings.ToUpper(s.Meaning[:1]) + s.Meaning[1:] + ": " + s.Limits
		}
	}
	if diff := cmp.Diff(want, declared); diff != "" {
		t.Error(diff)
	}
	if _, err := Parse("tally", "dev", config); err != nil {
		t.Errorf("the declared defaults: %v", err)
	}
}

// TestStacks parses the configuration of every stack in the project. It also proves
// that prod, as committed, is refused until somebody is told about its alarms.
func TestStacks(t *testing.T) {
	project, err := workspace.LoadProject("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		stack, auth string
		target      string
		retention   int
		protect     bool
	}{
		{"local", None, Local, 1, false},
		{"dev", None, AWS, 14, false},
		{"staging", IAM, AWS, 90, false},
		{"prod", IAM, AWS, 365, true},
	} {
		committed := stackConfig(t, project, "../..", test.stack)
		if _, err := Parse("tally", test.stack, committed); (err != nil) != test.protect || test.protect && !strings.Contains(err.Error(), "alarmEmail ADDRESS --stack "+test.stack) {
			t.Errorf("%s as committed: %v", test.stack, err)
		}
		dir := t.TempDir()
		name := "Pulumi." + test.stack + ".yaml"
		if err := errors.Join(tally.CopyFile("../../"+name, filepath.Join(dir, name)), tally.AddStandIns(dir, test.stack)); err != nil {
			t.Fatal(err)
		}
		got, err := Parse("tally", test.stack, stackConfig(t, project, dir, test.stack))
		if err != nil {
			t.Errorf("%s: %v", test.stack, err)
			continue
		}
		if got.API.Auth != test.auth || got.Target != test.target || got.LogRetentionDays != test.retention || got.Protect != test.protect {
			t.Errorf("%s: %+v", test.stack, got)
		}
	}
}

// stackConfig returns the configuration in a folder's Pulumi.<stack>.yaml.
func stackConfig(t *testing.T, project *workspace.Project, dir, stack string) map[string]string {
	t.Helper()
	sink := diag.DefaultSink(io.Discard, io.Discard, diag.FormatOptions{Color: colors.Never})
	file, err := workspace.LoadProjectStack(sink, project, filepath.Join(dir, "Pulumi."+stack+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]string{}
	for key, value := range file.Config {
		if values[key.String()], err = value.Value(config.NopDecrypter); err != nil {
			t.Fatal(err)
		}
	}
	return values
}

func TestCheckConcurrency(t *testing.T) {
	for _, test := range []struct {
		account, reserved, functions int
		want                         string
	}{
		{1000, 0, 20, ""},
		{10, 0, 2, ""},
		{1000, 450, 2, ""},
		{1000, 451, 2, "p:reservedConcurrency may not be 451: 2 functions would reserve 902 concurrent invocations, and the account can reserve 900, " +
			"which is p:accountConcurrency less the 100 that Lambda keeps unreserved"},
		{10, 1, 2, "p:reservedConcurrency may not be 1: 2 functions would reserve 2 concurrent invocations, and the account can reserve 0, " +
			"which is p:accountConcurrency less the 100 that Lambda keeps unreserved"},
	} {
		s := Settings{Functions: Functions{AccountConcurrency: test.account, ReservedConcurrency: test.reserved}}
		got := ""
		if err := s.CheckConcurrency("p", test.functions); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%+v: %q", test, got)
		}
	}
}
