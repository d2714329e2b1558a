package lambda

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/runtimeapi"
)

// Invoke runs the function and waits for its response, and for the end of the log if
// in.LogTail is set. If ctx ends first, Invoke returns ctx's error, and the function
// keeps running, as on AWS.
func (s *Service) Invoke(ctx context.Context, in cloud.Invocation) (cloud.Outcome, error) {
	to, event, err := s.admit(ctx, in, "RequestResponse", maxSyncPayload)
	if err != nil {
		return cloud.Outcome{}, err
	}
	return s.respond(ctx, to, event, in.Caller.String(), in.LogTail)
}

// respond runs the function and waits for its response, as Invoke does.
func (s *Service) respond(ctx context.Context, to Reference, event runtimeapi.Event, caller string, logTail bool) (cloud.Outcome, error) {
	if s.isDebugged(to.Name) {
		ctx = context.WithoutCancel(ctx)
	}
	type response struct {
		outcome cloud.Outcome
		err     error
	}
	responses := make(chan response, 2)
	early := func(outcome cloud.Outcome) { responses <- response{outcome, nil} }
	if logTail {
		early = nil
	}
	err := s.begin(func() {
		outcome, err := s.execute(to, event, early)
		if err != nil {
			s.note(cloud.Warning, to.Name, "could not run for %s: %v", caller, err)
		}
		responses <- response{outcome, err}
	})
	if err != nil {
		return cloud.Outcome{}, err
	}
	select {
	case r := <-responses:
		return r.outcome, r.err
	case <-ctx.Done():
		return cloud.Outcome{}, ctx.Err()
	}
}

// admit makes the checks that precede running or queueing an event: that the
// caller has permission, that the function exists, and that the payload is valid.
// It returns the function and the event.
func (s *Service) admit(ctx context.Context, in cloud.Invocation, kind string, limit int) (Reference, runtimeapi.Event, error) {
	to, err := s.Resolve(in.Function, in.Qualifier)
	if err != nil {
		return Reference{}, runtimeapi.Event{}, err
	}
	row, exists := s.functions.Get(to.Name)
	err = s.options.Authorizer.Authorize(ctx, cloud.Request{
		Caller: in.Caller, Action: invokeAction, Resource: to.ARN, ResourcePolicy: row.documents[plainQualifier(to.Qualifier)],
	})
	if err != nil {
		s.note(cloud.Warning, to.Name, "refused the invocation by %s: %v", in.Caller, err)
		return Reference{}, runtimeapi.Event{}, err
	}
	if !exists || !row.has(to.Qualifier) {
		return Reference{}, runtimeapi.Event{}, errNotFound(to.ARN)
	}
	payload, err := checkPayload(in.Payload, kind, limit)
	if err != nil {
		return Reference{}, runtimeapi.Event{}, err
	}
	clientContext, err := base64.StdEncoding.DecodeString(in.ClientContext)
	if err != nil || len(clientContext) > 0 && !json.Valid(clientContext) {
		return Reference{}, runtimeapi.Event{}, cloud.Errorf(http.StatusBadRequest, "InvalidRequestContentException", "Client context must be a valid Base64-encoded JSON object.")
	}
	header := in.TraceHeader
	if trace := cloud.StepTrace(ctx); trace != "" && cloud.TraceField(header, "Root") == "" {
		header = strings.TrimPrefix(header+";Root="+trace, ";")
	}
	return to, runtimeapi.Event{
		RequestID:     uuid.NewString(),
		FunctionARN:   to.ARN,
		Payload:       payload,
		TraceID:       nextTrace(header, to.Name),
		Source:        cloud.StepSource(ctx),
		ClientContext: string(clientContext),
	}, nil
}

// checkPayload returns the payload of the event, which is an empty object if the
// caller sent none. It returns an error if the payload is too large or not JSON in
// UTF-8.
func checkPayload(payload []byte, kind string, limit int) ([]byte, error) {
	if len(payload) > limit {
		return nil, cloud.Errorf(http.StatusRequestEntityTooLarge, "RequestTooLargeException",
			"%d byte payload is too large for the %s invocation type (limit %d bytes)", len(payload), kind, limit)
	}
	if len(payload) == 0 {
		return []byte("{}"), nil
	}
	err := checkUTF8(payload)
	if err == nil && !json.Valid(payload) {
		var document json.RawMessage
		err = json.Unmarshal(payload, &document) // says why
	}
	if err != nil {
		return nil, cloud.Errorf(http.StatusBadRequest, "InvalidRequestContentException",
			"Could not parse request body into json: Could not parse payload into json: %v", err)
	}
	return payload, nil
}
