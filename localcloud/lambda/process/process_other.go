//go:build unix && !linux

package process

import "syscall"

// attributes put the process into a group of its own. Where the local cloud
// is killed, the runtime ends by itself: its Runtime API is gone.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// peakMemory is unknown: outside Linux memory limits are not enforced.
func peakMemory(int) (int64, bool) { return 0, false }
