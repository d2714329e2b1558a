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
