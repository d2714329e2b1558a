// Package gateway serves AWS's own wire protocols on one port, so that every
// AWS SDK and the AWS CLI work with AWS_ENDPOINT_URL: SNS and STS (Query),
// SQS (JSON 1.0 and Query), DynamoDB (JSON 1.0), Parameter Store and Secrets Manager (JSON
// 1.1), Lambda, EventBridge Scheduler and X-Ray (REST JSON), CloudWatch (Smithy RPC v2 CBOR,
// JSON 1.0 and Query) and CloudWatch Logs (JSON 1.1).
//
// A request goes through five steps: identify the signer, find the operation,
// decode the input, authorize the caller, run the operation. Each operation is
// a row of its service's table; protocols only decode and encode. Any step may
// return an error, which one method of each protocol encodes.
package gateway

import (
	"errors"
	"net"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"tally/localcloud/account"
	"tally/localcloud/cloud"
	"tally/localcloud/sigv4"
	"tally/localcloud/sns"
	"tally/localcloud/store"
)

// Services are the services behind the gateway: IAM, Lambda, SNS, SQS, DynamoDB, Logs,
// CloudWatch and XRay are required.
type Services = account.Services

// New returns the handler of the gateway's port. Internal failures are written
// to the journal.
func New(place cloud.Place, s Services, journal cloud.Journal) http.Handler {
	g := &gateway{place: place, Services: s, journal: journal, verifier: sigv4.New(s.IAM.Credentials), services: map[string]*service{}}
	for _, s := range services() {
		g.services[s.scope] = &s
	}
	return g
}

type gateway struct {
	place cloud.Place
	Services
	journal  cloud.Journal
	verifier *sigv4.Verifier
	services map[string]*service // by scope
}

// A call is a request that the gateway is handling.
type call struct {
	*gateway
	*http.Request
	id           string // request ID
	signature    sigv4.Signature
	signatureErr error // why there is no signature to verify
	service      *service
	protocol     protocol
	caller       cloud.Caller // set by handle, as is body
	body         []byte
	operation    string // set by handle once it is known
	step         *cloud.OpenStep
}

func (g *gateway) newCall(r *http.Request) *call {
	ctx, step := cloud.BeginStep(r.Context(), cloud.Step{Kind: cloud.StepCall, Trace: cloud.TraceField(r.Header.Get(traceHeader), "Root")})
	r = r.WithContext(cloud.WithConditionKeys(ctx, conditionKeys(r)))
	c := &call{gateway: g, Request: r, id: uuid.NewString(), step: step}
	c.signature, c.signatureErr = sigv4.Parse(r)
	c.service = c.findService()
	c.protocol = c.service.protocolOf(r)
	return c
}

// conditionKeys returns the condition keys that come from the HTTP request.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourceip
func conditionKeys(r *http.Request) map[string][]string {
	keys := map[string][]string{}
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil {
		keys["aws:SourceIp"] = []string{host}
	}
	for key, value := range map[string]string{"aws:UserAgent": r.UserAgent(), "aws:referer": r.Referer()} {
		if value != "" {
			keys[key] = []string{value}
		}
	}
	return keys
}

// A response is an HTTP response to the client. An operation returns one instead
// of a result if the protocol does not encode the body.
type response struct {
	status int
	header http.Header
	body   []byte
}

func (r response) write(w http.ResponseWriter) {
	for name, values := range r.header {
		w.Header()[name] = values
	}
	w.WriteHeader(r.status)
	cloud.WriteBody(w, r.body)
}

// requestIDHeader holds the ID of the request or, in a response of Invoke, that
// of the invocation.
const requestIDHeader = "X-Amzn-Requestid"

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method == http.MethodGet && strings.HasPrefix(r.URL.Path, sns.CertificatePrefix) {
		g.serveCertificate(w, r)
		return
	}
	c := g.newCall(r)
	res, err := c.handle()
	if err != nil {
		res = c.protocol.refuse(c.refusal(err), c.id)
	}
	w.Header().Set(requestIDHeader, c.id)
	res.write(w)
	c.record(res, err)
}

func (c *call) handle() (res response, err error) {
	if err := cloud.CheckProgram(c.Request); err != nil {
		return response{}, err
	}
	if err := c.readBody(); err != nil {
		return response{}, err
	}
	name, decode, err := c.protocol.parse(c)
	if err != nil {
		return response{}, err
	}
	c.operation = name
	result, err := c.service.operations[name].serve(c, decode)
	if err != nil {
		return response{}, err
	}
	if res, ok := result.(response); ok {
		return res, nil
	}
	return c.protocol.encode(name, result, c.id)
}

// refusal returns err as an error of AWS. Any other error is a failure of the
// local cloud: the client receives InternalFailure, and the details are written
// to the journal. If the user can do something about it, the client receives them, too.
func (c *call) refusal(err error) *cloud.Error {
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return e
	}
	if c.Context().Err() == nil { // otherwise the client has disconnected
		c.journal.Append(cloud.Entry{Level: cloud.Warning, Service: c.service.scope, Resource: c.id,
			Message: c.Method + " " + c.URL.Path + ": " + err.Error()})
	}
	for _, known := range []error{store.ErrFull, store.ErrGone, store.ErrUnusable} {
		if errors.Is(err, known) {
			return cloud.Errorf(http.StatusInternalServerError, "InternalFailure", "The local cloud's state: %v", err)
		}
	}
	return cloud.Errorf(http.StatusInternalServerError, "InternalFailure",
		"The request processing has failed because of an unknown error, exception or failure.")
}

// findService returns the service that the request is for. It returns one even
// without a valid signature, because the refusal must use a protocol that the
// client understands.
func (c *call) findService() *service {
	if s := c.services[c.signature.Service]; s != nil && c.signatureErr == nil {
		return s
	}
	switch target := c.Header.Get(targetHeader); {
	case strings.HasPrefix(target, sqsTarget+"."):
		return c.services["sqs"]
	case strings.HasPrefix(target, dynamoTarget+"."):
		return c.services["dynamodb"]
	case strings.HasPrefix(target, metricsTarget+"."), strings.HasPrefix(c.URL.Path, "/service/"+metricsTarget+"/"):
		return c.services["monitoring"]
	case strings.HasPrefix(target, ssmTarget+"."):
		return c.services["ssm"]
	case strings.HasPrefix(target, secretsTarget+"."):
		return c.services["secretsmanager"]
	case target != "":
		return c.services["logs"]
	case isLambdaPath(c.URL.Path):
		return c.services["lambda"]
	}
	return c.services["sns"]
}
