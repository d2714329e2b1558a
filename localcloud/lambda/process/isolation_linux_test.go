package process_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process"
	"tally/localcloud/lambda/process/stage"
)

// shell runs commands in the environment, and returns what they print.
func (e *environment) shell(t *testing.T, commands string) string {
	t.Helper()
	response, err := e.Invoke(t.Context(), event(t, request{Shell: commands}))
	if err != nil {
		t.Fatal(err)
	}
	var output string
	if err := json.Unmarshal(response.Payload, &output); err != nil {
		t.Fatalf("%s: %v", response.Payload, err)
	}
	return output
}

// TestIsolation checks what a function sees of the machine: a system like that
// on AWS, and nothing of the developer's or of other functions.
func TestIsolation(t *testing.T) {
	r := isolated(t)
	home, err := os.UserHomeDir()
	if err != nil {
		t.Fatal(err)
	}
	state := t.TempDir()
	write := func(path string) string {
		path = filepath.Join(state, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("secret"), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	database, other := write("localcloud.db"), write("functions/other/0/bootstrap")
	code := filepath.Dir(filepath.Dir(write("functions/f/0/folder/data")))
	link(t.Fatal, code)
	e := start(t, r, lambda.Spec{Dir: code, Env: []string{"TABLE=sums"}})

	for name, tc := range map[string]struct{ commands, want string }{
		"user":                {"id", "uid=993(sbx_user1051) gid=990(sbx_user1051) groups=990(sbx_user1051)"},
		"code":                {"pwd; ls", "/var/task\nbootstrap\nfolder"},
		"read-only code":      {"touch /var/task/x /var/task/folder/x 2>&1 | grep -c 'Read-only file system'", "2"},
		"read-only code file": {"(echo x >> folder/data) 2>&1 | grep -cE 'Read-only|denied'", "1"},
		"read-only system":    {"touch /x /etc/x /usr/x /opt/x /var/x 2>&1 | grep -c 'Read-only file system'", "5"},
		"layers":              {"ls -A /opt", ""},
		"temporary folder":    {"ls -A /tmp; stat -c '%A %U' /tmp", "drwx------ sbx_user1051"},
		"root":                {"ls -A / | grep -vE '^s?bin$|^lib'", "dev\netc\nopt\nproc\ntmp\nusr\nvar"},
		"home":                {"cat " + home + "/.profile", "cat: " + home + "/.profile: No such file or directory"},
		"state":               {"cat " + database, "cat: " + database + ": No such file or directory"},
		"other function":      {"cat " + other, "cat: " + other + ": No such file or directory"},
		"beside the code":     {"ls /var /var/task/../../..", "/var:\nruntime\ntask"},
		"users":               {"cut -d: -f1 /etc/passwd", "root\nnobody\nsbx_user1051"},
		"local cloud":         {fmt.Sprintf("cat /proc/%d/environ", os.Getpid()), fmt.Sprintf("cat: /proc/%d/environ: No such file or directory", os.Getpid())},
		"parent":              {"cat /proc/1/environ /proc/1/root/etc/passwd 2>&1 | grep -c 'Permission denied'", "2"},
		"environments":        {"cat /proc/[0-9]*/environ 2>&1 | tr '\\0' '\\n' | grep -c ^PATH=", "0"},
		"processes":           {"names=$(cat /proc/[0-9]*/comm); echo \"$names\" | sort -u | tr '\\n' ' '", "bootstrap cat exe sh"},
		"privileges":          {"grep -E '^(CapEff|CapPrm|NoNewPrivs)' /proc/self/status", "CapPrm:\t0000000000000000\nCapEff:\t0000000000000000\nNoNewPrivs:\t1"},
		"unmount":             {"umount /var/task; mount -o remount,rw /var/task; touch /var/task/x 2>&1 | grep -c Read-only", "1"},
		"open files":          {"ulimit -n; ulimit -Hn", "1024\n1024"},
		"terminal":            {"tty; cat /dev/tty", "not a tty\ncat: /dev/tty: No such file or directory"},
		"devices":             {"echo x > /dev/null; head -c 4 /dev/zero | wc -c; head -c 4 /dev/urandom | wc -c", "4\n4"},
		"shared memory":       {"ls /dev/shm", "ls: cannot access '/dev/shm': No such file or directory"},
		"host":                {"cat /proc/sys/kernel/hostname", "localhost"},
	} {
		t.Run(name, func(t *testing.T) {
			got := e.shell(t, tc.commands)
			if name == "unmount" { // the messages differ
				got = got[strings.LastIndex(got, "\n")+1:]
			}
			if name == "beside the code" {
				got, _, _ = strings.Cut(got, "\n\n")
			}
			if got != tc.want {
				t.Errorf("%s\nprinted:\n%s\nwant:\n%s", tc.commands, got, tc.want)
			}
		})
	}
}

// TestTemporaryFolder checks that /tmp holds as much as configured, that its files
// stay for the next invocation, and that no other environment sees them.
func TestTemporaryFolder(t *testing.T) {
	r := isolated(t)
	name := filepath.Base(t.TempDir()) + ".txt"
	e := start(t, r, lambda.Spec{TmpMB: 1024})
	e.shell(t, "echo kept > /tmp/"+name)
	if got := e.shell(t, "cat /tmp/"+name); got != "kept" {
		t.Errorf("the next invocation read %q", got)
	}
	if _, err := os.Stat("/tmp/" + name); err == nil {
		t.Error("the file is in the machine's /tmp")
	}
	if got := e.shell(t, "echo $(($(stat -f -c '%b * %S' /tmp)))"); got != fmt.Sprint(1024<<20) {
		t.Errorf("/tmp has %s bytes", got)
	}
	e.Close()
	e = start(t, r, lambda.Spec{})
	if got := e.shell(t, "ls -A /tmp"); got != "" {
		t.Errorf("a new environment has %q in /tmp", got)
	}
	got := e.shell(t, "head -c 513M /dev/zero > /tmp/large; stat -c %s /tmp/large")
	if !strings.Contains(got, "No space left on device") || !strings.HasSuffix(got, fmt.Sprint(512<<20)) {
		t.Errorf("write 513 MB: %q", got)
	}
}

// TestUnreadableCode checks that a function can execute only what everyone may
// execute, as on AWS, if the local cloud runs as root.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-function-zip.html
func TestUnreadableCode(t *testing.T) {
	r := isolated(t)
	if os.Geteuid() != 0 {
		t.Skip("functions run as the user who runs the local cloud")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "bootstrap"), []byte("#!/bin/sh\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := r.Start(t.Context(), lambda.Spec{Dir: dir, MemoryMB: 128, Output: func(string) {}})
	if want := "Runtime.InvalidEntrypoint: fork/exec /var/task/bootstrap: permission denied"; message(err) != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestRefused checks what happens on a machine that refuses namespaces: the error says
// how to allow them, and functions run without isolation. The machine is a user
// namespace that permits no further one.
func TestRefused(t *testing.T) {
	isolated(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("/bin/sh", "-ec", "echo 0 > /proc/sys/user/max_user_namespaces; exec "+self+" report-isolation")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getegid(), Size: 1}},
	}
	hideAgain := process.Reveal()
	output, err := cmd.CombinedOutput()
	hideAgain()
	if err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	const want = "start a program as another user: no space left on device; to allow it, run: sudo sysctl user.max_user_namespaces=10000 /own\n"
	if string(output) != want {
		t.Errorf("printed %s, want %s", output, want)
	}
}

// TestStageIsFirst checks that no other package of the program is initialized
// before a stage, because they take longer than the start of a function may.
func TestStageIsFirst(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = []string{stage.Variable + "=" + stage.Probe, "GODEBUG=inittrace=1"}
	trace, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, trace)
	}
	if !strings.Contains(string(trace), "init syscall ") {
		t.Fatalf("no trace: %s", trace)
	}
	for _, late := range []string{"time", "os", "fmt", "net", "testing"} {
		if strings.Contains(string(trace), "init "+late+" ") {
			t.Errorf("package %s was initialized:\n%s", late, trace)
		}
	}
}
