package peer

import (
	"bufio"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// connections returns the client's and the server's end of a connection.
func connections(t *testing.T, network, address string) (client, server net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Skip(err) // no IPv6
	}
	defer l.Close()
	if client, err = net.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if server, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return client, server
}

func TestOwnConnection(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			client, server := connections(t, "tcp", address)
			p, err := Of(server)
			if err != nil {
				t.Fatal(err)
			}
			if p.User != os.Geteuid() || p.CheckUser() != nil {
				t.Errorf("user %d, %v", p.User, p.CheckUser())
			}
			if !p.HeldBy([]int{1 << 30, os.Getpid()}) || p.HeldBy(nil) {
				t.Error("this process does not hold its own socket")
			}
			client.Close()
			if p, err := Of(server); err == nil && p.HeldBy([]int{os.Getpid()}) {
				t.Errorf("a closed connection: %+v", p)
			}
		})
	}
	if err := Available(); err != nil {
		t.Error(err)
	}
}

// The peer is in another process, whose descendants include it.
func TestOtherProcess(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := strings.Cut(l.Addr().String(), ":")
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	cmd := exec.Command("sh", "-c", bash+" -c 'exec 3<>/dev/tcp/127.0.0.1/"+port+"; echo $$ >&3; read x <&3'; true")
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 59993, Gid: 59993}}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Wait()         //nolint:errcheck // killed
	defer cmd.Process.Kill() //nolint:errcheck // may have ended
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := bufio.NewReader(conn).ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	p, err := Of(conn)
	if err != nil {
		t.Fatal(err)
	}
	if p.HeldBy([]int{os.Getpid()}) || !p.HeldBy(Descendants(cmd.Process.Pid)) {
		t.Errorf("%+v is not held by the descendants %v of %d", p, Descendants(cmd.Process.Pid), cmd.Process.Pid)
	}
	if all := Descendants(os.Getpid()); !slices.Contains(all, cmd.Process.Pid) || len(all) < 2 {
		t.Errorf("this process has the descendants %v", all)
	}
	if err := p.CheckUser(); (err != nil) != (os.Geteuid() == 0) {
		t.Errorf("user %d: %v", p.User, err)
	}
}
