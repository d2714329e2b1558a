package endpoint

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeResponse(t *testing.T) {
	asJSON := http.Header{"Content-Type": {"application/json"}}
	asText := http.Header{"Content-Type": {"text/plain;charset=utf-8"}}
	for payload, want := range map[string]Response{
		// Without a statusCode, the whole payload is the body.
		`{"sum":5}`:          {Status: 200, Header: asJSON, Body: []byte(`{"sum":5}`)},
		`"hello"`:            {Status: 200, Header: asJSON, Body: []byte(`hello`)},
		` "a\u0062\n"`:       {Status: 200, Header: asJSON, Body: []byte("ab\n")},
		`[1, 2]`:             {Status: 200, Header: asJSON, Body: []byte(`[1, 2]`)},
		`null`:               {Status: 200, Header: asJSON, Body: []byte(`null`)},
		`{"StatusCode":400}`: {Status: 200, Header: asJSON, Body: []byte(`{"StatusCode":400}`)},

		`{"statusCode":204}`:                                         {Status: 204, Header: asText, Body: []byte{}},
		`{"statusCode":400,"body":"é"}`:                              {Status: 400, Header: asText, Body: []byte("é")},
		`{"statusCode":200,"body":null,"headers":null}`:              {Status: 200, Header: asText, Body: []byte{}},
		`{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`:    {Status: 200, Header: asText, Body: []byte("hi")},
		`{"statusCode":200,"multiValueHeaders":{"X-A":["1"]}}`:       {Status: 200, Header: asText, Body: []byte{}},
		`{"statusCode":200,"headers":{"content-type":"text/html"}}`:  {Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: []byte{}},
		`{"statusCode":200,"headers":{"X-N":5,"X-B":true,"Te":"x"}}`: {Status: 200, Header: http.Header{"Content-Type": asText["Content-Type"], "X-N": {"5"}, "X-B": {"true"}}, Body: []byte{}},
		`{"statusCode":200,"cookies":["a=1; Secure","b=2"]}`:         {Status: 200, Header: http.Header{"Content-Type": asText["Content-Type"], "Set-Cookie": {"a=1; Secure", "b=2"}}, Body: []byte{}},
	} {
		got, err := DecodeResponse([]byte(payload), "text/plain;charset=utf-8")
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%s: error %v, (-want +got)\n%s", payload, err, diff)
		}
	}
}

func TestDecodeResponseRefuses(t *testing.T) {
	for payload, want := range map[string]string{
		``:                                                     "not JSON",
		`{"statusCode":200`:                                    "not JSON",
		`{"statusCode":"200"}`:                                 "statusCode",
		`{"statusCode":2e2}`:                                   "statusCode",
		`{"statusCode":null}`:                                  "statusCode 0",
		`{"statusCode":101}`:                                   "statusCode 101",
		`{"statusCode":600}`:                                   "statusCode 600",
		`{"statusCode":200,"body":{"sum":5}}`:                  "body",
		`{"statusCode":200,"headers":["a"]}`:                   "headers",
		`{"statusCode":200,"headers":{"A":["b"]}}`:             "a header must be a string",
		`{"statusCode":200,"cookies":"a=1"}`:                   "cookies",
		`{"statusCode":200,"isBase64Encoded":"yes"}`:           "isBase64Encoded",
		`{"statusCode":200,"isBase64Encoded":true,"body":"%"}`: "base64",
	} {
		if _, err := DecodeResponse([]byte(payload), "text/plain;charset=utf-8"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", payload, err, want)
		}
	}
}

func FuzzDecodeResponse(f *testing.F) {
	f.Add([]byte(`{"statusCode":200,"headers":{"A":"b"},"cookies":["c"],"body":"aGk=","isBase64Encoded":true}`))
	f.Add([]byte(`"text"`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		a, err := DecodeResponse(payload, "text/plain;charset=utf-8")
		if err == nil && (a.Status < 200 || a.Status > 599 || a.Header.Get("Content-Type") == "") {
			t.Errorf("%q: status %d, header %v", payload, a.Status, a.Header)
		}
	})
}
