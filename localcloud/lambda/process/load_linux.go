package process

import (
	"bytes"
	"os"
	"strconv"
)

// processorTimes returns the time that all processors were idle, and their time in
// all, from the first line of /proc/stat: user, nice, system, idle, iowait, irq,
// softirq, steal and the times of guests, which user and nice include. Time in which
// the processors wait for the disk is idle.
//
// https://man7.org/linux/man-pages/man5/proc_stat.5.html
func processorTimes() (idle, total uint64, ok bool) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, 0, false
	}
	return parseProcessorTimes(stat)
}

func parseProcessorTimes(stat []byte) (idle, total uint64, ok bool) {
	line, _, _ := bytes.Cut(stat, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return 0, 0, false
	}
	for i, field := range fields[1:9] {
		n, err := strconv.ParseUint(string(field), 10, 64)
		if err != nil {
			return 0, 0, false
		}
		total += n
		if i == 3 || i == 4 {
			idle += n
		}
	}
	return idle, total, true
}
