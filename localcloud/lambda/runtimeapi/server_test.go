package runtimeapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"tally/localcloud/lambda/runtimeapi"
)

// serve serves a handler on loopback until the test ends, and returns its URL.
func serve(t testing.TB, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &runtimeapi.Server{Handler: h}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		<-ended
	})
	return "http://" + l.Addr().String()
}

// describe responds with what it received.
func describe(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	w.Header().Set("X-Answer", "a\r\nb")
	w.WriteHeader(http.StatusAccepted)
	fmt.Fprintf(w, "%s %s %q %v %v", r.Method, r.URL.Path, body, r.Trailer, err)
}

// TestServerLikeNetHTTP checks that a client receives the same responses as from the
// server of net/http.
func TestServerLikeNetHTTP(t *testing.T) {
	standard := httptest.NewServer(http.HandlerFunc(describe))
	defer standard.Close()
	own := serve(t, http.HandlerFunc(describe))
	const end = "Host: h\r\n\r\n"
	for name, request := range map[string]string{
		"no body":           "GET /a HTTP/1.1\r\n" + end,
		"length":            "POST /a HTTP/1.1\r\nContent-Length: 3\r\n" + end + "abc",
		"chunks":            "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + end + "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n",
		"trailers":          "POST /a HTTP/1.1\r\nTrailer: X-T\r\nTransfer-Encoding: chunked\r\n" + end + "2\r\nab\r\n0\r\nX-T: v\r\n\r\n",
		"unannounced":       "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + end + "2\r\nab\r\n0\r\nX-T: v\r\n\r\n",
		"expectation":       "POST /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n" + end + "abc",
		"head":              "HEAD /a HTTP/1.1\r\n" + end,
		"close":             "POST /a HTTP/1.1\r\nConnection: close\r\nContent-Length: 3\r\n" + end + "abc",
		"HTTP/1.0":          "POST /a HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc",
		"HTTP/0.9":          "GET /a HTTP/0.9\r\n" + end,
		"HTTP/3.0":          "GET /a HTTP/3.0\r\n" + end,
		"no host":           "GET /a HTTP/1.1\r\n\r\n",
		"not HTTP":          "hello\r\n\r\n",
		"two requests":      "GET /a HTTP/1.1\r\n" + end + "GET /b HTTP/1.1\r\n" + end,
		"body and request":  "POST /a HTTP/1.1\r\nContent-Length: 3\r\n" + end + "abcGET /b HTTP/1.1\r\n" + end,
		"malformed chunk":   "POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" + end + "x\r\n",
		"a large header":    "GET /a HTTP/1.1\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n" + end,
		"an endless header": "GET /a HTTP/1.1\r\nX: " + strings.Repeat("x", 4<<20),
	} {
		t.Run(name, func(t *testing.T) {
			want, got := answers(t, standard.URL, request), answers(t, own, request)
			if want != got {
				t.Errorf("answers\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// answers sends requests on a connection, and returns the responses until the server
// closes it, or is done with them.
func answers(t *testing.T, url, requests string) string {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	go func() {
		_, _ = io.WriteString(conn, requests) // the server may refuse it halfway
		_ = conn.(*net.TCPConn).CloseWrite()
	}()
	_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
	method, _, _ := strings.Cut(requests, " ")
	var all strings.Builder
	for reader := bufio.NewReader(conn); ; {
		response, err := http.ReadResponse(reader, &http.Request{Method: method})
		if err != nil {
			return all.String()
		}
		body, _ := io.ReadAll(response.Body)
		if response.StatusCode >= 400 {
			body = nil // net/http's own text
		}
		fmt.Fprintf(&all, "%d %q %s close=%t\n", response.StatusCode, response.Header["X-Answer"], body, response.Close)
	}
}

// TestAbandonedNext checks that an event is not lost if the runtime gives up waiting for
// it and asks again.
func TestAbandonedNext(t *testing.T) {
	api := runtimeapi.New()
	noticed := make(chan struct{}, 2)
	r := runtime{t, serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		api.ServeHTTP(w, r)
		noticed <- struct{}{}
	}))}
	ctx, cancel := context.WithCancel(t.Context())
	request, err := http.NewRequestWithContext(ctx, "GET", r.url+base+"invocation/next", nil)
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if response, err := http.DefaultClient.Do(request); err == nil {
			response.Body.Close()
			t.Error("an event arrived before there was one")
		}
	}()
	if err := api.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	cancel()
	<-gone
	<-noticed
	next := make(chan string, 1)
	go func() { next <- read(t, r.get("invocation/next")) }()
	invoke(t.Context(), api, runtimeapi.Event{RequestID: "id", Payload: []byte("7")})
	if got := <-next; got != "7" {
		t.Errorf("the event is %s", got)
	}
}

// FuzzServer checks that requests have the same responses as from the server of net/http,
// up to the first that it refuses: it checks the names of headers, too.
func FuzzServer(f *testing.F) {
	f.Add([]byte("POST /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTrailer: X\r\n\r\n2\r\nab\r\n0\r\nX: v\r\n\r\n"))
	f.Add([]byte("POST /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\na"))
	f.Add([]byte("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.0\r\n\r\n"))
	f.Add([]byte("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabcGET /b HTTP/1.1\r\nHost: h\r\n\r\n"))
	f.Add([]byte("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"))
	f.Add([]byte("0 * HTTP/0.0\n0000:0\n\n"))
	f.Add([]byte("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab"))
	own := serve(f, http.HandlerFunc(describe))
	standard := httptest.NewServer(http.HandlerFunc(describe))
	f.Cleanup(standard.Close)
	emptyHost := regexp.MustCompile(`(?i)\nhost:\s*\n`) // http.ReadRequest does not tell it from none
	f.Fuzz(func(t *testing.T, requests []byte) {
		if emptyHost.Match(requests) {
			return
		}
		got := accepted(answers(t, own, string(requests))) // fails if the server hangs or panics
		if want := accepted(answers(t, standard.URL, string(requests))); !strings.HasPrefix(got, want) {
			t.Errorf("%q: answers\n%s\nwant\n%s", requests, got, want)
		}
	})
}

// accepted returns the responses before the first refusal.
func accepted(responses string) string {
	if at := refusal.FindStringIndex(responses); at != nil {
		return responses[:at[0]]
	}
	return responses
}

var refusal = regexp.MustCompile(`(?m)^[45]\d\d \[`)
