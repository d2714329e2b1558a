//go:build linux

package stage

import "syscall"

// maxFiles is the maximum number of open files of a process on AWS.
//
// https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
const maxFiles = 1024

// execute runs the program and reports how it ends. In the meantime, it is the
// init process of the environment: it reaps orphaned processes. When it ends, the
// kernel kills those that remain.
func execute(program, folder string, separate bool, env []string) {
	if err := limit(); err != nil {
		fail("limit privileges", err)
		return
	}
	pid, ok := start(program, folder, env, user(separate))
	if !ok {
		return
	}
	status, err := reapUntil(pid)
	if err != nil {
		fail("wait for "+program, err)
		return
	}
	report(Ended, decimal(uint32(status)))
}

// start starts the program, reports whether it runs, and returns its process ID.
func start(program, folder string, env []string, attributes *syscall.SysProcAttr) (pid int, ok bool) {
	input, err := syscall.Open("/dev/null", syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		fail("open /dev/null", err)
		return 0, false
	}
	pid, err = syscall.ForkExec(program, []string{program}, &syscall.ProcAttr{
		Dir: folder, Env: env, Files: []uintptr{uintptr(input), 1, 1}, Sys: attributes,
	})
	if errno, ok := err.(syscall.Errno); ok {
		report(NotExecuted, decimal(uint32(errno)))
		return 0, false
	}
	if err != nil {
		fail("execute "+program, err)
		return 0, false
	}
	report(Started, "")
	return pid, true
}

// reapUntil waits for children until the one with that process ID has ended.
func reapUntil(pid int) (status syscall.WaitStatus, err error) {
	for {
		ended, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return 0, err
		case ended == pid:
			return status, nil
		}
	}
}

// user returns the attributes of a process in a user namespace of its own, in
// which it is User and has no privileges. The mounts belong to the stage's namespace,
// so the process cannot change them.
func user(separate bool) *syscall.SysProcAttr {
	outside := 0 // the stage's own
	if separate {
		outside = Separate
	}
	return &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: User, HostID: outside, Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: Group, HostID: outside, Size: 1}},
		// The stage has already left the groups of the local cloud, if it may.
		Credential: &syscall.Credential{Uid: User, Gid: Group, NoSetGroups: true},
	}
}

// limit gives up what a function does not have on AWS: other groups, the
// developer's keys in the kernel, more open files, and the ability to gain
// privileges by executing a program.
func limit() error {
	const (
		setNoNewPrivileges = 38 // PR_SET_NO_NEW_PRIVS
		joinSessionKeyring = 1  // KEYCTL_JOIN_SESSION_KEYRING
	)
	// Without privileges on the machine, a process cannot leave groups. They give
	// access only to files, and the function sees none of theirs. The system call
	// affects this thread alone, which is the one that starts the program.
	_, _, _ = syscall.RawSyscall(syscall.SYS_SETGROUPS, 0, 0, 0)
	// This fails where containers forbid the call, to functions as well.
	_, _, _ = syscall.RawSyscall(syscall.SYS_KEYCTL, joinSessionKeyring, 0, 0)

	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil {
		return err
	}
	most := min(files.Max, maxFiles)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
		return err
	}
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, setNoNewPrivileges, 1, 0, 0, 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// decimal formats a number. Package strconv is initialized too late.
func decimal(n uint32) string {
	digits := ""
	for ; n > 9; n /= 10 {
		digits = string(rune('0'+n%10)) + digits
	}
	return string(rune('0'+n)) + digits
}
