package httpapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORS determines which origins may read the responses of an API in a browser. If an
// API has a CORS configuration, the CORS headers in functions' responses are removed,
// and OPTIONS requests that match no route are answered without a function. A
// $default or ANY route matches them like other requests, with its authorization.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
type CORS struct {
	AllowOrigins     []string // "https://www.example.com", "*", "https://*", "http://*"
	AllowMethods     []string // "GET", "*"
	AllowHeaders     []string // "authorization", "*"
	ExposeHeaders    []string
	AllowCredentials bool // not allowed with the origin "*"
	MaxAgeSeconds    int  // -1 to 86,400; 0 leaves it to the browser
}

// corsHeaders are the headers of a CORS configuration, ready to be set.
type corsHeaders struct {
	origins           []string
	anyOrigin         bool        // origins contains "*"
	actual, preflight http.Header // without Access-Control-Allow-Origin
}

// newCORSHeaders returns the headers for a CORS configuration, or nil if c is nil.
func newCORSHeaders(c *CORS) *corsHeaders {
	if c == nil {
		return nil
	}
	h := &corsHeaders{origins: c.AllowOrigins, anyOrigin: slices.Contains(c.AllowOrigins, "*"), actual: http.Header{}, preflight: http.Header{}}
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

// allowOrigin returns the value of Access-Control-Allow-Origin for a page of that
// origin, or "" if the origin is not allowed.
func (c *corsHeaders) allowOrigin(origin string) string {
	if origin == "" {
		return ""
	}
	if c.anyOrigin {
		return "*"
	}
	scheme, _, _ := strings.Cut(origin, "://")
	if slices.Contains(c.origins, origin) || slices.Contains(c.origins, scheme+"://*") {
		return origin
	}
	return ""
}

// allows reports whether pages of that origin may use the API; "*" means those of every
// origin. A nil corsHeaders allows none.
func (c *corsHeaders) allows(origin string) bool { return c != nil && c.allowOrigin(origin) != "" }

// add adds the CORS headers to a response if the request comes from a page of an
// allowed origin. For a preflight request they state what the page may send, otherwise
// what it may read. A nil corsHeaders adds nothing.
func (c *corsHeaders) add(r *http.Request, res response) {
	if c == nil {
		return
	}
	origin := c.allowOrigin(r.Header.Get("Origin"))
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

// strip removes the CORS headers from a function's response. A nil corsHeaders
// removes nothing.
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
