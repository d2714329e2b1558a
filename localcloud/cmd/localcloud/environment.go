package main

import (
	"os"
	"slices"
	"strings"
	"syscall"
)

// kept are the environment variables of a process that serves: those that the Go runtime
// reads, where temporary files are, and how to fetch the public keys of token issuers.
// It needs none of the others, among which may be the developer's secrets.
//
// https://pkg.go.dev/net/http#ProxyFromEnvironment, https://pkg.go.dev/crypto/x509#SystemCertPool
var kept = []string{
	"GOCOVERDIR", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK",
	"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_DIR", "SSL_CERT_FILE",
	"LOCALCLOUD_PORT", "TMPDIR", "TZ",
}

// servingEnvironment returns the variables in environ, which has the form of
// [os.Environ], that a serving process has.
func servingEnvironment(environ []string) []string {
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return !slices.Contains(kept, name)
	})
}

// leaveEnvironment starts this program again, in the same process, without the variables
// that it does not need. To unset them would not be enough: the kernel still shows those
// with which a program was started. It does nothing if there are no others.
func leaveEnvironment() error {
	environ := servingEnvironment(os.Environ())
	if len(environ) == len(os.Environ()) {
		return nil
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return &os.PathError{Op: "exec", Path: self, Err: syscall.Exec(self, os.Args, environ)} // returns only if it fails
}
