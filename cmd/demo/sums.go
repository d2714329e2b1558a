package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// sumTimeout is how long to wait for a sum that was submitted.
const sumTimeout = 2 * time.Minute

// submit sends the numbers to the path /sums, which accepts them and returns the URL at
// which the sum will be. It returns that URL and the response.
func (c caller) submit(ctx context.Context, apiURL string) (location, text string, err error) {
	r, err := c.send(ctx, http.MethodPost, apiURL+"sums", numbers)
	if err != nil {
		return "", "", err
	}
	at, err := r.location()
	if r.status != http.StatusAccepted || errors.Is(err, http.ErrNoLocation) {
		return "", "", fmt.Errorf("%s, want the status 202 and a location", r)
	}
	if err != nil {
		return "", "", fmt.Errorf("%s: %w", r, err)
	}
	return at.String(), r.text, nil
}

// await reads the sum at the location until it is no longer pending, and returns the
// status and the body of the response. It returns an error unless the sum is 7.
func (c caller) await(ctx context.Context, location string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, sumTimeout)
	defer cancel()
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	for {
		r, err := c.send(ctx, http.MethodGet, location, "")
		if err != nil {
			return "", err
		}
		var entry struct{ Status string }
		if err := json.Unmarshal(r.body, &entry); r.status != http.StatusOK || err != nil {
			return "", fmt.Errorf("%s, want the status of a sum", r)
		}
		switch {
		case entry.Status == "pending":
		case entry.Status == "done" && isSeven(r.body):
			return r.text, nil
		default:
			return "", fmt.Errorf("%s, want a sum of 7", r)
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return "", fmt.Errorf("%s, and is still pending after %v", r, sumTimeout)
		}
	}
}
