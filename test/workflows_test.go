package test

import (
	"cmp"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"
)

// workflow is a workflow of GitHub Actions, as far as the test needs it.
type workflow struct {
	On          map[string]struct{ Secrets map[string]any } // by event
	Concurrency any
	Jobs        map[string]struct {
		Needs       string
		Uses        string
		Environment string
		Permissions map[string]string
		Secrets     map[string]string
		Concurrency struct {
			Group  string
			Cancel bool `yaml:"cancel-in-progress"`
		}
		Env   map[string]string
		Steps []struct{ If, Run, Uses string }
	}
}

func readWorkflow(t *testing.T, name string) (w workflow) {
	t.Helper()
	raw, err := os.ReadFile("../.github/workflows/" + name)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &w); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return w
}

// TestDeployWorkflow proves what GitHub itself does not check: that no stack is
// deployed from a commit that fails the checks or an earlier stage, that the checks
// run once for a commit, that a stage which waits for its approval holds up no other
// stage, that two deployments of a stack never run at once, and that each ends with
// the smoke test.
func TestDeployWorkflow(t *testing.T) {
	deploy, ci, stack := readWorkflow(t, "deploy.yml"), readWorkflow(t, "ci.yml"), readWorkflow(t, "deploy-stack.yml")
	events := func(w workflow) []string { return slices.Sorted(maps.Keys(w.On)) }
	if !slices.Equal(events(deploy), []string{"push", "workflow_dispatch"}) || deploy.Concurrency != nil || stack.Concurrency != nil {
		t.Error("deploy.yml must run for pushes, and neither it nor deploy-stack.yml may limit the concurrency of whole workflows")
	}
	if !slices.Equal(events(ci), []string{"pull_request", "workflow_call"}) {
		t.Error("ci.yml must run for pull requests and when deploy.yml calls it, and not for pushes, which would run it twice")
	}
	const deployStack = "./.github/workflows/deploy-stack.yml"
	for job, want := range map[string][2]string{ // needs and uses
		"ci": {"", "./.github/workflows/ci.yml"}, "dev": {"ci", deployStack}, "staging": {"dev", deployStack}, "prod": {"staging", deployStack},
	} {
		if got := deploy.Jobs[job]; got.Needs != want[0] || got.Uses != want[1] {
			t.Errorf("the job %s needs %q and uses %q, want %q", job, got.Needs, got.Uses, want)
		}
	}
	if len(deploy.Jobs) != 4 {
		t.Errorf("deploy.yml has the jobs %v", slices.Collect(maps.Keys(deploy.Jobs)))
	}
	for name, job := range deploy.Jobs {
		called := map[bool]workflow{true: ci, false: stack}[name == "ci"]
		// GitHub starts no job of a workflow that asks for more than its caller
		// grants, and leaves a secret empty that its caller does not pass.
		for _, inner := range called.Jobs {
			for permission, access := range inner.Permissions {
				if job.Permissions[permission] != access {
					t.Errorf("the job %s must grant %s: %s", name, permission, access)
				}
			}
		}
		for secret := range called.On["workflow_call"].Secrets {
			if job.Secrets[secret] != "${{ secrets."+secret+" }}" {
				t.Errorf("the job %s must pass the secret %s", name, secret)
			}
		}
	}
	job := stack.Jobs["deploy"]
	if job.Environment != "${{ inputs.stack }}" || job.Concurrency.Group != "deploy-${{ inputs.stack }}" || job.Concurrency.Cancel {
		t.Errorf("the deployment has the environment %q and the concurrency %+v", job.Environment, job.Concurrency)
	}
	last := []string{"pulumi up --stack", `go run ./cmd/rollout -s "$STACK"`, `go run ./cmd/demo -s "$STACK"`}
	for i, command := range last {
		if n := len(job.Steps) - len(last) + i; n < 0 || !strings.Contains(job.Steps[n].Run, command) {
			t.Errorf("the last steps of the deployment must be %q", last)
		}
	}
}

// TestUnconfiguredWorkflows checks that the workflows do nothing on AWS, and succeed, in an
// environment without variables, as in a fork.
func TestUnconfiguredWorkflows(t *testing.T) {
	for name, role := range map[string]string{"deploy-stack.yml": "DEPLOY_ROLE", "preview.yml": "PREVIEW_ROLE"} {
		for _, job := range readWorkflow(t, name).Jobs {
			if want := "${{ vars." + role + " != '' || vars.PULUMI_BACKEND_URL != '' }}"; job.Env["CONFIGURED"] != want {
				t.Errorf("%s: CONFIGURED is %s, want %s", name, job.Env["CONFIGURED"], want)
			}
			for i, step := range job.Steps {
				want := "env.CONFIGURED == 'true'"
				if i == 0 {
					want = "env.CONFIGURED != 'true'"
				}
				if step.If != want {
					t.Errorf("%s: the step %q runs if %q, want %q", name, step.Run+step.Uses, step.If, want)
				}
			}
		}
	}
}

// TestActionsArePinned checks that each action is pinned by the hash of a commit, and that
// Dependabot keeps the pins and the modules current.
func TestActionsArePinned(t *testing.T) {
	for _, name := range []string{"ci.yml", "deploy.yml", "deploy-stack.yml", "preview.yml"} {
		for _, job := range readWorkflow(t, name).Jobs {
			for _, step := range job.Steps {
				if step.Uses != "" && !regexp.MustCompile(`^[^@]+@[0-9a-f]{40}$`).MatchString(step.Uses) {
					t.Errorf("%s: %s is not pinned", name, step.Uses)
				}
			}
		}
	}
	raw, err := os.ReadFile("../.github/dependabot.yml")
	if err != nil {
		t.Fatal(err)
	}
	var dependabot struct {
		Updates []struct {
			Ecosystem   string `yaml:"package-ecosystem"`
			Directories []string
		}
	}
	if err := yaml.Unmarshal(raw, &dependabot); err != nil {
		t.Fatal(err)
	}
	covered := map[string][]string{}
	for _, u := range dependabot.Updates {
		covered[u.Ecosystem] = u.Directories
	}
	modules, err := filepath.Glob("../*/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for _, module := range append(modules, "../go.mod") {
		if dir := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(module)), ".."); !slices.Contains(covered["gomod"], cmp.Or(dir, "/")) {
			t.Errorf("Dependabot does not update the module in %s", cmp.Or(dir, "/"))
		}
	}
	if _, ok := covered["github-actions"]; !ok {
		t.Error("Dependabot does not update actions")
	}
}
