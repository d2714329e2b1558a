// Package test contains end-to-end tests: the Pulumi engine deploys the
// program, with the bundles of its functions, to the local cloud.
package test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// TestMain puts the pinned Pulumi, if it has been built, first on PATH. It also
// sets the flags that Pulumi builds programs with, because with other flags Go
// would compile the AWS SDK a second time.
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
