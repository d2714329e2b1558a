package tracing

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net"
	"net/http"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// subsegment is X-Ray's record of one request.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html
type subsegment struct {
	Type      string  `json:"type"` // "subsegment"
	ID        string  `json:"id"`   // 16 hexadecimal digits
	TraceID   string  `json:"trace_id"`
	ParentID  string  `json:"parent_id"`
	Name      string  `json:"name"`       // of the service: "SNS"
	Namespace string  `json:"namespace"`  // "aws"
	Start     float64 `json:"start_time"` // Unix time in seconds
	End       float64 `json:"end_time"`
	AWS       request `json:"aws"`
	HTTP      *result `json:"http,omitempty"` // nil if there was no response
	Error     bool    `json:"error,omitempty"`
	Throttle  bool    `json:"throttle,omitempty"`
	Fault     bool    `json:"fault,omitempty"`
	Cause     *cause  `json:"cause,omitempty"`
}

type request struct {
	Operation string `json:"operation"` // "Publish"
	Region    string `json:"region"`
	RequestID string `json:"request_id,omitempty"`
}

type result struct {
	Response response `json:"response"`
}

type response struct {
	Status int `json:"status"`
}

type cause struct {
	Exceptions []exception `json:"exceptions"`
}

type exception struct {
	ID      string `json:"id"`
	Type    string `json:"type,omitempty"`
	Message string `json:"message"`
}

// begin returns the subsegment of a request that starts now.
func begin(ctx context.Context, of trace) *subsegment {
	return &subsegment{
		Type: "subsegment", ID: newID(), TraceID: of.root, ParentID: of.parent,
		Name: awsmiddleware.GetServiceID(ctx), Namespace: "aws", Start: now(),
		AWS: request{Operation: awsmiddleware.GetOperationName(ctx), Region: awsmiddleware.GetRegion(ctx)},
	}
}

// end adds the result of the request.
func (s *subsegment) end(metadata middleware.Metadata, err error) {
	s.End = now()
	s.AWS.RequestID, _ = awsmiddleware.GetRequestIDMetadata(metadata)
	if r, ok := awsmiddleware.GetRawResponse(metadata).(*smithyhttp.Response); ok {
		s.HTTP = &result{response{r.StatusCode}}
	}
	if err != nil {
		s.fail(err)
	}
}

// fail adds an error. As X-Ray's own SDKs do, it marks one with a status of 400 to
// 499 as an error, and every other one as a fault.
func (s *subsegment) fail(err error) {
	s.Fault = true
	if e, ok := errors.AsType[*awshttp.ResponseError](err); ok {
		status := e.HTTPStatusCode()
		s.HTTP, s.AWS.RequestID = &result{response{status}}, e.ServiceRequestID()
		s.Fault = status < 400 || status > 499
		s.Error, s.Throttle = !s.Fault, status == http.StatusTooManyRequests
	}
	x := exception{ID: newID(), Message: err.Error()}
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		x.Type, x.Message = e.ErrorCode(), e.ErrorMessage()
	}
	s.Cause = &cause{[]exception{x}}
}

// send sends the subsegment to X-Ray's daemon.
//
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-daemon
func (s *subsegment) send(daemon net.Conn) {
	if document, err := json.Marshal(s); err == nil {
		_, _ = daemon.Write(append([]byte(`{"format": "json", "version": 1}`+"\n"), document...))
	}
}

func newID() string {
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

func now() float64 { return float64(time.Now().UnixMicro()) / 1e6 }
