package httpapi

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// CORS says which pages of other origins a browser lets read the answers of
// an API. Where it is set, what functions say about it is left out.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
type CORS struct {
	AllowOrigins     []string // "https://www.example.com", "*", "https://*", "http://*"
	AllowMethods     []string // "GET", "*"
	AllowHeaders     []string // "authorization", "*"
	ExposeHeaders    []string
	AllowCredentials bool // not with origin "*"
	MaxAgeSeconds    int  // -1 to 86400; 0: the browser decides
}

// Validate refuses what AWS would; a nil CORS is right.
func (c *CORS) Validate() error {
	if c == nil {
		return nil
	}
	for _, o := range c.AllowOrigins {
		if !isOrigin(o) {
			return badRequest("Invalid format for origin %s: it must be *, http://*, https://*, or a scheme and a host as in https://www.example.com", o)
		}
	}
	for _, m := range c.AllowMethods {
		if m != "*" && !slices.Contains(methods[:len(methods)-1], m) {
			return badRequest("Invalid method %q in allowMethods: it must be * or one of %s", m, strings.Join(methods[:len(methods)-1], ", "))
		}
	}
	switch {
	case c.AllowCredentials && slices.Contains(c.AllowOrigins, "*"):
		return badRequest("allow-credentials is not supported for origin *")
	case c.MaxAgeSeconds < -1 || c.MaxAgeSeconds > 86400:
		return badRequest("Invalid maxAge: it must be from -1 to 86400 seconds, not %d", c.MaxAgeSeconds)
	}
	return nil
}

func isOrigin(text string) bool {
	switch text {
	case "*", "http://*", "https://*":
		return true
	}
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && !strings.Contains(u.Host, "*") &&
		text == u.Scheme+"://"+u.Host
}

// allows is what Access-Control-Allow-Origin says to a page of that origin;
// "" where nothing does.
func (c *CORS) allows(origin string) string {
	if origin == "" {
		return ""
	}
	if slices.Contains(c.AllowOrigins, "*") {
		return "*"
	}
	scheme, _, _ := strings.Cut(origin, "://")
	if slices.Contains(c.AllowOrigins, origin) || slices.Contains(c.AllowOrigins, scheme+"://*") {
		return origin
	}
	return ""
}

// mark adds to an answer what the browser of a page of another origin asks: in
// a preflight what it may send, otherwise what the page may read. A nil CORS
// adds nothing.
func (c *CORS) mark(r *http.Request, a answer) {
	if c == nil {
		return
	}
	preflight := r.Method == http.MethodOptions
	origin := c.allows(r.Header.Get("Origin"))
	if origin == "" || preflight && r.Header.Get("Access-Control-Request-Method") == "" {
		return
	}
	a.header.Set("Access-Control-Allow-Origin", origin)
	if c.AllowCredentials {
		a.header.Set("Access-Control-Allow-Credentials", "true")
	}
	if !preflight {
		setList(a.header, "Access-Control-Expose-Headers", c.ExposeHeaders)
		return
	}
	setList(a.header, "Access-Control-Allow-Methods", c.AllowMethods)
	setList(a.header, "Access-Control-Allow-Headers", c.AllowHeaders)
	if c.MaxAgeSeconds != 0 {
		a.header.Set("Access-Control-Max-Age", strconv.Itoa(c.MaxAgeSeconds))
	}
}

// ignore takes out of a function's answer what it says about CORS. A nil CORS
// leaves that to functions.
func (c *CORS) ignore(a answer) {
	if c == nil {
		return
	}
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			a.header.Del(name)
		}
	}
}

func setList(h http.Header, name string, values []string) {
	if len(values) > 0 {
		h.Set(name, strings.Join(values, ","))
	}
}
