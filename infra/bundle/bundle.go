// Package bundle compiles the functions of the project into zip archives for
// Lambda.
//
// Builds are reproducible: the same sources and Go version produce the same
// bytes on every machine, so an unchanged function shows no change in a preview.
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

// Platform is the target of a build, as values of GOOS and GOARCH.
type Platform struct{ OS, Arch string }

// Build compiles the named functions, or every function of the project if no
// names are given, and returns the path of each archive by the function's name.
// The source of a function is in functions/<name> of the project.
//
// The working directory must be the project's folder or one below it. The paths
// are relative to the working directory, so that previews and state do not
// depend on the machine. The error of a function that does not compile includes
// the compiler's output.
func Build(ctx context.Context, platform Platform, names ...string) (map[string]string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return nil, err
	}
	root, err := findRoot(dir)
	if err != nil {
		return nil, err
	}
	toRoot, err := filepath.Rel(dir, root)
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		if names, err = functionNames(root); err != nil {
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
		archives[name] = filepath.Join(toRoot, archive)
		group.Go(func() error { return writeZip(filepath.Join(root, archive), filepath.Join(binaries, name)) })
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return archives, nil
}

// findRoot returns dir or the nearest folder above it that contains Pulumi.yaml.
func findRoot(dir string) (string, error) {
	for root := dir; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "Pulumi.yaml")); err == nil {
			return root, nil
		}
		if root == filepath.Dir(root) {
			return "", fmt.Errorf("no Pulumi.yaml in %s or any folder above it: run this in the project", dir)
		}
	}
}

// functionNames returns the names of the project's functions: the folders in
// functions.
func functionNames(root string) (names []string, err error) {
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

// compile builds each function into the folder out. A single go command builds
// shared packages once and uses every processor.
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
	// The developer's settings must not affect the bytes.
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
