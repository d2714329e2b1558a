package cloud

import (
	"net"
	"net/http"
	"net/url"
	"strings"
)

// IsLoopback reports whether a Host header, with or without a port, names this
// machine. Every listener checks it as a defense against DNS rebinding: a web
// page whose host name resolves to this machine must not reach the local cloud.
func IsLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	switch strings.ToLower(strings.Trim(host, "[]")) {
	case "127.0.0.1", "localhost", "::1":
		return true
	}
	return false
}

// CheckProgram returns AccessDenied if a browser sent the request for a web page, or if
// its Host header does not name this machine. Programs send no Origin header and no
// Sec-Fetch-Site header. Browsers send at least one of them to loopback, except for an
// address that the user has entered.
//
// https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Sec-Fetch-Site
func CheckProgram(r *http.Request) error {
	if err := CheckHost(r); err != nil {
		return err
	}
	for _, name := range []string{"Origin", "Sec-Fetch-Site"} {
		if v := r.Header.Get(name); v != "" && !entered(name, v) {
			return Errorf(http.StatusForbidden, "AccessDenied", "Requests from web pages are refused: this one has the %s header %q", name, v)
		}
	}
	return nil
}

// CheckPage returns AccessDenied if a browser sent the request for a web page that may
// not use the API that serves it, or if its Host header does not name this machine.
// The pages that the API itself serves may use it, and those whose origin is allowed.
//
// A page of any other origin cannot read a response, but the request would have its
// effect. CORS does not prevent that for images, forms and links.
func CheckPage(r *http.Request, allowed func(origin string) bool) error {
	if err := CheckHost(r); err != nil {
		return err
	}
	origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site")
	switch {
	case origin != "" && !isOwn(origin, r.Host) && !allowed(origin):
		return Errorf(http.StatusForbidden, "AccessDenied", "The CORS configuration does not allow the origin %q", origin)
	case origin == "" && site != "" && !entered("Sec-Fetch-Site", site) && site != "same-origin" && !allowed("*"):
		return Errorf(http.StatusForbidden, "AccessDenied",
			"Another web page sent the request (Sec-Fetch-Site is %q). The page must use fetch, and the CORS configuration must allow its origin; or enter the address", site)
	}
	return nil
}

// CheckHost returns AccessDenied if the Host header does not name this machine.
func CheckHost(r *http.Request) error {
	if IsLoopback(r.Host) {
		return nil
	}
	return Errorf(http.StatusForbidden, "AccessDenied", "The Host header must name this machine (127.0.0.1, localhost or [::1]), not %q", r.Host)
}

// entered reports whether a header means that the user entered the address.
func entered(name, value string) bool { return name == "Sec-Fetch-Site" && value == "none" }

// isOwn reports whether a page with that origin was served from host.
func isOwn(origin, host string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host == host
}
