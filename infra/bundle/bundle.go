// Package bundle compiles the functions of the project into the zip archives
// that Lambda runs.
//
// The same sources and Go version produce the same bytes on every machine, so a
// preview shows no change for an unchanged function.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"
)

// Platform is what functions are compiled for, in the words of GOOS and GOARCH.
type Platform struct{ OS, Arch string }

// Build compiles the function in functions/<name> of the project for each name,
// or every function there if no name is given, and returns the archives'
// paths by name. They are relative to the working directory, which must be in
// the project, so that neither previews nor state hold the paths of one machine.
// The error for a function that does not compile contains the compiler's output.
func Build(ctx context.Context, platform Platform, names ...string) (map[string]string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	root, err := findRoot(dir)
	if err != nil {
		return nil, err
	}
	up, err := filepath.Rel(dir, root)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		if names, err = all(root); err != nil {
			return nil, err
		}
	}
	binaries, err := os.MkdirTemp("", "bundle-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(binaries)
	if err := compile(ctx, root, binaries, platform, names); err != nil {
		return nil, err
	}

	archives := map[string]string{}
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for _, name := range names {
		archive := filepath.Join("bin", "functions", platform.OS+"-"+platform.Arch, name+".zip")
		archives[name] = filepath.Join(up, archive)
		group.Go(func() error { return writeZip(filepath.Join(root, archive), filepath.Join(binaries, name)) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return archives, nil
}

// findRoot goes up from dir to the folder that holds Pulumi.yaml.
func findRoot(dir string) (string, error) {
	for root := dir; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "Pulumi.yaml")); err == nil {
			return root, nil
		}
		if root == filepath.Dir(root) {
			return "", fmt.Errorf("no Pulumi.yaml in %s or above: run in the folder of the project", dir)
		}
	}
}

// all returns the names of the project's functions: the folders in functions.
func all(root string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// compile builds each function into the folder out. A single go command builds
// shared packages once, and in parallel.
func compile(ctx context.Context, root, out string, platform Platform, names []string) error {
	args := []string{"build", "-o", out + string(filepath.Separator), "-tags", "lambda.norpc",
		"-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid="}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(root, "functions", name)); err != nil {
			return fmt.Errorf("function %s has no folder: %w", name, err)
		}
		args = append(args, "./functions/"+name)
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	// The developer's own settings must not change the bytes.
	cmd.Env = append(os.Environ(), "GOOS="+platform.OS, "GOARCH="+platform.Arch, "CGO_ENABLED=0",
		"GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=-trimpath", "GOWORK=off")
	if output, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("compile the functions (%s): %w\n%s", strings.Join(names, ", "), err, strings.TrimSpace(string(output)))
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(out, name)); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("functions/%s is not a program: its package must be main", name)
		}
	}
	return nil
}
