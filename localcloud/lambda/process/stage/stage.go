//go:build linux

package stage

import (
	"syscall"
	"unsafe"
)

func init() {
	switch mode, _ := syscall.Getenv(Variable); mode {
	case Run:
		run()
		syscall.Exit(0)
	case Plain:
		runPlain()
		syscall.Exit(0)
	case Probe:
		syscall.Exit(0)
	}
}

// run carries out the plan on standard input. It reports on standard error, and
// passes standard output on to the program as both its outputs.
func run() {
	raw, err := readAll(0)
	if err != nil {
		fail("read the plan", err)
		return
	}
	if step, err := enter(); err != nil {
		fail(step, err)
		return
	}
	var env []string
	for _, step := range decode(raw) {
		switch name, a, b, c := step[0], step[1], step[2], step[3]; name {
		case "env":
			env = append(env, a)
		case "exec":
			if err := seal(); err != nil {
				fail("seal the file system", err)
				return
			}
			execute(a, b, c == "separate", env)
			return
		default:
			if err := build(name, a, b, c); err != nil {
				fail(name+" "+a+" "+b, err)
				return
			}
		}
	}
}

func fail(step string, err error) { report(Failed, step+": "+err.Error()) }

// report writes a line to standard error. It ignores errors, because it cannot report
// them anywhere.
func report(kind, text string) { _, _ = syscall.Write(2, []byte(kind+" "+text+"\n")) }

// old is the folder with the machine's own file system, until seal removes it.
const old = "/.machine"

// enter makes an empty file system the root. The machine's own is in folder old.
func enter() (step string, err error) {
	const root = "/tmp" // exists on every machine
	for _, step := range []struct {
		name string
		do   func() error
	}{
		// Otherwise mounts of this namespace would show up in the machine's.
		{"make mounts private", func() error { return syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") }},
		{"mount a root", func() error { return syscall.Mount("tmpfs", root, "tmpfs", syscall.MS_NOSUID, "mode=0755") }},
		{"create a folder", func() error { return syscall.Mkdir(root+old, 0o755) }},
		{"change the root", func() error { return syscall.PivotRoot(root, root+old) }},
		{"enter the root", func() error { return syscall.Chdir("/") }},
		{"set the umask", func() error { syscall.Umask(0o022); return nil }},
		{"set the host name", func() error { return syscall.Sethostname([]byte("localhost")) }},
	} {
		if err := step.do(); err != nil {
			return step.name, err
		}
	}
	return "", nil
}

// build carries out one step of a plan that changes the file system.
func build(name, a, b, c string) error {
	switch name {
	case "dir":
		return syscall.Mkdir(a, 0o755)
	case "link":
		return syscall.Symlink(a, b)
	case "file":
		return writeFile(a, b)
	case "bind":
		if err := syscall.Mount(old+a, b, "", syscall.MS_BIND|syscall.MS_REC, ""); err != nil {
			return err
		}
		return readOnly(b, recursive)
	case "mount":
		return syscall.Mount(a, b, a, syscall.MS_NOSUID|syscall.MS_NODEV, c)
	}
	return syscall.EINVAL
}

func writeFile(path, content string) error {
	fd, err := syscall.Open(path, syscall.O_WRONLY|syscall.O_CREAT|syscall.O_EXCL|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	_, err = syscall.Write(fd, []byte(content))
	return err
}

// recursive makes readOnly include the mounts below a path.
const recursive = 0x8000 // AT_RECURSIVE

// readOnly makes a mount read-only, and disables set-user-ID programs on it. Package
// syscall does not have this call.
//
// https://man7.org/linux/man-pages/man2/mount_setattr.2.html
func readOnly(path string, flags uintptr) error {
	const (
		mountSetattr = 442
		readOnly     = 0x1 // MOUNT_ATTR_RDONLY
		noSetuid     = 0x2 // MOUNT_ATTR_NOSUID
	)
	name, err := syscall.BytePtrFromString(path)
	if err != nil {
		return err
	}
	attributes := struct{ set, clear, propagation, namespace uint64 }{set: readOnly | noSetuid}
	at := -100 // AT_FDCWD
	_, _, errno := syscall.Syscall6(mountSetattr, uintptr(at), uintptr(unsafe.Pointer(name)), flags,
		uintptr(unsafe.Pointer(&attributes)), unsafe.Sizeof(attributes), 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// seal removes the machine's own file system and makes the new root read-only.
func seal() error {
	if err := syscall.Unmount(old, syscall.MNT_DETACH); err != nil {
		return err
	}
	if err := syscall.Rmdir(old); err != nil {
		return err
	}
	return readOnly("/", 0)
}
