package test

import (
	"encoding/json"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestModulesShareBuilds checks that the modules that a first `make up` compiles
// require the same versions of the modules that they share. Then Go compiles each
// shared package once; with different versions, the first `make up` takes minutes
// longer.
func TestModulesShareBuilds(t *testing.T) {
	// The language host needs the last version with its source in this module.
	except := map[string]string{"tools/pulumi-language-go": "github.com/pulumi/pulumi/sdk/v3"}
	type pin struct{ module, version string }
	first := map[string]pin{}
	for _, module := range []string{".", "localcloud", "test", "tools/pulumi", "tools/pulumi-language-go"} {
		for path, version := range required(t, filepath.Join("..", module)) {
			switch known, ok := first[path]; {
			case except[module] == path:
			case !ok:
				first[path] = pin{module, version}
			case known.version != version:
				t.Errorf("%s requires %s %s, but %s requires %s: run go get %[2]s@VERSION and go mod tidy in the one with the older version",
					module, path, version, known.module, known.version)
			}
		}
	}
	if len(first) < 100 {
		t.Errorf("found only %d required modules", len(first))
	}
}

// required returns the versions of the modules that the go.mod in dir requires, by
// module.
func required(t *testing.T, dir string) map[string]string {
	t.Helper()
	cmd := exec.Command("go", "mod", "edit", "-json")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go mod edit in %s: %v", dir, err)
	}
	var mod struct {
		Require []struct{ Path, Version string }
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	versions := map[string]string{}
	for _, r := range mod.Require {
		versions[r.Path] = r.Version
	}
	return versions
}
