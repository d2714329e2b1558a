// Package settings parses the configuration of a stack. It checks what Pulumi
// itself does not: unknown keys, ranges, allowed values and contradictions.
//
// Pulumi.yaml declares the same keys for `pulumi config`; Pulumi.<stack>.yaml
// sets them.
package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/bundle"
)

// Settings are the configuration of one stack.
type Settings struct {
	Region          string   // AWS region
	Profile         string   // of the AWS credentials; "" for those in the environment
	AllowedAccounts []string // the AWS accounts that the stack may be deployed to; any if empty
	Target          string   // Local or AWS
	Owner           string   // who is responsible for the stack; becomes a tag
	CostCentre      string   // who pays for the stack; becomes a tag
	Protect         bool     // Pulumi refuses to delete what holds data or is in use outside the stack
	CustomerKey     bool     // the stack's own key encrypts data at rest
	// PermissionsBoundary is the ARN of the policy that limits what the stack's roles
	// may be allowed; "" for none.
	PermissionsBoundary string

	Functions Functions
	API       API

	Buffer            bool   // a queue is between the topic of numbers and its function
	SumsRetentionDays int    // the time after which a sum expires
	SumsEmail         string // "" for none
	SumsWebhook       string // an HTTPS URL; "" for none
	SumsQueue         bool   // a queue holds every sum
	NotifyURL         string // receives signed requests; "" for none

	LogRetentionDays int
	AlarmEmail       string // "" for none, which Protect allows only with a webhook
	AlarmWebhook     string // an HTTPS URL; "" for none
	Runbook          string // an HTTPS URL without a fragment; "" for none
}

// Functions are the settings of every function.
type Functions struct {
	Architecture        string // as Lambda names it: "arm64" or "x86_64"
	MemoryMB            int
	TimeoutSeconds      int    // of each invocation
	EphemeralMB         int    // of /tmp
	ReservedConcurrency int    // concurrent invocations; 0 for the account's unreserved concurrency
	AccountConcurrency  int    // the account's quota of concurrent invocations in the region
	Retries             int    // of a failed asynchronous invocation
	MaxEventAgeSeconds  int    // of an asynchronous invocation
	LogLevel            string // as Lambda names it: "DEBUG", "INFO", "WARN" or "ERROR"
	// Rollout is how new versions take over from the previous ones: AllAtOnce,
	// "canary-<percent>-<minutes>m" or "linear-<percent>-<minutes>m".
	Rollout string
}

// AllAtOnce is the value of Functions.Rollout that makes a deployment replace the
// previous version at once.
const AllAtOnce = "all-at-once"

// API are the settings of the HTTP API.
type API struct {
	Auth          string // None, IAM or JWT
	AllowPublic   bool   // must be set if Auth is None
	Issuer        string // of JWTs
	Audience      []string
	Scopes        []string
	RatePerSecond int // of all callers together
	Burst         int
	CORSOrigins   []string // no CORS if empty

	DomainName, ZoneID, CertificateARN string // all of them or none
}

// The values of Settings.Target.
const (
	AWS   = "aws"
	Local = "local" // the local cloud on this machine
)

// The values of API.Auth.
const (
	None = "none"
	IAM  = "iam"
	JWT  = "jwt"
)

// Platform returns the platform that functions are compiled for.
func (s Settings) Platform() bundle.Platform {
	switch {
	case s.Target == Local:
		return bundle.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}
	case s.Functions.Architecture == "x86_64":
		return bundle.Platform{OS: "linux", Arch: "amd64"}
	default:
		return bundle.Platform{OS: "linux", Arch: "arm64"}
	}
}

// Load parses the configuration of a project's stack, which the engine passes to
// the program.
func Load(project, stack string) (Settings, error) {
	config := map[string]string{}
	if raw := os.Getenv(pulumi.EnvConfig); raw != "" {
		if err := json.Unmarshal([]byte(raw), &config); err != nil {
			return Settings{}, fmt.Errorf("parse %s: %w", pulumi.EnvConfig, err)
		}
	}
	return Parse(project, stack, config)
}

// Parse reads a configuration by key ("tally:memory", "aws:region"); project is
// the namespace of the project's own keys, and stack the stack that errors name.
// The error lists every fault on a line of its own, with the key and the allowed
// values.
func Parse(project, stack string, config map[string]string) (Settings, error) {
	var s Settings
	var errs []error
	known := map[string]bool{}
	for _, one := range all() {
		key := one.key(project)
		known[key] = true
		value, given := config[key]
		given = given && !(one.Optional && unset(value))
		switch {
		case given && !one.Field(&s, value):
			errs = append(errs, fmt.Errorf("%s may not be %q: %s", key, value, one.help()))
		case !given && one.Default != "":
			one.Field(&s, one.Default)
		case !given && !one.Optional:
			errs = append(errs, fmt.Errorf("%s is missing: %s", key, one.help()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(config)) {
		// The program passes only the known aws keys to its provider, so any
		// other would have no effect.
		if (strings.HasPrefix(name, project+":") || strings.HasPrefix(name, "aws:")) && !known[name] {
			errs = append(errs, unknown(name, slices.Sorted(maps.Keys(known))))
		}
	}
	given := func(key string) bool { return !unset(config[project+":"+key]) }
	errs = append(errs, s.contradictions(project, stack, given)...)
	if len(errs) > 0 {
		return Settings{}, fmt.Errorf("the configuration of this stack (Pulumi.%s.yaml) is invalid:\n%w", stack, errors.Join(errs...))
	}
	s.resolveArchitecture()
	return s, nil
}

// unset reports whether an optional value is the empty default in Pulumi.yaml.
// Without that default, Pulumi would require every stack to set the key.
func unset(value string) bool { return value == "" || value == "[]" }

// resolveArchitecture replaces the architecture auto by the one it selects.
func (s *Settings) resolveArchitecture() {
	switch {
	case s.Functions.Architecture != auto:
	case s.Target == Local && runtime.GOARCH == "amd64":
		s.Functions.Architecture = "x86_64"
	default:
		s.Functions.Architecture = "arm64"
	}
}
