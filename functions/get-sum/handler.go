package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/config"

	"tally/internal/httpapi"
	"tally/internal/ledger"
	"tally/internal/metrics"
	"tally/internal/tracing"
	"tally/internal/uuid"
)

// handler returns sums, and logs and counts requests by outcome.
type handler struct {
	get     func(ctx context.Context, id string) (ledger.Entry, error)
	log     *slog.Logger
	metrics *metrics.Metrics
}

// newHandler returns a handler for the table that the environment variable SUMS_TABLE
// names. It fails if the variable is missing.
func newHandler(ctx context.Context, log *slog.Logger, counts *metrics.Metrics) (*handler, error) {
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	tracing.Add(&cfg)
	table, err := ledger.FromEnv(cfg)
	if err != nil {
		return nil, err
	}
	return &handler{table.Get, log, counts}, nil
}

// handle serves an API Gateway event in payload format 2.0:
//
//	GET /sums/{id}  →  200 {"id":"…","status":"pending","num1":3,"num2":4}, Retry-After: 1
//	                   200 {"id":"…","status":"done","num1":3,"num2":4,"sum":7}
//	                   200 {"id":"…","status":"failed","num1":3,"num2":4,"reason":"…"}
//
// A failed sum has no numbers if its message has none. The response to any other request
// is a problem document; see httpapi.Problem.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func (h *handler) handle(ctx context.Context, r events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
	entry, err := h.read(ctx, r)
	if err != nil {
		return httpapi.Reject(ctx, h.log, h.metrics, err)
	}
	h.log.InfoContext(ctx, "sum read", "messageId", entry.ID, "status", entry.Status)
	h.metrics.Count("SumsRead", "status", string(entry.Status))
	header := map[string]string{"cache-control": "no-store"}
	if entry.Status == ledger.Pending {
		header["retry-after"] = "1"
	}
	return httpapi.JSON(http.StatusOK, header, entry)
}

// read returns the entry that the request names.
func (h *handler) read(ctx context.Context, r events.APIGatewayV2HTTPRequest) (ledger.Entry, error) {
	if r.RequestContext.HTTP.Method != http.MethodGet {
		return ledger.Entry{}, &httpapi.Problem{Status: http.StatusMethodNotAllowed, Detail: "Use GET.", Header: map[string]string{"allow": "GET"}}
	}
	notFound := &httpapi.Problem{
		Status: http.StatusNotFound, Detail: "There is no sum with this ID. Sums are deleted some time after their last change.",
		Header: map[string]string{"cache-control": "no-store"},
	}
	id := r.PathParameters["id"]
	if !uuid.Valid(id) {
		return ledger.Entry{}, notFound
	}
	entry, err := h.get(ctx, id)
	if errors.Is(err, ledger.ErrNotFound) {
		return ledger.Entry{}, notFound
	}
	return entry, err
}
