//go:build unix && !linux

package process

import "syscall"

// attributes returns the attributes that put the process in a group of its own.
// If the local cloud is killed, an idle runtime exits by itself, because its
// Runtime API no longer responds.
func attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// peakMemory returns false: memory is measured, and limits are enforced, only on
// Linux.
func peakMemory(int) (int64, bool) { return 0, false }
