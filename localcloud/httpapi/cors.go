package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORS determines which origins' pages a browser lets read the responses of an
// API. If it is set, the CORS headers of functions are removed.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
type CORS struct {
	AllowOrigins     []string // "https://www.example.com", "*", "https://*", "http://*"
	AllowMethods     []string // "GET", "*"
	AllowHeaders     []string // "authorization", "*"
	ExposeHeaders    []string
	AllowCredentials bool // not with origin "*"
	MaxAgeSeconds    int  // -1 to 86,400; 0 leaves it to the browser
}

// corsHeaders are the headers of a CORS configuration, ready to be set.
type corsHeaders struct {
	origins           []string
	every             bool        // origin "*"
	actual, preflight http.Header // without Access-Control-Allow-Origin
}

// newCORSHeaders returns nil if c is nil.
func newCORSHeaders(c *CORS) *corsHeaders {
	if c == nil {
		return nil
	}
	h := &corsHeaders{origins: c.AllowOrigins, every: slices.Contains(c.AllowOrigins, "*"), actual: http.Header{}, preflight: http.Header{}}
	if c.AllowCredentials {
		h.actual.Set("Access-Control-Allow-Credentials", "true")
		h.preflight.Set("Access-Control-Allow-Credentials", "true")
	}
	setList(h.actual, "Access-Control-Expose-Headers", c.ExposeHeaders)
	setList(h.preflight, "Access-Control-Allow-Methods", c.AllowMethods)
	setList(h.preflight, "Access-Control-Allow-Headers", c.AllowHeaders)
	if c.MaxAgeSeconds != 0 {
		h.preflight.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAgeSeconds))
	}
	return h
}

func setList(h http.Header, name string, values []string) {
	if len(values) > 0 {
		h.Set(name, strings.Join(values, ","))
	}
}

// allows returns the value of Access-Control-Allow-Origin for a page of that
// origin, or "".
func (c *corsHeaders) allows(origin string) string {
	if origin == "" {
		return ""
	}
	if c.every {
		return "*"
	}
	scheme, _, _ := strings.Cut(origin, "://")
	if slices.Contains(c.origins, origin) || slices.Contains(c.origins, scheme+"://*") {
		return origin
	}
	return ""
}

// mark adds to a response the headers for the browser of a page of another
// origin: after a preflight request what the page may send, otherwise what it
// may read. A nil corsHeaders adds nothing.
func (c *corsHeaders) mark(r *http.Request, res response) {
	if c == nil {
		return
	}
	origin := c.allows(r.Header.Get("Origin"))
	if origin == "" {
		return
	}
	headers := c.actual
	if r.Method == http.MethodOptions {
		if headers = c.preflight; r.Header.Get("Access-Control-Request-Method") == "" {
			return
		}
	}
	res.header.Set("Access-Control-Allow-Origin", origin)
	for name, values := range headers {
		res.header[name] = values
	}
}

// strip removes the CORS headers of a function from its response. A nil
// corsHeaders leaves them.
func (c *corsHeaders) strip(res response) {
	if c == nil {
		return
	}
	for name := range res.header {
		if strings.HasPrefix(name, "Access-Control-") {
			res.header.Del(name)
		}
	}
}
