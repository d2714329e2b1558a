// Package console serves a page that shows what a local cloud does, and the JSON API behind
// the page: what is deployed and what moves, traces, functions, failures, alarms and
// permissions.
//
// The page acts as the developer, who is the administrator. See [Console.Pages] for how it
// is protected.
package console

import (
	"embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strings"
	"sync"

	"tally/localcloud/account"
	"tally/localcloud/cloud"
	"tally/localcloud/journal"
)

// Prefix is what the paths of the page start with, and APIPrefix those of its API.
const (
	Prefix    = "/_localcloud/console/"
	APIPrefix = Prefix + "api/"
)

// maxBody is the size in bytes of the largest request to the API: an event of a function.
const maxBody = 7 << 20

// Options are the dependencies of a Console. All are required.
type Options struct {
	Place    cloud.Place
	Services *account.Services
	Journal  *journal.Journal
	Status   func() (any, error) // the status of the local cloud
	Done     <-chan struct{}     // closed when the server shuts down, which ends streams
}

// Console serves the page and its API.
type Console struct {
	Options
	api      http.Handler
	sessions sessions
	// rerunning is held while messages run again, one at a time, so that running all of a
	// queue does not use up the concurrency of the function.
	rerunning sync.Mutex
}

//go:embed web
var files embed.FS

// New returns a console. It holds almost no memory until it is used.
func New(o Options) *Console {
	c := &Console{Options: o}
	mux := http.NewServeMux()
	for pattern, serve := range map[string]func(*http.Request) (any, error){
		"GET status":                          func(*http.Request) (any, error) { return c.Status() },
		"GET map":                             func(*http.Request) (any, error) { return c.graph(), nil },
		"GET resource":                        c.resource,
		"GET traces":                          func(*http.Request) (any, error) { return c.traces(), nil },
		"GET traces/{id}":                     c.trace,
		"GET functions":                       func(*http.Request) (any, error) { return c.functions(), nil },
		"GET functions/{name}/events":         c.events,
		"POST functions/{name}/invocations":   c.invoke,
		"GET failures":                        func(*http.Request) (any, error) { return c.failures() },
		"POST failures/{queue}/runs":          c.runAll,
		"POST failures/{queue}/{number}/runs": c.runOne,
		"DELETE failures/{queue}/{number}":    c.remove,
		"GET alarms":                          func(*http.Request) (any, error) { return c.alarms() },
		"GET dashboards":                      func(*http.Request) (any, error) { return c.dashboards() },
		"GET access":                          func(*http.Request) (any, error) { return c.access(), nil },
	} {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+APIPrefix+path, answer(serve))
	}
	mux.HandleFunc("GET "+APIPrefix+"steps", c.serveSteps)
	c.api = mux
	return c
}

// API returns the handler of the JSON API, without any protection.
func (c *Console) API() http.Handler { return c.api }

// answer returns the handler that encodes what serve returns as JSON.
func answer(serve func(*http.Request) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		result, err := serve(r)
		status := http.StatusOK
		if err != nil {
			status, result = statusOf(err), map[string]string{"error": err.Error()}
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(result) // the client may be gone
	}
}

// statusOf returns the status of a response with an error: that of AWS, if it has one.
func statusOf(err error) int {
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return e.HTTPStatus()
	}
	return http.StatusInternalServerError
}

func notFound(format string, args ...any) error {
	return cloud.Errorf(http.StatusNotFound, "NotFound", format, args...)
}

// contentSecurity allows the page only what it has itself: no inline script, no other
// origin, no frame.
const contentSecurity = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Pages returns the handler of the page, and of the API for the page.
//
// The files contain nothing secret, and are served to anyone on this machine. The API
// requires the token of a session, in a header. A session begins with a code that only
// whoever knows the secret of the state folder can get (see Code), and which can be used
// once. The token is not a cookie, because browsers send cookies to all ports of a host, and
// so to deployed functions. Pages of other origins cannot use the API, nor show the page in a
// frame; and as the Host header must name this machine, DNS rebinding does not help them.
func (c *Console) Pages() http.Handler {
	web, err := fs.Sub(files, "web")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle(Prefix, http.StripPrefix(strings.TrimSuffix(Prefix, "/"), http.FileServerFS(web)))
	mux.HandleFunc("POST "+APIPrefix+"session", c.serveSession)
	mux.HandleFunc(APIPrefix, func(w http.ResponseWriter, r *http.Request) {
		if !c.sessions.has(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")) {
			http.Error(w, "the session has ended: run `localcloud console`", http.StatusUnauthorized)
			return
		}
		c.api.ServeHTTP(w, r)
	})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := cloud.CheckPage(r, func(string) bool { return false }); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		for name, value := range map[string]string{
			"Content-Security-Policy": contentSecurity, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Cache-Control": "no-store",
		} {
			w.Header().Set(name, value)
		}
		mux.ServeHTTP(w, r)
	})
}
