package cloud

import (
	"net"
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
