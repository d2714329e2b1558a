package test

import (
	"bytes"
	"encoding/json"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

// rules say which parts of the project may depend on which, directly or not.
// A package is under the first rule whose prefix it has.
var rules = []struct {
	prefix string
	// own are the folders of this module it may depend on, besides itself.
	own []string
	// banned are prefixes of foreign packages it must not depend on.
	banned []string
}{
	{prefix: "internal/sum", banned: []string{"github.com/", "golang.org/", "google.golang.org/", "go.etcd.io/"}},
	{prefix: "internal/nearest", banned: []string{"github.com/", "golang.org/", "google.golang.org/", "go.etcd.io/"}},
	{prefix: "internal/metrics", banned: []string{"github.com/", "golang.org/", "google.golang.org/", "go.etcd.io/"}},
	{prefix: "functions/", own: []string{"internal/"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "infra", own: []string{"infra/", "internal/nearest"}, banned: []string{"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"}},
	{prefix: "local/cloud"},
	{prefix: "local/store"},
	{prefix: "local/iam", own: []string{"local/cloud", "local/store"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "local/lambda", own: []string{"local/cloud", "local/store", "local/lambda"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "local/sns", own: []string{"local/cloud", "local/store", "local/sns"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "local/sigv4", own: []string{"local/cloud"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "local/httpapi", own: []string{"local/cloud", "local/sigv4", "local/store"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "local/logs", own: []string{"local/cloud", "local/store"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "local/recorded", own: []string{"local/cloud", "local/store"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "local/journal", own: []string{"local/cloud"}, banned: []string{"github.com/pulumi/"}},
	{prefix: "local/", own: []string{"internal/nearest", "local/"}, banned: []string{"github.com/pulumi/pulumi-aws/"}},
	{prefix: "test/", own: []string{"infra/policy", "test/"}},
}

const module = "tally/"

// TestImportRules keeps the parts apart: the local cloud runs anybody's Pulumi
// program only as long as it knows nothing of this one.
func TestImportRules(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		rel, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue
		}
		rule := ""
		for _, r := range rules {
			if rel != path.Clean(r.prefix) && !strings.HasPrefix(rel, path.Clean(r.prefix)+"/") {
				continue
			}
			rule = r.prefix
			seen[rule] = true
			for _, dep := range p.Deps {
				own, isOwn := strings.CutPrefix(dep, module)
				switch {
				case isOwn && own != rel && !hasPrefix(own, r.own):
					t.Errorf("%s depends on %s", rel, own)
				case !isOwn && hasPrefix(dep, r.banned):
					t.Errorf("%s depends on %s", rel, dep)
				}
			}
			break
		}
		if rule == "" {
			t.Errorf("no import rule covers %s: add one", rel)
		}
	}
	for _, r := range rules {
		if !seen[r.prefix] {
			t.Errorf("the rule for %s covers no package", r.prefix)
		}
	}
}

func hasPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

type goPackage struct {
	ImportPath string
	Deps       []string
}

func packages(t *testing.T) (all []goPackage) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		err := dec.Decode(&p)
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}
