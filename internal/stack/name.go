package stack

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/agnivade/levenshtein"
)

// Local is the stack of the local cloud on this machine. Stacks whose names start with it
// and a dash are in the local cloud, too.
const Local = "local"

// IsLocal reports whether a stack is in the local cloud: "local" or "local-…".
func IsLocal(stack string) bool { return stack == Local || strings.HasPrefix(stack, Local+"-") }

// File returns the name of the file with a stack's configuration.
func File(stack string) string { return "Pulumi." + stack + ".yaml" }

// Configured returns the stacks with a configuration in the project's folder dir, sorted.
func Configured(dir string) ([]string, error) {
	paths, err := filepath.Glob(filepath.Join(dir, File("*")))
	if err != nil {
		return nil, err
	}
	for i, path := range paths {
		paths[i] = strings.TrimSuffix(strings.TrimPrefix(filepath.Base(path), "Pulumi."), ".yaml")
	}
	slices.Sort(paths)
	return paths, nil
}

// Check returns an error unless the stack has a configuration in the project's folder dir.
// The error names the stacks that have one, and the one that was probably meant.
func Check(dir, stack string) error {
	if _, err := os.Stat(filepath.Join(dir, File(stack))); err == nil {
		return nil
	}
	known, err := Configured(dir)
	if err != nil {
		return err
	}
	hint := ""
	if near := nearest(stack, known); near != "" {
		hint = fmt.Sprintf("; did you mean %s?", near)
	}
	return fmt.Errorf("there is no stack %s: it has no %s%s (the stacks are %s; local-… is another one in the local cloud)",
		stack, File(stack), hint, strings.Join(known, ", "))
}

// maxEdits is the maximum distance of a name that was probably meant.
const maxEdits = 2

// nearest returns the name closest to wrong, or "" if none is similar.
func nearest(wrong string, names []string) string {
	best, distance := "", maxEdits+1
	for _, name := range names {
		if d := levenshtein.ComputeDistance(wrong, name); d < distance && d < len(name) {
			best, distance = name, d
		}
	}
	return best
}
