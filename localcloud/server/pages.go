package server

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/console"
	"tally/localcloud/control"
	"tally/localcloud/deployments"
	"tally/localcloud/provider"
	"tally/localcloud/sigv4"
)

// maxPageBody is the maximum size of a request to a page in bytes.
const maxPageBody = 1 << 16

// page returns the handler of a page for the localcloud command. It serves requests
// that are signed with the secret of the state folder, and proves in return that it
// knows the secret itself.
func (s *Server) page(serve http.HandlerFunc) http.HandlerFunc {
	verifier := sigv4.New(s.services.IAM.Credentials)
	return fromPrograms(func(w http.ResponseWriter, r *http.Request) {
		if err := verify(verifier, w, r); err != nil {
			http.Error(w, "the request is not signed with the secret in "+s.config.Dir+": "+err.Error(), http.StatusForbidden)
			return
		}
		w.Header().Set(control.ProofHeader, control.Proof(s.config.Secret, r.Header.Get("Authorization")))
		serve(w, r)
	})
}

// verify returns an error unless the developer has signed the request.
func verify(verifier *sigv4.Verifier, w http.ResponseWriter, r *http.Request) error {
	signature, err := sigv4.Parse(r)
	if err != nil {
		return err
	}
	if signature.Service != control.Service {
		return sigv4.Mismatch("Credential should be scoped to correct service: '%s'.", control.Service)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxPageBody))
	if err != nil {
		return err
	}
	keys, err := verifier.Verify(r, body, signature)
	if err != nil {
		return err
	}
	if !keys.Caller.Administrator {
		return cloud.Errorf(http.StatusForbidden, "AccessDenied", "%s is not the developer", keys.Caller)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return nil
}

// fromPrograms refuses requests from web pages, as the gateway does.
func fromPrograms(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if err := cloud.CheckProgram(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		next(w, r)
	}
}

// serveFolder says in which folder the secret is, to anyone on this machine.
func (s *Server) serveFolder(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(control.Folder{Dir: s.config.Dir, PID: os.Getpid()}) // the client may be gone
}

// serveRegistration registers the folder of a program.
func (s *Server) serveRegistration(w http.ResponseWriter, r *http.Request) {
	var program deployments.Program
	err := json.NewDecoder(r.Body).Decode(&program)
	if err == nil {
		err = s.Register(program.Dir)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
	}
}

// serveConsoleLink returns the URL of the console, with a code that can be used once. The
// code is in the fragment, which browsers do not send.
func (s *Server) serveConsoleLink(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(control.ConsoleLink{URL: s.config.Endpoint() + console.Prefix + "#" + s.console.Code()}) // the client may be gone
}

// serveAPI serves the API of the console to programs.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	http.StripPrefix(strings.TrimSuffix(control.APIPath, "/"), prefixed(strings.TrimSuffix(console.APIPrefix, "/"), s.console.API())).ServeHTTP(w, r)
}

// prefixed returns a handler that adds a prefix to the paths of requests.
func prefixed(prefix string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		r.URL.Path, r.URL.RawPath = prefix+r.URL.Path, ""
		next.ServeHTTP(w, r)
	})
}

// serveRepair repairs what interrupted deployments have left, and lists what was deleted.
func (s *Server) serveRepair(aws *provider.Provider) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var repaired control.Repaired
		deleted, err := aws.Repair(r.Context(), s.config.PulumiState())
		if err != nil {
			repaired.Error = err.Error()
		}
		for _, o := range deleted {
			repaired.Deleted = append(repaired.Deleted, string(o.URN))
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(repaired) // the client may be gone
	}
}
