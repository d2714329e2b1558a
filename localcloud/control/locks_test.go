package control

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestRemoveStaleLocks checks that only locks of processes of this machine that have ended
// are removed.
func TestRemoveStaleLocks(t *testing.T) {
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	c := Config{Dir: t.TempDir()}
	if err := c.removeStaleLocks(); err != nil {
		t.Errorf("without locks: %v", err)
	}
	dir := filepath.Join(c.PulumiState(), ".pulumi", "locks", "organization", "tally", "local")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	lock := func(pid int, host string) string {
		return fmt.Sprintf(`{"pid":%d,"username":"u","hostname":%q}`, pid, host)
	}
	stays := map[string]bool{}
	for name, l := range map[string]struct {
		text  string
		stays bool
	}{
		"ended":           {lock(ended.Process.Pid, host), false},
		"running":         {lock(os.Getpid(), host), true},
		"another machine": {lock(ended.Process.Pid, "elsewhere"), true},
		"half written":    {"{", true},
	} {
		path := filepath.Join(dir, name+".json")
		stays[path] = l.stays
		if err := os.WriteFile(path, []byte(l.text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.removeStaleLocks(); err != nil {
		t.Fatal(err)
	}
	for path, want := range stays {
		if _, err := os.Stat(path); (err == nil) != want {
			t.Errorf("%s remains: %t, want %t", filepath.Base(path), err == nil, want)
		}
	}
}

// TestRemoveTornAttributes checks that only incomplete files are removed: SIGKILL leaves an
// empty one between its creation and the write.
func TestRemoveTornAttributes(t *testing.T) {
	c := Config{Dir: t.TempDir()}
	if err := c.removeTornAttributes(); err != nil {
		t.Errorf("without a state: %v", err)
	}
	root := filepath.Join(c.PulumiState(), ".pulumi")
	files := map[string]string{
		"meta.yaml.attrs": "", "stacks/p/local.json.attrs": "", "stacks/p/local-b.json.attrs": `{"user.content_type":"text/plain"}`,
		"stacks/p/local.json": "", "stacks/p/half.json.attrs": `{"user`,
	}
	for path, text := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.MakePulumiFolders(); err != nil {
		t.Fatal(err)
	}
	for path := range files {
		_, err := os.Stat(filepath.Join(root, path))
		if want := path == "stacks/p/local.json" || path == "stacks/p/local-b.json.attrs"; (err == nil) != want {
			t.Errorf("%s remains: %t, want %t", path, err == nil, want)
		}
	}
}
