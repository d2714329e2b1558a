package httpapi

import (
	"net"
	"slices"
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
// no other endpoint.
func (s *Service) listen() (net.Listener, error) {
	taken := map[int]bool{}
	for _, port := range slices.Concat(s.Ports(), s.taken()) {
		taken[port] = true
	}
	return endpoint.Listen(s.firstPort, taken)
}

// Ports returns the ports of all APIs, served or not.
func (s *Service) Ports() (ports []int) {
	for _, api := range s.apis.All() {
		ports = append(ports, api.Port)
	}
	return ports
}
