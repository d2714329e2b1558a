package test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"tally/internal/project"
	"tally/localcloud/localcloudtest"
)

// TestForeign runs the integration tests of a Pulumi program in a module of its
// own, which imports nothing from this repository but package localcloudtest.
func TestForeign(t *testing.T) {
	t.Parallel()
	cmd := exec.Command("go", "test", "-count=1", "./...")
	cmd.Dir, cmd.Env = foreignProgram(t), append(os.Environ(), developersKeys...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("go test: %v\n%s", err, out)
	}
}

// anotherProgram deploys another program, from another folder, to the same
// local cloud, and proves that the local cloud resolves the relative archive
// paths of both.
func (w *workspace) anotherProgram(ctx context.Context) {
	port := w.status().Config.Port
	other := *w
	other.dir = foreignProgram(w.t)
	other.env = []string{fmt.Sprintf("LOCALCLOUD_PORT=%d", port)}
	other.must("go run ./pack")
	other.mustPulumi("stack init local")
	other.mustPulumi("config set aws:region us-east-1 --stack local")
	other.mustPulumi("up --yes --skip-preview --stack local")
	other.unchanged("of the other program")

	cloud := localcloudtest.Connect(w.t, port)
	function := other.outputs()["function"]
	result, err := lambda.NewFromConfig(cloud.AWSConfig()).Invoke(ctx, &lambda.InvokeInput{FunctionName: &function, Payload: []byte(`"Ada"`)})
	if err != nil {
		w.t.Fatal(err)
	}
	if !strings.Contains(string(result.Payload), "good morning, Ada") {
		w.t.Errorf("the other program's function returned %s", result.Payload)
	}
	for _, own := range []string{developersKey, "HOME=", "_LAMBDA_SERVER_PORT="} {
		if strings.Contains(string(result.Payload), own) {
			w.t.Errorf("%s of the developer's environment reached the function:\n%s", own, result.Payload)
		}
	}
	other.follows(ctx, "greeter", "greeting Ada")
	if status := w.must("localcloud status"); !strings.Contains(status, "foreign/local") || !strings.Contains(status, "tally/local") || !strings.Contains(status, other.dir) {
		w.t.Errorf("the status does not distinguish the stacks:\n%s", status)
	}
	w.unchanged("after the other program's deployment")
	other.mustPulumi("destroy --yes --skip-preview --stack local")
}

// follows checks that `localcloud logs --follow` prints a line of the function
// with the words, although it does not end.
func (w *workspace) follows(ctx context.Context, function, words string) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(w.bin, "localcloud"), "logs", "--follow", function)
	cmd.Dir, cmd.Env = w.dir, w.environment()
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	found := false
	for lines := bufio.NewScanner(out); !found && lines.Scan(); {
		found = strings.Contains(lines.Text(), function) && strings.Contains(lines.Text(), words)
	}
	cancel()
	_ = cmd.Wait() // it was killed
	if !found {
		w.t.Errorf("localcloud logs --follow %s printed no line with %q", function, words)
	}
}

// foreignProgram copies the program in testdata/foreign into a new folder, as a
// module with the local cloud's dependencies, which have been downloaded
// already.
func foreignProgram(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("testdata/foreign")); err != nil {
		t.Fatal(err)
	}
	newModule(t, dir, "foreign", "localcloud")
	return dir
}

// newModule makes dir a module that requires one of this repository's modules,
// by a replacement, and the same versions of other modules as that one.
func newModule(t *testing.T, dir, name, folder string) {
	t.Helper()
	source, err := filepath.Abs(filepath.Join("..", folder))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"go.mod", "go.sum"} {
		if err := project.CopyFile(filepath.Join(source, file), filepath.Join(dir, file)); err != nil {
			t.Fatal(err)
		}
	}
	path := strings.TrimSuffix("tally/"+folder, "/")
	edit := exec.Command("go", "mod", "edit", "-module=example.com/"+name, "-require="+path+"@v0.0.0", "-replace="+path+"="+source)
	edit.Dir = dir
	if out, err := edit.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", edit, err, out)
	}
}
