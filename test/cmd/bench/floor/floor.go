// Package floor is the least that can run a function's bundle: a Lambda Runtime
// API that hands the body of each request to a free process, and returns the
// function's response. It routes nothing, checks nothing and stores nothing. What
// takes longer elsewhere is the price of doing those things.
//
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
package floor

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

// InvokePath is the path to which clients post events.
const InvokePath = "/invoke"

// Config describes the processes of a Floor.
type Config struct {
	Bootstrap string   // path of the bundle's executable
	Processes int      // at least 1
	Env       []string // "NAME=value", besides those that Start adds
	Log       string   // path of the file that receives the processes' output
}

// Floor is a running Runtime API with its processes.
type Floor struct {
	listener  net.Listener
	server    http.Server
	processes []*exec.Cmd
	calls     chan *call
	running   sync.Map // request ID → *call
	ids       atomic.Int64
	next      chan struct{} // closed at the first request for an event
	closeNext func()
	ended     chan struct{} // closed when a process has ended
	end       func(error)   // closes ended; only the first call counts
	failure   error         // why it ended; to be read after ended is closed
	wait      sync.WaitGroup
}

// call is an event with the function's response to it.
type call struct {
	id       string
	payload  []byte
	response chan response
}

type response struct {
	status  int
	payload []byte
}

// published is what SNS responds to Publish, which functions may call.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
const published = `<PublishResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><PublishResult>` +
	`<MessageId>00000000-0000-4000-8000-000000000000</MessageId></PublishResult>` +
	`<ResponseMetadata><RequestId>00000000-0000-4000-8000-000000000000</RequestId></ResponseMetadata></PublishResponse>`

// answer answers the requests of functions to SNS, and to DynamoDB, whose requests name
// their operation in a header. An item of DynamoDB consists of its key.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
func answer(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("X-Amz-Target") == "" {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "text/xml")
		_, _ = io.WriteString(w, published)
		return
	}
	var request struct{ Key json.RawMessage }
	if err := json.NewDecoder(r.Body).Decode(&request); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	_ = json.NewEncoder(w).Encode(map[string]json.RawMessage{"Attributes": request.Key})
}

// Start starts the processes. Their AWS_ENDPOINT_URL is the Floor, which accepts
// every request to SNS and DynamoDB.
func Start(config Config) (*Floor, error) {
	log, err := os.OpenFile(config.Log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	f := &Floor{calls: make(chan *call), next: make(chan struct{}), ended: make(chan struct{})}
	f.closeNext = sync.OnceFunc(func() { close(f.next) })
	var once sync.Once
	f.end = func(err error) { once.Do(func() { f.failure = err; close(f.ended) }) }
	if f.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST "+InvokePath, f.invoke)
	mux.HandleFunc("POST /{$}", answer)
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", f.sendNext)
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/response", f.respond(http.StatusOK))
	mux.HandleFunc("POST /2018-06-01/runtime/invocation/{id}/error", f.respond(http.StatusBadGateway))
	f.server.Handler = mux
	go f.server.Serve(f.listener) //nolint:errcheck // it ends with Close
	for range config.Processes {
		cmd := exec.Command(config.Bootstrap)
		cmd.Env = append(config.Env[:len(config.Env):len(config.Env)],
			"AWS_LAMBDA_RUNTIME_API="+f.Address(), "AWS_ENDPOINT_URL=http://"+f.Address())
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		f.processes = append(f.processes, cmd)
		f.wait.Go(func() {
			f.end(fmt.Errorf("%s ended: %w", config.Bootstrap, cmp.Or(cmd.Wait(), errors.New("exit status 0"))))
		})
	}
	return f, nil
}

// Address returns the host and port to which clients post events.
func (f *Floor) Address() string { return f.listener.Addr().String() }

// Close kills the processes and stops listening.
func (f *Floor) Close() error {
	err := f.server.Close()
	for _, p := range f.processes {
		if killed := p.Process.Kill(); !errors.Is(killed, os.ErrProcessDone) {
			err = errors.Join(err, killed)
		}
	}
	f.wait.Wait()
	return err
}

// invoke hands an event to a process and returns the function's response: a 200,
// or a 502 if the function failed or a process has ended.
func (f *Floor) invoke(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	c := &call{strconv.FormatInt(f.ids.Add(1), 10), payload, make(chan response, 1)}
	select {
	case f.calls <- c:
	case <-f.ended:
		http.Error(w, f.failure.Error(), http.StatusBadGateway)
		return
	case <-r.Context().Done():
		return
	}
	select {
	case result := <-c.response:
		w.WriteHeader(result.status)
		_, _ = w.Write(result.payload)
	case <-f.ended:
		http.Error(w, f.failure.Error(), http.StatusBadGateway)
	case <-r.Context().Done():
	}
}

// sendNext sends the next event to the process that requests it.
func (f *Floor) sendNext(w http.ResponseWriter, r *http.Request) {
	f.closeNext()
	select {
	case c := <-f.calls:
		f.running.Store(c.id, c)
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Lambda-Runtime-Aws-Request-Id", c.id)
		h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(time.Now().Add(time.Minute).UnixMilli(), 10))
		h.Set("Lambda-Runtime-Invoked-Function-Arn", "arn:aws:lambda:us-east-1:000000000000:function:floor")
		_, _ = w.Write(c.payload)
	case <-r.Context().Done():
	}
}

// respond returns a handler that receives a function's response.
func (f *Floor) respond(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		payload, err := io.ReadAll(r.Body)
		c, ok := f.running.LoadAndDelete(r.PathValue("id"))
		if err != nil || !ok {
			http.Error(w, "no such request", http.StatusBadRequest)
			return
		}
		c.(*call).response <- response{status, payload}
		w.WriteHeader(http.StatusAccepted)
	}
}

// Ready waits until a process has requested its first event. It fails if one has ended.
func (f *Floor) Ready(ctx context.Context) error {
	select {
	case <-f.next:
		return nil
	case <-f.ended:
		return f.failure
	case <-ctx.Done():
		return ctx.Err()
	}
}
