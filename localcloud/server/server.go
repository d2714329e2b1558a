// Package server puts the local cloud together: it builds the services, listens
// on loopback, serves, and closes everything in reverse order.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/gateway"
	"tally/localcloud/httpapi"
	"tally/localcloud/iam"
	"tally/localcloud/journal"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/process"
	"tally/localcloud/logs"
	"tally/localcloud/provider"
	"tally/localcloud/recorded"
	"tally/localcloud/sns"
	"tally/localcloud/sqs"
	"tally/localcloud/store"
)

// Account is the one account of every local cloud: plainly not a real one.
const Account = "000000000000"

// Server is a local cloud that listens.
type Server struct {
	config   control.Config
	started  time.Time
	program  string // digest of this executable
	journal  *journal.Journal
	iam      *iam.Service
	logs     *logs.Service
	sqs      *sqs.Service
	lambda   *lambda.Service
	sns      *sns.Service
	httpapi  *httpapi.Service
	recorded *recorded.Service
	aws      net.Listener
	engine   net.Listener
	closers  []func() error // in the order of opening
	shutdown chan struct{}  // closed when Serve ends, so that followers do
}

// Open builds the services over the state in config.Dir and listens. The error
// is store.ErrInUse where a local cloud already runs on that folder, and names
// the port where one is taken. Close what it returns.
func Open(config control.Config) (*Server, error) {
	s := &Server{config: config, started: time.Now(), journal: journal.New(1000), shutdown: make(chan struct{})}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open() (err error) {
	if s.program, err = control.ProgramDigest(); err != nil {
		return err
	}
	st, err := store.Open(s.config.Dir)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, st.Close)
	if s.aws, err = s.listen(&s.config.Port); err != nil {
		return err
	}
	if s.engine, err = s.listen(&s.config.ProviderPort); err != nil {
		return err
	}
	return s.build(st)
}

// build makes the services in the order in which they need each other.
func (s *Server) build(st *store.Store) (err error) {
	place := s.place()
	if s.iam, err = iam.New(place, st); err != nil {
		return err
	}
	if s.logs, err = logs.New(place, st, s.iam); err != nil {
		return err
	}
	s.closers = append(s.closers, s.logs.Close)
	if s.recorded, err = recorded.New(st); err != nil {
		return err
	}
	if s.sqs, err = sqs.New(place, st, s.iam, s.config.Endpoint); err != nil {
		return err
	}
	s.closers = append(s.closers, s.sqs.Close)
	topics := make(chan struct{})
	s.lambda, err = lambda.New(lambda.Options{
		Place:       place,
		Store:       st,
		Dir:         filepath.Join(s.config.Dir, "functions"),
		Roles:       s.iam,
		Authorizer:  s.iam,
		Logs:        s.logs,
		Journal:     s.journal,
		Runner:      process.New(),
		Pace:        cloud.Pace(s.config.TimeScale),
		Endpoint:    s.config.Endpoint,
		Sender:      s.sqs,
		Publish:     s.publish(topics),
		IdleTimeout: s.config.IdleTimeout,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.lambda.Close)
	s.sns, err = sns.New(sns.Options{
		Place:      place,
		Store:      st,
		Authorizer: s.iam,
		Journal:    s.journal,
		Targets:    map[string]sns.Target{"lambda": sns.LambdaTarget(s.lambda), "sqs": sns.SQSTarget(s.sqs)},
		Queues:     s.sqs,
		Logs:       s.logs,
		Roles:      s.iam,
	})
	if err != nil {
		return err
	}
	close(topics)
	s.closers = append(s.closers, s.sns.Close)
	s.httpapi, err = httpapi.New(httpapi.Options{
		Place:       place,
		Store:       st,
		Invoker:     s.lambda,
		Journal:     s.journal,
		Credentials: s.iam.Credentials,
		Authorizer:  s.iam,
		Logs:        s.logs,
		FirstPort:   s.config.APIPort,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.httpapi.Close)
	return nil
}

// listen opens a loopback port and writes the number it got into *port.
func (s *Server) listen(port *int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(*port)))
	if err != nil {
		return nil, fmt.Errorf("%w: is another local cloud running? Stop it, or choose other ports with --port and --provider-port", err)
	}
	s.closers = append(s.closers, func() error { return ignoreClosed(l.Close()) })
	*port = l.Addr().(*net.TCPAddr).Port
	return l, nil
}

// Config is the configuration with the ports the server got.
func (s *Server) Config() control.Config { return s.config }

func (s *Server) place() cloud.Place { return cloud.Place{Region: s.config.Region, Account: Account} }

// Journal is what happens between the services.
func (s *Server) Journal() *journal.Journal { return s.journal }

// Serve answers until ctx ends, and then ends the requests under way.
func (s *Server) Serve(ctx context.Context) error {
	web := &http.Server{Handler: s.handler(), ReadHeaderTimeout: 10 * time.Second}
	rpc := grpc.NewServer(rpcutil.OpenTracingServerInterceptorOptions(nil)...)
	pulumirpc.RegisterResourceProviderServer(rpc, s.provider())

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return ignoreClosed(web.Serve(s.aws)) })
	g.Go(func() error { return rpc.Serve(s.engine) })
	g.Go(func() error {
		<-ctx.Done()
		close(s.shutdown)
		_ = s.sqs.Close() // never fails; long polls end, and hold nothing up
		rpc.Stop()
		grace, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := web.Shutdown(grace); err != nil {
			return web.Close()
		}
		return nil
	})
	return g.Wait()
}

// handler serves AWS's wire protocols, and beside them the few pages that the
// localcloud command asks for.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+control.StatusPath, refusePages(s.serveStatus))
	mux.HandleFunc("GET "+control.LogsPath, refusePages(s.serveLogs))
	mux.Handle("/", gateway.New(s.place(), gateway.Services{
		IAM:    s.iam,
		Lambda: s.lambda,
		SNS:    s.sns,
		SQS:    s.sqs,
		Logs:   s.logs,
	}, s.journal))
	return mux
}

// refusePages keeps out what a page in a browser sends, as the gateway does.
func refusePages(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if !cloud.IsLoopback(r.Host) || r.Header.Get("Origin") != "" {
			http.Error(w, "requests of web pages are refused", http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

func (s *Server) provider() pulumirpc.ResourceProviderServer {
	return provider.New(s.place(), provider.Services{
		IAM:      s.iam,
		Lambda:   s.lambda,
		SNS:      s.sns,
		SQS:      s.sqs,
		HTTPAPI:  s.httpapi,
		Logs:     s.logs,
		Recorded: s.recorded,
	}, s.config.Project, s.config.Stacks)
}

// Close ends what Open began, last first: no execution environment outlives it.
func (s *Server) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}
