package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestWatch makes the changes that editors make. Each of those that matter is reported once.
func TestWatch(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"functions/add", "internal", "infra", "docs"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write := func(name string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("functions/add/main.go")
	changes, stop, err := watch(root)
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	expect := func(what string) {
		t.Helper()
		select {
		case at := <-changes:
			if time.Since(at) > time.Minute {
				t.Errorf("%s: saved at %v", what, at)
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("%s was not noticed", what)
		}
	}
	write("functions/add/main.go")
	expect("a file that is written")

	write("functions/add/4913")
	if err := os.Rename(filepath.Join(root, "functions/add/4913"), filepath.Join(root, "functions/add/main.go")); err != nil {
		t.Fatal(err)
	}
	expect("a file that replaces another")

	if err := os.MkdirAll(filepath.Join(root, "internal/new/deep"), 0o755); err != nil {
		t.Fatal(err)
	}
	expect("a new folder")
	write("internal/new/deep/deep.go")
	expect("a file in a new folder")

	write("Pulumi.local.yaml")
	expect("the configuration")

	write("README.md")
	write("docs/guide.md")
	write("functions/add/main_test.go")
	select {
	case <-changes:
		t.Error("a change that does not matter was reported")
	case <-time.After(10 * quiet):
	}
	stop()
	if _, open := <-changes; open {
		t.Error("the channel is open")
	}
}

func TestHashFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		return hashFiles(dir, []string{filepath.Join(dir, "go.mod"), filepath.Join(dir, "missing")})
	}
	last := write("main.go", "package main")
	for _, test := range []struct {
		name, content string
		differs       bool
	}{
		{"main.go", "package main", false},
		{"main.go", "package other", true},
		{"main_test.go", "package other", false},
		{"notes.txt", "notes", false},
		{"go.mod", "module example", true},
		{"missing", "now", true},
	} {
		now := write(test.name, test.content)
		if (now != last) != test.differs {
			t.Errorf("%s with %q: the hash differs: %v, want %v", test.name, test.content, now != last, test.differs)
		}
		last = now
	}
}
