package process

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"

	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process/stage"
)

// users and groups are the /etc/passwd and /etc/group of functions.
const (
	users = `root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:Kernel Overflow User:/:/sbin/nologin
sbx_user1051:x:993:990::/home/sbx_user1051:/sbin/nologin
`
	groups = `root:x:0:
nobody:x:65534:
sbx_user1051:x:990:
`
)

// programs are the folders with the programs and libraries that shell scripts and
// dynamically linked binaries need.
var programs = []string{"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"}

// settings are the files and folders in /etc that they need.
var settings = []string{
	"/etc/alternatives", "/etc/ca-certificates", "/etc/hosts", "/etc/ld.so.cache", "/etc/nsswitch.conf", "/etc/pki",
	"/etc/protocols", "/etc/resolv.conf", "/etc/services", "/etc/ssl",
}

// devices are the devices of functions. As on AWS, there is no /dev/shm.
var devices = []string{"/dev/full", "/dev/null", "/dev/random", "/dev/urandom", "/dev/zero"}

// layout returns the steps that create the file system of a function: that of an
// OS-only runtime, with the code in /var/task, and /tmp as the only place
// where the function can write. /tmp holds spec.TmpMB MiB, in memory; other file
// systems cannot limit it without privileges.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
func layout(spec lambda.Spec, separate bool) stage.Plan {
	var p stage.Plan
	for _, dir := range []string{"/dev", "/etc", "/opt", "/proc", "/tmp", "/var", "/var/runtime", taskRoot} {
		p.Dir(dir)
	}
	for _, path := range programs {
		share(&p, path)
	}
	for _, path := range settings {
		share(&p, path)
	}
	for _, path := range devices {
		share(&p, path)
	}
	p.File("/etc/passwd", users)
	p.File("/etc/group", groups)
	for path, target := range map[string]string{"fd": "", "stdin": "/0", "stdout": "/1", "stderr": "/2"} {
		p.Link("/proc/self/fd"+target, "/dev/"+path)
	}
	p.Bind(resolved(spec.Dir), taskRoot)
	p.Mount("proc", "/proc", "")
	owner := 0 // in the namespace of the stage
	if separate {
		owner = stage.Separate
	}
	p.Mount("tmpfs", "/tmp", fmt.Sprintf("mode=0700,size=%dm,uid=%d,gid=%d", cmp.Or(spec.TmpMB, 512), owner, owner))
	return p
}

// share makes a path of the machine visible at the same place, unless it does not
// exist. A link among the folders of programs, such as from /bin to /usr/bin, remains
// a link.
func share(p *stage.Plan, path string) {
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	if info.Mode().Type() == os.ModeSymlink && filepath.Dir(path) == "/" {
		if target, err := os.Readlink(path); err == nil {
			p.Link(target, path)
		}
		return
	}
	source := resolved(path)
	if info, err = os.Stat(source); err != nil {
		return
	}
	if info.IsDir() {
		p.Dir(path)
	} else {
		p.File(path, "")
	}
	p.Bind(source, path)
}

// resolved returns path without symbolic links. A path that does not exist remains as
// it is, so that the kernel reports it when it is mounted.
func resolved(path string) string {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}
