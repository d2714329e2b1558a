package gateway

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"tally/localcloud/cloud"
)

func (g *gateway) identifyRequest(r *http.Request, body string) error {
	c := g.newCall(r)
	c.body = []byte(body)
	if err := c.checkSignature(); err != nil {
		return err
	}
	_, err := c.identify()
	return err
}

func TestSignatureRefusals(t *testing.T) {
	const authorization = "Authorization"
	k := newKit(t)
	g := New(here, k.Services, nil).(*gateway)
	session := k.role(t, nothing)
	with := func(old, new string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set(authorization, strings.Replace(r.Header.Get(authorization), old, new, 1))
		}
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, c := range map[string]struct {
		keys   cloud.Credentials
		at     time.Duration // from now
		change func(*http.Request)
		want   string
	}{
		"session":         {session, 0, nil, ""},
		"slow clock":      {developer, -4 * time.Minute, nil, ""},
		"fast clock":      {developer, 4 * time.Minute, nil, ""},
		"unsigned":        {developer, 0, func(r *http.Request) { r.Header.Del(authorization) }, "MissingAuthenticationToken: Request is missing Authentication Token"},
		"basic":           {developer, 0, set(authorization, "Basic dGVzdA=="), "IncompleteSignature: Unsupported AWS 'algorithm': 'Basic'"},
		"asymmetric":      {developer, 0, with("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "IncompleteSignature: Unsupported AWS 'algorithm'"},
		"no signature":    {developer, 0, with("Signature=", "Signed="), "IncompleteSignature: Authorization header requires 'Signature' parameter."},
		"not key=value":   {developer, 0, set(authorization, "AWS4-HMAC-SHA256 x"), "IncompleteSignature: 'x' not a valid key=value pair"},
		"short scope":     {developer, 0, with("/aws4_request", ""), "IncompleteSignature: Credential must have exactly 5 slash-delimited elements"},
		"terminator":      {developer, 0, with("aws4_request", "aws5_request"), "SignatureDoesNotMatch: Credential should be scoped with a valid terminator"},
		"region":          {developer, 0, with("us-east-1", "eu-west-1"), "SignatureDoesNotMatch: Credential should be scoped to a valid region: the local cloud is in us-east-1, not 'eu-west-1'."},
		"service":         {developer, 0, with("/sns/", "/s3/"), `NotImplemented: The local cloud does not have the service "s3"; it has dynamodb, lambda, logs, monitoring, scheduler, secretsmanager, sns, sqs, ssm, sts, xray.`},
		"other service":   {developer, 0, with("/sns/", "/sts/"), "SignatureDoesNotMatch: The request signature we calculated"},
		"no date":         {developer, 0, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignature: A signed request requires an 'X-Amz-Date'"},
		"another day":     {developer, 0, set("X-Amz-Date", "20010101T000000Z"), "SignatureDoesNotMatch: Date in Credential scope does not match YYYYMMDD"},
		"expired":         {developer, -6 * time.Minute, nil, "SignatureDoesNotMatch: Signature expired: "},
		"from the future": {developer, 6 * time.Minute, nil, "SignatureDoesNotMatch: Signature not yet current: "},
		"unknown key":     {cloud.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "test"}, 0, nil, "InvalidClientTokenId: The security token included in the request is invalid."},
		"wrong secret":    {cloud.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, 0, nil, "SignatureDoesNotMatch: The request signature we calculated does not match"},
		"no token":        {session, 0, func(r *http.Request) { r.Header.Del("X-Amz-Security-Token") }, "InvalidClientTokenId"},
		"wrong token":     {session, 0, set("X-Amz-Security-Token", "guess"), "InvalidClientTokenId"},
		"needless token":  {developer, 0, set("X-Amz-Security-Token", "guess"), "InvalidClientTokenId"},
		"signed header":   {developer, 0, set("Content-Type", "text/plain"), "SignatureDoesNotMatch: The request signature"},
		"missing header":  {developer, 0, func(r *http.Request) { r.Header.Del("Content-Type") }, "SignatureDoesNotMatch: The request signature"},
	} {
		body := "Action=ListTopics&Version=2010-03-31"
		out := request{method: "POST", path: "/", service: "sns", body: body, keys: c.keys, at: time.Now().Add(c.at),
			header: map[string]string{"Content-Type": formType}}.build(t, "http://127.0.0.1:4566")
		if c.change != nil {
			c.change(out)
		}
		err := g.identifyRequest(out, body)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// The signature must cover the hash of the body that arrived, even if the client
// declares another.
func TestPayloadIsSigned(t *testing.T) {
	g := New(here, newKit(t).Services, nil).(*gateway)
	for _, hash := range []string{"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"} {
		out := request{method: "POST", path: "/", service: "sns", body: "a",
			header: map[string]string{"X-Amz-Content-Sha256": hash}}.build(t, "http://127.0.0.1:4566")
		if err := g.identifyRequest(out, "a"); err != nil {
			t.Errorf("%s: signed with the real hash: %v", hash, err)
		}
		if err := g.identifyRequest(out, "b"); cloud.ErrorCode(err) != "SignatureDoesNotMatch" {
			t.Errorf("%s: another body: %v", hash, err)
		}
	}
}
