package test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
)

// receiver is a server that is told every sum. It accepts requests that are signed with its
// secret.
type receiver struct {
	url string

	mu       sync.Mutex
	secret   string
	accepted map[string]string // bodies by Idempotency-Key
	refused  int
}

func newReceiver(t *testing.T) *receiver {
	r := &receiver{accepted: map[string]string{}}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	r.url = server.URL + "/sums"
	return r
}

// ServeHTTP verifies the signature as docs/openapi.yaml describes.
func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	seconds, signature, _ := strings.Cut(strings.TrimPrefix(request.Header.Get("Tally-Signature"), "t="), ",v1=")
	r.mu.Lock()
	defer r.mu.Unlock()
	mac := hmac.New(sha256.New, []byte(r.secret))
	fmt.Fprintf(mac, "%s.%s", seconds, body)
	if err != nil || signature != hex.EncodeToString(mac.Sum(nil)) {
		r.refused++
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	r.accepted[request.Header.Get("Idempotency-Key")] = string(body)
}

// rotate stores a new secret in the parameter, and requires it from now on.
func (r *receiver) rotate(ctx context.Context, d deployed, secret string) {
	d.t.Helper()
	_, err := ssm.NewFromConfig(d.cloud.AWSConfig()).PutParameter(ctx, &ssm.PutParameterInput{
		Name: aws.String("/tally/local/notify-secret"), Type: types.ParameterTypeSecureString, Value: &secret, Overwrite: aws.Bool(true),
	})
	if err != nil {
		d.t.Fatal(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.secret = secret
}

// await waits until the server has accepted a request with the key.
func (r *receiver) await(ctx context.Context, d deployed, key string) (body string) {
	d.t.Helper()
	d.await(ctx, func() (bool, string) {
		r.mu.Lock()
		defer r.mu.Unlock()
		body = r.accepted[key]
		return body != "", fmt.Sprintf("the server accepted %v, and not %s; it refused %d requests", r.accepted, key, r.refused)
	})
	return body
}

// notifies proves that a sum is sent to the server, signed, also after the secret was
// changed.
func (d deployed) notifies(ctx context.Context, r *receiver) {
	for _, secret := range []string{"one", "two"} {
		r.rotate(ctx, d, secret)
		_, header, body := d.request(ctx, http.MethodPost, "sums", `{"num1":3,"num2":4}`)
		id := strings.TrimPrefix(header.Get("Location"), "/sums/")
		if id == "" {
			d.t.Fatalf("POST /sums: %s", body)
		}
		if got, want := r.await(ctx, d, id), `{"id":"`+id+`","num1":3,"num2":4,"sum":7}`; got != want {
			d.t.Errorf("with the secret %s, the server received %s, want %s", secret, got, want)
		}
	}
	if r.refused == 0 {
		d.t.Error("no request was signed with the old secret")
	}
}
