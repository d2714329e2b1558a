package test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"tally/internal/project"
)

// mortal is a local cloud in a process of its own, which can be killed and started
// again with the same ports and state.
type mortal struct {
	binary    string
	dir       string
	port      int
	arguments []string

	// alive is held for writing while the process is killed and started, so that
	// clients can wait until it is back.
	alive   sync.RWMutex
	process *exec.Cmd
	ended   chan struct{} // closed when the process has ended

	mu  sync.Mutex
	log bytes.Buffer // of all processes
}

// newMortal builds the local cloud, but does not start it. It is killed when the test
// ends.
func newMortal(t *testing.T) *mortal {
	t.Helper()
	m := &mortal{dir: t.TempDir()}
	m.binary = filepath.Join(m.dir, "localcloud")
	build := exec.Command("go", "build", "-buildvcs=false", "-o", m.binary, "./cmd/localcloud")
	build.Dir = "../localcloud"
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build localcloud: %v\n%s", err, out)
	}
	ports := freePorts(t, 2)
	m.port = ports[0]
	m.arguments = []string{"start", "--project", m.dir, "--api-port", "0", fmt.Sprint("--port=", ports[0]), fmt.Sprint("--provider-port=", ports[1])}
	t.Cleanup(func() {
		if m.process != nil {
			select {
			case <-m.ended:
				t.Errorf("the local cloud has ended, although the test did not kill it: %v", m.process.ProcessState)
			default:
			}
			_ = m.process.Process.Kill() // an error means that it has ended
			<-m.ended
		}
		if t.Failed() {
			t.Logf("the end of the local cloud's log:\n%s", m.tail(40))
		}
	})
	return m
}

// freePorts returns loopback ports on which nothing listens.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() // after the next one is open, so that all are different
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// start starts the process and waits until it is ready.
func (m *mortal) start(t *testing.T) {
	t.Helper()
	cmd := exec.Command(m.binary, m.arguments...)
	cmd.Dir, cmd.Env = m.dir, project.Environ()
	out, in := io.Pipe()
	cmd.Stdout, cmd.Stderr = in, in
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	m.process, m.ended = cmd, ended
	go func() {
		_ = cmd.Wait() // it is killed
		in.Close()
		close(ended)
	}()
	ready := make(chan bool, 1)
	go m.keepLog(out, ready)
	if !<-ready {
		t.Fatalf("the local cloud did not start:\n%s", m.tail(20))
	}
}

// keepLog copies the output of the process, and sends whether it became ready.
func (m *mortal) keepLog(out io.Reader, ready chan<- bool) {
	defer close(ready)
	for lines := bufio.NewReader(out); ; {
		line, err := lines.ReadString('\n')
		m.mu.Lock()
		m.log.WriteString(line)
		m.mu.Unlock()
		if strings.HasPrefix(line, "localcloud is ready") {
			ready <- true
		}
		if err != nil {
			return
		}
	}
}

// kill sends SIGKILL, starts the local cloud again, and returns the time until it is
// ready.
func (m *mortal) kill(t *testing.T) time.Duration {
	t.Helper()
	m.alive.Lock()
	defer m.alive.Unlock()
	if err := m.process.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-m.ended
	began := time.Now()
	m.start(t)
	return time.Since(began)
}

// awaitAlive returns once the process is not being restarted.
func (m *mortal) awaitAlive() {
	m.alive.RLock()
	defer m.alive.RUnlock()
}

// tail returns the last lines of the log.
func (m *mortal) tail(n int) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	lines := strings.Split(m.log.String(), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
