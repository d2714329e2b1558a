package process

import (
	"bytes"
	"fmt"
	"os"
	"strconv"

	"tally/localcloud/internal/peer"
)

// peakMemory returns the process's peak memory in bytes, and false if the
// process has ended.
func peakMemory(pid int) (int64, bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, false // the process has ended
	}
	return highWaterMark(status)
}

// treeMemory returns the memory of all descendants of a process in bytes. Pages that they
// share count once for each of them, unless the sum would exceed the limit.
func treeMemory(root int, limit int64) int64 {
	pids := peer.Descendants(root)
	total := sum(pids, "status", "VmRSS:")
	if total > limit && len(pids) > 1 {
		// This divides shared pages among the processes that share them, and takes longer.
		total = sum(pids, "smaps_rollup", "Pss:")
	}
	return total
}

// sum returns the sum of a field in the files of processes in bytes.
func sum(pids []int, file, field string) (total int64) {
	for _, pid := range pids {
		raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/%s", pid, file)) // it may have ended
		n, _ := kibibytes(raw, field)
		total += n
	}
	return total
}

// highWaterMark returns a process's peak memory in bytes from its status, and false if
// the line is missing, as it is for a zombie.
func highWaterMark(status []byte) (int64, bool) { return kibibytes(status, "VmHWM:") }

// kibibytes parses a line such as "VmHWM:     1234 kB". It returns bytes, and false if
// the line is missing. The first line is none of these: in a status, it has the name of
// the process, which the function can choose.
func kibibytes(raw []byte, field string) (int64, bool) {
	_, rest, _ := bytes.Cut(raw, []byte("\n"+field))
	number, _, found := bytes.Cut(rest, []byte(" kB"))
	if !found {
		return 0, false
	}
	kib, err := strconv.ParseUint(string(bytes.TrimSpace(number)), 10, 50)
	return int64(kib) << 10, err == nil
}
