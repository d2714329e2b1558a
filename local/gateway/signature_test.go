package gateway

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"tally/local/cloud"
)

// Requests that botocore signed for keys test/test at the moment at which
// synctest's clock starts.
var fromBotocore = map[string]request{
	"a form, its type signed": {method: "POST", path: "/", body: "Action=ListTopics&Version=2010-03-31", header: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "Boto3/1", "X-Amz-Date": "20000101T000000Z",
		"Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/sns/aws4_request, SignedHeaders=content-type;host;x-amz-date, " +
			"Signature=a11647966356014b7334306d7751f7c37a8c1550c14bfbe88bc9fe68b7d4d458"}},
	"a form, its type not signed": {method: "POST", path: "/", body: "Action=GetCallerIdentity&Version=2011-06-15", header: map[string]string{
		"Content-Type": formType, "X-Amz-Date": "20000101T000000Z",
		"Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, " +
			"Signature=1bef5fe818d22e941b2013c22efca7a968596abd23e4331dba6e0bb7057e2664"}},
	"an ARN in the path, escaped": {method: "POST", path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aadd/invocations?Qualifier=%24LATEST",
		body: `{"a": "é"}`, header: map[string]string{
			"X-Amz-Date": "20000101T000000Z", "X-Amz-Invocation-Type": "Event",
			"Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date;x-amz-invocation-type, " +
				"Signature=e99bff32901d8297eb9f675e606d38cd79479faace88c60eebbeb98cf0840ee9"}},
	"a path with : and $ as they are": {method: "GET", path: "/2015-03-31/functions/add:$LATEST", header: map[string]string{
		"X-Amz-Date": "20000101T000000Z",
		"Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, " +
			"Signature=eed0adc7b726a9e242e582b609a5b4a3ef882badba3a904c3935b5392cfb595a"}},
	"presigned, with a header": {method: "GET", path: "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=test%2F20000101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20000101T000000Z&X-Amz-Expires=60" +
		"&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=c9568bddc2e0bdeb7b3f236c36db40ddead39aa561a35a561cee404dfa5f4321",
		header: map[string]string{"X-K8s-Aws-Id": "my cluster"}},
}

// received is the request as a server has it.
func (r request) received() *http.Request {
	req := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
	req.Host = "127.0.0.1:4566"
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	return req
}

func TestSignaturesOfBotocore(t *testing.T) {
	g := New(here, newKit(t).Services, nil).(*gateway)
	for name, r := range fromBotocore {
		synctest.Test(t, func(t *testing.T) {
			caller, err := g.identify(r.received(), []byte(r.body))
			if err != nil || !caller.Administrator || caller.ARN.Resource != "user/developer" {
				t.Errorf("%s: %+v, %v", name, caller, err)
			}
			for change, spoil := range map[string]func(*http.Request, *string){
				"method": func(r *http.Request, _ *string) { r.Method = "PUT" },
				"body":   func(_ *http.Request, body *string) { *body += "x" },
				"query":  func(r *http.Request, _ *string) { r.URL.RawQuery += "&x=y" },
				"path":   func(r *http.Request, _ *string) { r.URL.Path += "x"; r.URL.RawPath = "" },
				"host":   func(r *http.Request, _ *string) { r.Host = "localhost:4566" },
			} {
				changed, body := r.received(), r.body
				spoil(changed, &body)
				if _, err := g.identify(changed, []byte(body)); cloud.ErrorCode(err) != "SignatureDoesNotMatch" {
					t.Errorf("%s with another %s: %v", name, change, err)
				}
			}
		})
	}
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
		"a bit slow":      {developer, -14 * time.Minute, nil, ""},
		"a bit fast":      {developer, 14 * time.Minute, nil, ""},
		"unsigned":        {developer, 0, func(r *http.Request) { r.Header.Del(authorization) }, "MissingAuthenticationToken: Request is missing Authentication Token"},
		"basic":           {developer, 0, set(authorization, "Basic dGVzdA=="), "IncompleteSignature: Unsupported AWS 'algorithm': 'Basic'"},
		"asymmetric":      {developer, 0, with("AWS4-HMAC-SHA256", "AWS4-ECDSA-P256-SHA256"), "IncompleteSignature: Unsupported AWS 'algorithm'"},
		"no signature":    {developer, 0, with("Signature=", "Signed="), "IncompleteSignature: Authorization header requires 'Signature' parameter."},
		"not key=value":   {developer, 0, set(authorization, "AWS4-HMAC-SHA256 x"), "IncompleteSignature: 'x' not a valid key=value pair"},
		"short scope":     {developer, 0, with("/aws4_request", ""), "IncompleteSignature: Credential must have exactly 5 slash-delimited elements"},
		"terminator":      {developer, 0, with("aws4_request", "aws5_request"), "SignatureDoesNotMatch: Credential should be scoped with a valid terminator"},
		"region":          {developer, 0, with("us-east-1", "eu-west-1"), "SignatureDoesNotMatch: Credential should be scoped to a valid region: the local cloud is in us-east-1, not 'eu-west-1'."},
		"service":         {developer, 0, with("/sns/", "/s3/"), "SignatureDoesNotMatch: Credential should be scoped to correct service: the local cloud has lambda, logs, sns, sts, not 's3'."},
		"other service":   {developer, 0, with("/sns/", "/sts/"), "SignatureDoesNotMatch: The request signature we calculated"},
		"no date":         {developer, 0, func(r *http.Request) { r.Header.Del("X-Amz-Date") }, "IncompleteSignature: A signed request requires an 'X-Amz-Date'"},
		"another day":     {developer, 0, set("X-Amz-Date", "20010101T000000Z"), "SignatureDoesNotMatch: Date in Credential scope does not match YYYYMMDD"},
		"expired":         {developer, -16 * time.Minute, nil, "SignatureDoesNotMatch: Signature expired: "},
		"from the future": {developer, 16 * time.Minute, nil, "SignatureDoesNotMatch: Signature not yet current: "},
		"unknown key":     {cloud.Credentials{AccessKeyID: "AKIA", SecretAccessKey: "test"}, 0, nil, "InvalidClientTokenId: The security token included in the request is invalid."},
		"wrong secret":    {cloud.Credentials{AccessKeyID: "test", SecretAccessKey: "guess"}, 0, nil, "SignatureDoesNotMatch: The request signature we calculated does not match"},
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
		_, err := g.identify(out, []byte(body))
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

// Only the hash of the body that came is good, whatever the client calls it.
func TestPayloadIsSigned(t *testing.T) {
	g := New(here, newKit(t).Services, nil).(*gateway)
	for _, hash := range []string{"UNSIGNED-PAYLOAD", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"} {
		out := request{method: "POST", path: "/", service: "sns", body: "a",
			header: map[string]string{"X-Amz-Content-Sha256": hash}}.build(t, "http://127.0.0.1:4566")
		if _, err := g.identify(out, []byte("a")); err != nil {
			t.Errorf("%s: signed with the real hash: %v", hash, err)
		}
		if _, err := g.identify(out, []byte("b")); cloud.ErrorCode(err) != "SignatureDoesNotMatch" {
			t.Errorf("%s: another body: %v", hash, err)
		}
	}
}

func TestPresignedExpires(t *testing.T) {
	g := New(here, newKit(t).Services, nil).(*gateway)
	synctest.Test(t, func(t *testing.T) {
		r := fromBotocore["presigned, with a header"]
		time.Sleep(time.Minute)
		if _, err := g.identify(r.received(), nil); err != nil {
			t.Errorf("after a minute: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := g.identify(r.received(), nil); err == nil || !strings.Contains(err.Error(), "Signature expired: 20000101T000000Z is now earlier than 20000101T000001Z (20000101T000101Z - 1 min.)") {
			t.Errorf("a second later: %v", err)
		}
		for _, seconds := range []string{"0", "604801", "x"} {
			r.path = strings.Replace(fromBotocore["presigned, with a header"].path, "Expires=60", "Expires="+seconds, 1)
			if _, err := g.identify(r.received(), nil); cloud.ErrorCode(err) != "IncompleteSignature" {
				t.Errorf("X-Amz-Expires=%s: %v", seconds, err)
			}
		}
	})
}

func FuzzParseSignature(f *testing.F) {
	for _, r := range fromBotocore {
		_, rawQuery, _ := strings.Cut(r.path, "?")
		f.Add(r.header["Authorization"], r.header["X-Amz-Date"], rawQuery)
	}
	f.Fuzz(func(t *testing.T, authorization, date, rawQuery string) {
		r := &http.Request{Header: http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}}, URL: &url.URL{RawQuery: rawQuery}}
		s, err := parseSignature(r)
		switch cloud.ErrorCode(err) {
		case "":
			if err != nil || s.at.Format("20060102") != s.day || s.presigned && s.expires <= 0 {
				t.Errorf("%+v, %v", s, err)
			}
		case "MissingAuthenticationToken", "IncompleteSignature", "SignatureDoesNotMatch":
		default:
			t.Errorf("%v", err)
		}
	})
}
