package process

import (
	"cmp"
	"slices"
	"sync"

	"golang.org/x/sys/unix"
)

// vcpuMB is the memory with which a function has the equivalent of one processor.
//
// https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
const vcpuMB = 1769

// processors assigns the machine's processors to environments. An environment runs on as
// many as the function has on AWS, rounded up: a runtime with more threads at the same
// time would be slower than on AWS, and use more of the machine.
type processors struct {
	mu    sync.Mutex
	ids   []int // on which this process may run; nil until known
	users map[int]int
}

// shared are the processors of all environments.
var shared processors

// assign returns the processors for an environment: those that the fewest others use. It
// returns none if the environment may use them all.
func (p *processors) assign(memoryMB int) []int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.users == nil {
		p.ids, p.users = available(), map[int]int{}
	}
	n := (memoryMB + vcpuMB - 1) / vcpuMB
	if n >= len(p.ids) {
		return nil
	}
	slices.SortFunc(p.ids, func(a, b int) int { return cmp.Or(p.users[a]-p.users[b], a-b) })
	assigned := slices.Clone(p.ids[:n])
	for _, id := range assigned {
		p.users[id]++
	}
	return assigned
}

// release takes assigned processors back.
func (p *processors) release(assigned []int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, id := range assigned {
		p.users[id]--
	}
}

// available returns the processors on which this process may run.
func available() (ids []int) {
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return nil
	}
	for id := range len(set) * 64 {
		if set.IsSet(id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// on calls start, which starts a process, in a thread that runs only on the given
// processors: the process inherits them. The caller has locked its goroutine to the
// thread.
func on(assigned []int, start func() error) error {
	var all, some unix.CPUSet
	if len(assigned) == 0 || unix.SchedGetaffinity(0, &all) != nil {
		return start()
	}
	for _, id := range assigned {
		some.Set(id)
	}
	if unix.SchedSetaffinity(0, &some) != nil {
		return start() // the processor is gone
	}
	defer unix.SchedSetaffinity(0, &all) //nolint:errcheck // it was so before
	return start()
}
