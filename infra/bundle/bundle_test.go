package bundle

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var linuxARM = Platform{"linux", "arm64"}

// TestBuildIsReproducible builds the same sources twice in one folder, and then
// in another folder with another developer's settings.
func TestBuildIsReproducible(t *testing.T) {
	build := func() map[string][]byte {
		archives, err := Build(t.Context(), linuxARM)
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]string{"one": "../bin/functions/linux-arm64/one.zip", "two": "../bin/functions/linux-arm64/two.zip"}
		if diff := cmp.Diff(want, archives); diff != "" {
			t.Fatal(diff)
		}
		return map[string][]byte{"one": read(t, archives["one"]), "two": read(t, archives["two"])}
	}
	t.Chdir(filepath.Join(project(t), "infra"))
	first := build()
	if bytes.Equal(first["one"], first["two"]) {
		t.Error("two programs have the same archive")
	}
	if again := build(); !cmp.Equal(first, again) {
		t.Error("the second build differs")
	}
	t.Chdir(filepath.Join(project(t), "infra"))
	t.Setenv("GOFLAGS", "-race -tags=other")
	t.Setenv("CGO_ENABLED", "1")
	t.Setenv("GOARM64", "v9.0")
	if elsewhere := build(); !cmp.Equal(first, elsewhere) {
		t.Error("the build in another folder with other settings differs")
	}
}

func TestBuildArchive(t *testing.T) {
	t.Chdir(project(t)) // the project's root, rather than a folder below it
	archives, err := Build(t.Context(), Platform{runtime.GOOS, runtime.GOARCH}, "one")
	if err != nil {
		t.Fatal(err)
	}
	archive, err := zip.OpenReader(archives["one"])
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if len(archive.File) != 1 {
		t.Fatalf("%d entries, want one", len(archive.File))
	}
	entry := archive.File[0]
	if entry.Name != "bootstrap" || entry.Mode() != 0o755 || entry.Modified.Year() != 1980 || entry.UncompressedSize64 < 1<<20 {
		t.Errorf("entry %+v", entry.FileHeader)
	}
	left, err := os.ReadDir(filepath.Dir(archives["one"]))
	if err != nil || len(left) != 2 { // the archive and the manifest
		t.Errorf("files left next to the archive: %v, %v", left, err)
	}
}

func TestBuildRefuses(t *testing.T) {
	root := project(t)
	write(t, root, "functions/broken/main.go", "package main\n\nfunc main() { undefined() }\n")
	write(t, root, "functions/library/library.go", "package library\n")
	write(t, root, "functions/empty/notes.txt", "")
	t.Chdir(root)
	if _, err := Build(t.Context(), linuxARM, "one"); err != nil {
		t.Fatal(err)
	}
	archive := "bin/functions/linux-arm64/one.zip"
	before := read(t, archive)

	for _, test := range []struct {
		name string
		want []string // substrings of the error
	}{
		{"broken", []string{"compile the functions (broken)", "functions/broken/main.go:3:15: undefined: undefined"}},
		{"library", []string{"functions/library is not a program: its package must be main"}},
		{"missing", []string{"function missing has no folder"}},
		{"empty", []string{"no Go files in", "functions/empty"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Build(t.Context(), linuxARM, "one", test.name)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v, want %q in it", err, want)
				}
			}
		})
	}
	if !bytes.Equal(before, read(t, archive)) {
		t.Error("a failed build changed an archive")
	}

	t.Chdir(t.TempDir())
	if _, err := Build(t.Context(), linuxARM, "one"); err == nil || !strings.Contains(err.Error(), "or any folder above it: run this in the project") {
		t.Errorf("outside a project: %v", err)
	}
}

// BenchmarkBuild measures the delay that bundling adds to every preview of an
// unchanged project.
func BenchmarkBuild(b *testing.B) {
	for b.Loop() {
		if _, err := Build(b.Context(), Platform{runtime.GOOS, runtime.GOARCH}); err != nil {
			b.Fatal(err)
		}
	}
}

// project creates a project with two functions that share a package.
func project(t *testing.T) (root string) {
	t.Helper()
	root = t.TempDir()
	write(t, root, "Pulumi.yaml", "name: example\n")
	write(t, root, "go.mod", "module example\n\ngo 1.26\n")
	write(t, root, "infra/main.go", "package main\n\nfunc main() {}\n")
	write(t, root, "internal/greet/greet.go", "package greet\n\nfunc Hello(name string) { println(\"hello\", name) }\n")
	for _, name := range []string{"one", "two"} {
		write(t, root, "functions/"+name+"/main.go", "package main\n\nimport \"example/internal/greet\"\n\nfunc main() { greet.Hello(\""+name+"\") }\n")
	}
	return root
}

func write(t *testing.T, root, name, content string) {
	t.Helper()
	path := filepath.Join(root, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, name string) []byte {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}
