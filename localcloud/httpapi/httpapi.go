// Package httpapi emulates the HTTP APIs of Amazon API Gateway: APIs, routes,
// authorizers, integrations with Lambda functions, and stages. It serves each API on
// a loopback port of its own, so that the base path of the API is "/", as on AWS.
//
// The errors of the management methods are *cloud.Error with AWS's codes and, where
// AWS has an error for the case, AWS's wording.
//
// https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/
package httpapi

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/endpoint"
	"tally/localcloud/sigv4"
	"tally/localcloud/store"
)

// Options are the dependencies of a Service. All are required, except Store, Metrics,
// FirstPort and Taken.
type Options struct {
	Place   cloud.Place
	Store   *store.Store // nil: APIs are in memory only
	Invoker cloud.Invoker
	Journal cloud.Journal
	// Credentials returns the credentials that have an access key ID, and Authorizer
	// decides whether their owner may call a route with AWS_IAM authorization.
	Credentials func(accessKeyID string) (cloud.Credentials, error)
	Authorizer  cloud.Authorizer
	Logs        cloud.LogWriter // receives the access logs
	Metrics     cloud.Metrics   // nil collects none
	// FirstPort is the lowest loopback port of an API, usually 4567; 0 means any
	// free port.
	FirstPort int
	// Taken returns the ports that belong to other endpoints, served or not; nil means none.
	Taken func() []int
}

// Service stores and serves the HTTP APIs of one place. Its methods may be called
// concurrently.
type Service struct {
	place      cloud.Place
	invoker    cloud.Invoker
	journal    cloud.Journal
	metrics    cloud.Metrics
	firstPort  int
	taken      func() []int
	authorizer cloud.Authorizer
	verifier   *sigv4.Verifier
	issuers    *issuers
	accessLogs *accessLogs

	mu           sync.Mutex // guards every change, and servers
	apis         *store.Table[API]
	integrations *store.Table[Integration] // by apiID/integrationID
	routes       *store.Table[Route]       // by apiID/routeID
	stages       *store.Table[Stage]       // by apiID/stageName
	authorizers  *store.Table[Authorizer]  // by apiID/authorizerID
	servers      map[string]*server        // by API ID
}

// New loads the APIs from the store. None is served before Start.
func New(o Options) (*Service, error) {
	if o.Metrics == nil {
		o.Metrics = cloud.NoMetrics{}
	}
	if o.Taken == nil {
		o.Taken = func() []int { return nil }
	}
	s := &Service{
		metrics: o.Metrics,
		place:   o.Place, invoker: o.Invoker, journal: o.Journal, firstPort: o.FirstPort, taken: o.Taken,
		authorizer: o.Authorizer, verifier: sigv4.New(o.Credentials), issuers: newIssuers(o.Journal),
		servers: map[string]*server{},
	}
	var errs [5]error
	s.apis, errs[0] = store.NewTable[API](o.Store, "httpapi.apis")
	s.integrations, errs[1] = store.NewTable[Integration](o.Store, "httpapi.integrations")
	s.routes, errs[2] = store.NewTable[Route](o.Store, "httpapi.routes")
	s.stages, errs[3] = store.NewTable[Stage](o.Store, "httpapi.stages")
	s.authorizers, errs[4] = store.NewTable[Authorizer](o.Store, "httpapi.authorizers")
	if err := errors.Join(errs[:]...); err != nil {
		return nil, err
	}
	s.accessLogs = newAccessLogs(o)
	return s, nil
}

// Start serves each API on the port that it had before. If another program uses
// that port, the API moves to a free one, and the journal reports the move.
func (s *Service) Start() error {
	s.accessLogs.start()
	for _, api := range s.apis.All() {
		if err := s.reopen(api); err != nil {
			return err
		}
	}
	return nil
}

// Close stops listening, waits for the requests in progress and writes their
// access logs.
func (s *Service) Close() error {
	s.mu.Lock()
	servers := s.servers
	s.servers = map[string]*server{}
	s.mu.Unlock()
	var group sync.WaitGroup
	for _, srv := range servers {
		group.Go(srv.Close)
	}
	group.Wait()
	s.accessLogs.close()
	return nil
}

// reopen serves an API from the store again.
func (s *Service) reopen(api API) error {
	previous := api.Endpoint()
	l, err := endpoint.ListenAt(api.Port)
	if err != nil {
		if l, err = s.listen(); err != nil {
			return err
		}
		api.Port = endpoint.Port(l)
		if err := s.apis.Put(api.ID, api); err != nil {
			return errors.Join(err, l.Close())
		}
		s.journal.Append(cloud.Entry{Level: cloud.Warning, Service: "apigateway", Resource: api.Name,
			Message: fmt.Sprintf("%s is taken by another program. The API has moved to %s. Refresh the stack to update its outputs.",
				previous, api.Endpoint())})
	}
	s.serve(api, l)
	return nil
}

// NewID returns a random ID of n lowercase letters and digits; n is at most 26.
func NewID(n int) string { return strings.ToLower(rand.Text()[:n]) }

func badRequest(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "BadRequestException", format, args...)
}

func conflict(format string, args ...any) error {
	return cloud.Errorf(http.StatusConflict, "ConflictException", format, args...)
}

func notFound(format string, args ...any) error {
	return cloud.Errorf(http.StatusNotFound, "NotFoundException", format, args...)
}
