//go:build unix

// Package peer finds out which user and which process is at the other end of a loopback
// connection. Loopback is open to every process of the machine, so that a listener must
// ask the kernel who has connected.
package peer

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
)

// Peer is the socket at the other end of a TCP connection.
type Peer struct {
	// User is the ID of the user whose process created the socket.
	User  int
	inode uint32
}

// Of returns the peer of a connection on this machine. It fails if the peer has already
// closed its socket.
func Of(conn net.Conn) (Peer, error) {
	server, ok := conn.LocalAddr().(*net.TCPAddr)
	client, ok2 := conn.RemoteAddr().(*net.TCPAddr)
	if !ok || !ok2 {
		return Peer{}, fmt.Errorf("%s is not a TCP connection", conn.RemoteAddr())
	}
	return find(client, server)
}

// HeldBy reports whether one of the processes has the socket open.
func (p Peer) HeldBy(pids []int) bool {
	for _, pid := range pids {
		if holds(pid, p.inode) {
			return true
		}
	}
	return false
}

// CheckUser returns an error unless the peer belongs to the user of this process, or is
// root.
func (p Peer) CheckUser() error {
	if p.User == os.Geteuid() || p.User == 0 {
		return nil
	}
	return fmt.Errorf("the connection is from user %d, and the local cloud belongs to user %d", p.User, os.Geteuid())
}

// Available returns nil if peers can be found on this machine, and otherwise an error
// that says why not.
var Available = sync.OnceValue(probe)

// probe finds itself.
func probe() error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		return err
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		return err
	}
	defer server.Close()
	p, err := Of(server)
	if err != nil {
		return err
	}
	if p.User != os.Geteuid() || !p.HeldBy([]int{os.Getpid()}) {
		return errors.New("the kernel does not say whose connection it is")
	}
	return nil
}
