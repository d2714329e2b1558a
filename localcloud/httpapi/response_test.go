package httpapi

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDecodeResponse(t *testing.T) {
	asJSON := http.Header{"Content-Type": {"application/json"}}
	asText := http.Header{"Content-Type": {"text/plain;charset=utf-8"}}
	for payload, want := range map[string]response{
		// Without a statusCode, the whole payload is the body.
		`{"sum":5}`:          {status: 200, header: asJSON, body: []byte(`{"sum":5}`)},
		`"hello"`:            {status: 200, header: asJSON, body: []byte(`hello`)},
		` "a\u0062\n"`:       {status: 200, header: asJSON, body: []byte("ab\n")},
		`[1, 2]`:             {status: 200, header: asJSON, body: []byte(`[1, 2]`)},
		`null`:               {status: 200, header: asJSON, body: []byte(`null`)},
		`{"StatusCode":400}`: {status: 200, header: asJSON, body: []byte(`{"StatusCode":400}`)},

		`{"statusCode":204}`:                                         {status: 204, header: asText, body: []byte{}},
		`{"statusCode":400,"body":"é"}`:                              {status: 400, header: asText, body: []byte("é")},
		`{"statusCode":200,"body":null,"headers":null}`:              {status: 200, header: asText, body: []byte{}},
		`{"statusCode":200,"body":"aGk=","isBase64Encoded":true}`:    {status: 200, header: asText, body: []byte("hi")},
		`{"statusCode":200,"multiValueHeaders":{"X-A":["1"]}}`:       {status: 200, header: asText, body: []byte{}},
		`{"statusCode":200,"headers":{"content-type":"text/html"}}`:  {status: 200, header: http.Header{"Content-Type": {"text/html"}}, body: []byte{}},
		`{"statusCode":200,"headers":{"X-N":5,"X-B":true,"Te":"x"}}`: {status: 200, header: http.Header{"Content-Type": asText["Content-Type"], "X-N": {"5"}, "X-B": {"true"}}, body: []byte{}},
		`{"statusCode":200,"cookies":["a=1; Secure","b=2"]}`:         {status: 200, header: http.Header{"Content-Type": asText["Content-Type"], "Set-Cookie": {"a=1; Secure", "b=2"}}, body: []byte{}},
	} {
		got, err := decodeResponse([]byte(payload))
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(response{})); err != nil || diff != "" {
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
		if _, err := decodeResponse([]byte(payload)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", payload, err, want)
		}
	}
}

func FuzzDecodeResponse(f *testing.F) {
	f.Add([]byte(`{"statusCode":200,"headers":{"A":"b"},"cookies":["c"],"body":"aGk=","isBase64Encoded":true}`))
	f.Add([]byte(`"text"`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		a, err := decodeResponse(payload)
		if err == nil && (a.status < 200 || a.status > 599 || a.header.Get("Content-Type") == "") {
			t.Errorf("%q: status %d, header %v", payload, a.status, a.header)
		}
	})
}
