package httpapi

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync/atomic"
	"time"
)

// A server answers for one API on its port.
type server struct {
	service  *Service
	listener net.Listener
	deployed atomic.Pointer[deployment]
	http     http.Server
}

// A deployment is what an API serves at one moment. It is never changed but
// replaced, so that a request needs no lock.
type deployment struct {
	api     API
	stages  map[string]Stage
	routes  []deployedRoute // in the order they are tried
	buckets map[limit]*bucket
}

type deployedRoute struct {
	key         routeKey
	route       Route
	authorizer  Authorizer // of a JWT route
	integration Integration
}

// serve starts to answer for api on l. Callers hold s.mu, or are alone.
func (s *Service) serve(api API, l net.Listener) {
	srv := &server{service: s, listener: l}
	srv.http = http.Server{
		Handler:                      srv,
		DisableGeneralOptionsHandler: true,
		ReadHeaderTimeout:            10 * time.Second,
		MaxHeaderBytes:               4 * maxHeaderBytes, // the handler refuses less, in AWS's words
	}
	s.servers[api.ID] = srv
	s.deploy(api.ID)
	go func() { _ = srv.http.Serve(l) }() // always ErrServerClosed, or the listener is gone
}

// deploy makes every change of an API serve: what a stage with AutoDeploy
// does. Callers hold s.mu, or are alone.
func (s *Service) deploy(apiID string) {
	srv := s.servers[apiID]
	api, ok := s.apis.Get(apiID)
	if srv == nil || !ok {
		return // closed meanwhile
	}
	d := &deployment{api: api, stages: map[string]Stage{}}
	for _, st := range s.stagesOf(apiID) {
		d.stages[st.Name] = st
	}
	for _, r := range s.routesOf(apiID) {
		// All were checked when the route was made.
		k, _ := parseRouteKey(r.Key)
		in, _ := s.integrations.Get(key(apiID, r.Target[len(targetPrefix):]))
		authorizer, _ := s.authorizers.Get(key(apiID, r.AuthorizerID))
		d.routes = append(d.routes, deployedRoute{k, r, authorizer, in})
	}
	slices.SortFunc(d.routes, func(a, b deployedRoute) int { return compareKeys(a.key, b.key) })
	var old map[limit]*bucket
	if was := srv.deployed.Load(); was != nil {
		old = was.buckets
	}
	d.buckets = buckets(d.stages, old)
	srv.deployed.Store(d)
}

// gracePeriod is how long close lets requests under way end by themselves.
const gracePeriod = 5 * time.Second

func (srv *server) close() {
	_ = srv.listener.Close() // the port is free at once, even if Serve has not begun
	ctx, cancel := context.WithTimeout(context.Background(), gracePeriod)
	defer cancel()
	if srv.http.Shutdown(ctx) != nil {
		_ = srv.http.Close()
	}
}

// listen takes the first free port from FirstPort up that is no other API's.
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
	return nil, fmt.Errorf("no free port for an HTTP API: tried 127.0.0.1:%d and the %d after it", s.firstPort, tries-1)
}

func listenAt(port int) (net.Listener, error) {
	return net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
}

func portOf(l net.Listener) int { return l.Addr().(*net.TCPAddr).Port }
