package lambda

import (
	"context"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda/runtimeapi"
)

// newRoot returns the field of a trace header that starts a trace.
func newRoot() string { return "Root=" + cloud.NewTraceID(time.Now()) }

// tracedRun is the place of one run of a function in its trace.
type tracedRun struct {
	header string // for the runtime
	caller string // the ID of the caller's segment, or ""
	// service and function are the IDs of the two segments that Lambda records for a
	// run, or "" if it records none.
	service, function string
}

// traceRun returns the place of a run in the trace of the event. Lambda completes the
// header even if it does not trace the function. It traces a function with active
// tracing unless the caller decided that the trace is not sampled. Here, this is every
// run, and not only one per second and 5% of the others.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
// https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
// https://github.com/open-telemetry/opentelemetry-java-instrumentation/issues/2131
func traceRun(header, mode string) tracedRun {
	active := mode == "Active"
	r := tracedRun{header: header, caller: cloud.TraceField(header, "Parent")}
	sampled := cloud.TraceField(header, "Sampled")
	if active && sampled != "0" {
		r.service, r.function = cloud.NewSegmentID(), cloud.NewSegmentID()
		r.header = cloud.WithTraceField(r.header, "Parent", r.function)
		r.header = cloud.WithTraceField(r.header, "Sampled", "1")
		return r
	}
	if r.caller == "" {
		r.header = cloud.WithTraceField(r.header, "Parent", cloud.NewSegmentID())
	}
	if sampled == "" {
		r.header = cloud.WithTraceField(r.header, "Sampled", "0")
	}
	return r
}

// recordRun records a run: the segment of the service, and within it that of the
// function, which is the parent of what the function itself records. Lambda sends them
// with the function's role.
func (s *Service) recordRun(inst *instance, r tracedRun, event runtimeapi.Event, start time.Time, took time.Duration, response runtimeapi.Response) {
	if r.service == "" || s.options.Traces == nil {
		return
	}
	f := inst.function
	service := cloud.Segment{
		ID: r.service, TraceID: cloud.TraceField(r.header, "Root"), ParentID: r.caller, Name: f.Name, Origin: "AWS::Lambda",
		Start: cloud.SegmentTime(start), End: cloud.SegmentTime(start.Add(took)),
		AWS: map[string]any{"request_id": event.RequestID, "function_arn": event.FunctionARN},
	}
	function := service
	function.ID, function.ParentID, function.Origin = r.function, r.service, "AWS::Lambda::Function"
	if response.Failed {
		kind, message := decodeError(response.Payload)
		function.Fault = true
		function.Cause = map[string]any{"exceptions": []any{map[string]string{"id": cloud.NewSegmentID(), "type": kind, "message": message}}}
	}
	unprocessed, err := s.options.Traces.RecordSegments(context.WithoutCancel(s.life), inst.credentials.Caller, service, function)
	for _, u := range unprocessed {
		s.note(cloud.Warning, f.Name, "the trace of request %s is lost: %s", event.RequestID, u.Message)
	}
	if err != nil && !inst.untraced {
		inst.untraced = true
		s.note(cloud.Warning, f.Name, "no traces from this environment: %v", err)
	}
}
