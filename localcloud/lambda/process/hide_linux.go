package process

import (
	"sync"
	"syscall"
)

// setDumpable is PR_SET_DUMPABLE.
const setDumpable = 4

var hidden struct {
	sync.Mutex
	on       bool
	revealed int // the number of processes that are being started
}

// hide makes this process undumpable: other processes of its user can no longer read its
// environment and its memory, in which the developer's secrets and those of all
// functions may be. Functions without isolation are such processes. The programs that
// this process starts are not affected.
//
// https://man7.org/linux/man-pages/man2/PR_SET_DUMPABLE.2const.html
func hide() {
	hidden.Lock()
	defer hidden.Unlock()
	hidden.on = true
	dump(0)
}

// reveal undoes hide until the function that it returns is called. Unless it is root, an
// undumpable process cannot create a user namespace for a child. Functions with
// namespaces do not see this process.
func reveal() (hideAgain func()) {
	hidden.Lock()
	defer hidden.Unlock()
	if hidden.revealed++; hidden.on {
		dump(1)
	}
	return func() {
		hidden.Lock()
		defer hidden.Unlock()
		if hidden.revealed--; hidden.on && hidden.revealed == 0 {
			dump(0)
		}
	}
}

// dump sets the attribute, which fails only for other values.
func dump(on uintptr) {
	_, _, _ = syscall.Syscall6(syscall.SYS_PRCTL, setDumpable, on, 0, 0, 0, 0)
}
