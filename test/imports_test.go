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

// A rule limits what the packages under a prefix may depend on, directly or
// indirectly. The first rule whose prefix matches a package applies to it.
type rule struct {
	prefix string
	// own are prefixes of packages of this repository that it may depend on,
	// besides itself.
	own []string
	// banned are prefixes of other modules' packages that it must not depend on.
	banned []string
}

// services are the local cloud's services. Each may depend on the packages
// cloud and store, but on no other service.
var services = []string{"cloudwatch", "dynamodb", "events", "httpapi", "iam", "journal", "kms", "lambda", "logs", "recorded", "scheduler", "secretsmanager", "sns", "sqs", "ssm", "xray"}

// connecting are the local cloud's folders that connect the services. A new
// folder is in one of the two lists, or has a rule of its own.
var connecting = []string{"account", "cmd", "console", "control", "gateway", "internal", "provider", "server"}

// libraries are banned for packages that may use only the standard library.
var libraries = []string{"github.com/", "golang.org/", "google.golang.org/", "go.etcd.io/"}

// heavy are packages of Pulumi that are banned from the localcloud binary. They bring
// tracing, terminals and JSON schemas, which take 50 ms to initialize and 7 MB, and the
// binary starts for each command.
var heavy = []string{
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin",
	"github.com/pulumi/pulumi/sdk/v3/go/common/workspace",
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil",
}

func rules() []rule {
	all := []rule{
		{prefix: "internal/sum", banned: libraries},
		{prefix: "internal/metrics", banned: libraries},
		{prefix: "internal/logging", banned: []string{"github.com/pulumi/", "github.com/aws/aws-sdk-go-v2/"}},
		{prefix: "internal/project", banned: libraries},
		{prefix: "internal/stack", banned: []string{"github.com/pulumi/", "github.com/aws/", "golang.org/"}},
		{prefix: "internal/tracing", banned: []string{"github.com/pulumi/", "github.com/aws/aws-sdk-go-v2/service/", "github.com/aws/aws-lambda-go/"}},
		{prefix: "internal/httpapi", own: []string{"internal/metrics", "internal/sum"}, banned: []string{"github.com/pulumi/", "github.com/aws/aws-sdk-go-v2/"}},
		{prefix: "internal/ledger", own: []string{"internal/sum"}, banned: []string{"github.com/pulumi/", "github.com/aws/aws-lambda-go/"}},
		{prefix: "internal/message", own: []string{"internal/uuid"}, banned: []string{"github.com/pulumi/", "github.com/aws/aws-sdk-go-v2/"}},
		{prefix: "internal/uuid", banned: libraries},
		{prefix: "functions/", own: []string{"internal/"}, banned: []string{"github.com/pulumi/"}},
		{prefix: "infra/serverless", banned: []string{"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"}},
		{prefix: "infra", own: []string{"infra/"}, banned: []string{"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"}},
		{prefix: "examples/archive/infra", own: []string{"infra/bundle", "infra/serverless"}, banned: []string{"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/ec2", "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/wafv2"}},
		{prefix: "examples/archive/functions", banned: []string{"github.com/pulumi/"}},
		{prefix: "cmd/dev", own: []string{"infra/bundle", "internal/"}},
		{prefix: "cmd/", own: []string{"infra/policy", "internal/"}},
		{prefix: "localcloud/cloud", banned: libraries},
		{prefix: "localcloud/filter", banned: libraries},
		{prefix: "localcloud/store"},
		{prefix: "localcloud/sigv4", own: []string{"localcloud/cloud"}, banned: []string{"github.com/pulumi/"}},
	}
	for _, service := range services {
		prefix := "localcloud/" + service
		own := []string{"localcloud/cloud", "localcloud/store", prefix}
		switch service {
		case "httpapi":
			own = append(own, "localcloud/sigv4", "localcloud/internal/body", "localcloud/internal/endpoint")
		case "iam":
			own = append(own, "localcloud/internal/nearest", "localcloud/internal/awsservice")
		case "lambda":
			own = append(own, "localcloud/internal/nearest", "localcloud/internal/awsservice", "localcloud/internal/backlog", "localcloud/internal/peer",
				"localcloud/filter", "localcloud/sigv4", "localcloud/internal/body", "localcloud/internal/endpoint")
		case "events", "scheduler":
			own = append(own, "localcloud/internal/timetable", "localcloud/internal/backlog")
		case "secretsmanager":
			own = append(own, "localcloud/internal/seal", "localcloud/internal/timetable", "localcloud/internal/backlog")
		case "ssm":
			own = append(own, "localcloud/internal/seal")
		case "sns":
			own = append(own, "localcloud/internal/backlog", "localcloud/filter")
		}
		all = append(all, rule{prefix: prefix, own: own, banned: []string{"github.com/pulumi/"}})
	}
	for _, folder := range connecting {
		// Pulumi's Automation API is only for tests: the localcloud binary does
		// not contain it.
		banned := append(slices.Clone(heavy), "github.com/pulumi/pulumi-aws/", "github.com/pulumi/pulumi/sdk/v3/go/auto")
		all = append(all, rule{prefix: "localcloud/" + folder, own: []string{"localcloud/"}, banned: banned})
	}
	return append(all,
		rule{prefix: "localcloud/localcloudtest", own: []string{"localcloud/"}, banned: []string{"github.com/pulumi/pulumi-aws/"}},
		rule{prefix: "localcloud/deployments", own: []string{"localcloud/store"}, banned: append(slices.Clone(heavy), "github.com/pulumi/pulumi-aws/")},
		rule{prefix: "test/cmd/bench/floor", banned: libraries},
		rule{prefix: "test/cmd/bench/report", banned: libraries},
		rule{prefix: "test/cmd/bench", own: []string{"internal/project", "test/cmd/bench/"}, banned: []string{"github.com/pulumi/"}},
		rule{prefix: "test", own: []string{"internal/project", "localcloud/"}})
}

// modules are the folders of the repository's Go modules.
var modules = []string{"..", "../localcloud", "."}

const module = "tally/"

// TestImportRules enforces the import rules of ARCHITECTURE.md. The local
// cloud, for example, must not depend on this project's program, because it
// runs any program.
func TestImportRules(t *testing.T) {
	seen := map[string]bool{}
	for _, folder := range modules {
		for _, p := range packages(t, folder) {
			rel, ours := strings.CutPrefix(p.ImportPath, module)
			if !ours {
				continue
			}
			i := slices.IndexFunc(rules(), func(r rule) bool { return covers(r.prefix, rel) })
			if i < 0 {
				t.Errorf("no import rule covers %s: add one", rel)
				continue
			}
			r := rules()[i]
			seen[r.prefix] = true
			for _, dep := range p.Deps {
				own, isOwn := strings.CutPrefix(dep, module)
				if isOwn && own != rel && !hasPrefix(own, r.own) || !isOwn && hasPrefix(dep, r.banned) {
					t.Errorf("%s depends on %s", rel, dep)
				}
			}
		}
	}
	for _, r := range rules() {
		if !seen[r.prefix] {
			t.Errorf("the rule for %s covers no package", r.prefix)
		}
	}
}

// covers reports whether the package rel is at or below prefix.
func covers(prefix, rel string) bool {
	return rel == path.Clean(prefix) || strings.HasPrefix(rel, path.Clean(prefix)+"/")
}

// TestRequirements compares the direct requirements of the program's module
// with a list, so that none of the local cloud or of a test is added unnoticed.
func TestRequirements(t *testing.T) {
	out, err := exec.Command("go", "mod", "edit", "-json", "../go.mod").Output()
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &file); err != nil {
		t.Fatal(err)
	}
	var direct []string
	for _, r := range file.Require {
		if !r.Indirect {
			direct = append(direct, r.Path)
		}
	}
	want := []string{
		"github.com/agnivade/levenshtein",
		"github.com/aws/aws-lambda-go",
		"github.com/aws/aws-sdk-go-v2",
		"github.com/aws/aws-sdk-go-v2/config",
		"github.com/aws/aws-sdk-go-v2/service/cloudwatch",
		"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs",
		"github.com/aws/aws-sdk-go-v2/service/dynamodb",
		"github.com/aws/aws-sdk-go-v2/service/lambda",
		"github.com/aws/aws-sdk-go-v2/service/sns",
		"github.com/aws/aws-sdk-go-v2/service/sqs",
		"github.com/aws/aws-sdk-go-v2/service/ssm",
		"github.com/aws/smithy-go",
		"github.com/charmbracelet/lipgloss",
		"github.com/fsnotify/fsnotify",
		"github.com/google/go-cmp",
		"github.com/klauspost/compress",
		"github.com/pulumi/pulumi-aws/sdk/v6",
		"github.com/pulumi/pulumi/sdk/v3",
		"golang.org/x/sync",
		"golang.org/x/term",
		"golang.org/x/time",
	}
	if !slices.Equal(direct, want) {
		t.Errorf("go.mod requires\n%s\nwant\n%s", strings.Join(direct, "\n"), strings.Join(want, "\n"))
	}
}

// hasPrefix reports whether s has one of the prefixes.
func hasPrefix(s string, prefixes []string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

type goPackage struct {
	ImportPath string
	Deps       []string
}

// packages returns the packages of the module in dir, with their dependencies.
func packages(t *testing.T, dir string) (all []goPackage) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Deps", "./...")
	cmd.Dir = dir
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list in %s: %v", dir, err)
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
