package bundle

import (
	"bytes"
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
)

const mainOne = "package main\n\nimport \"example/internal/greet\"\n\nfunc main() { greet.Hello(\"%\") }\n"

// TestRebuild edits one function of two. The next Build accepts what Rebuild and Record have
// made.
func TestRebuild(t *testing.T) {
	p := openProject(t)
	p.rebuilds()
	before := read(t, archivePath("one"))
	write(t, ".", "functions/one/main.go", strings.ReplaceAll(mainOne, "%", "edited"))
	write(t, ".", "functions/one/main_test.go", "package main\n")
	p.rebuilds("one")
	if p.record(); bytes.Equal(before, read(t, archivePath("one"))) {
		t.Error("the archive is as before")
	}
	p.rebuilds()
	wrapGo(t, `[ "$1" != build ] || exit 1`)
	bundle(t)
}

// Without Record, as after a crash, Build builds again.
func TestRebuildWithoutRecord(t *testing.T) {
	p := openProject(t)
	write(t, ".", "functions/one/main.go", strings.ReplaceAll(mainOne, "%", "edited"))
	p.rebuilds("one")
	before := files(t)
	bundle(t)
	if after := files(t); after["one"].ModTime().Equal(before["one"].ModTime()) || !after["two"].ModTime().Equal(before["two"].ModTime()) {
		t.Error("Build must build one again, and two not")
	}
	p.Reload()
	p.rebuilds()
}

func TestRebuildOfSharedPackage(t *testing.T) {
	p := openProject(t)
	write(t, ".", "internal/greet/greet.go", "package greet\n\nfunc Hello(name string) { println(\"hi\", name) }\n")
	p.rebuilds("one", "two")
	p.record()
	p.rebuilds()
}

// What is edited while the compiler runs is built again.
func TestRebuildDuringEdits(t *testing.T) {
	p := openProject(t)
	write(t, ".", "functions/one/main.go", strings.ReplaceAll(mainOne, "%", "edited"))
	path := os.Getenv("PATH")
	wrapGo(t, `[ "$1" != build ] || { "$real" "$@" && echo '// later' >> functions/one/main.go; exit; }`)
	p.rebuilds("one")
	os.Setenv("PATH", path)
	if current, err := p.Record(t.Context()); current || err != nil {
		t.Errorf("Record: %v, %v", current, err)
	}
	p.rebuilds("one")
	p.record()
	p.rebuilds()
}

// A package that was not imported before may have changed since it was compiled.
func TestRebuildWithNewImport(t *testing.T) {
	p := openProject(t)
	write(t, ".", "internal/shout/shout.go", "package shout\n\nfunc Out() { println(\"!\") }\n")
	write(t, ".", "functions/one/main.go", "package main\n\nimport \"example/internal/shout\"\n\nfunc main() { shout.Out() }\n")
	p.rebuilds("one")
	if current, err := p.Record(t.Context()); current || err != nil {
		t.Errorf("Record: %v, %v", current, err)
	}
	p.rebuilds("one")
	p.record()
	write(t, ".", "internal/shout/shout.go", "package shout\n\nfunc Out() { println(\"!!\") }\n")
	p.rebuilds("one")
}

// A function that compiles is built although another one does not compile.
func TestRebuildBrokenFunction(t *testing.T) {
	p := openProject(t)
	write(t, ".", "functions/one/main.go", strings.ReplaceAll(mainOne, "%", "edited"))
	write(t, ".", "functions/two/main.go", "package main\n\nfunc main() { undefined() }\n")
	broken := func(want ...string) {
		t.Helper()
		archives, err := p.Rebuild(t.Context())
		compile, ok := errors.AsType[*CompileError](err)
		if !ok || compile.Output != "# example/functions/two\nfunctions/two/main.go:3:15: undefined: undefined" || !slices.Equal(compile.Functions, []string{"two"}) {
			t.Errorf("error %+v", err)
		}
		if got := slices.Sorted(maps.Keys(archives)); !slices.Equal(got, want) {
			t.Errorf("built %q, want %q", got, want)
		}
	}
	broken("one")
	p.record()
	broken()
	write(t, ".", "functions/two/main.go", strings.ReplaceAll(mainOne, "%", "mended"))
	p.rebuilds("two")
	p.record()
	p.rebuilds()
}

type testProject struct {
	*Project
	t *testing.T
}

// openProject builds and opens a project with the functions one and two.
func openProject(t *testing.T) testProject {
	t.Helper()
	t.Chdir(project(t))
	bundle(t)
	p, err := Open(linuxARM)
	if err != nil {
		t.Fatal(err)
	}
	return testProject{p, t}
}

// rebuilds fails the test unless Rebuild builds exactly the named functions.
func (p testProject) rebuilds(want ...string) {
	p.t.Helper()
	archives, err := p.Rebuild(p.t.Context())
	if got := slices.Sorted(maps.Keys(archives)); err != nil || !slices.Equal(got, want) {
		p.t.Errorf("built %q, want %q; %v", got, want, err)
	}
}

func (p testProject) record() {
	p.t.Helper()
	if current, err := p.Record(p.t.Context()); !current || err != nil {
		p.t.Errorf("Record: %v, %v", current, err)
	}
}
