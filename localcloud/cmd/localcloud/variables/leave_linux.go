package variables

import "syscall"

// init does nothing if anything fails: main leaves the environment, too.
func init() {
	args := split(read("/proc/self/cmdline"))
	environ := syscall.Environ()
	serving := Serving(environ)
	if len(args) == 0 || !serves(args[1:]) || len(serving) == len(environ) {
		return
	}
	path := make([]byte, 4096)
	if n, err := syscall.Readlink("/proc/self/exe", path); err == nil && n < len(path) {
		_ = syscall.Exec(string(path[:n]), args, serving)
	}
}

// read returns the contents of a file, or nothing if it cannot be read.
func read(path string) (all []byte) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil
	}
	defer syscall.Close(fd)
	buffer := make([]byte, 4096)
	for {
		n, err := syscall.Read(fd, buffer)
		if err != nil {
			return nil
		}
		if n == 0 {
			return all
		}
		all = append(all, buffer[:n]...)
	}
}
