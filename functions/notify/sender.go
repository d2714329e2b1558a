package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const (
	attemptTimeout = 5 * time.Second        // of one request
	firstBackoff   = 200 * time.Millisecond // after the first attempt; doubled after each
	maxBackoff     = 5 * time.Second
	reserve        = 500 * time.Millisecond // of the invocation, to log and return the error
)

// sender sends bodies to a URL.
type sender struct {
	url    string
	client *http.Client
	secret *secret
	log    *slog.Logger
}

// newSender returns a sender that follows no redirects: the receiver's URL is configured,
// and another one has not been approved.
func newSender(url string, transport http.RoundTripper, s *secret, log *slog.Logger) *sender {
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &sender{url, client, s, log}
}

// send posts the body with the header Tally-Signature; see sign. The error is a *refusal
// unless the secret could not be read.
//
// send tries again after a network error or a status of 429 or 500 and above, for as long
// as the invocation lasts: after the time in Retry-After or, without one, after a random
// time around a backoff that doubles. After a status of 401 or 403, which a receiver
// returns if its secret has been replaced, send reads the secret again, and if that is
// another one, tries once more. No other status is tried again.
func (s *sender) send(ctx context.Context, id, body string) error {
	key, err := s.secret.current(ctx)
	if err != nil {
		return err
	}
	rotated := false
	for backoff := firstBackoff; ; {
		refused := s.attempt(ctx, id, body, key)
		if refused == nil {
			return nil
		}
		if unauthorized := refused.status == http.StatusUnauthorized || refused.status == http.StatusForbidden; unauthorized && !rotated {
			rotated = true
			next, err := s.secret.reread(ctx)
			if err != nil {
				return err
			}
			if next != key {
				key = next
				continue
			}
		}
		if !refused.temporary() {
			return refused
		}
		wait := refused.retryAfter
		if wait == 0 {
			wait = backoff/2 + rand.N(backoff)
			backoff = min(2*backoff, maxBackoff)
		}
		s.log.WarnContext(ctx, "notification will be tried again", "messageId", id, "error", refused, "milliseconds", wait.Milliseconds())
		if !sleep(ctx, wait) {
			return refused
		}
	}
}

// sleep waits for d and reports whether the invocation lasts longer. If not, it returns at
// once.
func sleep(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline)-reserve <= d {
		return false
	}
	select {
	case <-time.After(d):
		return true
	case <-ctx.Done():
		return false
	}
}

// attempt posts the body once. It returns nil if the status is 200 to 299.
func (s *sender) attempt(ctx context.Context, id, body, key string) *refusal {
	until := time.Now().Add(attemptTimeout)
	if deadline, ok := ctx.Deadline(); ok && deadline.Add(-reserve).Before(until) {
		until = deadline.Add(-reserve)
	}
	ctx, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(body))
	if err != nil {
		return &refusal{err: withoutURL(err)}
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", id)
	request.Header.Set("Tally-Signature", sign(key, time.Now(), body))
	request.Header.Set("User-Agent", "tally")
	response, err := s.client.Do(request)
	if err != nil {
		return &refusal{err: withoutURL(err)}
	}
	defer response.Body.Close()
	_, _ = io.CopyN(io.Discard, response.Body, 64<<10) // so that the connection can be used again
	if response.StatusCode/100 == 2 {
		return nil
	}
	return &refusal{status: response.StatusCode, retryAfter: retryAfter(response.Header.Get("Retry-After"))}
}

// sign returns the value of the header Tally-Signature: "t=SECONDS,v1=SIGNATURE", with the
// Unix time and the HMAC-SHA256, in hexadecimal, of "SECONDS.BODY". A receiver computes the
// same, compares the two in constant time, and refuses a time that is minutes away from its
// own, so that nobody can send a recorded request again.
func sign(key string, at time.Time, body string) string {
	seconds := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(key))
	_, _ = io.WriteString(mac, seconds+"."+body) // never fails
	return "t=" + seconds + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

// retryAfter returns the time to wait that a header Retry-After states, or 0 if it states
// none.
//
// https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
func retryAfter(header string) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// refusal is an attempt without success.
type refusal struct {
	status     int           // 0 if there was no response
	retryAfter time.Duration // 0 for none
	err        error         // nil if there was a response
}

func (r *refusal) Error() string {
	if r.err != nil {
		return "post the sum: " + r.err.Error()
	}
	return fmt.Sprintf("post the sum: the receiver responded with %d %s", r.status, http.StatusText(r.status))
}

func (r *refusal) Unwrap() error { return r.err }

// temporary reports whether another attempt may succeed.
func (r *refusal) temporary() bool {
	return r.status == 0 || r.status == http.StatusTooManyRequests || r.status >= 500
}

// withoutURL returns the cause of an error of package http, without the URL, which may
// contain a password.
func withoutURL(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}
