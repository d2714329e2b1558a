// Package server runs a local cloud: it listens on loopback, starts and serves the
// services, and closes everything in reverse order.
package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"syscall"
	"time"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"

	"tally/localcloud/account"
	"tally/localcloud/cloud"
	"tally/localcloud/console"
	"tally/localcloud/control"
	"tally/localcloud/gateway"
	"tally/localcloud/journal"
	"tally/localcloud/provider"
	"tally/localcloud/store"
)

// Account is the account of every local cloud. It is recognizably not a real one.
const Account = "000000000000"

// Server is a local cloud that listens.
type Server struct {
	config   control.Config
	started  time.Time
	program  func() (string, error) // the digest of this executable
	journal  *journal.Journal
	state    *store.Store
	services *account.Services
	aws      net.Listener
	engine   net.Listener
	closers  []func() error // in the order of opening
	console  *console.Console
	shutdown chan struct{} // closed when Serve ends, which ends the followers of logs and events
}

// Open listens, and starts the services with the state in config.Dir. The error
// is store.ErrInUse if a local cloud already uses that folder, and ErrPortInUse if
// another program listens on a port. Close the server after use.
func Open(config control.Config) (*Server, error) {
	s := &Server{config: config, started: time.Now(), journal: journal.New(1000), shutdown: make(chan struct{})}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open() (err error) {
	s.program = control.ProgramDigest()
	if s.state, err = openState(s.config); err != nil {
		return err
	}
	s.closers = append(s.closers, s.state.Close)
	if s.config.Secret, err = control.EnsureSecret(s.config.Dir); err != nil {
		return err
	}
	if s.aws, err = s.listen(&s.config.Port); err != nil {
		return err
	}
	if s.engine, err = s.listen(&s.config.ProviderPort); err != nil {
		return err
	}
	s.services, err = account.New(account.Options{
		Place:       s.place(),
		Store:       s.state,
		Secret:      s.config.Secret,
		Dir:         s.config.FunctionsDir(),
		KeyFile:     s.config.KeyFile(),
		Journal:     s.journal,
		Endpoint:    s.config.Endpoint,
		APIPort:     s.config.APIPort,
		Pace:        cloud.Pace(s.config.TimeScale),
		IdleTimeout: s.config.IdleTimeout,
		LogLimit:    uint64(s.config.LogLimitMiB) << 20,
	})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.services.Close)
	s.console = console.New(console.Options{
		Place: s.place(), Services: s.services, Journal: s.journal, Done: s.shutdown,
		Status: func() (any, error) { return s.status() },
	})
	if err := provider.AdoptAlarms(s.services); err != nil {
		return err
	}
	return s.services.Start()
}

// ErrPortInUse means that another program listens on a port of the configuration.
var ErrPortInUse = errors.New("another program listens on this port; choose others with --port and --provider-port")

// listen opens a loopback port and sets *port to its number.
func (s *Server) listen(port *int) (net.Listener, error) {
	l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(*port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("%w: %w", err, ErrPortInUse)
	}
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, func() error { return ignoreClosed(l.Close()) })
	*port = l.Addr().(*net.TCPAddr).Port
	return l, nil
}

// Config returns the configuration with the ports that the server listens on.
func (s *Server) Config() control.Config { return s.config }

func (s *Server) place() cloud.Place { return cloud.Place{Region: s.config.Region, Account: Account} }

// Journal returns the log of what happens between the services.
func (s *Server) Journal() *journal.Journal { return s.journal }

// Register registers the folder of a program that is deployed to this local
// cloud. Relative paths of its archives start there, or in the folder that its
// Pulumi.yaml names as main.
func (s *Server) Register(dir string) error { return s.services.Deployments.Register(dir) }

// Serve handles requests until ctx ends, and then shuts down: it cancels the
// engine's calls, and gives other requests five seconds to finish. It also ends if the
// folder of the state is removed, with store.ErrGone.
func (s *Server) Serve(ctx context.Context) error {
	aws := provider.New(s.place(), *s.services, s.config.Stacks)
	web := cloud.NewServer(s.handler(aws))
	rpc := newEngineServer()
	pulumirpc.RegisterResourceProviderServer(rpc, aws)

	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return ignoreClosed(web.Serve(s.aws)) })
	g.Go(func() error { return ignoreClosed(rpc.Serve(s.engine)) })
	g.Go(func() error { return s.watchState(ctx) })
	g.Go(func() error {
		<-ctx.Done()
		close(s.shutdown)
		_ = s.services.SQS.Close() // never fails; it ends long polls, which would delay the shutdown
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

// handler serves AWS's wire protocols and the pages for the localcloud command.
func (s *Server) handler(aws *provider.Provider) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+control.FolderPath, fromPrograms(s.serveFolder))
	mux.HandleFunc("GET "+control.StatusPath, s.page(s.serveStatus))
	mux.HandleFunc("GET "+control.LogsPath, s.page(s.serveLogs))
	mux.HandleFunc("GET "+control.EventsPath, s.page(s.serveEvents))
	mux.HandleFunc("POST "+control.DebugPath, s.page(s.serveDebug))
	mux.HandleFunc("PUT "+control.ProgramsPath, s.page(s.serveRegistration))
	mux.HandleFunc("GET "+control.EmailsPath, s.page(s.serveEmails))
	mux.HandleFunc("PUT "+control.FaultsPath, s.page(s.serveSetFaults))
	mux.HandleFunc("DELETE "+control.FaultsPath, s.page(s.serveClearFaults))
	mux.HandleFunc("POST "+control.RepairPath, s.page(s.serveRepair(aws)))
	mux.HandleFunc("POST "+control.ConsolePath, s.page(s.serveConsoleLink))
	mux.HandleFunc(control.APIPath, s.page(s.serveAPI))
	mux.Handle(console.Prefix, s.console.Pages())
	mux.Handle("/", gateway.New(s.place(), *s.services, s.journal))
	return mux
}

// Close undoes Open in reverse order. It ends all execution environments.
func (s *Server) Close() error {
	var errs []error
	for i := len(s.closers) - 1; i >= 0; i-- {
		errs = append(errs, s.closers[i]())
	}
	s.closers = nil
	return errors.Join(errs...)
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) || errors.Is(err, http.ErrServerClosed) || errors.Is(err, grpc.ErrServerStopped) {
		return nil
	}
	return err
}
