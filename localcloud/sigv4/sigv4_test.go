package sigv4

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"tally/localcloud/cloud"
)

type request struct {
	method, path, body string
	header             map[string]string
}

// fromBotocore holds requests that botocore signed with the keys test/test at the
// time at which the clock of a synctest bubble starts.
var fromBotocore = map[string]request{
	"form, signed content type": {method: "POST", path: "/", body: "Action=ListTopics&Version=2010-03-31", header: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded; charset=utf-8", "User-Agent": "Boto3/1", "X-Amz-Date": "20000101T000000Z",
		"Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/sns/aws4_request, SignedHeaders=content-type;host;x-amz-date, " +
			"Signature=a11647966356014b7334306d7751f7c37a8c1550c14bfbe88bc9fe68b7d4d458"}},
	"form, unsigned content type": {method: "POST", path: "/", body: "Action=GetCallerIdentity&Version=2011-06-15", header: map[string]string{
		"Content-Type": "application/x-www-form-urlencoded", "X-Amz-Date": "20000101T000000Z",
		"Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/sts/aws4_request, SignedHeaders=host;x-amz-date, " +
			"Signature=1bef5fe818d22e941b2013c22efca7a968596abd23e4331dba6e0bb7057e2664"}},
	"escaped ARN in the path": {method: "POST", path: "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aus-east-1%3A000000000000%3Afunction%3Aadd/invocations?Qualifier=%24LATEST",
		body: `{"a": "é"}`, header: map[string]string{
			"X-Amz-Date": "20000101T000000Z", "X-Amz-Invocation-Type": "Event",
			"Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date;x-amz-invocation-type, " +
				"Signature=e99bff32901d8297eb9f675e606d38cd79479faace88c60eebbeb98cf0840ee9"}},
	"unescaped : and $ in the path": {method: "GET", path: "/2015-03-31/functions/add:$LATEST", header: map[string]string{
		"X-Amz-Date": "20000101T000000Z",
		"Authorization": "AWS4-HMAC-SHA256 Credential=test/20000101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, " +
			"Signature=eed0adc7b726a9e242e582b609a5b4a3ef882badba3a904c3935b5392cfb595a"}},
	"presigned, with a header": {method: "GET", path: "/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256" +
		"&X-Amz-Credential=test%2F20000101%2Fus-east-1%2Fsts%2Faws4_request&X-Amz-Date=20000101T000000Z&X-Amz-Expires=60" +
		"&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Signature=c9568bddc2e0bdeb7b3f236c36db40ddead39aa561a35a561cee404dfa5f4321",
		header: map[string]string{"X-K8s-Aws-Id": "my cluster"}},
}

// received returns the request as a server receives it.
func (r request) received() *http.Request {
	req := httptest.NewRequest(r.method, r.path, strings.NewReader(r.body))
	req.Host = "127.0.0.1:4566"
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	return req
}

// onlyTest returns credentials for the access key test only.
func onlyTest(accessKeyID string) (cloud.Credentials, error) {
	if accessKeyID != "test" {
		return cloud.Credentials{}, cloud.Errorf(http.StatusForbidden, "InvalidClientTokenId", "The security token included in the request is invalid.")
	}
	return cloud.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}, nil
}

func verify(v *Verifier, r *http.Request, body string) (cloud.Credentials, error) {
	s, err := Parse(r)
	if err != nil {
		return cloud.Credentials{}, err
	}
	return v.Verify(r, []byte(body), s)
}

func TestVerifyBotocoreSignatures(t *testing.T) {
	v := New(onlyTest)
	for name, r := range fromBotocore {
		synctest.Test(t, func(t *testing.T) {
			creds, err := verify(v, r.received(), r.body)
			if err != nil || creds.AccessKeyID != "test" {
				t.Errorf("%s: %+v, %v", name, creds, err)
			}
			for changed, change := range map[string]func(*http.Request, *string){
				"method": func(r *http.Request, _ *string) { r.Method = "PUT" },
				"body":   func(_ *http.Request, body *string) { *body += "x" },
				"query":  func(r *http.Request, _ *string) { r.URL.RawQuery += "&x=y" },
				"path":   func(r *http.Request, _ *string) { r.URL.Path += "x"; r.URL.RawPath = "" },
				"host":   func(r *http.Request, _ *string) { r.Host = "localhost:4566" },
			} {
				req, body := r.received(), r.body
				change(req, &body)
				if _, err := verify(v, req, body); cloud.ErrorCode(err) != "SignatureDoesNotMatch" {
					t.Errorf("%s with another %s: %v, want SignatureDoesNotMatch", name, changed, err)
				}
			}
		})
	}
}

func TestPresignedRequestExpires(t *testing.T) {
	v := New(onlyTest)
	synctest.Test(t, func(t *testing.T) {
		r := fromBotocore["presigned, with a header"]
		time.Sleep(time.Minute)
		if _, err := verify(v, r.received(), ""); err != nil {
			t.Errorf("after a minute: %v", err)
		}
		time.Sleep(time.Second)
		if _, err := verify(v, r.received(), ""); err == nil || !strings.Contains(err.Error(), "Signature expired: 20000101T000000Z is now earlier than 20000101T000001Z (20000101T000101Z - 1 min.)") {
			t.Errorf("a second later: %v", err)
		}
		for _, seconds := range []string{"0", "604801", "x"} {
			r.path = strings.Replace(fromBotocore["presigned, with a header"].path, "Expires=60", "Expires="+seconds, 1)
			if _, err := verify(v, r.received(), ""); cloud.ErrorCode(err) != "IncompleteSignature" {
				t.Errorf("X-Amz-Expires=%s: %v", seconds, err)
			}
		}
	})
}

// TestTimeOfRequest checks requests that were signed when the client's clock differed from
// this machine's, as one that was recorded and sent again does. A step of the machine's
// clock does not matter: whoever signs here has the same clock.
func TestTimeOfRequest(t *testing.T) {
	const start = 24 * time.Hour // of the clock, before the requests
	for name, tt := range map[string]struct {
		step   time.Duration // of the machine's clock, before the request is signed
		client time.Duration // how far the client's clock is ahead
		want   string        // in the error; "" if the request is accepted
	}{
		"same time":                 {},
		"five minutes ago":          {client: -5 * time.Minute},
		"more than five minutes":    {client: -5*time.Minute - time.Second, want: "Signature expired: 20000101T235459Z is now earlier than 20000101T235500Z (20000102T000000Z - 5 min.)"},
		"in five minutes":           {client: 5 * time.Minute},
		"in more than five minutes": {client: 5*time.Minute + time.Second, want: "Signature not yet current: 20000102T000501Z is still later than 20000102T000500Z (20000102T000000Z + 5 min.)"},
		"clock an hour back":        {step: -time.Hour},
		"clock three days ahead":    {step: 72 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			v := New(onlyTest)
			r := httptest.NewRequest("POST", "http://127.0.0.1:4566/", http.NoBody)
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(start + tt.step)
				hash := "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" // of nothing
				keys := aws.Credentials{AccessKeyID: "test", SecretAccessKey: "test"}
				if err := v4.NewSigner().SignHTTP(t.Context(), keys, r, hash, "sns", "us-east-1", time.Now().Add(tt.client)); err != nil {
					t.Fatal(err)
				}
				_, err := verify(v, r, "")
				if tt.want == "" && err != nil || tt.want != "" && (cloud.ErrorCode(err) != "SignatureDoesNotMatch" || !strings.Contains(err.Error(), tt.want)) {
					t.Errorf("error %v, want %q", err, tt.want)
				}
			})
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, r := range fromBotocore {
		_, rawQuery, _ := strings.Cut(r.path, "?")
		f.Add(r.header["Authorization"], r.header["X-Amz-Date"], rawQuery)
	}
	f.Fuzz(func(t *testing.T, authorization, date, rawQuery string) {
		r := &http.Request{Header: http.Header{"Authorization": {authorization}, "X-Amz-Date": {date}}, URL: &url.URL{RawQuery: rawQuery}}
		s, err := Parse(r)
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
