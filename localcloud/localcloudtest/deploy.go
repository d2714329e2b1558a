package localcloudtest

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/auto"
	"github.com/pulumi/pulumi/sdk/v3/go/common/tokens"
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"tally/localcloud/control"
)

// Program is a Pulumi program and the stack to deploy it as.
type Program struct {
	// Dir is the folder of the program's Pulumi.yaml. An inline program needs
	// none: relative paths of its archives start in Dir, which is the test's
	// working directory by default.
	Dir string
	// Run is an inline program, which runs inside the test's process, in place of
	// the one in Dir. Unlike other programs, it has the test's environment.
	Run pulumi.RunFunc
	// Project is the name of an inline program's project, "test" by default.
	Project string
	// Stack is the name of the stack, "local" by default. Its configuration
	// starts as a copy of Pulumi.<stack>.yaml in Dir, if there is one.
	Stack string
	// Config is set in the stack's configuration, as pulumi config set --path
	// does: a key is "name", "namespace:name" or a path such as "ports[0]".
	Config map[string]string
}

// Stack is a deployed stack. Its embedded [auto.Stack] previews, updates,
// refreshes and destroys it, and has its outputs.
type Stack struct {
	auto.Stack
	cloud *Cloud
}

// Deploy deploys the program as a stack, and creates the stack if necessary. A
// program may have several stacks.
//
// Nothing is written to the program's folder: Pulumi works in a temporary
// folder, with copies of Pulumi.yaml, whose main is the absolute path of the
// program, and of the stack's configuration. The program itself runs in its own
// folder. It therefore finds its files relative to its working directory, but not
// relative to Pulumi's root directory.
func (c *Cloud) Deploy(ctx context.Context, p Program) *Stack {
	c.t.Helper()
	stack := c.NewStack(ctx, p)
	if _, err := stack.Up(ctx); err != nil {
		c.t.Fatalf("deploy the stack %s: %v", stack.Name(), err)
	}
	return stack
}

// NewStack creates a stack as Deploy does, or selects it if it exists, with its
// configuration, but does not deploy it. It is for tests of what a preview or an update refuses.
func (c *Cloud) NewStack(ctx context.Context, p Program) *Stack {
	c.t.Helper()
	if p.Stack == "" {
		p.Stack = "local"
	}
	stack, err := c.newStack(ctx, p)
	if err != nil {
		c.t.Fatalf("create the stack %s: %v", p.Stack, err)
	}
	return &Stack{Stack: stack, cloud: c}
}

func (c *Cloud) newStack(ctx context.Context, p Program) (auto.Stack, error) {
	if err := c.config.MakePulumiFolders(); err != nil {
		return auto.Stack{}, err
	}
	if _, err := control.Repair(ctx, c.config); err != nil {
		return auto.Stack{}, err
	}
	command, err := newCommand(c.Environ())
	if err != nil {
		return auto.Stack{}, err
	}
	dir := c.t.TempDir()
	if err := p.writeProject(dir); err != nil {
		return auto.Stack{}, err
	}
	if err := control.Register(ctx, c.config, dir); err != nil {
		return auto.Stack{}, err
	}
	options := []auto.LocalWorkspaceOption{auto.WorkDir(dir), auto.Pulumi(command)}
	if p.Run != nil {
		options = append(options, auto.Program(p.Run))
	}
	w, err := auto.NewLocalWorkspace(ctx, options...)
	if err != nil {
		return auto.Stack{}, err
	}
	stack, err := auto.UpsertStack(ctx, p.Stack, w)
	if err != nil || len(p.Config) == 0 {
		return stack, err
	}
	config := auto.ConfigMap{}
	for key, value := range p.Config {
		config[key] = auto.ConfigValue{Value: value}
	}
	return stack, stack.SetAllConfigWithOptions(ctx, config, &auto.ConfigOptions{Path: true})
}

// writeProject writes a Pulumi.yaml into dir that names the program's folder,
// and copies the stack's configuration.
func (p Program) writeProject(dir string) error {
	from, err := filepath.Abs(p.Dir)
	if err != nil {
		return err
	}
	project, err := p.project(from)
	if err != nil {
		return err
	}
	config := filepath.Join(from, project.StackConfigDir, "Pulumi."+p.Stack+".yaml")
	project.StackConfigDir = ""
	if !filepath.IsAbs(project.Main) {
		project.Main = filepath.Join(from, project.Main)
	}
	if err := project.Save(filepath.Join(dir, "Pulumi.yaml")); err != nil {
		return err
	}
	raw, err := os.ReadFile(config)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "Pulumi."+p.Stack+".yaml"), raw, 0o600)
}

func (p Program) project(dir string) (*workspace.Project, error) {
	if p.Run == nil {
		return workspace.LoadProject(filepath.Join(dir, "Pulumi.yaml"))
	}
	name := p.Project
	if name == "" {
		name = "test"
	}
	return &workspace.Project{Name: tokens.PackageName(name), Runtime: workspace.NewProjectRuntimeInfo("go", nil)}, nil
}

// Output returns an output of the stack as a string. It fails the test if the
// stack has no output with that name.
func (s *Stack) Output(ctx context.Context, name string) string {
	s.cloud.t.Helper()
	outputs, err := s.Outputs(ctx)
	if err != nil {
		s.cloud.t.Fatalf("outputs of the stack %s: %v", s.Name(), err)
	}
	output, ok := outputs[name]
	if !ok {
		s.cloud.t.Fatalf("the stack %s has no output %q; it has %q", s.Name(), name, slices.Sorted(maps.Keys(outputs)))
	}
	return fmt.Sprint(output.Value)
}
