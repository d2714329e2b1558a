// Package variables selects the environment variables of a process that serves. On Linux,
// its init function starts `localcloud start` again without the others, before the other
// packages are initialized: its import path sorts before that of package time, and it
// imports only syscall. Later, that would take another 10 ms.
package variables

// kept are the environment variables of a process that serves: those that the Go runtime
// reads, where temporary files are, and how to fetch the public keys of token issuers.
// It needs none of the others, among which may be the developer's secrets.
//
// https://pkg.go.dev/net/http#ProxyFromEnvironment, https://pkg.go.dev/crypto/x509#SystemCertPool
var kept = [...]string{
	"GOCOVERDIR", "GODEBUG", "GOGC", "GOMAXPROCS", "GOMEMLIMIT", "GOTRACEBACK",
	"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "https_proxy", "http_proxy", "no_proxy", "SSL_CERT_DIR", "SSL_CERT_FILE",
	"LOCALCLOUD_PORT", "TMPDIR", "TZ",
}

// Serving returns the variables in environ, which has the form of os.Environ, that a
// serving process has.
func Serving(environ []string) []string {
	serving := make([]string, 0, len(environ))
	for _, variable := range environ {
		for _, name := range kept {
			if n := len(name); len(variable) > n && variable[:n] == name && variable[n] == '=' {
				serving = append(serving, variable)
			}
		}
	}
	return serving
}

// serves reports whether a command line with these arguments serves in this process. If
// it is not sure, as with flags before the command, it returns false.
func serves(args []string) bool {
	if len(args) == 0 || args[0] != "start" {
		return false
	}
	for _, arg := range args {
		if len(arg) > 1 && arg[:2] == "-d" || len(arg) > 2 && arg[:3] == "--d" {
			return false // it may be --detach
		}
	}
	return true
}

// split splits the contents of /proc/self/cmdline: arguments that end in a zero byte each.
func split(cmdline []byte) (args []string) {
	from := 0
	for i, b := range cmdline {
		if b == 0 {
			args, from = append(args, string(cmdline[from:i])), i+1
		}
	}
	return args
}
