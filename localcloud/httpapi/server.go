package httpapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"tally/localcloud/cloud"
)

// A server serves one API on its port.
type server struct {
	service  *Service
	listener net.Listener
	deployed atomic.Pointer[deployment]
	http     *http.Server
}

// serve starts serving api on l. The caller holds s.mu, unless nothing else uses
// s.
func (s *Service) serve(api API, l net.Listener) {
	srv := &server{service: s, listener: l}
	srv.http = cloud.NewServer(srv) // its limit for headers is larger than the handler's own, whose error is that of AWS
	srv.http.DisableGeneralOptionsHandler = true
	s.servers[api.ID] = srv
	s.deploy(api.ID)
	go func() { _ = srv.http.Serve(l) }() // fails only once the server or the listener is closed
}

// gracePeriod is how long close waits for requests in progress.
const gracePeriod = 5 * time.Second

func (srv *server) close() {
	_ = srv.listener.Close() // frees the port at once, even if Serve has not begun
	ctx, cancel := context.WithTimeout(context.Background(), gracePeriod)
	defer cancel()
	if srv.http.Shutdown(ctx) != nil {
		_ = srv.http.Close()
	}
}

// listen listens on the first free port, from FirstPort upwards, that belongs to
// no other API.
func (s *Service) listen() (net.Listener, error) {
	if s.firstPort == 0 {
		return listenAt(0)
	}
	taken := map[int]bool{}
	for _, api := range s.apis.All() {
		taken[api.Port] = true
	}
	const tries = 1000
	for port := s.firstPort; port < s.firstPort+tries && port <= 65535; port++ {
		if taken[port] {
			continue
		}
		if l, err := listenAt(port); err == nil {
			return l, nil
		}
	}
	return nil, fmt.Errorf("no free port for an HTTP API: tried 127.0.0.1:%d and the %d ports after it", s.firstPort, tries-1)
}

func listenAt(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
