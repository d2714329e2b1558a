package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/endpoint"
)

// authorizer is a cloud.Authorizer made of a function.
type authorizer func(context.Context, cloud.Request) error

func (a authorizer) Authorize(ctx context.Context, r cloud.Request) error { return a(ctx, r) }

// worker is a session of a role.
var worker = cloud.Credentials{AccessKeyID: "ASIAWORKER", SecretAccessKey: "secret", SessionToken: "token", Caller: cloud.Caller{
	ARN: cloud.ARN{Partition: "aws", Service: "sts", Account: here.Account, Resource: "assumed-role/worker/session"}, UserID: "AROA1:session", Role: "worker"}}

func TestIAM(t *testing.T) {
	var in cloud.Invocation
	var got cloud.Request
	var client map[string][]string
	refusal := error(nil)
	s, j := openWith(t, Options{Invoker: capture(&in),
		Credentials: func(id string) (cloud.Credentials, error) {
			if id != worker.AccessKeyID {
				return cloud.Credentials{}, cloud.Errorf(403, "InvalidClientTokenId", "The security token included in the request is invalid.")
			}
			return worker, nil
		},
		Authorizer: authorizer(func(ctx context.Context, r cloud.Request) error {
			got, client = r, cloud.ConditionKeys(ctx)
			return refusal
		}),
	})
	api, _ := build(t, s, "dev", "POST /sums/{id}")
	route := s.routesOf(api.ID)[0]
	route.AuthorizationType = "AWS_IAM"
	must(s.UpdateRoute(route))(t)

	const body = `{"num1":3}`
	keys := aws.Credentials{AccessKeyID: worker.AccessKeyID, SecretAccessKey: worker.SecretAccessKey, SessionToken: worker.SessionToken}
	request := func(service, region string, keys aws.Credentials) *http.Request {
		r := must(http.NewRequest("POST", api.Endpoint()+"/dev/sums/a%20b?x=1", strings.NewReader(body)))(t)
		r.Header = http.Header{"User-Agent": {"test/1"}, "Referer": {"https://www.example.com/"}}
		sum := sha256.Sum256([]byte(body))
		if err := v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(sum[:]), service, region, time.Now()); err != nil {
			t.Fatal(err)
		}
		return r
	}
	send := func(r *http.Request) string {
		res := must(http.DefaultClient.Do(r))(t)
		defer res.Body.Close()
		return fmt.Sprint(res.StatusCode, " ", string(must(io.ReadAll(res.Body))(t)))
	}
	good := func() *http.Request { return request("execute-api", here.Region, keys) }
	with := func(change func(*aws.Credentials)) *http.Request {
		k := keys
		change(&k)
		return request("execute-api", here.Region, k)
	}
	changed := func(change func(*http.Request)) *http.Request { r := good(); change(r); return r }

	if got := send(good()); got != "200 {}" {
		t.Fatalf("signed: %s, journal %v", got, j.entries)
	}
	want := cloud.Request{Caller: worker.Caller, Action: "execute-api:Invoke",
		Resource: "arn:aws:execute-api:us-east-1:000000000000:" + api.ID + "/dev/POST/sums/a b"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("authorization request (-want +got)\n%s", diff)
	}
	wantClient := map[string][]string{"aws:SourceIp": {"127.0.0.1"}, "aws:UserAgent": {"test/1"}, "aws:referer": {"https://www.example.com/"}}
	if diff := cmp.Diff(wantClient, client); diff != "" {
		t.Errorf("condition keys of the client (-want +got)\n%s", diff)
	}
	wantIAM := map[string]any{"iam": map[string]any{"accessKey": "ASIAWORKER", "accountId": here.Account, "callerId": "AROA1:session", "cognitoIdentity": nil,
		"principalOrgId": nil, "userArn": "arn:aws:sts::000000000000:assumed-role/worker/session", "userId": "AROA1:session"}}
	if diff := cmp.Diff(wantIAM, decoded(t, in.Payload)["requestContext"].(map[string]any)["authorizer"]); diff != "" {
		t.Errorf("authorizer in the event (-want +got)\n%s", diff)
	}

	in = cloud.Invocation{}
	for name, c := range map[string]struct {
		r      *http.Request
		reason string
	}{
		"unsigned":        {changed(func(r *http.Request) { r.Header.Del("Authorization") }), "MissingAuthenticationToken"},
		"bearer":          {changed(func(r *http.Request) { r.Header.Set("Authorization", "Bearer x") }), "IncompleteSignature"},
		"another service": {request("lambda", here.Region, keys), "scoped to service execute-api in us-east-1, not to lambda"},
		"another region":  {request("execute-api", "eu-west-1", keys), "execute-api in eu-west-1"},
		"another secret":  {with(func(k *aws.Credentials) { k.SecretAccessKey = "guess" }), "The request signature we calculated"},
		"another key":     {with(func(k *aws.Credentials) { k.AccessKeyID = "ASIANOBODY" }), "InvalidClientTokenId"},
		"another token":   {with(func(k *aws.Credentials) { k.SessionToken = "guess" }), "InvalidClientTokenId"},
		"no token":        {with(func(k *aws.Credentials) { k.SessionToken = "" }), "InvalidClientTokenId"},
		"another body": {changed(func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(`{"num1":4}`)) }),
			"The request signature we calculated"},
		"another path": {changed(func(r *http.Request) { r.URL.Path, r.URL.RawPath = "/dev/sums/c", "" }), "The request signature we calculated"},
	} {
		j.clear()
		if got := send(c.r); got != `403 {"message":"Forbidden"}` || !j.warned("POST", "returned 403", c.reason) {
			t.Errorf("%s: %s, journal %v", name, got, j.entries)
		}
	}
	j.clear()
	refusal = cloud.Errorf(403, "AccessDeniedException", "worker may not")
	if got := send(good()); got != `403 {"message":"Forbidden"}` || !j.warned("worker may not") {
		t.Errorf("not allowed: %s, journal %v", got, j.entries)
	}
	if in.Payload != nil {
		t.Errorf("the function was invoked with %s", in.Payload)
	}
}

// A header that the client did not send has no condition key, so that a condition on
// the key does not match.
func TestConditionKeysWithoutHeaders(t *testing.T) {
	x := &exchange{Request: httptest.NewRequest("GET", "/", nil)}
	if diff := cmp.Diff(map[string][]string{"aws:SourceIp": {"192.0.2.1"}}, endpoint.ConditionKeys(x.Request)); diff != "" {
		t.Errorf("-want +got\n%s", diff)
	}
}
