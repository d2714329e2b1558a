package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"

	"tally/internal/httpapi"
	"tally/internal/ledger"
	"tally/internal/metrics"
	"tally/internal/sum"
	"tally/internal/tracing"
	"tally/internal/uuid"
)

// handler accepts numbers, and logs and counts requests by outcome.
type handler struct {
	topicARN string // of the topic to publish numbers to
	submit   func(ctx context.Context, id string, n sum.Numbers, request string) (ledger.Entry, error)
	publish  func(context.Context, *sns.PublishInput, ...func(*sns.Options)) (*sns.PublishOutput, error)
	log      *slog.Logger
	metrics  *metrics.Metrics
}

// newHandler returns a handler for the table and the topic that the environment variables
// SUMS_TABLE and NUMBERS_TOPIC_ARN name. It fails if one is missing.
func newHandler(ctx context.Context, log *slog.Logger, counts *metrics.Metrics) (*handler, error) {
	topicARN := os.Getenv("NUMBERS_TOPIC_ARN")
	if topicARN == "" {
		return nil, errors.New("the environment variable NUMBERS_TOPIC_ARN is not set: it must hold the ARN of the topic to publish numbers to")
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	tracing.Add(&cfg)
	table, err := ledger.FromEnv(cfg)
	if err != nil {
		return nil, err
	}
	return &handler{topicARN, table.Submit, sns.NewFromConfig(cfg).Publish, log, counts}, nil
}

// accepted is the body of a response.
type accepted struct {
	ID     string        `json:"id"`
	Status ledger.Status `json:"status"` // ledger.Pending
}

// handle serves an API Gateway event in payload format 2.0:
//
//	POST /sums  {"num1": 3, "num2": 4}  →  202 {"id":"…","status":"pending"}, Location: /sums/…
//
// With the header Idempotency-Key, which may have 1 to 255 printable ASCII characters, the
// same request returns the same response any number of times and the numbers are added
// once. A key belongs to its caller, if the route authorizes callers. The response to a
// key that was used for another body is a problem with status 422.
//
// The entry is written before the numbers are published. If the function ends between the
// two, a client that repeats its request with the same key has them published.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
// https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
func (h *handler) handle(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	id, err := h.accept(ctx, r)
	if err != nil {
		return httpapi.Reject(ctx, h.log, h.metrics, err)
	}
	h.metrics.Count("SumsSubmitted")
	// The raw path begins with the stage, unless that is $default.
	return httpapi.JSON(http.StatusAccepted, map[string]string{"location": r.RawPath + "/" + id}, accepted{id, ledger.Pending})
}

// accept records and publishes the numbers in the request, and returns their ID.
func (h *handler) accept(ctx context.Context, r events.APIGatewayV2HTTPRequest) (string, error) {
	body, n, err := read(r)
	if err != nil {
		return "", err
	}
	id, err := identify(r)
	if err != nil {
		return "", err
	}
	digest := sha256.Sum256(body)
	entry, err := h.submit(ctx, id, n, hex.EncodeToString(digest[:]))
	if errors.Is(err, ledger.ErrOtherNumbers) {
		return "", &httpapi.Problem{Status: http.StatusUnprocessableEntity, Detail: "The Idempotency-Key was used for another body. Use a new key for each sum."}
	}
	if err != nil {
		return "", err
	}
	h.log.InfoContext(ctx, "sum submitted", "messageId", id, "status", entry.Status, "num1", n.Num1, "num2", n.Num2)
	if entry.Status != ledger.Pending {
		return id, nil // a repeated request
	}
	return id, h.send(ctx, id, n)
}

// read returns the body of the request and the numbers in it. A non-nil error is a
// *httpapi.Problem or sum.InputErrors.
func read(r events.APIGatewayV2HTTPRequest) (body []byte, n sum.Numbers, err error) {
	switch {
	case !strings.HasSuffix(r.RawPath, "/sums"):
		return nil, n, &httpapi.Problem{Status: http.StatusNotFound, Detail: "The only path is /sums."}
	case r.RequestContext.HTTP.Method != http.MethodPost:
		return nil, n, &httpapi.Problem{Status: http.StatusMethodNotAllowed, Detail: "Use POST with a JSON body.", Header: map[string]string{"allow": "POST"}}
	}
	if body, err = httpapi.Body(r); err != nil {
		return nil, n, err
	}
	n, err = sum.Parse(body)
	return body, n, err
}

// identify returns a new ID, or the one that belongs to the request's key and caller.
func identify(r events.APIGatewayV2HTTPRequest) (string, error) {
	key, ok := r.Headers["idempotency-key"]
	if !ok {
		return uuid.New(), nil
	}
	unprintable := func(c rune) bool { return c < ' ' || c > '~' }
	if key == "" || len(key) > 255 || strings.ContainsFunc(key, unprintable) {
		return "", &httpapi.Problem{Status: http.StatusBadRequest, Detail: "The Idempotency-Key must have 1 to 255 printable ASCII characters."}
	}
	return uuid.For(caller(r), key), nil
}

// caller returns who sent the request, or "" if the route does not authorize callers: the
// issuer and the subject of a token, or the ARN of an IAM identity. The ARN of an assumed
// role includes the name of the session, so each session has its own keys.
func caller(r events.APIGatewayV2HTTPRequest) string {
	switch a := r.RequestContext.Authorizer; {
	case a == nil:
		return ""
	case a.JWT != nil:
		return a.JWT.Claims["iss"] + " " + a.JWT.Claims["sub"]
	case a.IAM != nil:
		return a.IAM.UserARN
	default:
		return ""
	}
}

// send publishes the numbers.
func (h *handler) send(ctx context.Context, id string, n sum.Numbers) error {
	message, err := json.Marshal(n)
	if err != nil {
		return err
	}
	_, err = h.publish(ctx, &sns.PublishInput{
		TopicArn: &h.topicARN, Message: aws.String(string(message)),
		MessageAttributes: map[string]types.MessageAttributeValue{"id": {DataType: aws.String("String"), StringValue: &id}},
	})
	if err != nil {
		return fmt.Errorf("publish the numbers: %w", err)
	}
	return nil
}
