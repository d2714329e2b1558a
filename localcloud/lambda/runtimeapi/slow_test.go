package runtimeapi_test

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/lambda/runtimeapi"
)

// pipes is a listener whose connections are in memory, so that time can be fake.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	if c, ok := <-p; ok {
		return c, nil
	}
	return nil, net.ErrClosed
}

func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// TestSlowClients checks how long a client may take for each part of a request, and for what
// is between requests.
func TestSlowClients(t *testing.T) {
	const get = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n"
	for name, test := range map[string]struct {
		before, after string        // the request, in two parts
		pause         time.Duration // between them
		serves        time.Duration // how long the handler takes
		status        int           // 0: the connection is closed
	}{
		"a day before the request":       {"", get, 24 * time.Hour, 0, 200},
		"a day for the response":         {get, "", 0, 24 * time.Hour, 200},
		"a day between requests":         {get, get, 24 * time.Hour, 0, 200},
		"9 s in the headers":             {"GET /a HTTP/1.1\r\nHost: h\r\n", "\r\n", 9 * time.Second, 0, 200},
		"11 s in the headers":            {"GET /a HTTP/1.1\r\nHost: h\r\n", "\r\n", 11 * time.Second, 0, 0},
		"14 minutes in the body":         {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n1", "2", 14 * time.Minute, 0, 200},
		"16 minutes in the body":         {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n1", "2", 16 * time.Minute, 0, 408},
		"14 minutes in a chunk":          {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1", "2\r\n0\r\n\r\n", 14 * time.Minute, 0, 200},
		"16 minutes in a chunk":          {"POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n1", "2\r\n0\r\n\r\n", 16 * time.Minute, 0, 408},
		"a day between body and request": {"POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n1", get, 24 * time.Hour, 0, 200},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				listener := make(pipes, 1)
				server := &runtimeapi.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.ReadAll(r.Body); err != nil {
						w.WriteHeader(http.StatusRequestTimeout)
					}
					time.Sleep(test.serves)
				})}
				go func() { _ = server.Serve(listener) }()
				client, conn := net.Pipe()
				listener <- conn
				var sending sync.WaitGroup
				sending.Go(func() {
					_, _ = io.WriteString(client, test.before)
					time.Sleep(test.pause)
					_, _ = io.WriteString(client, test.after) // the server may have closed it
				})
				// The last response counts.
				last := 0
				for reader := bufio.NewReader(client); ; {
					_ = client.SetReadDeadline(time.Now().Add(25 * time.Hour))
					response, err := http.ReadResponse(reader, nil)
					if err != nil {
						break
					}
					last = response.StatusCode
				}
				if last != test.status {
					t.Errorf("status %d, want %d", last, test.status)
				}
				_ = client.Close()
				close(listener)
				_ = server.Close()
				sending.Wait()
			})
		})
	}
}
