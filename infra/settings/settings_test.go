package settings

import (
	"fmt"
	"maps"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/infra/bundle"
)

// required are the keys that have no default.
func required() map[string]string {
	return map[string]string{"aws:region": "eu-central-1", "tally:target": "aws"}
}

func TestParse(t *testing.T) {
	machine := map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
	tests := []struct {
		name     string
		config   map[string]string
		want     Settings
		platform bundle.Platform
	}{
		{"defaults", nil,
			Settings{"eu-central-1", AWS, "arm64", 128, 10, 30}, bundle.Platform{OS: "linux", Arch: "arm64"}},
		{"everything", map[string]string{"aws:region": "us-gov-west-1", "tally:architecture": "x86_64", "tally:memory": "10240", "tally:timeout": "30", "tally:logRetentionDays": "3653"},
			Settings{"us-gov-west-1", AWS, "x86_64", 10240, 30, 3653}, bundle.Platform{OS: "linux", Arch: "amd64"}},
		{"least", map[string]string{"tally:architecture": "arm64", "tally:memory": "128", "tally:timeout": "1", "tally:logRetentionDays": "1"},
			Settings{"eu-central-1", AWS, "arm64", 128, 1, 1}, bundle.Platform{OS: "linux", Arch: "arm64"}},
		{"local", map[string]string{"tally:target": "local"},
			Settings{"eu-central-1", Local, machine, 128, 10, 30}, bundle.Platform{OS: runtime.GOOS, Arch: runtime.GOARCH}},
		{"keys of others", map[string]string{"aws:profile": "me", "pulumi:tags": "{}"},
			Settings{"eu-central-1", AWS, "arm64", 128, 10, 30}, bundle.Platform{OS: "linux", Arch: "arm64"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := required()
			maps.Copy(config, test.config)
			got, err := Parse("tally", config)
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

func TestParseRefuses(t *testing.T) {
	const (
		memory  = "it is the memory of each function in MB and must be a whole number from 128 to 10240 (default 128)"
		timeout = "it is the most seconds of one invocation and must be a whole number from 1 to 30, the most an HTTP API waits (default 10)"
		target  = "it is where the stack lives and must be aws, or local for the local cloud on this machine"
		region  = "it is the region of the stack and must be the name of an AWS region, such as us-east-1"
	)
	tests := []struct {
		name   string
		config map[string]string
		want   []string // its lines
	}{
		{"too little memory", map[string]string{"tally:memory": "127"}, []string{`tally:memory may not be "127": ` + memory}},
		{"too much memory", map[string]string{"tally:memory": "10241"}, []string{`tally:memory may not be "10241": ` + memory}},
		{"memory with a unit", map[string]string{"tally:memory": "256MB"}, []string{`tally:memory may not be "256MB": ` + memory}},
		{"memory with a sign", map[string]string{"tally:memory": "+256"}, []string{`tally:memory may not be "+256": ` + memory}},
		{"a fraction", map[string]string{"tally:timeout": "1.5"}, []string{`tally:timeout may not be "1.5": ` + timeout}},
		{"no time", map[string]string{"tally:timeout": "0"}, []string{`tally:timeout may not be "0": ` + timeout}},
		{"longer than an API waits", map[string]string{"tally:timeout": "31"}, []string{`tally:timeout may not be "31": ` + timeout}},
		{"empty", map[string]string{"tally:timeout": ""}, []string{`tally:timeout may not be "": ` + timeout}},
		{"a target in capitals", map[string]string{"tally:target": "AWS"}, []string{`tally:target may not be "AWS": ` + target}},
		{"two targets", map[string]string{"tally:target": "aws|local"}, []string{`tally:target may not be "aws|local": ` + target}},
		{"a zone for a region", map[string]string{"aws:region": "us-east-1a"}, []string{`aws:region may not be "us-east-1a": ` + region}},
		{"a retention that is not allowed", map[string]string{"tally:logRetentionDays": "10"}, []string{
			`tally:logRetentionDays may not be "10": it is the days that logs are kept and must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 (default 30)`}},
		{"another architecture", map[string]string{"tally:architecture": "amd64"}, []string{
			`tally:architecture may not be "amd64": it is the processor that functions run on and must be arm64, x86_64, or auto: arm64 on AWS, the machine's own on the target local (default auto)`}},
		{"an architecture for local", map[string]string{"tally:target": "local", "tally:architecture": "arm64"}, []string{
			`tally:architecture may not be "arm64" with the target local, whose functions run on this machine: leave it out`}},
		{"a misspelt key", map[string]string{"tally:memroy": "256"}, []string{"tally:memroy is unknown: did you mean tally:memory?"}},
		{"a key in capitals", map[string]string{"tally:LogRetentionDays": "30"}, []string{"tally:LogRetentionDays is unknown: did you mean tally:logRetentionDays?"}},
		{"another key", map[string]string{"tally:colour": "red"}, []string{
			"tally:colour is unknown: the keys are aws:region, tally:architecture, tally:logRetentionDays, tally:memory, tally:target, tally:timeout"}},
		{"all at once", map[string]string{"tally:memory": "1", "tally:timeout": "x", "tally:targets": "aws"}, []string{
			`tally:memory may not be "1": ` + memory, `tally:timeout may not be "x": ` + timeout, "tally:targets is unknown: did you mean tally:target?"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			config := required()
			maps.Copy(config, test.config)
			got, err := Parse("tally", config)
			if err == nil {
				t.Fatalf("got %+v, want an error", got)
			}
			if diff := cmp.Diff(test.want, strings.Split(err.Error(), "\n")[1:]); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("nothing", func(t *testing.T) {
		_, err := Parse("tally", nil)
		want := "the configuration of this stack (Pulumi.<stack>.yaml) is wrong:\naws:region is missing: " + region + "\ntally:target is missing: " + target
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	})
}

func TestLoad(t *testing.T) {
	t.Setenv(pulumi.EnvConfig, `{"aws:region": "us-east-1", "sums:target": "aws", "sums:memory": "512"}`)
	got, err := Load("sums")
	if err != nil || got.MemoryMB != 512 || got.Region != "us-east-1" {
		t.Errorf("got %+v, %v", got, err)
	}
	t.Setenv(pulumi.EnvConfig, "{")
	if _, err := Load("sums"); err == nil || !strings.Contains(err.Error(), pulumi.EnvConfig) {
		t.Errorf("got %v, want an error that names %s", err, pulumi.EnvConfig)
	}
}

// TestProjectDeclares keeps Pulumi.yaml, which `pulumi config` goes by, in step
// with the keys.
func TestProjectDeclares(t *testing.T) {
	project, err := workspace.LoadProject("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	declared := map[string]string{}
	for name, config := range project.Config {
		fallback := ""
		if config.Default != nil {
			fallback = fmt.Sprint(config.Default)
		}
		declared[name] = fallback + "; " + config.Description
	}
	want := map[string]string{}
	for _, k := range keys() {
		if name := k.full("tally"); strings.HasPrefix(name, "tally:") { // Pulumi lets no project declare keys of another
			want[name] = k.fallback + "; " + strings.ToUpper(k.meaning[:1]) + k.meaning[1:] + ": " + k.allowed
		}
	}
	if diff := cmp.Diff(want, declared); diff != "" {
		t.Error(diff)
	}
}
