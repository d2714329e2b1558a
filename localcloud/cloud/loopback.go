package cloud

import (
	"net"
	"strings"
)

// IsLoopback tells whether a Host header names this machine, on any port. All
// that listens asks this, so that a page of a site that resolved its own name
// to this machine reaches nothing.
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
