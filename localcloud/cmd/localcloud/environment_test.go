package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"tally/localcloud/control"
)

// A local cloud has none of the developer's variables, in the background and in the
// foreground.
func TestEnvironmentOfTheProcess(t *testing.T) {
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		t.Skip(err)
	}
	for _, flag := range []string{"--detach", ""} {
		t.Run(flag, func(t *testing.T) {
			project := t.TempDir()
			args := []string{"start", "--project", project, "--port=0", "--provider-port=0", "--api-port=0"}
			if flag != "" {
				args = append(args, flag)
			}
			cmd := exec.Command("localcloud", args...)
			cmd.Env = append(os.Environ(), "SECRET=the-developers-own")
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			line, err := bufio.NewReader(out).ReadString('\n') // once it is ready
			if err != nil {
				t.Fatal(err)
			}
			go io.Copy(io.Discard, out) //nolint:errcheck // until it ends
			status, err := control.Find(t.Context(), filepath.Join(project, ".localcloud"))
			if err != nil {
				t.Fatalf("%v after %s", err, line)
			}
			defer func() {
				if err := control.Stop(t.Context(), status); err != nil {
					t.Error(err)
				}
				_ = cmd.Wait() // interrupted
			}()
			if flag == "" && status.PID != cmd.Process.Pid {
				t.Errorf("process %d serves, and %d was started", status.PID, cmd.Process.Pid)
			}
			environ := environOf(t, status.PID)
			if strings.Contains(environ, "the-developers-own") || strings.Contains(environ, "HOME=") {
				t.Errorf("the environment of the process is %q", environ)
			}
		})
	}
}

// environOf returns the environment of a process, or "" if this process may not read it.
func environOf(t *testing.T, pid int) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "environ"))
	if os.IsPermission(err) {
		return ""
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
