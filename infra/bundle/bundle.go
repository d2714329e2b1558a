// Package bundle compiles the functions of the project into zip archives for
// Lambda.
//
// A function whose sources did not change since the last build is neither compiled
// nor zipped again. Builds are reproducible: the same sources and Go version produce the same
// bytes on every machine, so an unchanged function shows no change in a preview.
package bundle

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
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
// depend on the machine. Beside the archives is a manifest of what they were built
// from; only functions that differ from it are built. The error of a function that does not compile includes
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
	archives := map[string]string{}
	for _, name := range names {
		archives[name] = filepath.Join(archivesIn(toRoot, platform), name+".zip")
	}
	return archives, update(ctx, root, archivesIn(root, platform), platform, names)
}

// archivesIn returns the folder of the archives for a platform in the project's folder.
func archivesIn(root string, platform Platform) string {
	return filepath.Join(root, "bin", "functions", platform.OS+"-"+platform.Arch)
}

// update builds those archives in folder dir that the sources have outrun, and
// records what it built them from.
func update(ctx context.Context, root, dir string, platform Platform, names []string) error {
	path := filepath.Join(dir, "manifest.json")
	old := load(path)
	var hash string
	var group errgroup.Group
	group.Go(func() (err error) { // beside the digests, because starting a command takes a while
		hash, _, err = settings(ctx, root, platform)
		return err
	})
	now := old.digests()
	err := group.Wait()
	if err != nil {
		return err
	}
	if len(old.changed(hash, now, dir, names)) == 0 {
		return nil
	}
	// An edit during the following may be in an archive or not. Comparing the
	// sources before and after it reveals that.
	before, unlisted := sources(ctx, root, platform, names)
	changed := old.changed(before.Settings, old.digests(), dir, names)
	if len(changed) == 0 {
		return nil
	}
	if err := build(ctx, root, dir, platform, changed); err != nil {
		return err
	}
	if unlisted != nil {
		return unlisted
	}
	built := map[string]archive{}
	maps.Copy(built, old.Archives)
	for _, name := range changed {
		if built[name], err = stat(dir, name); err != nil {
			return err
		}
	}
	after, err := sources(ctx, root, platform, names)
	if err != nil || !reflect.DeepEqual(before, after) {
		return errors.Join(err, os.RemoveAll(path)) // the next build starts over
	}
	for _, name := range names {
		a := built[name]
		a.Folders = after.Archives[name].Folders
		after.Archives[name] = a
	}
	return after.save(path)
}

// build compiles and zips the named functions into the folder dir.
func build(ctx context.Context, root, dir string, platform Platform, names []string) error {
	binaries, err := os.MkdirTemp("", "bundle-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(binaries)
	if err := compile(ctx, root, binaries, platform, names); err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(runtime.NumCPU())
	for _, name := range names {
		group.Go(func() error { return writeZip(filepath.Join(dir, name+".zip"), filepath.Join(binaries, name)) })
	}
	return group.Wait()
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
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(root, "functions", name)); err != nil {
			return fmt.Errorf("function %s has no folder: %w", name, err)
		}
	}
	args := slices.Concat([]string{"build", "-o", out + string(filepath.Separator), tags}, buildFlags, packages(names))
	cmd := goCommand(ctx, root, platform, args...)
	if output, err := cmd.CombinedOutput(); err != nil && !strings.Contains(string(output), "no main packages to build") {
		return &CompileError{Functions: slices.Clone(names), Output: strings.TrimSpace(string(output)), err: err}
	}
	for _, name := range names {
		if _, err := os.Stat(filepath.Join(out, name)); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("functions/%s is not a program: its package must be main", name)
		}
	}
	return nil
}

const tags = "-tags=lambda.norpc"

var buildFlags = []string{"-trimpath", "-buildvcs=false", "-ldflags", "-s -w -buildid="}

// packages returns the packages of the named functions, as arguments of the go
// command.
func packages(names []string) (args []string) {
	for _, name := range names {
		args = append(args, "./functions/"+name)
	}
	return args
}

// goCommand returns a go command for the platform, which the developer's settings
// do not affect.
func goCommand(ctx context.Context, root string, platform Platform, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "GOOS="+platform.OS, "GOARCH="+platform.Arch, "CGO_ENABLED=0",
		"GOAMD64=v1", "GOARM64=v8.0", "GOFLAGS=-trimpath", "GOWORK=off")
	return cmd
}
