//go:build unix

package process

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"sync"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/peer"
	"tally/localcloud/lambda/runtimeapi"
)

// running holds the processes whose descendants are those of an environment.
var running struct {
	roots    sync.Map
	starting sync.RWMutex // read-locked while a process has started and is not yet in roots
}

// Holds reports whether a process of a function has the socket open.
func Holds(p peer.Peer) bool {
	running.starting.Lock() // from now on, every process that may hold p is in roots
	defer running.starting.Unlock()
	held := false
	running.roots.Range(func(root, _ any) bool {
		held = p.HeldBy(peer.Descendants(root.(int)))
		return !held
	})
	return held
}

// newServer returns the server of the environment's Runtime API.
func (e *environment) newServer() *runtimeapi.Server {
	return &runtimeapi.Server{
		Handler: http.HandlerFunc(e.serve),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, checkPeer{}, sync.OnceValue(func() error { return e.checkPeer(c) }))
		},
	}
}

// checkPeer is the key of the function that checks a connection's peer.
type checkPeer struct{}

var errNotOwn = errors.New("the connection is not from a process of this execution environment")

// checkPeer returns an error unless a process of the environment has opened the
// connection. Otherwise, every process of the machine could take the environment's
// events, and answer them.
func (e *environment) checkPeer(c net.Conn) error {
	if peer.Available() != nil {
		return nil
	}
	p, err := peer.Of(c)
	if err != nil {
		return err
	}
	if !p.HeldBy(peer.Descendants(e.root())) {
		return errNotOwn
	}
	return nil
}

// serve serves a request to the Runtime API.
func (e *environment) serve(w http.ResponseWriter, r *http.Request) {
	err := r.Context().Value(checkPeer{}).(func() error)()
	if err == nil {
		err = cloud.CheckProgram(r)
	}
	if err != nil {
		w.Header().Set("Connection", "close")
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusForbidden)
		_ = json.NewEncoder(w).Encode(map[string]string{"errorMessage": err.Error(), "errorType": "AccessDenied"}) // the client may be gone
		return
	}
	e.api.ServeHTTP(w, r)
}
