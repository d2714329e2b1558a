package stack

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestIsLocal(t *testing.T) {
	for name, want := range map[string]bool{"local": true, "local-a": true, "locale": false, "dev": false, "dev-local": false, "": false} {
		if got := IsLocal(name); got != want {
			t.Errorf("%q: %t", name, got)
		}
	}
}

// TestCheck checks the errors for stacks without a configuration.
func TestCheck(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"Pulumi.yaml", "Pulumi.local.yaml", "Pulumi.dev.yaml", "Pulumi.prod.yaml", "Pulumi.staging.yaml"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{
		"dev":     "",
		"pord":    "there is no stack pord: it has no Pulumi.pord.yaml; did you mean prod? (the stacks are dev, local, prod, staging;",
		"stagign": "did you mean staging?",
		"lcoal":   "did you mean local?",
		"prd":     "did you mean prod?",
		"qa":      "Pulumi.qa.yaml (the stacks",
		"":        "Pulumi..yaml (the stacks",
	} {
		err := Check(dir, name)
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v, want %q", name, err, want)
		}
	}
}
