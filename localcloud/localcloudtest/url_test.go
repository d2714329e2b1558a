package localcloudtest

import (
	"archive/zip"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/iam"
	"github.com/pulumi/pulumi-aws/sdk/v6/go/aws/lambda"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// bundleOf builds a function in testdata and returns the path of its bundle.
func bundleOf(t *testing.T, function string) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", "build", "-tags", "lambda.norpc", "-o", filepath.Join(dir, "bootstrap"), "./testdata/"+function)
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	binary, err := os.ReadFile(filepath.Join(dir, "bootstrap"))
	if err != nil {
		t.Fatal(err)
	}
	bundle, err := os.Create(filepath.Join(dir, function+".zip"))
	if err != nil {
		t.Fatal(err)
	}
	defer bundle.Close()
	archive := zip.NewWriter(bundle)
	header := &zip.FileHeader{Name: "bootstrap", Method: zip.Deflate}
	header.SetMode(0o755)
	w, err := archive.CreateHeader(header)
	if err == nil {
		_, err = w.Write(binary)
	}
	if err == nil {
		err = archive.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return bundle.Name()
}

// architecture returns the architecture of functions that bundleOf builds.
func architecture() string {
	return map[string]string{"amd64": "x86_64", "arm64": "arm64"}[runtime.GOARCH]
}

// greeting is a program with a function at a URL that needs no signature. The trust policy
// is a document of the data source.
func greeting(bundle string, public bool) Program {
	return Program{Run: func(ctx *pulumi.Context) error {
		trust, err := iam.GetPolicyDocument(ctx, &iam.GetPolicyDocumentArgs{Statements: []iam.GetPolicyDocumentStatement{{
			Actions: []string{"sts:AssumeRole"}, Principals: []iam.GetPolicyDocumentStatementPrincipal{{Type: "Service", Identifiers: []string{"lambda.amazonaws.com"}}},
		}}})
		if err != nil {
			return err
		}
		role, err := iam.NewRole(ctx, "greet", &iam.RoleArgs{AssumeRolePolicy: pulumi.String(trust.Json)})
		if err != nil {
			return err
		}
		f, err := lambda.NewFunction(ctx, "greet", &lambda.FunctionArgs{Role: role.Arn, Runtime: pulumi.String("provided.al2023"), Handler: pulumi.String("bootstrap"),
			Architectures: pulumi.StringArray{pulumi.String(architecture())}, Code: pulumi.NewFileArchive(bundle)})
		if err != nil {
			return err
		}
		url, err := lambda.NewFunctionUrl(ctx, "greet", &lambda.FunctionUrlArgs{FunctionName: f.Name, AuthorizationType: pulumi.String("NONE")})
		if err != nil {
			return err
		}
		if public {
			if _, err := lambda.NewPermission(ctx, "greet", &lambda.PermissionArgs{Function: f.Name, Action: pulumi.String("lambda:InvokeFunction"), Principal: pulumi.String("*")}); err != nil {
				return err
			}
		}
		ctx.Export("url", url.FunctionUrl)
		return nil
	}}
}

// The engine deploys a function URL, which answers as soon as the program has added the
// second permission that AWS requires.
func TestFunctionURL(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	c, bundle := Start(t), bundleOf(t, "greet")
	get := func(url string) (int, string) {
		t.Helper()
		res, err := http.Get(url + "a%20b")
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		raw, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(raw)
	}
	url := c.Deploy(t.Context(), greeting(bundle, false)).Output(t.Context(), "url")
	if status, body := get(url); status != http.StatusForbidden {
		t.Errorf("with one permission: status %d, %s", status, body)
	}
	stack := c.Deploy(t.Context(), greeting(bundle, true))
	if again := stack.Output(t.Context(), "url"); again != url {
		t.Errorf("the URL %s replaced %s", again, url)
	}
	if status, body := get(url); status != http.StatusOK || body != "hello, anonymous at /a%20b" {
		t.Errorf("status %d, %s", status, body)
	}
	if _, err := stack.Refresh(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := stack.Preview(t.Context(), optpreview.ExpectNoChanges()); err != nil {
		t.Error(err)
	}
}
