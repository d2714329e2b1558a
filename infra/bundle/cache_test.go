package bundle

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestBuildNoticesChanges makes changes to a project, one after the other. After
// each, both archives must be what a build from nothing produces, and only those
// that can differ may have been written again.
func TestBuildNoticesChanges(t *testing.T) {
	root := projectWithEverything(t)
	t.Chdir(root)
	const greet = "package greet\n\nfunc Hello(name string) { println(\"hello\", name) }\n"
	edit := func(name, content string) func(*testing.T) {
		return func(t *testing.T) { write(t, root, name, content) }
	}
	bundle(t)
	for _, test := range []struct {
		name   string
		change func(*testing.T)
		want   string // the functions that are built again
	}{
		{"nothing", func(*testing.T) {}, ""},
		{"a later time", func(t *testing.T) { setTime(t, "internal/greet/greet.go", time.Now().Add(time.Minute)) }, ""},
		{"a test", edit("internal/greet/greet_test.go", "package greet\n"), ""},
		{"a file elsewhere", edit("README.md", "read me"), ""},
		{"a transitive dependency", edit("internal/greet/greet.go", strings.Replace(greet, "hello", "good morning", 1)), "one two"},
		{"the same size at the same time", func(t *testing.T) {
			info, err := os.Stat("internal/greet/greet.go")
			if err != nil {
				t.Fatal(err)
			}
			write(t, root, "internal/greet/greet.go", strings.Replace(greet, "hello", "good evening", 1))
			setTime(t, "internal/greet/greet.go", info.ModTime())
		}, "one two"},
		{"a function's own file", edit("functions/one/main.go", "package main\n\nimport \"example/internal/greet\"\n\nfunc main() { greet.Hello(\"1\") }\n"), "one"},
		{"a new file", edit("functions/one/init.go", "package main\n\nfunc init() { println(\"init\") }\n"), "one"},
		{"a file for another platform", edit("functions/one/windows.go", "//go:build windows\n\npackage main\n\nfunc init() { println(\"windows\") }\n"), "one"},
		{"that file for this platform", edit("functions/one/windows.go", "//go:build linux\n\npackage main\n\nfunc init() { println(\"windows\") }\n"), "one"},
		{"a deleted file", func(t *testing.T) { remove(t, "functions/one/init.go") }, "one"},
		{"an embedded file", edit("internal/texts/texts/a/a.txt", "A"), "two"},
		{"a new embedded file", edit("internal/texts/texts/b/c/c.txt", "c"), "two"},
		{"a deleted embedded file", func(t *testing.T) { remove(t, "internal/texts/texts/a/a.txt") }, "two"},
		{"a replaced module", edit("lib/lib.go", "package lib\n\nconst Name = \"lib 2\"\n"), "two"},
		{"a replaced module's go.mod", edit("lib/go.mod", "module example.com/lib\n\ngo 1.21\n"), "two"},
		{"go.mod", edit("go.mod", goMod+"\ngodebug panicnil=1\n"), "one two"},
		{"another Go", func(t *testing.T) { otherGo(t) }, "one two"},
		{"flags without effect", func(t *testing.T) { t.Setenv("GOFLAGS", "-race") }, ""},
		{"a missing archive", func(t *testing.T) { remove(t, archivePath("one")) }, "one"},
		{"a damaged archive", edit(archivePath("two"), "damaged"), "two"},
		{"a damaged manifest", edit("bin/functions/linux-arm64/manifest.json", "{"), "one two"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := files(t)
			test.change(t)
			bundle(t)
			after := files(t)
			written := ""
			for _, name := range []string{"one", "two"} {
				// A new file may get the number of one that was removed.
				if before[name] == nil || !os.SameFile(before[name], after[name]) || !before[name].ModTime().Equal(after[name].ModTime()) {
					written = strings.TrimSpace(written + " " + name)
				}
			}
			if written != test.want {
				t.Errorf("built %q again, want %q", written, test.want)
			}
			got := map[string][]byte{"one": read(t, archivePath("one")), "two": read(t, archivePath("two"))}
			fresh := t.TempDir()
			if err := build(t.Context(), root, fresh, linuxARM, []string{"one", "two"}); err != nil {
				t.Fatal(err)
			}
			for name := range got {
				if !bytes.Equal(got[name], read(t, filepath.Join(fresh, name+".zip"))) {
					t.Errorf("the archive of %s is stale", name)
				}
			}
		})
		if test.name == "another Go" {
			bundle(t) // with the former settings again
		}
	}
}

// TestBuildRecordsNoEditsDuringIt edits a source while the go command compiles
// it. The archive may hold either, but must not count as current.
func TestBuildRecordsNoEditsDuringIt(t *testing.T) {
	root := project(t)
	t.Chdir(root)
	path := os.Getenv("PATH")
	wrapGo(t, `[ "$1" != build ] || { "$real" "$@" && echo 'func init() { println("late") }' >>functions/one/main.go; exit; }`)
	bundle(t)
	early := read(t, archivePath("one"))
	t.Setenv("PATH", path)
	bundle(t)
	if bytes.Equal(early, read(t, archivePath("one"))) {
		t.Error("the edit during the first build is missing after the second")
	}
}

// TestBuildCompilesNothingUnchanged uses a go command that cannot compile.
func TestBuildCompilesNothingUnchanged(t *testing.T) {
	t.Chdir(project(t))
	bundle(t)
	wrapGo(t, `[ "$1" = env ] || exit 1`)
	bundle(t)
}

const goMod = "module example\n\ngo 1.26\n\nrequire example.com/lib v1.0.0\n\nreplace example.com/lib => ./lib\n"

// projectWithEverything creates a project whose function two also uses embedded
// files and a replaced module.
func projectWithEverything(t *testing.T) (root string) {
	t.Helper()
	root = project(t)
	write(t, root, "go.mod", goMod)
	write(t, root, "lib/go.mod", "module example.com/lib\n\ngo 1.26\n")
	write(t, root, "lib/lib.go", "package lib\n\nconst Name = \"lib 1\"\n")
	write(t, root, "internal/texts/texts.go", "package texts\n\nimport \"embed\"\n\n//go:embed texts\nvar FS embed.FS\n")
	write(t, root, "internal/texts/texts/a/a.txt", "a")
	write(t, root, "internal/texts/texts/b/b.txt", "b")
	if err := os.Mkdir(filepath.Join(root, "internal/texts/texts/b/c"), 0o755); err != nil {
		t.Fatal(err)
	}
	write(t, root, "functions/two/main.go", `package main

import (
	"example.com/lib"
	"example/internal/greet"
	"example/internal/texts"
)

func main() {
	greet.Hello(lib.Name)
	println(texts.FS.ReadDir("texts"))
}
`)
	return root
}

func bundle(t *testing.T) {
	t.Helper()
	if _, err := Build(t.Context(), linuxARM); err != nil {
		t.Fatal(err)
	}
}

func archivePath(name string) string { return "bin/functions/linux-arm64/" + name + ".zip" }

// files returns the existing archives by function.
func files(t *testing.T) map[string]os.FileInfo {
	t.Helper()
	found := map[string]os.FileInfo{}
	for _, name := range []string{"one", "two"} {
		info, err := os.Stat(archivePath(name))
		if err != nil {
			t.Fatal(err)
		}
		found[name] = info
	}
	return found
}

// otherGo puts a go command of another version first on PATH.
func otherGo(t *testing.T) {
	wrapGo(t, `[ "$1" != env ] || { "$real" "$@" | sed 's/"GOVERSION": .*/"GOVERSION": "go9.9",/'; exit; }`)
}

// wrapGo puts a go command first on PATH that runs the lines of shell before the
// real command, real.
func wrapGo(t *testing.T, lines string) {
	t.Helper()
	real, err := exec.LookPath("go")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "go"), []byte("#!/bin/sh\nreal='"+real+"'\n"+lines+"\nexec \"$real\" \"$@\"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
}

func setTime(t *testing.T, path string, to time.Time) {
	t.Helper()
	if err := os.Chtimes(path, to, to); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}
