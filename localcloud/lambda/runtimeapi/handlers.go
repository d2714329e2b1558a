package runtimeapi

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strconv"
)

// MaxPayload is the maximum size of a function's response in bytes: 6 MiB plus
// room for the envelope, as on AWS.
const MaxPayload = 6*1024*1024 + 100

// The trailers with which a runtime reports that the function failed after the
// response had begun.
const (
	errorTypeTrailer = "Lambda-Runtime-Function-Error-Type"
	errorBodyTrailer = "Lambda-Runtime-Function-Error-Body"
)

// refusal is the error response to a request that the Runtime API does not
// accept.
type refusal struct {
	status  int
	Message string `json:"errorMessage"`
	Type    string `json:"errorType"`
}

func (r *refusal) Error() string { return r.Type + ": " + r.Message }

var (
	errRequestID = &refusal{http.StatusBadRequest, "Invalid request ID", "InvalidRequestID"}
	errState     = &refusal{http.StatusForbidden, "State transition is not allowed", "InvalidStateTransition"}
	errTooLarge  = &refusal{http.StatusRequestEntityTooLarge,
		fmt.Sprintf("Exceeded maximum allowed payload size (%d bytes).", MaxPayload), "RequestEntityTooLarge"}
)

// ServeHTTP serves a request from the runtime.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) { a.mux.ServeHTTP(w, r) }

func (a *API) routes() {
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /2018-06-01/runtime/invocation/next":           a.next,
		"POST /2018-06-01/runtime/invocation/{id}/response": a.response,
		"POST /2018-06-01/runtime/invocation/{id}/error":    a.failure,
		"POST /2018-06-01/runtime/init/error":               a.initFailure,
	} {
		a.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				writeError(w, err)
			}
		})
	}
}

func writeError(w http.ResponseWriter, err error) {
	r, ok := err.(*refusal)
	if !ok {
		r = &refusal{http.StatusInternalServerError, err.Error(), "InternalServerError"}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(r.status)
	json.NewEncoder(w).Encode(r)
}

func writeAccepted(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusAccepted)
	io.WriteString(w, `{"status":"OK"}`+"\n")
}

// next ends the current invocation, waits for the next one and sends it to the
// runtime. It stops waiting if the runtime closes the connection.
func (a *API) next(w http.ResponseWriter, r *http.Request) error {
	if err := a.finish(); err != nil {
		return err
	}
	select {
	case c := <-a.calls:
		a.mu.Lock()
		a.current = c
		a.mu.Unlock()
		c.write(w)
		return nil
	case <-r.Context().Done():
		return r.Context().Err()
	}
}

// finish ends the current invocation, if there is one, and marks the runtime as
// started. It returns errState if the runtime has not responded to the current
// event.
func (a *API) finish() error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.started {
		a.started = true
		close(a.ready)
	}
	if a.current == nil {
		return nil
	}
	if a.current.response == nil {
		return errState
	}
	close(a.current.done)
	a.current = nil
	return nil
}

// write sends the event. It ignores errors: if a write fails, the runtime has ended,
// and the end of its process cancels the context of Ready and Invoke.
func (c *call) write(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(len(c.Payload)))
	h.Set("Lambda-Runtime-Aws-Request-Id", c.RequestID)
	h.Set("Lambda-Runtime-Deadline-Ms", strconv.FormatInt(c.Deadline.UnixMilli(), 10))
	h.Set("Lambda-Runtime-Invoked-Function-Arn", c.FunctionARN)
	h.Set("Lambda-Runtime-Trace-Id", c.TraceID)
	if c.ClientContext != "" {
		h.Set("Lambda-Runtime-Client-Context", c.ClientContext)
	}
	_, _ = w.Write(c.Payload)
}

// response receives the result of the current event.
func (a *API) response(w http.ResponseWriter, r *http.Request) error {
	payload, err := readAll(r)
	if err == errTooLarge {
		// The function's caller and its runtime receive different errors.
		message := fmt.Sprintf("Response payload size exceeded maximum allowed payload size (%d bytes).", MaxPayload)
		if err := a.respond(r.PathValue("id"), Failure("Function.ResponseSizeTooLarge", message)); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	response := Response{Payload: payload}
	if kind := r.Trailer.Get(errorTypeTrailer); kind != "" {
		body, err := base64.StdEncoding.DecodeString(r.Trailer.Get(errorBodyTrailer))
		if err != nil {
			return &refusal{http.StatusBadRequest, errorBodyTrailer + ": " + err.Error(), "InvalidRequest"}
		}
		response = Response{Payload: body, Failed: true}
	}
	if err := a.respond(r.PathValue("id"), response); err != nil {
		return err
	}
	writeAccepted(w)
	return nil
}

// failure receives the error with which the function failed.
func (a *API) failure(w http.ResponseWriter, r *http.Request) error {
	payload, err := readAll(r)
	if err != nil {
		return err
	}
	if err := a.respond(r.PathValue("id"), Response{Payload: payload, Failed: true}); err != nil {
		return err
	}
	writeAccepted(w)
	return nil
}

// initFailure receives the error that prevents the runtime from starting.
func (a *API) initFailure(w http.ResponseWriter, r *http.Request) error {
	payload, err := readAll(r)
	if err != nil {
		return err
	}
	a.mu.Lock()
	started := a.started
	a.mu.Unlock()
	if started {
		return errState
	}
	select {
	case a.initError <- &InitError{payload}:
	default: // only the first error counts
		return errState
	}
	writeAccepted(w)
	return nil
}

// respond sets the response to the current event, and passes it on. It returns
// errRequestID if id is not the ID of that event, and errState if the event already has a
// response.
func (a *API) respond(id string, response Response) error {
	err := a.setResponse(id, response)
	if err == nil {
		runtime.Gosched() // whoever waits for the response continues before the runtime
	}
	return err
}

func (a *API) setResponse(id string, response Response) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.current == nil || a.current.RequestID != id:
		return errRequestID
	case a.current.response != nil:
		return errState
	}
	a.current.response = &response
	if responded := a.current.Responded; responded != nil {
		responded(response) // under the lock, so that Invoke returns afterwards
	}
	return nil
}

// readAll reads the body, after which the trailers are available. It returns
// errTooLarge if the body is longer than MaxPayload.
func readAll(r *http.Request) ([]byte, error) {
	payload, err := io.ReadAll(io.LimitReader(r.Body, MaxPayload+1))
	if err != nil {
		return nil, err
	}
	if len(payload) > MaxPayload {
		// Read the rest, because a client reads no response while it sends.
		_, _ = io.Copy(io.Discard, r.Body)
		return nil, errTooLarge
	}
	return payload, nil
}

// Failure returns the response for an error that Lambda reports in place of the
// function: a JSON object with errorMessage and errorType.
func Failure(kind, message string) Response {
	payload, err := json.Marshal(refusal{Message: message, Type: kind})
	if err != nil {
		panic(err) // two strings always marshal
	}
	return Response{Payload: payload, Failed: true}
}
