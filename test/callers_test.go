package test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// knowsCallers changes, by configuration, who may call the deployed API and how
// often.
func (w *workspace) knowsCallers(ctx context.Context, url string) {
	w.mustPulumi("config set tally:auth iam --stack local")
	w.mustPulumi("config rm tally:allowPublic --stack local")
	w.mustPulumi("up --yes --skip-preview --stack local")
	w.step("iam", func(w *workspace) {
		w.answers(http.StatusForbidden, `{"message":"Forbidden"}`, get(ctx, w.t, url))
		w.answers(http.StatusOK, `{"num1":3,"num2":4,"sum":7}`, w.signed(ctx, get(ctx, w.t, url)))
	})

	key, issuer := newIssuer(w.t)
	w.mustPulumi("config set tally:auth jwt --stack local")
	w.mustPulumi("config set tally:jwtIssuer " + issuer + " --stack local")
	w.mustPulumi("config set --path 'tally:jwtAudience[0]' tally --stack local")
	w.mustPulumi("config set --path 'tally:jwtScopes[0]' tally/add --stack local")
	w.mustPulumi("up --yes --skip-preview --stack local")
	w.step("jwt", func(w *workspace) {
		bearing := func(audience, scope string) *http.Request {
			r := get(ctx, w.t, url)
			r.Header.Set("Authorization", "Bearer "+token(w.t, key, map[string]any{
				"iss": issuer, "aud": audience, "scope": scope, "exp": time.Now().Add(time.Hour).Unix()}))
			return r
		}
		w.answers(http.StatusUnauthorized, `{"message":"Unauthorized"}`, get(ctx, w.t, url))
		w.answers(http.StatusUnauthorized, `{"message":"Unauthorized"}`, bearing("another", "tally/add"))
		w.answers(http.StatusForbidden, `{"message":"Forbidden"}`, bearing("tally", "tally/subtract"))
		w.answers(http.StatusOK, `{"num1":3,"num2":4,"sum":7}`, bearing("tally", "tally/add"))
	})

	w.mustPulumi("config set tally:auth none --stack local")
	w.mustPulumi("config set tally:allowPublic true --stack local")
	w.mustPulumi("config rm tally:jwtIssuer --stack local")
	w.mustPulumi("config rm tally:jwtAudience --stack local")
	w.mustPulumi("config rm tally:jwtScopes --stack local")
	w.mustPulumi("config set tally:throttleRate 1 --stack local")
	w.mustPulumi("config set tally:throttleBurst 2 --stack local")
	w.mustPulumi("up --yes --skip-preview --stack local")
	w.step("throttle", func(w *workspace) {
		statuses := map[int]int{}
		for range 20 { // far sooner than 18 seconds
			status, body := do(w.t, get(ctx, w.t, url))
			statuses[status]++
			if status == http.StatusTooManyRequests && body != `{"message":"Too Many Requests"}` {
				w.t.Errorf("429 with %s", body)
			}
		}
		if statuses[http.StatusOK] < 2 || statuses[http.StatusTooManyRequests] == 0 || len(statuses) > 2 {
			w.t.Errorf("of a burst of 2 and 1 a second, 20 at once got %v", statuses)
		}
	})
}

// answers fails the test unless the request gets that status and body.
func (w *workspace) answers(status int, body string, r *http.Request) {
	w.t.Helper()
	if got, text := do(w.t, r); got != status || text != body {
		w.t.Errorf("got %d %s, want %d %s", got, text, status, body)
	}
}

func get(ctx context.Context, t *testing.T, url string) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// do returns the status and the body, without white space at its end.
func do(t *testing.T, r *http.Request) (int, string) {
	t.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	for len(body) > 0 && body[len(body)-1] == '\n' {
		body = body[:len(body)-1]
	}
	return resp.StatusCode, string(body)
}

// signed signs a request without a body as the developer.
func (w *workspace) signed(ctx context.Context, r *http.Request) *http.Request {
	w.t.Helper()
	config := w.sdk()
	keys, err := config.Credentials.Retrieve(ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	empty := sha256.Sum256(nil)
	if err := v4.NewSigner().SignHTTP(ctx, keys, r, hex.EncodeToString(empty[:]), "execute-api", config.Region, time.Now()); err != nil {
		w.t.Fatal(err)
	}
	return r
}

// newIssuer serves the public half of a new key as an OpenID provider does.
func newIssuer(t *testing.T) (key *rsa.PrivateKey, url string) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, server.URL, server.URL+"/keys")
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "1", Algorithm: "RS256", Use: "sig"}}})
	})
	return key, server.URL
}

func token(t *testing.T, key *rsa.PrivateKey, claims map[string]any) string {
	t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jwt.Signed(signer).Claims(claims).Serialize()
	if err != nil {
		t.Fatal(err)
	}
	return signed
}
