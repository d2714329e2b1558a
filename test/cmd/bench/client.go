package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// target is a server under load.
type target struct {
	address string                // host:port
	request func(i int) []byte    // the i-th request, as its bytes on the wire
	reply   func(i int, r *reply) // receives each successful response, if it is set
}

// reply is a response with status 200.
type reply struct {
	sent time.Time
	body []byte
}

// load is what clients measured together.
type load struct {
	milliseconds []float64 // latency of each successful request
	took         time.Duration
	errors       int
	firstError   error
}

// perSecond returns the successful requests per second.
func (l load) perSecond() float64 { return float64(len(l.milliseconds)) / l.took.Seconds() }

// run sends n requests through a number of connections, each of which sends the next
// request as soon as it has received a response or, with a pause, that much later.
//
// The clients write requests that are bytes already and read responses without a
// connection pool, so that they leave the processors to the server.
func (t target) run(ctx context.Context, clients, n int, pause time.Duration) load {
	var (
		all  load
		mu   sync.Mutex
		next atomic.Int64
		wait sync.WaitGroup
	)
	began := time.Now()
	for range clients {
		wait.Go(func() {
			mine := t.client(ctx, func() (int, bool) {
				i := int(next.Add(1)) - 1
				return i, i < n && ctx.Err() == nil
			}, pause)
			mu.Lock()
			defer mu.Unlock()
			all.milliseconds = append(all.milliseconds, mine.milliseconds...)
			all.errors += mine.errors
			if all.firstError == nil {
				all.firstError = mine.firstError
			}
		})
	}
	wait.Wait()
	all.took = time.Since(began)
	return all
}

// client sends requests through one connection, which it replaces after an error.
func (t target) client(ctx context.Context, next func() (int, bool), pause time.Duration) (l load) {
	var conn *connection
	for i, ok := next(); ok; i, ok = next() {
		request := t.request(i)
		sent := time.Now()
		var err error
		if conn == nil {
			conn, err = dial(ctx, t.address)
		}
		var body []byte
		if err == nil {
			body, err = conn.send(request)
		}
		if err != nil {
			l.errors++
			if l.firstError == nil {
				l.firstError = err
			}
			if conn != nil {
				conn.Close()
				conn = nil
			}
			continue
		}
		l.milliseconds = append(l.milliseconds, milliseconds(time.Since(sent)))
		if t.reply != nil {
			t.reply(i, &reply{sent, body})
		}
		if pause > 0 {
			time.Sleep(pause)
		}
	}
	if conn != nil {
		conn.Close()
	}
	return l
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// connection is an HTTP connection that carries one request at a time.
type connection struct {
	net.Conn
	reader *bufio.Reader
}

func dial(ctx context.Context, address string) (*connection, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{conn, bufio.NewReader(conn)}, nil
}

// send sends a request and returns the body of the response. A status other than
// 200 is an error.
func (c *connection) send(request []byte) ([]byte, error) {
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return nil, err
	}
	if _, err := c.Write(request); err != nil {
		return nil, err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("status %s: %.200s", response.Status, body)
	}
	return body, err
}

// exchange sends one request through a connection of its own.
func exchange(ctx context.Context, address string, request []byte) ([]byte, error) {
	conn, err := dial(ctx, address)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.send(request)
}
