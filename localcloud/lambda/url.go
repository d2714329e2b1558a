package lambda

import (
	"cmp"
	"crypto/rand"
	"errors"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/endpoint"
)

// FunctionURL is the HTTP endpoint of a function, or of one of its aliases. Here, it is a
// loopback port of its own, over plain HTTP.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_FunctionUrlConfig.html
type FunctionURL struct {
	Function  string // in any form that Resolve accepts; in results, the name
	Qualifier string // the name of an alias, or "" for $LATEST
	// AuthType is "AWS_IAM", or "NONE" for an endpoint that needs no signature. The
	// function's policy applies in both cases.
	AuthType   string
	InvokeMode string // "BUFFERED", the default
	CORS       *CORS  // nil: left to the function

	// The service sets the following.
	ID       string // 32 lowercase letters and digits
	ARN      string // of the function or the alias
	Port     int
	Created  time.Time
	Modified time.Time
}

// CORS determines which origins may read the responses of a URL in a browser. Lambda
// answers their preflight requests itself, without authorization.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_Cors.html
type CORS = endpoint.CORS

// Address returns the URL itself, such as "http://127.0.0.1:4567/".
func (u FunctionURL) Address() string { return endpoint.URL(u.Port) + "/" }

// CreateFunctionURL creates the URL of a function or of an alias, and serves it. It fails
// with ResourceConflictException if that has a URL, and with ResourceNotFoundException if
// it does not exist.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunctionUrlConfig.html
func (s *Service) CreateFunctionURL(u FunctionURL) (FunctionURL, error) {
	to, err := s.resolveURL(u.Function, u.Qualifier)
	if err == nil {
		err = u.validate()
	}
	if err != nil {
		return FunctionURL{}, err
	}
	l, err := s.listen()
	if err != nil {
		return FunctionURL{}, err
	}
	now := time.Now().UTC()
	u.CORS = given(u.CORS)
	u.Function, u.Qualifier, u.InvokeMode = to.Name, to.Qualifier, cmp.Or(u.InvokeMode, buffered)
	u.ID, u.ARN, u.Port, u.Created, u.Modified = newURLID(), to.ARN, endpoint.Port(l), now, now
	err = s.change(to.Name, func(row *record) error {
		if !row.has(to.Qualifier) {
			return errNoAlias(to.ARN)
		}
		if _, exists := row.url(to.Qualifier); exists {
			return cloud.Errorf(http.StatusConflict, "ResourceConflictException",
				"Failed to create function url config for [functionArn = %s]. Error message:  FunctionUrlConfig exists for this Lambda function", to.ARN)
		}
		row.URLs = row.withURL(u)
		return nil
	})
	if err != nil {
		return FunctionURL{}, errors.Join(err, l.Close())
	}
	return u, s.serveURL(u, l)
}

// EditFunctionURL applies edit to the settings of the URL: AuthType, InvokeMode and CORS. No
// other change of the function happens meanwhile. It fails with ResourceNotFoundException.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateFunctionUrlConfig.html
func (s *Service) EditFunctionURL(function, qualifier string, edit func(*FunctionURL)) (FunctionURL, error) {
	to, err := s.resolveURL(function, qualifier)
	if err != nil {
		return FunctionURL{}, err
	}
	var u FunctionURL
	err = s.change(to.Name, func(row *record) error {
		var ok bool
		if u, ok = row.url(to.Qualifier); !ok {
			return errNoURL
		}
		edit(&u)
		if err := u.validate(); err != nil {
			return err
		}
		u.InvokeMode, u.CORS, u.Modified = cmp.Or(u.InvokeMode, buffered), given(u.CORS), time.Now().UTC()
		row.URLs = row.withURL(u)
		return nil
	})
	return u, err
}

// FunctionURL returns the URL of a function or of an alias. It fails with
// ResourceNotFoundException.
func (s *Service) FunctionURL(function, qualifier string) (FunctionURL, error) {
	to, err := s.resolveURL(function, qualifier)
	if err != nil {
		return FunctionURL{}, err
	}
	row, err := s.get(to.Name)
	if err != nil {
		return FunctionURL{}, err
	}
	u, ok := row.url(to.Qualifier)
	if !ok {
		return FunctionURL{}, errNoURL
	}
	return u, nil
}

// FunctionURLs returns the URLs of a function and of its aliases, ordered by alias.
func (s *Service) FunctionURLs(function string) ([]FunctionURL, error) {
	_, row, err := s.named(function)
	return row.URLs, err
}

// DeleteFunctionURL removes the URL. Requests in progress end normally. It fails with
// ResourceNotFoundException. The function's policy remains as it is.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_DeleteFunctionUrlConfig.html
func (s *Service) DeleteFunctionURL(function, qualifier string) error {
	to, err := s.resolveURL(function, qualifier)
	if err != nil {
		return err
	}
	return s.change(to.Name, func(row *record) error {
		if _, ok := row.url(to.Qualifier); !ok {
			return errNoURL
		}
		row.URLs = row.withoutURL(to.Qualifier)
		return nil
	})
}

var errNoURL = cloud.Errorf(http.StatusNotFound, "ResourceNotFoundException", "The resource you requested does not exist.")

// resolveURL resolves the function or alias of a URL. Versions have none.
func (s *Service) resolveURL(function, qualifier string) (Reference, error) {
	if err := CheckURLTarget(function, qualifier); err != nil {
		return Reference{}, err
	}
	return s.Resolve(function, qualifier)
}

func (u FunctionURL) validate() error {
	return cmp.Or(CheckURLAuthType(u.AuthType), cloud.CheckOptional(u.InvokeMode, CheckInvokeMode), CheckURLCORS(u.CORS))
}

// given returns nil for an empty CORS configuration, by which clients remove one.
func given(c *CORS) *CORS {
	if c == nil || reflect.DeepEqual(*c, CORS{}) {
		return nil
	}
	return c
}

func (r record) url(qualifier string) (FunctionURL, bool) {
	return find(r.URLs, func(u FunctionURL) bool { return u.Qualifier == qualifier })
}

func (r record) hasURL(id string) bool {
	return slices.ContainsFunc(r.URLs, func(u FunctionURL) bool { return u.ID == id })
}

func (r record) withoutURL(qualifier string) []FunctionURL {
	return slices.DeleteFunc(slices.Clone(r.URLs), func(u FunctionURL) bool { return u.Qualifier == qualifier })
}

// withURL returns the URLs with u, which replaces the one with the same qualifier.
func (r record) withURL(u FunctionURL) []FunctionURL {
	urls := append(r.withoutURL(u.Qualifier), u)
	slices.SortFunc(urls, func(a, b FunctionURL) int { return cmp.Compare(a.Qualifier, b.Qualifier) })
	return urls
}

func newURLID() string { return strings.ToLower((rand.Text() + rand.Text())[:32]) }

// listen listens on the first free port, from FirstPort upwards, that belongs to no other
// endpoint.
func (s *Service) listen() (net.Listener, error) {
	taken := map[int]bool{}
	for _, port := range slices.Concat(s.Ports(), s.options.Taken()) {
		taken[port] = true
	}
	return endpoint.Listen(s.options.FirstPort, taken)
}

// Ports returns the ports of all URLs, served or not.
func (s *Service) Ports() (ports []int) {
	for _, row := range s.functions.All() {
		for _, u := range row.URLs {
			ports = append(ports, u.Port)
		}
	}
	return ports
}

// startURLs serves each URL on the port that it had before. If another program uses that
// port, the URL moves to a free one.
func (s *Service) startURLs() {
	for _, row := range s.functions.All() {
		for _, u := range row.URLs {
			if err := s.reopenURL(u); err != nil {
				s.note(cloud.Warning, row.Name, "its URL %s is not served: %v", u.Address(), err)
			}
		}
	}
}

func (s *Service) reopenURL(u FunctionURL) error {
	l, err := endpoint.ListenAt(u.Port)
	if err == nil {
		return s.serveURL(u, l)
	}
	if l, err = s.listen(); err != nil {
		return err
	}
	previous := u.Address()
	u.Port = endpoint.Port(l)
	err = s.change(u.Function, func(row *record) error {
		row.URLs = row.withURL(u)
		return nil
	})
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s.note(cloud.Warning, u.Function, "%s is taken by another program. The URL has moved to %s. Refresh the stack to update its outputs.", previous, u.Address())
	return s.serveURL(u, l)
}

// serveURL starts serving u on l, unless Close or DeleteFunctionURL was faster.
func (s *Service) serveURL(u FunctionURL, l net.Listener) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.urls == nil {
		return errors.Join(errClosed, l.Close())
	}
	if row, _ := s.functions.Get(u.Function); !row.hasURL(u.ID) {
		return l.Close()
	}
	handler := &urlServer{service: s, function: u.Function, id: u.ID}
	handler.Server = endpoint.Serve(l, handler)
	s.urls[u.ID] = handler
	return nil
}

// dropURLsLocked stops serving the URLs of a function that are no longer in its record.
func (s *Service) dropURLsLocked(row record) {
	for id, server := range s.urls {
		if server.function == row.Name && !row.hasURL(id) {
			delete(s.urls, id)
			server.Free() // another URL may take the port
			s.work.Go(server.Close)
		}
	}
}

// closeURLs stops listening and waits for the requests in progress.
func (s *Service) closeURLs() {
	s.mu.Lock()
	servers := s.urls
	s.urls = nil
	s.mu.Unlock()
	var closing sync.WaitGroup
	for _, server := range servers {
		closing.Go(server.Close)
	}
	closing.Wait()
}
