package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestRun sends requests of which every tenth fails, with a connection that the
// server then closes.
func TestRun(t *testing.T) {
	var received, connections atomic.Int64
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if received.Add(1)%10 == 0 {
			w.Header().Set("Connection", "close")
			http.Error(w, "no more", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte(r.URL.Path))
	}))
	server.Config.ConnState = connectionCounter(&connections)
	server.Start()
	defer server.Close()
	address := server.Listener.Addr().String()

	var mu sync.Mutex
	bodies := map[string]int{}
	path := func(i int) string { return "/" + strings.Repeat("x", i) }
	all := target{
		address: address,
		request: func(i int) []byte {
			request, err := post(address, path(i), "text/plain", nil)
			if err != nil {
				t.Error(err)
			}
			return request
		},
		reply: func(i int, r *reply) {
			mu.Lock()
			defer mu.Unlock()
			bodies[string(r.body)]++
			if string(r.body) != path(i) {
				t.Errorf("the response to request %d is %s", i, r.body)
			}
		},
	}.run(t.Context(), 4, 100, 0)

	if len(all.milliseconds) != 90 || all.errors != 10 || len(bodies) != 90 || received.Load() != 100 {
		t.Errorf("%d succeeded, %d failed, %d responses differ, %d received; want 90, 10, 90 and 100",
			len(all.milliseconds), all.errors, len(bodies), received.Load())
	}
	if all.firstError == nil || !strings.Contains(all.firstError.Error(), "503 Service Unavailable: no more") {
		t.Errorf("the first error is %v", all.firstError)
	}
	if n := connections.Load(); n > 14 {
		t.Errorf("%d connections; want one for each client and after each error", n)
	}
}

func connectionCounter(n *atomic.Int64) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			n.Add(1)
		}
	}
}
