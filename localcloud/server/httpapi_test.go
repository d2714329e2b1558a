package server

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tally/localcloud/cloud"
	"tally/localcloud/httpapi"
	"tally/localcloud/iam"
	"tally/localcloud/logs"
)

// IAM authorizes the callers of a route with AWS_IAM, and the access log of the
// stage names them.
func TestAuthorizedAPI(t *testing.T) {
	s := serve(t, t.TempDir())
	f := s.deploy(t, "one-1a2b3c4")
	group, err := s.services.Logs.CreateGroup(logs.Group{Name: "/aws/http/api"})
	check(t, err)
	api, err := s.services.HTTPAPI.CreateAPI(httpapi.API{Name: "api", ProtocolType: "HTTP"})
	check(t, err)
	in, err := s.services.HTTPAPI.CreateIntegration(httpapi.Integration{APIID: api.ID, Type: "AWS_PROXY", URI: f.ARN, PayloadFormatVersion: "2.0"})
	check(t, err)
	_, err = s.services.HTTPAPI.CreateRoute(httpapi.Route{APIID: api.ID, Key: "GET /sums/{id}", Target: "integrations/" + in.ID, AuthorizationType: "AWS_IAM"})
	check(t, err)
	_, err = s.services.HTTPAPI.CreateStage(httpapi.Stage{APIID: api.ID, Name: "$default", AutoDeploy: true,
		AccessLog: &httpapi.AccessLog{DestinationARN: group.ARN, Format: "$context.status $context.path $context.identity.user $context.requestId"}})
	check(t, err)

	_, err = s.services.IAM.CreateRole(iam.Role{Name: "reader", AssumeRolePolicy: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
		`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`})
	check(t, err)
	check(t, s.services.IAM.PutRolePolicy("reader", "one", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"execute-api:Invoke",`+
		`"Resource":"arn:aws:execute-api:*:*:`+api.ID+`/$default/GET/sums/1"}]}`))
	reader, err := s.services.IAM.AssumeRole(t.Context(), cloud.Caller{Service: "lambda.amazonaws.com"}, cloud.ARN{Partition: "aws", Service: "iam", Account: Account, Resource: "role/reader"}, "session")
	check(t, err)
	developer, err := s.services.IAM.Credentials("test")
	check(t, err)

	// The function's policy allows no invocation, so authorized requests receive 500.
	var want []string
	for _, c := range []struct {
		keys   cloud.Credentials
		path   string
		status string
	}{
		{developer, "/sums/2", "500"}, {reader, "/sums/1", "500"}, {reader, "/sums/2", "403"}, {cloud.Credentials{}, "/sums/1", "403"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.Endpoint()+c.path, nil)
		check(t, err)
		user := "-"
		if c.keys.AccessKeyID != "" {
			empty := sha256.Sum256(nil)
			keys := aws.Credentials{AccessKeyID: c.keys.AccessKeyID, SecretAccessKey: c.keys.SecretAccessKey, SessionToken: c.keys.SessionToken}
			check(t, v4.NewSigner().SignHTTP(t.Context(), keys, r, hex.EncodeToString(empty[:]), "execute-api", "us-east-1", time.Now()))
		}
		if c.status != "403" {
			user = c.keys.Caller.UserID
		}
		res, err := http.DefaultClient.Do(r)
		check(t, err)
		_, err = io.Copy(io.Discard, res.Body) // so that the next request uses the same connection, and follows in the log
		check(t, err)
		_ = res.Body.Close()
		want = append(want, c.status+" "+c.path+" "+user+" "+res.Header.Get("Apigw-Requestid"))
	}

	var got []string
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for e := range s.services.Logs.Follow(ctx, group.Name, time.Time{}) {
		if got = append(got, e.Message); len(got) == len(want) {
			break
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("the access log is\n%q, want\n%q", got, want)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
