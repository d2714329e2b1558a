// Package settings is the configuration of one stack: typed, and strict about
// what Pulumi itself does not check (unknown keys, ranges, allowed values).
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
	Region           string // AWS region
	Target           string // Local or AWS
	Architecture     string // of the functions, as Lambda names it: "arm64" or "x86_64"
	MemoryMB         int    // of each function
	TimeoutSeconds   int    // of each invocation
	LogRetentionDays int
}

// The values of Settings.Target.
const (
	AWS   = "aws"
	Local = "local" // the local cloud on this machine
)

// Platform is what functions are compiled for.
func (s Settings) Platform() bundle.Platform {
	switch {
	case s.Target == Local:
		return bundle.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}
	case s.Architecture == "x86_64":
		return bundle.Platform{OS: "linux", Arch: "amd64"}
	default:
		return bundle.Platform{OS: "linux", Arch: "arm64"}
	}
}

// Load parses the configuration that the engine hands to the program of that
// project.
func Load(project string) (Settings, error) {
	config := map[string]string{}
	if raw := os.Getenv(pulumi.EnvConfig); raw != "" {
		if err := json.Unmarshal([]byte(raw), &config); err != nil {
			return Settings{}, fmt.Errorf("parse %s: %w", pulumi.EnvConfig, err)
		}
	}
	return Parse(project, config)
}

// Parse reads a configuration by whole keys ("tally:memory", "aws:region"),
// where project is the namespace of the project's own. The error joins all that
// is wrong, one line each, naming the key and what it may be.
func Parse(project string, config map[string]string) (Settings, error) {
	var s Settings
	var errs []error
	known := map[string]bool{}
	for _, k := range keys() {
		name := k.full(project)
		known[name] = true
		value, given := config[name]
		switch {
		case !given && k.fallback == "":
			errs = append(errs, fmt.Errorf("%s is missing: %s", name, k.help()))
		case !given:
			k.set(&s, k.fallback)
		case !k.set(&s, value):
			errs = append(errs, fmt.Errorf("%s may not be %q: %s", name, value, k.help()))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(config)) {
		if strings.HasPrefix(name, project+":") && !known[name] {
			errs = append(errs, unknown(name, slices.Sorted(maps.Keys(known))))
		}
	}
	if err := s.resolveArchitecture(project); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return Settings{}, fmt.Errorf("the configuration of this stack (Pulumi.<stack>.yaml) is wrong:\n%w", errors.Join(errs...))
	}
	return s, nil
}

// resolveArchitecture puts what it stands for in the place of "auto".
func (s *Settings) resolveArchitecture(project string) error {
	auto := s.Architecture == "auto"
	switch {
	case s.Target == Local && s.Architecture != "" && !auto:
		return fmt.Errorf("%s:architecture may not be %q with the target local, whose functions run on this machine: leave it out", project, s.Architecture)
	case s.Target == Local && runtime.GOARCH == "amd64":
		s.Architecture = "x86_64"
	case auto:
		s.Architecture = "arm64"
	}
	return nil
}
