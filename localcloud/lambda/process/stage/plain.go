//go:build linux

package stage

import "syscall"

// Lifeline is the file descriptor of a stage without namespaces that ends it: it ends
// when the local cloud closes the other end of the pipe, however that happens.
const Lifeline = 3

// runPlain carries out a plan without namespaces. The kernel makes the stage the parent
// of all processes that the program leaves behind, even in other sessions. The stage
// kills them when the program or the lifeline ends.
func runPlain() {
	syscall.CloseOnExec(Lifeline)
	raw, err := readAll(0)
	if err != nil {
		fail("read the plan", err)
		return
	}
	const setChildSubreaper = 36 // PR_SET_CHILD_SUBREAPER
	if _, _, errno := syscall.Syscall6(syscall.SYS_PRCTL, setChildSubreaper, 1, 0, 0, 0, 0); errno != 0 {
		fail("become the parent of orphans", errno)
		return
	}
	var env []string
	for _, step := range decode(raw) {
		switch step[0] {
		case "env":
			env = append(env, step[1])
		case "exec":
			superviseUntilCut(step[1], step[2], env)
			return
		}
	}
}

// superviseUntilCut runs the program until it or the lifeline ends, and reports how it
// ended.
func superviseUntilCut(program, folder string, env []string) {
	go func() {
		_, _ = readAll(Lifeline) // nobody writes to it
		for {
			kill(syscall.Getpid()) // upon which reapUntil returns
			pause()
		}
	}()
	pid, ok := start(program, folder, env, &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL})
	if !ok {
		return
	}
	status, err := reapUntil(pid)
	killDescendants()
	if err != nil {
		fail("wait for "+program, err)
		return
	}
	report(Ended, decimal(uint32(status)))
}

// killDescendants kills all descendants of this process. Each becomes its child when
// its parent ends, and the loop ends when no child is left.
func killDescendants() {
	for {
		kill(syscall.Getpid())
		for {
			ended, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil)
			if err == syscall.ECHILD {
				return
			}
			if ended <= 0 && err != syscall.EINTR {
				break
			}
		}
		pause()
	}
}

// pause waits for a millisecond, in which the kernel ends what has been killed.
func pause() {
	wait := syscall.Timespec{Nsec: 1e6}
	_ = syscall.Nanosleep(&wait, nil)
}

// kill kills the descendants of a process, the closest first.
func kill(pid int) {
	dir := "/proc/" + decimal(uint32(pid)) + "/task"
	for _, task := range names(dir) {
		for _, child := range numbers(dir + "/" + task + "/children") {
			_ = syscall.Kill(child, syscall.SIGKILL)
			kill(child)
		}
	}
}

// names returns the names in a folder, which must be short. Package os is initialized too
// late.
func names(dir string) (all []string) {
	fd, err := syscall.Open(dir, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	buffer := make([]byte, 16*1024)
	for {
		n, err := syscall.ReadDirent(fd, buffer)
		if n <= 0 || err != nil {
			return all
		}
		_, _, all = syscall.ParseDirent(buffer[:n], -1, all)
	}
}

// numbers returns the numbers in a file, each of which is followed by a space.
func numbers(path string) (all []int) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	list, _ := readAll(fd)
	number := 0
	for _, b := range list {
		if b == ' ' {
			all, number = append(all, number), 0
			continue
		}
		number = 10*number + int(b-'0')
	}
	return all
}
