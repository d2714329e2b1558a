package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// attributes put the process into a group of its own, and let it die with the
// local cloud, however that ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// peakMemory is the most memory the process has held, in bytes.
func peakMemory(pid int) (int64, bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false // the process has ended
	}
	return highWaterMark(status)
}

// highWaterMark reads the line "VmHWM:     1234 kB" of a process's status; one
// that has ended and waits for its parent has none.
func highWaterMark(status []byte) (int64, bool) {
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	number, _, found := bytes.Cut(rest, []byte(" kB"))
	if !found {
		return 0, false
	}
	kib, err := strconv.ParseUint(string(bytes.TrimSpace(number)), 10, 50)
	return int64(kib) << 10, err == nil
}
