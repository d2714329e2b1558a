package endpoint

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// CORS determines which origins may read responses in a browser. If an endpoint has a
// CORS configuration, the CORS headers in functions' responses are removed.
type CORS struct {
	AllowOrigins     []string // "https://www.example.com", "*", "https://*", "http://*"
	AllowMethods     []string // "GET", "*"
	AllowHeaders     []string // "authorization", "*"
	ExposeHeaders    []string
	AllowCredentials bool // not allowed with the origin "*"
	MaxAgeSeconds    int  // -1 to 86,400; 0 leaves it to the browser
}

// CORSHeaders are the headers of a CORS configuration, ready to be set.
type CORSHeaders struct {
	origins           []string
	anyOrigin         bool        // origins contains "*"
	actual, preflight http.Header // without Access-Control-Allow-Origin
}

// NewCORSHeaders returns the headers for a CORS configuration, or nil if c is nil.
func NewCORSHeaders(c *CORS) *CORSHeaders {
	if c == nil {
		return nil
	}
	h := &CORSHeaders{origins: c.AllowOrigins, anyOrigin: slices.Contains(c.AllowOrigins, "*"), actual: http.Header{}, preflight: http.Header{}}
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
func (c *CORSHeaders) allowOrigin(origin string) string {
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

// Allows reports whether pages of that origin may use the endpoint; "*" means those of every
// origin. A nil CORSHeaders allows none.
func (c *CORSHeaders) Allows(origin string) bool { return c != nil && c.allowOrigin(origin) != "" }

// Add adds the CORS headers to a response if the request comes from a page of an
// allowed origin. For a preflight request they state what the page may send, otherwise
// what it may read. A nil CORSHeaders adds nothing.
func (c *CORSHeaders) Add(r *http.Request, res Response) {
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
	res.Header.Set("Access-Control-Allow-Origin", origin)
	for name, values := range headers {
		res.Header[name] = values
	}
}

// Strip removes the CORS headers from a function's response. A nil CORSHeaders
// removes nothing.
func (c *CORSHeaders) Strip(res Response) {
	if c == nil {
		return
	}
	for name := range res.Header {
		if strings.HasPrefix(name, "Access-Control-") {
			res.Header.Del(name)
		}
	}
}
