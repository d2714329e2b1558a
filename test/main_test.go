// Package test proves the whole: the real Pulumi engine deploys the real
// program with the real function bundles to the local cloud.
package test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestMain puts the pinned Pulumi first on PATH, if it was built, and sets the
// flags that Pulumi builds programs with: others would compile the AWS SDK twice.
func TestMain(m *testing.M) {
	pinned, err := filepath.Abs("../bin/pulumi")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Setenv("PATH", pinned+string(os.PathListSeparator)+os.Getenv("PATH"))
	os.Setenv("GOFLAGS", "-trimpath")
	os.Exit(m.Run())
}
