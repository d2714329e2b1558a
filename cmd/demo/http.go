package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// tokenVariable is the environment variable with the token for an API that requires
// tokens. It is not a flag because other processes can read those.
const tokenVariable = "TALLY_TOKEN"

// httpTimeout is longer than the API waits for a function.
const httpTimeout = time.Minute

// caller calls an API as its authorization requires.
type caller struct {
	auth  string // "none", "iam" or "jwt"
	cfg   aws.Config
	token string // for "jwt"
}

// how returns how the caller is authorized, with a leading comma, or "" if the API
// is public.
func (c caller) how() string {
	return map[string]string{"iam": ", signed with your AWS credentials", "jwt": ", with the token in " + tokenVariable}[c.auth]
}

// curl returns the arguments with which curl is authorized in the same way, with a
// trailing space.
//
// https://curl.se/docs/manpage.html#--aws-sigv4
func (c caller) curl() string {
	switch c.auth {
	case "iam":
		return fmt.Sprintf(`--aws-sigv4 aws:amz:%s:execute-api --user "$AWS_ACCESS_KEY_ID:$AWS_SECRET_ACCESS_KEY" --header "X-Amz-Security-Token: $AWS_SESSION_TOKEN" `, c.cfg.Region)
	case "jwt":
		return `--header "Authorization: Bearer $` + tokenVariable + `" `
	}
	return ""
}

// add sends the numbers to the path /add and returns the status and the body of the
// response. It returns an error unless the response is OK, with a sum of 7.
func (c caller) add(ctx context.Context, apiURL string) (string, error) {
	r, err := c.send(ctx, http.MethodPost, apiURL+"add", numbers)
	if err != nil {
		return "", err
	}
	if r.status != http.StatusOK || !isSeven(r.body) {
		return "", fmt.Errorf("%s, want a sum of 7", r)
	}
	return r.text, nil
}

// response is the response to a request. Its text is the status and the body.
type response struct {
	method, url, text string
	status            int
	location          func() (*url.URL, error) // returns http.ErrNoLocation if the response has none
	body              []byte
}

func (r response) String() string { return r.method + " " + r.url + " returned " + r.text }

// send sends a request that carries what the API's authorization requires. It fails if the
// API does not authorize the caller.
func (c caller) send(ctx context.Context, method, url, body string) (response, error) {
	ctx, cancel := context.WithTimeout(ctx, httpTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url, strings.NewReader(body))
	if err != nil {
		return response{}, err
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if err := c.authorize(req, body); err != nil {
		return response{}, fmt.Errorf("%s %s: %w", method, url, err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return response{}, err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return response{}, err
	}
	r := response{method, url, fmt.Sprintf("%s %s", resp.Status, bytes.TrimSpace(raw)), resp.StatusCode, resp.Location, raw}
	if r.status == http.StatusUnauthorized || r.status == http.StatusForbidden {
		return r, fmt.Errorf("%s: %s", r, c.remedy())
	}
	return r, nil
}

// authorize adds what the API requires of its callers to a request with this body:
// a signature with the AWS credentials, a token, or nothing.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control.html
func (c caller) authorize(r *http.Request, body string) error {
	switch c.auth {
	case "none":
		return nil
	case "iam":
		keys, err := c.cfg.Credentials.Retrieve(r.Context())
		if err != nil {
			return fmt.Errorf("the API requires AWS credentials: %w", err)
		}
		hash := sha256.Sum256([]byte(body))
		return v4.NewSigner().SignHTTP(r.Context(), keys, r, hex.EncodeToString(hash[:]), "execute-api", c.cfg.Region, time.Now())
	case "jwt":
		if c.token == "" {
			return fmt.Errorf("the API requires a token: set %s to one from the stack's issuer (tally:jwtIssuer)", tokenVariable)
		}
		r.Header.Set("Authorization", "Bearer "+c.token)
		return nil
	}
	return fmt.Errorf("the stack's output apiAuth is %q, not none, iam or jwt", c.auth)
}

// remedy returns what to do if the API refuses the caller.
func (c caller) remedy() string {
	switch c.auth {
	case "iam":
		return "the AWS credentials need execute-api:Invoke on the API"
	case "jwt":
		return "the token in " + tokenVariable + " must be valid, for an audience in tally:jwtAudience and, if it is set, a scope in tally:jwtScopes"
	}
	return "the API should be public, as the stack's output apiAuth is none"
}
