package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"syscall"
)

// attributes returns the attributes that put the process in a group of its own
// and make the kernel kill it when the local cloud ends, however that happens.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// peakMemory returns the process's peak memory in bytes, and false if the
// process has ended.
func peakMemory(pid int) (int64, bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false // the process has ended
	}
	return highWaterMark(status)
}

// highWaterMark parses the line "VmHWM:     1234 kB" of a process's status. It
// returns bytes, and false if the line is missing, as it is for a zombie.
func highWaterMark(status []byte) (int64, bool) {
	_, rest, _ := bytes.Cut(status, []byte("VmHWM:"))
	number, _, found := bytes.Cut(rest, []byte(" kB"))
	if !found {
		return 0, false
	}
	kib, err := strconv.ParseUint(string(bytes.TrimSpace(number)), 10, 50)
	return int64(kib) << 10, err == nil
}
