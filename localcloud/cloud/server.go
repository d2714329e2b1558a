package cloud

import (
	"net/http"
	"time"
)

// NewServer returns a server whose clients cannot hold connections or memory for as long
// as they like. A request may last as long as its handler does.
func NewServer(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second, // for the headers and the body
		IdleTimeout:       3 * time.Minute,  // AWS's SDKs close their idle connections earlier
		MaxHeaderBytes:    64 << 10,
	}
}

// largeResponse is the size in bytes above which a client must receive a response in time.
// Smaller ones fit into the buffers of the kernel.
const largeResponse = 64 << 10

// WriteBody writes the body of a response. It ignores errors: they mean that the client
// has disconnected or is too slow, or that HTTP allows no body.
func WriteBody(w http.ResponseWriter, body []byte) {
	if len(body) > largeResponse {
		c := http.NewResponseController(w)
		_ = c.SetWriteDeadline(time.Now().Add(30 * time.Second)) // tests use other writers
		defer c.SetWriteDeadline(time.Time{})                    //nolint:errcheck // as above
	}
	_, _ = w.Write(body)
}
