// Package gateway serves AWS's own wire protocols on one port, so that every
// AWS SDK and the AWS CLI work with AWS_ENDPOINT_URL: SNS and STS (Query),
// SQS (JSON 1.0 and Query), Lambda (REST JSON) and CloudWatch Logs (JSON 1.1).
//
// A request passes four steps: who signed it, which operation it names and
// whether it has only the parameters of that operation, whether the caller
// may, and the operation itself. Handlers return errors; one function for each
// protocol encodes them.
package gateway

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"tally/localcloud/account"
	"tally/localcloud/cloud"
	"tally/localcloud/sigv4"
)

// Services are what the gateway is the way to: IAM, Lambda, SNS, SQS and Logs
// are required.
type Services = account.Services

// New returns the handler of the gateway's port. What fails for no fault of
// the caller is told to the journal.
func New(place cloud.Place, s Services, journal cloud.Journal) http.Handler {
	return &gateway{
		place: place, Services: s, journal: journal, verifier: sigv4.New(s.IAM.Credentials),
		protocols: map[string]protocol{
			"lambda": restJSON{lambdaOperations()},
			"logs":   awsJSON{logsTarget, logsOperations()},
			"sns":    query{snsVersion, snsNamespace, snsOperations()},
			"sqs":    sqsJSON{sqsOperations()},
			"sts":    query{stsVersion, stsNamespace, stsOperations()},
		},
		olderSQS: sqsQuery{sqsOperations()},
	}
}

type gateway struct {
	place cloud.Place
	Services
	journal   cloud.Journal
	verifier  *sigv4.Verifier
	protocols map[string]protocol // by the service that credentials are scoped to
	olderSQS  protocol            // of its clients that do not speak JSON yet
}

// A call is one request, read and with its caller known.
type call struct {
	*gateway
	*http.Request
	id     string // request id
	caller cloud.Caller
	body   []byte
}

// A protocol is one of AWS's ways to put operations into HTTP.
type protocol interface {
	// serve decodes, authorizes and runs an operation.
	serve(c *call) (answer, error)
	// fail encodes a refusal.
	fail(e *cloud.Error, requestID string) answer
}

// An answer is what the client gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) write(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // nobody is left to tell
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{gateway: g, Request: r, id: uuid.NewString()}
	speaks := g.protocolOf(r)
	a, err := c.answer(speaks)
	if err != nil {
		a = speaks.fail(c.refusal(err), c.id)
	}
	w.Header().Set("X-Amzn-Requestid", c.id)
	a.write(w)
}

func (c *call) answer(speaks protocol) (a answer, err error) {
	if err := checkOrigin(c.Request); err != nil {
		return answer{}, err
	}
	if c.body, err = readBody(c.Request); err != nil {
		return answer{}, err
	}
	if c.caller, err = c.identify(c.Request, c.body); err != nil {
		return answer{}, err
	}
	return speaks.serve(c)
}

// refusal is err as AWS gives it. What is no answer of AWS is a failure of the
// local cloud: the client learns no more than that, and the journal all.
func (c *call) refusal(err error) *cloud.Error {
	if e, ok := errors.AsType[*cloud.Error](err); ok {
		return e
	}
	if c.Context().Err() == nil { // else the client went away, and err is only that
		c.journal.Append(cloud.Entry{Level: cloud.Warning, Service: c.serviceOf(c.Request), Resource: c.id,
			Message: c.Method + " " + c.URL.Path + ": " + err.Error()})
	}
	return cloud.Errorf(http.StatusInternalServerError, "InternalFailure",
		"The request processing has failed because of an unknown error, exception or failure.")
}

// authorize asks whether the caller may do what a row of a table says.
func (c *call) authorize(action string, on target) error {
	return c.IAM.Authorize(c.Context(), cloud.Request{
		Caller: c.caller, Action: action, Resource: on.resource, ResourcePolicy: on.policy,
	})
}

// A target is what an operation reads: an ARN, and its policy where it has one.
type target struct{ resource, policy string }

// serviceOf is the service whose protocol a request speaks, also one without
// a valid signature: it is owed an answer that its client understands.
func (g *gateway) serviceOf(r *http.Request) string {
	s, err := sigv4.Parse(r)
	if _, ok := g.protocols[s.Service]; ok && err == nil {
		return s.Service
	}
	switch target := r.Header.Get("X-Amz-Target"); {
	case strings.HasPrefix(target, sqsTarget+"."):
		return "sqs"
	case target != "":
		return "logs"
	case isFunctionsPath(r.URL.Path):
		return "lambda"
	}
	return "sns"
}

// protocolOf is the protocol that a request speaks.
func (g *gateway) protocolOf(r *http.Request) protocol {
	service := g.serviceOf(r)
	if service == "sqs" && r.Header.Get("X-Amz-Target") == "" {
		return g.olderSQS
	}
	return g.protocols[service]
}

// checkOrigin refuses what a page in a browser sends: no AWS client has an
// Origin, and a site that resolved its own name to this machine has its name
// as the Host.
func checkOrigin(r *http.Request) error {
	if r.Header.Get("Origin") != "" {
		return cloud.Errorf(http.StatusForbidden, "AccessDenied",
			"Requests of web pages are refused: this one has the Origin header %q", r.Header.Get("Origin"))
	}
	if !cloud.IsLoopback(r.Host) {
		return cloud.Errorf(http.StatusForbidden, "AccessDenied",
			"The Host header must name this machine (127.0.0.1, localhost or [::1]), not %q", r.Host)
	}
	return nil
}

// maxBody is more than any operation takes, so that the services refuse what
// is too large for them in their own words.
const maxBody = 8 << 20

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody+1))
	if err != nil {
		return nil, cloud.Errorf(http.StatusBadRequest, "IncompleteBody", "The request's body ends early: %v", err)
	}
	if len(body) > maxBody {
		return nil, cloud.Errorf(http.StatusRequestEntityTooLarge, "RequestEntityTooLarge", "Request must be smaller than %d bytes", maxBody)
	}
	return body, nil
}
