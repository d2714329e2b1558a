package httpapi

import (
	"net"
	"sync/atomic"

	"tally/localcloud/internal/endpoint"
)

// A server serves one API on its port.
type server struct {
	*endpoint.Server
	service  *Service
	deployed atomic.Pointer[deployment]
}

// serve starts serving api on l. The caller holds s.mu, unless nothing else uses
// s.
func (s *Service) serve(api API, l net.Listener) {
	srv := &server{service: s}
	s.servers[api.ID] = srv
	s.deploy(api.ID)
	srv.Server = endpoint.Serve(l, srv)
}

// listen listens on the first free port, from FirstPort upwards, that belongs to
// no other API.
func (s *Service) listen() (net.Listener, error) {
	taken := map[int]bool{}
	for _, api := range s.apis.All() {
		taken[api.Port] = true
	}
	return endpoint.Listen(s.firstPort, taken)
}
