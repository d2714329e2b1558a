package endpoint

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"time"

	"tally/localcloud/cloud"
)

// A Server serves one endpoint on its port.
type Server struct {
	listener net.Listener
	http     *http.Server
}

// Serve starts serving an endpoint on l.
func Serve(l net.Listener, handler http.Handler) *Server {
	s := &Server{listener: l, http: cloud.NewServer(handler)} // its limit for headers is larger than that of API Gateway
	s.http.DisableGeneralOptionsHandler = true
	go func() { _ = s.http.Serve(l) }() // fails only once the server or the listener is closed
	return s
}

// gracePeriod is how long Close waits for requests in progress.
const gracePeriod = 5 * time.Second

// Close frees the port at once, and waits up to five seconds for the requests in progress.
func (s *Server) Close() {
	s.Free()
	ctx, cancel := context.WithTimeout(context.Background(), gracePeriod)
	defer cancel()
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
}

// Free frees the port, even if Serve has not begun. Requests in progress continue.
func (s *Server) Free() { _ = s.listener.Close() }

// Listen listens on the first free loopback port from first upwards that is not taken; a
// first of 0 means any free port.
func Listen(first int, taken map[int]bool) (net.Listener, error) {
	if first == 0 {
		l, err := ListenAt(0)
		if err == nil && taken[Port(l)] {
			defer l.Close() // once another port is found
			return Listen(0, taken)
		}
		return l, err
	}
	const tries = 1000
	for port := first; port < first+tries && port <= 65535; port++ {
		if taken[port] {
			continue
		}
		if l, err := ListenAt(port); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("no free port for an HTTP endpoint: tried 127.0.0.1:%d and the %d ports after it", first, tries-1)
}

// ListenAt listens on a loopback port; 0 means any free one.
func ListenAt(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

// Port returns the port of a listener of Listen or ListenAt.
func Port(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }

// URL returns the base URL of the endpoint on a port, such as "http://127.0.0.1:4567".
func URL(port int) string { return fmt.Sprintf("http://127.0.0.1:%d", port) }
