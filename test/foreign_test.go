package test

import (
	"archive/zip"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"tally/internal/project"
)

// TestForeignProgram deploys a Pulumi program that is not this project's.
func TestForeignProgram(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 8*time.Minute)
	defer cancel()
	w := newWorkspace(t, foreignProject(t))
	w.start()
	w.mustPulumi("stack init local")
	w.mustPulumi("config set aws:region us-east-1 --stack local")
	w.mustPulumi("up --yes --skip-preview --stack local")
	w.unchanged("after up")
	function := w.outputs()["function"]

	w.step("invoke", func(w *workspace) {
		result, err := lambda.NewFromConfig(w.sdk()).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: []byte(`"Ada"`)})
		if err != nil {
			w.t.Fatal(err)
		}
		if result.FunctionError != nil {
			w.t.Fatalf("%s: %s", *result.FunctionError, result.Payload)
		}
		var answer struct{ Greeting, Environment string }
		if err := json.Unmarshal(result.Payload, &answer); err != nil {
			w.t.Fatal(err)
		}
		if answer.Greeting != "good morning, Ada" {
			w.t.Errorf("greeting = %q", answer.Greeting)
		}
		for _, own := range []string{developerKey, "HOME=", "_LAMBDA_SERVER_PORT="} {
			if strings.Contains(answer.Environment, own) {
				w.t.Errorf("%s of the developer's environment reached the function:\n%s", own, answer.Environment)
			}
		}
		w.logged(ctx, "greeter", "greeting Ada")
	})

	w.step("a stack that is not local", func(w *workspace) {
		w.mustPulumi("stack init dev")
		w.mustPulumi("config set aws:region us-east-1 --stack dev")
		out, err := w.pulumi("preview --stack dev")
		if err == nil || !strings.Contains(out, "--stack dev") {
			w.t.Errorf("the provider took stack dev, or does not say how to allow it: %v\n%s", err, out)
		}
	})

	w.step("a type that is not served", func(w *workspace) {
		w.replace("main.go", "ctx.Export(", `if _, err := iam.NewUser(ctx, "someone", nil); err != nil {
			return err
		}
		ctx.Export(`)
		out, err := w.pulumi("preview --stack local")
		if err == nil || !strings.Contains(out, "aws:iam/user:User") {
			w.t.Errorf("the preview does not refuse the type by name: %v\n%s", err, out)
		}
	})
}

// foreignProject is the program of testdata in a module of its own, with its
// function built and zipped.
func foreignProject(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/foreign")); err != nil {
		t.Fatal(err)
	}
	// The same versions as this project, whose modules are at hand.
	for _, name := range []string{"go.mod", "go.sum"} {
		if err := project.CopyFile(filepath.Join("..", name), filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	shell(t, dir, nil, "go", "mod", "edit", "-module=example.com/foreign")
	shell(t, dir, []string{"CGO_ENABLED=0"}, "go", "build", "-trimpath", "-tags=lambda.norpc", "-o=build/bootstrap", "./greeter")
	zipFile(t, filepath.Join(dir, "build/bootstrap"), filepath.Join(dir, "build/greeter.zip"))
	return dir
}

func shell(t *testing.T, dir string, env []string, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", cmd, err, out)
	}
}

// zipFile puts one executable into a zip.
func zipFile(t *testing.T, from, to string) {
	t.Helper()
	raw, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	header := &zip.FileHeader{Name: filepath.Base(from), Method: zip.Deflate}
	header.SetMode(0o755)
	entry, err := z.CreateHeader(header)
	if err == nil {
		_, err = entry.Write(raw)
	}
	if err == nil {
		err = z.Close()
	}
	if err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
