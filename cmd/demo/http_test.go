package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// TestAdd proves that a request carries what the API's authorization requires, and
// that every response other than a sum of 7 is an error that says what to do.
func TestAdd(t *testing.T) {
	keys := aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKID", SecretAccessKey: "secret", SessionToken: "session"}, nil
	})
	const sum = `{"num1":3,"num2":4,"sum":7}`
	for _, test := range []struct {
		name, auth, token string
		status            int
		body              string
		authorization     string // the beginning of the request's header
		want              string // in the response or, unless the status is OK, in the error
	}{
		{"public", "none", "", 200, sum, "", "200 OK " + sum},
		{"signed", "iam", "", 200, sum, "AWS4-HMAC-SHA256 Credential=AKID/", "200 OK " + sum},
		{"a token", "jwt", "t0ken", 200, sum, "Bearer t0ken", "200 OK " + sum},
		{"no token", "jwt", "", 0, "", "", "set TALLY_TOKEN to one from the stack's issuer"},
		{"another authorization", "lambda", "", 0, "", "", `the stack's output apiAuth is "lambda"`},
		{"not allowed", "iam", "", 403, `{"message":"Forbidden"}`, "AWS4-", `403 Forbidden {"message":"Forbidden"}: the AWS credentials need execute-api:Invoke`},
		{"an invalid token", "jwt", "x", 401, `{"message":"Unauthorized"}`, "Bearer x", "the token in TALLY_TOKEN must be valid"},
		{"a wrong sum", "none", "", 200, `{"sum":8}`, "", `200 OK {"sum":8}, want a sum of 7`},
		{"a sum as text", "none", "", 200, `{"sum":"7"}`, "", `200 OK {"sum":"7"}, want a sum of 7`},
		{"an error with a sum", "none", "", 500, sum, "", "500 Internal Server Error " + sum + ", want a sum of 7"},
	} {
		t.Run(test.name, func(t *testing.T) {
			called := false
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				called = true
				body, _ := io.ReadAll(r.Body)
				if got := r.Header.Get("Authorization"); !strings.HasPrefix(got, test.authorization) || test.authorization == "" && got != "" || string(body) != numbers {
					t.Errorf("received the authorization %q and %s", got, body)
				}
				w.WriteHeader(test.status)
				fmt.Fprintln(w, test.body)
			}))
			defer server.Close()
			c := caller{auth: test.auth, cfg: aws.Config{Region: "us-east-1", Credentials: keys}, token: test.token}
			response, err := c.add(t.Context(), server.URL+"/")
			if ok := strings.HasPrefix(test.want, "200 OK") && test.body == sum; ok != (err == nil) {
				t.Fatalf("got %q, %v", response, err)
			}
			if got := response + fmt.Sprint(err); !strings.Contains(got, test.want) || test.token != "" && strings.Contains(got, "t0ken") {
				t.Errorf("got %s, want %s", got, test.want)
			}
			if called != (test.status != 0) {
				t.Errorf("called %v", called)
			}
		})
	}
}
