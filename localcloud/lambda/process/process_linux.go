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
	return highWaterMark(peer.ReadProc(fmt.Sprintf("/proc/%d/status", pid)))
}

// resident reads how much memory a process uses now, which takes a tenth of the time of
// peakMemory. The zero value reads 0.
//
// https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html
type resident struct{ statm *os.File }

func openResident(pid int) resident {
	statm, _ := os.Open(fmt.Sprintf("/proc/%d/statm", pid)) // it may have ended
	return resident{statm}
}

func (r resident) close() { r.statm.Close() }

// bytes returns 0 if the process has ended.
func (r resident) bytes() int64 {
	var buffer [128]byte
	n, _ := r.statm.ReadAt(buffer[:], 0)
	return residentBytes(buffer[:n])
}

// residentBytes returns the second number, of pages, in bytes.
func residentBytes(statm []byte) int64 {
	_, rest, _ := bytes.Cut(statm, []byte(" "))
	number, _, _ := bytes.Cut(rest, []byte(" "))
	pages, _ := strconv.ParseUint(string(number), 10, 40)
	return int64(pages) * int64(os.Getpagesize())
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
		n, _ := kibibytes(peer.ReadProc(fmt.Sprintf("/proc/%d/%s", pid, file)), field)
		total += n
	}
	return total
}

// highWaterMark returns a process's peak memory in bytes from its status, and false if
// the line is missing, as it is for a zombie.
func highWaterMark(status []byte) (int64, bool) { return kibibytes(status, "VmHWM:") }

// kibibytes parses a line such as "VmHWM:     1234 kB". It returns bytes, and false if
// the line is missing. It ignores the first line, which in a status contains the name of
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
