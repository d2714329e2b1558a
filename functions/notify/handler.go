package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"tally/internal/message"
	"tally/internal/metrics"
	"tally/internal/tracing"
)

// handler sends sums to a URL, and logs and counts them by outcome.
type handler struct {
	sender  *sender
	log     *slog.Logger
	metrics *metrics.Metrics
}

// newHandler returns a handler for the URL in the environment variable NOTIFY_URL and the
// secret in the parameter that NOTIFY_SECRET_PARAMETER names. It fails if one is missing.
func newHandler(ctx context.Context, log *slog.Logger, counts *metrics.Metrics) (*handler, error) {
	target, err := checkURL(os.Getenv("NOTIFY_URL"))
	if err != nil {
		return nil, err
	}
	parameter := os.Getenv("NOTIFY_SECRET_PARAMETER")
	if parameter == "" {
		return nil, errors.New("the environment variable NOTIFY_SECRET_PARAMETER is not set: it must hold the name of the parameter with the secret")
	}
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, err
	}
	tracing.Add(&cfg)
	s := newSender(target, http.DefaultTransport, &secret{parameter: parameter, get: ssm.NewFromConfig(cfg).GetParameter}, log)
	return &handler{s, log, counts}, nil
}

// checkURL returns the URL if it is one of HTTPS, or of HTTP on this machine. The error does
// not contain the URL, because that may contain a password.
func checkURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback(u.Hostname())) {
		return "", errors.New("the environment variable NOTIFY_URL must hold a URL that begins with https://, or with http://127.0.0.1 or http://localhost")
	}
	return text, nil
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// handle sends each sum. If one cannot be sent, the invocation fails. Lambda then retries
// the whole event after a minute or more, and finally sends it to the function's on-failure
// destination. So a sum is sent at least once, always with the same Idempotency-Key.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-error-handling.html
func (h *handler) handle(ctx context.Context, event events.SNSEvent) error {
	var errs []error
	for _, record := range event.Records {
		m := message.FromSNS(record.SNS)
		if err := h.sender.send(ctx, m.ID, m.Text); err != nil {
			h.log.ErrorContext(ctx, "notification failed", "messageId", m.ID, "error", err)
			h.metrics.Count("NotificationsFailed", "reason", reason(err))
			errs = append(errs, fmt.Errorf("message %s: %w", m.ID, err))
			continue
		}
		h.log.InfoContext(ctx, "notification sent", "messageId", m.ID)
		h.metrics.Count("NotificationsSent")
	}
	return errors.Join(errs...)
}

// reason returns the value of the metric dimension "reason" for an error of send. It has
// few values because each becomes a metric of its own.
func reason(err error) string {
	r, ok := errors.AsType[*refusal](err)
	switch {
	case !ok:
		return "no secret"
	case r.temporary():
		return "unavailable"
	default:
		return "refused"
	}
}
