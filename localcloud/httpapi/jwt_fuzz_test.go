package httpapi

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	_ "crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// FuzzVerify signs any claims below any header, and compares the verdict with one that
// knows neither the library nor Go's structs. A token whose signature was changed is
// invalid.
func FuzzVerify(f *testing.F) {
	const issuer = "https://login.example.com"
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	later := time.Now().Add(1000 * time.Hour)
	s := &Service{issuers: &issuers{keys: map[string]issuerKeys{issuer: {
		set: jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: private.Public(), KeyID: "one"}}},
		at:  later, tried: later, // so that nothing is fetched
	}}}}
	a := Authorizer{Issuer: issuer, Audience: []string{"calculator", "other"}}
	const header = `{"alg":"RS256","kid":"one"}`
	for _, claims := range []string{
		`{"iss":"https://login.example.com","aud":"calculator","exp":9999999999}`,
		`{"iss":"https://login.example.com","aud":["x","other"],"exp":9999999999.5,"nbf":1,"iat":1,"scope":"read add"}`,
		`{"iss":"https://login.example.com","client_id":"other","exp":1e10}`,
		`{"iss":"https://login.example.com","aud":"x","client_id":"other","exp":1e10}`,
		`{"iss":"https://login.example.com","aud":"calculator","exp":1}`,
		`{"iss":"https://login.example.com","aud":"calculator","exp":1e10,"nbf":1e300}`,
		`{"iss":"https://login.example.com","aud":"calculator","exp":1e10,"iat":9e18}`,
		`{"iss":"https://login.example.com","aud":"calculator","exp":1e300}`,
		`{"iss":"https://login.example.com","aud":"calculator"}`, `{"exp":"9999999999"}`, `[]`, ``,
	} {
		f.Add(header, claims, uint16(0), byte(0))
		f.Add(header, claims, uint16(7), byte(1))
	}
	f.Add(`{"alg":"none","kid":"one"}`, `{}`, uint16(0), byte(0))
	f.Add(`{"alg":"RS512","kid":"two"}`, `{}`, uint16(0), byte(0))
	f.Fuzz(func(t *testing.T, header, claims string, at uint16, change byte) {
		var h struct{ Alg, Kid string }
		_ = json.Unmarshal([]byte(header), &h)
		hash, isRSA := map[string]crypto.Hash{"RS256": crypto.SHA256, "RS384": crypto.SHA384, "RS512": crypto.SHA512}[h.Alg]
		if !isRSA {
			hash = crypto.SHA256
		}
		token := func(header, claims string, at uint16, change byte) string {
			text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(claims))
			digest := hash.New()
			io.WriteString(digest, text)
			signature, err := rsa.SignPKCS1v15(nil, private, hash, digest.Sum(nil))
			if err != nil {
				t.Fatal(err)
			}
			signature[int(at)%len(signature)] ^= change
			return text + "." + base64.RawURLEncoding.EncodeToString(signature)
		}
		_, err := s.verify(t.Context(), a, token(header, claims, at, change))
		var members map[string]any
		notJSON := json.Unmarshal([]byte(claims), &members)
		if err == nil && (change != 0 || !isRSA || h.Kid != "one" || notJSON != nil) {
			t.Fatalf("accepted: %s %s, changed by %d", header, claims, change)
		}
		if notJSON != nil {
			return
		}
		if valid, known := validClaims(members, a, time.Now()); known && err == nil && !valid {
			t.Errorf("accepted: %s", claims)
		}
		once, err := json.Marshal(members) // each claim, once
		if err != nil {
			t.Fatal(err)
		}
		if valid, known := validClaims(members, a, time.Now()); known {
			if all, err := s.verify(t.Context(), a, token(`{"alg":"`+map[bool]string{true: h.Alg, false: "RS256"}[isRSA]+`","kid":"one"}`, string(once), 0, 0)); (err == nil) != valid || err == nil && len(all) != len(members) {
				t.Errorf("%s: valid %t, %v", once, valid, err)
			}
		}
	})
}

// validClaims reports whether a token with these claims is valid. The answer is not known
// within a few seconds of a time in the token, and for claims of another type, which the
// library may or may not accept.
func validClaims(claims map[string]any, a Authorizer, now time.Time) (valid, known bool) {
	for _, name := range []string{"iss", "sub", "jti", "client_id"} {
		if _, isText := claims[name].(string); !isText && claims[name] != nil {
			return false, false
		}
	}
	valid = claims["iss"] == a.Issuer && claims["exp"] != nil
	for name, sign := range map[string]float64{"exp": -1, "nbf": 1, "iat": 1} {
		at, isNumber := claims[name].(float64)
		if !isNumber && claims[name] != nil {
			return false, false
		}
		if name == "exp" && at > 1<<50 {
			return false, false // AWS does not say
		}
		ahead := sign * (at - float64(now.Unix()))
		if claims[name] != nil && ahead > -5 && ahead < 5 {
			return false, false
		}
		valid = valid && (claims[name] == nil || ahead < 0)
	}
	var audience []string
	switch aud := claims["aud"].(type) {
	case nil:
		if _, given := claims["aud"]; given {
			return false, false
		}
	case string:
		audience = []string{aud}
	case []any:
		for _, v := range aud {
			text, isText := v.(string)
			if !isText {
				return false, false
			}
			audience = append(audience, text)
		}
	default:
		return false, false
	}
	if len(audience) == 0 {
		client, _ := claims["client_id"].(string)
		audience = []string{client}
	}
	return valid && slices.ContainsFunc(audience, func(v string) bool { return slices.Contains(a.Audience, v) }), true
}

// roundTrip serves requests without a network.
type roundTrip func(r *http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// FuzzKeys publishes any key beside a good one. As RFC 7517 says, keys of types that are
// not known, or with members that are missing or out of range, do not harm the others.
//
// https://www.rfc-editor.org/rfc/rfc7517#section-5
func FuzzKeys(f *testing.F) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		f.Fatal(err)
	}
	good, err := json.Marshal(jose.JSONWebKey{Key: private.Public(), KeyID: "good", Use: "sig"})
	if err != nil {
		f.Fatal(err)
	}
	for _, key := range []string{
		string(good), `{}`, `{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA"}`, `{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}`, `{"kty":"oct","k":"AA","kid":"x"}`,
		`{"kty":"RSA","n":"","e":"","kid":"x"}`, `{"kty":"RSA","n":"AQAB","e":"AA","kid":"x"}`, `{"kty":"RSA","kid":"x"}`, `{"kty":"RSA","n":"AQAB","e":"____________","kid":"x","x5c":["AA"]}`, `null`, `1`,
	} {
		f.Add(key, "x")
	}
	f.Fuzz(func(t *testing.T, key, id string) {
		if !json.Valid([]byte(key)) {
			key, id = `"`+base64.StdEncoding.EncodeToString([]byte(key))+`"`, "x"
		}
		if id == "good" || strings.Contains(key, "good") && key != string(good) {
			return
		}
		i := newIssuers(&journal{})
		i.client.Transport = roundTrip(func(r *http.Request) (*http.Response, error) {
			body := fmt.Sprintf(`{"keys":[%s,%s,%s]}`, key, good, key)
			if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
				body = `{"jwks_uri":"https://login.example.com/keys"}`
			}
			return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body))}, nil
		})
		got, err := i.key(t.Context(), "https://login.example.com/", "good")
		if err != nil || !got.Equal(private.Public()) {
			t.Fatalf("beside %s: %v", key, err)
		}
		if got, err := i.key(t.Context(), "https://login.example.com/", id); err == nil {
			digest := make([]byte, 32)
			if rsa.VerifyPKCS1v15(got, crypto.SHA256, digest, bytes.Repeat([]byte{0}, got.Size())) == nil {
				t.Errorf("%s verifies a signature of zeros", key)
			}
		}
	})
}

// FuzzTokenSource checks that a token is found where the source says, and nowhere else.
func FuzzTokenSource(f *testing.F) {
	for _, source := range []string{"$request.header.Authorization", "$request.querystring.token", "$request.header.", "$request.body.x", "$request.header.a\n", "request.header.a", "$request.header.X_a-1"} {
		f.Add(source, "eyJ.e30.AA")
	}
	f.Add("$request.header.Authorization", "bearer bearer x")
	f.Add("$request.querystring.Authorization", "Bearer  x ")
	f.Fuzz(func(t *testing.T, source, token string) {
		s, ok := parseTokenSource(source)
		if err := CheckIdentitySources([]string{source}); (err == nil) != ok {
			t.Errorf("%q: %v", source, err)
		}
		if !ok {
			return
		}
		kind := map[bool]string{true: "header", false: "querystring"}[s.header]
		if source != "$request."+kind+"."+s.name || s.name == "" {
			t.Fatalf("%q is %+v", source, s)
		}
		if token != strings.TrimSpace(token) {
			return
		}
		request := func(value string) *http.Request {
			r := &http.Request{Header: http.Header{}, URL: &url.URL{}}
			if s.header {
				r.Header.Set(s.name, value)
				r.URL.RawQuery = url.Values{s.name: {"other"}}.Encode()
			} else {
				r.Header.Set(s.name, "other")
				r.URL.RawQuery = url.Values{s.name: {value}}.Encode()
			}
			return r
		}
		for _, prefix := range []string{"Bearer ", "bearer ", "BEARER   "} {
			if got := s.token(request(prefix + token)); got != token {
				t.Errorf("%s: %q, want %q", source, got, token)
			}
		}
		if scheme, _, _ := strings.Cut(token, " "); !strings.EqualFold(scheme, "Bearer") {
			if got := s.token(request(token)); got != token {
				t.Errorf("%s: %q, want %q", source, got, token)
			}
		}
		if got := s.token(&http.Request{Header: http.Header{}, URL: &url.URL{}}); got != "" {
			t.Errorf("%s: %q without a token", source, got)
		}
	})
}

// FuzzScopes writes scopes in both forms, in both claims.
func FuzzScopes(f *testing.F) {
	f.Add("read", "add", []byte(`"read add"`))
	f.Add("", " x", []byte(`["read", 1]`))
	f.Add("é\u00a0", "\u2003", []byte(`null`))
	f.Fuzz(func(t *testing.T, a, b string, other []byte) {
		words := strings.Fields(string([]rune(a)) + " " + string([]rune(b)))
		list, _ := json.Marshal(words)
		text, _ := json.Marshal(strings.Join(words, " "))
		for _, raw := range [][]byte{list, text} {
			for _, claims := range []map[string]json.RawMessage{{"scope": raw}, {"scp": raw}, {"scope": raw, "scp": []byte(`["other"]`)}} {
				if got := scopes(claims); !slices.Equal(got, words) {
					t.Errorf("%s: %q, want %q", claims, got, words)
				}
			}
		}
		if got := scopes(map[string]json.RawMessage{}); len(got) > 0 {
			t.Errorf("no claim: %q", got)
		}
		var want []string
		var decoded any
		_ = json.Unmarshal(other, &decoded)
		switch v := decoded.(type) {
		case string:
			want = strings.Fields(v)
		case []interface{}:
			for _, v := range v {
				text, isText := v.(string)
				if !isText {
					return // AWS does not say
				}
				want = append(want, text)
			}
		}
		if got := scopes(map[string]json.RawMessage{"scope": other}); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", other, got, want)
		}
	})
}

// FuzzIssuer checks that an issuer is one from which nobody else on the network can serve
// keys, whatever form its URL has.
func FuzzIssuer(f *testing.F) {
	for _, issuer := range []string{
		"https://login.example.com/tenant", "http://127.0.0.1:8080", "http://localhost", "http://[::1]:1/x", "http://localhost.example.com", "https://", "ftp://127.0.0.1",
		"https://a@b", "https://a?b", "https://a#b", "HTTP://LOCALHOST", "http://127.0.0.1:x", "//localhost", "http://localhost\\@example.com",
	} {
		f.Add(issuer)
	}
	f.Fuzz(func(t *testing.T, issuer string) {
		if CheckIssuer(issuer) != nil {
			return
		}
		r, err := http.NewRequest(http.MethodGet, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", nil)
		if err != nil {
			t.Fatalf("%q is accepted: %v", issuer, err)
		}
		host := r.URL.Hostname()
		if loopback := strings.EqualFold(host, "localhost") || host == "127.0.0.1" || host == "::1"; host == "" || r.URL.Scheme != "https" && !(r.URL.Scheme == "http" && loopback) {
			t.Errorf("%q is accepted: the host is %q", issuer, host)
		}
		if !strings.HasSuffix(r.URL.Path, "/.well-known/openid-configuration") || r.URL.RawQuery != "" || r.URL.Fragment != "" || r.URL.User != nil {
			t.Errorf("%q is accepted: its configuration is at %s", issuer, r.URL)
		}
	})
}
