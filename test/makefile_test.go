package test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestLocalStacks checks that make treats every local-… like local, and that it names the
// stack that was probably meant.
func TestLocalStacks(t *testing.T) {
	w := &workspace{t: t, dir: copyProject(t)}
	for _, stack := range []string{"local", "local-a"} {
		if out := w.must("make -n up STACK=" + stack); !strings.Contains(out, "localcloud start --detach") ||
			!strings.Contains(out, "localcloud run -- pulumi up --stack "+stack+" --yes") || strings.Contains(out, " --refresh") ||
			!strings.Contains(out, "|| { ./bin/localcloud logs --failed") || !strings.Contains(out, "./cmd/demo -s "+stack+" ") {
			t.Errorf("make up STACK=%s runs\n%s", stack, out)
		}
	}
	if out := w.must("make known STACK=local-a"); !strings.Contains(out, "Pulumi.local-a.yaml is a copy of Pulumi.local.yaml") {
		t.Errorf("a new local stack: %s", out)
	}
	if out, err := w.run("diff Pulumi.local.yaml Pulumi.local-a.yaml"); err != nil {
		t.Errorf("the configurations differ: %s", out)
	}
	if out := w.must("make --no-print-directory known STACK=local-a; make --no-print-directory known STACK=dev"); out != "" {
		t.Errorf("known stacks: %s", out)
	}
	for _, target := range []string{"up", "down", "preview", "logs"} {
		if out, err := w.run("make " + target + " STACK=pord"); err == nil || !strings.Contains(out, "did you mean prod?") {
			t.Errorf("make %s STACK=pord: %v\n%s", target, err, out)
		}
	}
	if out := w.must("make -n up STACK=dev"); strings.Contains(out, "localcloud") || !strings.Contains(out, "pulumi cancel --stack dev") {
		t.Errorf("make up STACK=dev runs\n%s", out)
	}
}

// TestSameBuild checks that a change of the repository that does not concern the local cloud
// leaves its binary as it is: make start replaces another build.
func TestSameBuild(t *testing.T) {
	w := &workspace{t: t, dir: copyProject(t)}
	build := func() string {
		w.must("make localcloud")
		raw, err := os.ReadFile(filepath.Join(w.dir, "bin", "localcloud"))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	w.must("git init -q . && git add . && git -c user.name=t -c user.email=t@example.com commit -qm clean")
	clean := build()
	w.must("echo >> README.md")
	if build() != clean {
		settings, err := exec.Command("go", "version", "-m", filepath.Join(w.dir, "bin", "localcloud")).Output()
		t.Errorf("the binaries of a clean and a dirty repository differ (%v):\n%s", err, settings)
	}
}
