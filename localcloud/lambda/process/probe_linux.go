package process

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"

	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process/stage"
)

// probe creates an execution environment in which it runs this executable, which
// ends at once. The error says why that failed and how to allow it.
func probe() error {
	// The memory of a function is measured through this file.
	if _, err := os.Stat(fmt.Sprintf("/proc/self/task/%d/children", os.Getpid())); err != nil {
		return fmt.Errorf("the kernel does not list the children of a process (CONFIG_PROC_CHILDREN): %w", err)
	}
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer null.Close()
	p := layout(lambda.Spec{Dir: os.TempDir()}, false)
	p.Env(stage.Variable + "=" + stage.Probe)
	p.Exec("/proc/self/exe", taskRoot, false)
	i, err := startStage(p, 0, null)
	if err == nil {
		err = i.wait()
	}
	if errno, ok := errors.AsType[syscall.Errno](err); ok {
		err = fmt.Errorf("start a program as another user: %w", errno)
	}
	if err != nil {
		return fmt.Errorf("%w%s", err, remedy())
	}
	return nil
}

// refusals are the settings with which distributions refuse namespaces to users
// without privileges.
var refusals = []struct{ file, refuses, remedy string }{
	// https://ubuntu.com/blog/ubuntu-23-10-restricted-unprivileged-user-namespaces
	{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1", "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"},
	{"/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"},
	{"/proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"},
}

// remedy returns the end of an error message: how to allow isolation, or "" if the
// cause of the refusal is not known.
func remedy() string {
	for _, r := range refusals {
		if raw, err := os.ReadFile(r.file); err == nil && strings.TrimSpace(string(raw)) == r.refuses {
			return "; to allow it, run: " + r.remedy
		}
	}
	return ""
}
