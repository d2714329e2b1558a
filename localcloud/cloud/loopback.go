package cloud

import (
	"net"
	"strings"
)

// IsLoopback reports whether a Host header names this machine, with or without a
// port. Every listener checks it, to keep out web pages that use DNS rebinding:
// pages of a site whose name resolves to this machine.
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
