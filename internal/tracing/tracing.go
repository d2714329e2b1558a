// Package tracing adds the requests that a Lambda function sends with the AWS SDK
// to the X-Ray trace of the invocation. Lambda itself records only how long the
// function ran; with this package, the trace also contains each request, and continues
// in whatever the request triggers.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-xray.html
package tracing

import (
	"context"
	"net"
	"os"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// Add traces the requests of every client with this configuration. A request is
// recorded if its context is that of an invocation and X-Ray samples the
// invocation. Outside of Lambda, Add does nothing.
//
// Each request becomes a subsegment, which is sent over UDP to the X-Ray daemon of
// the execution environment. An error of the daemon is ignored, so that no
// invocation fails because of its trace.
func Add(config *aws.Config) {
	// Dialing UDP sends nothing.
	daemon, err := net.Dial("udp", os.Getenv("AWS_XRAY_DAEMON_ADDRESS"))
	if err != nil {
		return
	}
	config.APIOptions = append(config.APIOptions, func(stack *middleware.Stack) error {
		// Within the SDK's first step, the names of service and operation are known.
		if err := stack.Initialize.Add(recorder{daemon}, middleware.After); err != nil {
			return err
		}
		// The SDK itself sets the header only if it is not set yet.
		return stack.Build.Add(middleware.BuildMiddlewareFunc("TraceHeader", setHeader), middleware.Before)
	})
}

// recorder records each request as a subsegment.
type recorder struct{ daemon net.Conn }

func (recorder) ID() string { return "TraceRequest" }

// HandleInitialize runs around the request and all its retries.
func (r recorder) HandleInitialize(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
	of, ok := invocation(ctx)
	if !ok {
		return next.HandleInitialize(ctx, in)
	}
	s := begin(ctx, of)
	out, metadata, err := next.HandleInitialize(context.WithValue(ctx, headerKey{}, of.with(s.ID)), in)
	s.end(metadata, err)
	s.send(r.daemon)
	return out, metadata, err
}

// headerKey is the key of the request's trace header in its context.
type headerKey struct{}

// setHeader sets the trace header of a recorded request, so that what the request
// triggers belongs to its subsegment.
func setHeader(ctx context.Context, in middleware.BuildInput, next middleware.BuildHandler) (middleware.BuildOutput, middleware.Metadata, error) {
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		if header, ok := ctx.Value(headerKey{}).(string); ok {
			request.Header.Set("X-Amzn-Trace-Id", header)
		}
	}
	return next.HandleBuild(ctx, in)
}

// trace is the trace header of an invocation.
type trace struct {
	header string
	root   string // "1-581cf771-a006649127e371903a2de979"
	parent string // the ID of the segment of the function
}

// invocation returns the trace of the invocation that ctx belongs to. It reports
// false if there is none, or if X-Ray does not sample it.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
func invocation(ctx context.Context) (trace, bool) {
	header, _ := ctx.Value("x-amzn-trace-id").(string) // the key of Lambda's library for Go
	t := trace{header: header}
	sampled := false
	for field := range strings.SplitSeq(header, ";") {
		switch name, value, _ := strings.Cut(strings.TrimSpace(field), "="); name {
		case "Root":
			t.root = value
		case "Parent":
			t.parent = value
		case "Sampled":
			sampled = value == "1"
		}
	}
	return t, sampled && t.root != "" && t.parent != ""
}

// with returns the header with another parent. It keeps the other fields, because
// Lambda detects recursive loops by one of them. As the SDK does, it escapes the
// character | in that field.
func (t trace) with(parent string) string {
	fields := strings.Split(t.header, ";")
	for i, field := range fields {
		if name, _, _ := strings.Cut(strings.TrimSpace(field), "="); name == "Parent" {
			fields[i] = "Parent=" + parent
		}
	}
	return strings.ReplaceAll(strings.Join(fields, ";"), "|", "%7C")
}
