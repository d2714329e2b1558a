package runtimeapi

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"
)

// maxHeader is the maximum size of a request's line and headers. A runtime may report an
// error with its stack trace in a header.
const maxHeader = 1 << 20

// A client that stops in the middle of a request loses its connection. Between requests it
// may take any time, as a runtime does while it handles an event or waits for one.
const (
	headerTimeout = 10 * time.Second
	// bodyTimeout is the longest that a function can run, because a runtime may stream a
	// response for as long.
	//
	// https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
	bodyTimeout = 15 * time.Minute
)

// Server serves a handler to the few connections of one runtime. It speaks HTTP/1.1
// like [http.Server], with the same parser, but costs less for each request: it watches
// a connection only while a handler waits for the end of its context, and sends each
// response in one piece, after the handler has returned.
type Server struct {
	Handler http.Handler
	// ConnContext returns the context of a connection's requests; nil leaves it as it is.
	ConnContext func(ctx context.Context, c net.Conn) context.Context

	mu     sync.Mutex
	closed bool
	open   map[io.Closer]struct{} // the listener and the connections
}

// Serve accepts connections until the listener or the server is closed.
func (s *Server) Serve(l net.Listener) error {
	if !s.add(l) {
		return http.ErrServerClosed
	}
	defer s.remove(l)
	for {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if s.add(c) {
			go s.serve(c)
		}
	}
}

// Close closes the listener and all connections.
func (s *Server) Close() error {
	s.mu.Lock()
	open := s.open
	s.closed, s.open = true, nil
	s.mu.Unlock()
	var errs []error
	for c := range open {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// add registers what Close closes. If the server is already closed, it closes c and
// returns false.
func (s *Server) add(c io.Closer) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		_ = c.Close()
		return false
	}
	if s.open == nil {
		s.open = map[io.Closer]struct{}{}
	}
	s.open[c] = struct{}{}
	return true
}

func (s *Server) remove(c io.Closer) {
	s.mu.Lock()
	delete(s.open, c)
	s.mu.Unlock()
	_ = c.Close()
}

func (s *Server) serve(c net.Conn) {
	defer s.remove(c)
	ctx := context.Background()
	if s.ConnContext != nil {
		ctx = s.ConnContext(ctx, c)
	}
	limited := &io.LimitedReader{R: c}
	conn := &connection{Conn: c, limited: limited, reader: bufio.NewReader(limited), ctx: ctx}
	for conn.exchange(s.Handler) {
	}
}

// connection is an open connection.
type connection struct {
	net.Conn
	limited *io.LimitedReader // under reader
	reader  *bufio.Reader
	out     bytes.Buffer
	ctx     context.Context
}

// exchange serves one request, and reports whether another one can follow.
func (c *connection) exchange(h http.Handler) bool {
	c.limited.N = maxHeader
	c.limit(0)
	if _, err := c.reader.Peek(1); err != nil {
		return false
	}
	c.limit(headerTimeout)
	r, err := http.ReadRequest(c.reader)
	if err != nil {
		if c.limited.N <= 0 {
			c.refuse(http.StatusRequestHeaderFieldsTooLarge)
		} else if !isEnd(err) {
			c.refuse(http.StatusBadRequest)
		}
		return false
	}
	if r.ProtoMajor != 1 {
		c.refuse(http.StatusHTTPVersionNotSupported)
		return false
	}
	if r.ProtoAtLeast(1, 1) && r.Host == "" {
		c.refuse(http.StatusBadRequest)
		return false
	}
	c.limited.N = math.MaxInt64
	r.RemoteAddr = c.RemoteAddr().String()
	if r.Header.Get("Expect") == "100-continue" {
		r.Body = &expected{r.Body, c.Conn}
	}
	w := &writer{header: http.Header{}}
	life := &lifetime{Context: c.ctx}
	if r.Body == http.NoBody {
		c.limit(0)
		life.reader = c.reader
	} else {
		c.limit(bodyTimeout)
	}
	if r.Trailer == nil {
		r.Trailer = http.Header{} // the body adds trailers to r, not to its copy
	}
	h.ServeHTTP(w, r.WithContext(life))
	rest, err := io.Copy(io.Discard, io.LimitReader(r.Body, maxHeader+1))
	last := r.Close || !r.ProtoAtLeast(1, 1) || err != nil || rest > maxHeader
	c.out.Reset()
	w.encode(&c.out, r.Method, last)
	_, err = c.Write(c.out.Bytes())
	life.wait()
	return err == nil && !last
}

// limit sets the time after which reading fails; 0 means never.
func (c *connection) limit(d time.Duration) {
	var deadline time.Time
	if d > 0 {
		deadline = time.Now().Add(d)
	}
	_ = c.SetReadDeadline(deadline) // fails if the connection is closed, and so does reading
}

// isEnd reports whether the client has closed the connection, or is too slow.
func isEnd(err error) bool {
	_, isNetwork := errors.AsType[net.Error](err)
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || isNetwork
}

func (c *connection) refuse(status int) {
	w := &writer{header: http.Header{}, status: status}
	c.out.Reset()
	w.encode(&c.out, http.MethodGet, true)
	_, _ = c.Write(c.out.Bytes()) // the client may be gone
}

// expected is the body of a request whose client waits for permission to send it.
type expected struct {
	io.ReadCloser
	conn io.Writer // nil once permission was given
}

func (e *expected) Read(p []byte) (int, error) {
	if e.conn != nil {
		if _, err := io.WriteString(e.conn, "HTTP/1.1 100 Continue\r\n\r\n"); err != nil {
			return 0, err
		}
		e.conn = nil
	}
	return e.ReadCloser.Read(p)
}

// lifetime is the context of a request. That of a request without a body ends when the
// client closes the connection, which is noticed only once Done has been called. A
// goroutine then reads the connection in place of exchange.
type lifetime struct {
	context.Context
	reader *bufio.Reader // nil if the request has a body
	ended  chan struct{} // nil until Done is called
	read   chan struct{} // closed when the goroutine no longer uses reader
}

func (l *lifetime) Done() <-chan struct{} {
	if l.ended == nil && l.reader != nil {
		l.ended, l.read = make(chan struct{}), make(chan struct{})
		go func() {
			defer close(l.read)
			if _, err := l.reader.Peek(1); err != nil {
				close(l.ended)
			}
		}()
	}
	return l.ended
}

func (l *lifetime) Err() error {
	if l.ended != nil {
		select {
		case <-l.ended:
			return context.Canceled
		default:
		}
	}
	return l.Context.Err()
}

// wait waits until exchange may read the connection again.
func (l *lifetime) wait() {
	if l.read != nil {
		<-l.read
	}
}

// Deadline implements [context.Context]: there is none.
func (l *lifetime) Deadline() (time.Time, bool) { return time.Time{}, false }

// writer collects a response.
type writer struct {
	header http.Header
	status int // 0 until WriteHeader is called
	body   bytes.Buffer
}

func (w *writer) Header() http.Header { return w.header }

func (w *writer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// encode appends the response to a request with that method; last closes the connection.
func (w *writer) encode(out *bytes.Buffer, method string, last bool) {
	w.WriteHeader(http.StatusOK)
	fmt.Fprintf(out, "HTTP/1.1 %d %s\r\n", w.status, http.StatusText(w.status))
	w.header.Set("Content-Length", strconv.Itoa(w.body.Len()))
	if last {
		w.header.Set("Connection", "close")
	}
	_ = w.header.Write(out) // to memory
	out.WriteString("\r\n")
	if method != http.MethodHead {
		out.Write(w.body.Bytes())
	}
}
