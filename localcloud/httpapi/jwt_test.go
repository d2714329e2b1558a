package httpapi

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
)

// An issuer signs tokens and serves its public keys over HTTP.
type issuer struct {
	url     string
	mu      sync.Mutex
	keys    map[string]*rsa.PrivateKey
	fetches int
	down    bool
}

func (i *issuer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.down:
		http.Error(w, "down", http.StatusServiceUnavailable)
	case r.URL.Path == "/.well-known/openid-configuration":
		i.fetches++
		_, _ = fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, i.url, i.url+"/keys")
	case r.URL.Path == "/keys":
		var set jose.JSONWebKeySet
		for id, k := range i.keys {
			set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public(), KeyID: id, Algorithm: "RS256", Use: "sig"})
		}
		_ = json.NewEncoder(w).Encode(set)
	default:
		http.NotFound(w, r)
	}
}

// RoundTrip serves requests without a network, for tests with a fake clock.
func (i *issuer) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	i.ServeHTTP(w, r)
	return w.Result(), nil
}

func newIssuer(t *testing.T) *issuer {
	t.Helper()
	i := &issuer{keys: map[string]*rsa.PrivateKey{"one": newKey(t)}}
	server := httptest.NewServer(i)
	t.Cleanup(server.Close)
	i.url = server.URL
	return i
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	return must(rsa.GenerateKey(rand.Reader, 2048))(t)
}

func sign(t *testing.T, alg jose.SignatureAlgorithm, key any, kid string, claims map[string]any) string {
	t.Helper()
	signer := must(jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: key}, (&jose.SignerOptions{}).WithHeader("kid", kid)))(t)
	return must(jwt.Signed(signer).Claims(claims).Serialize())(t)
}

// good returns the claims of a valid token after applying changes, which are pairs of
// a name and a value; nil removes a claim.
func (i *issuer) good(change ...any) map[string]any {
	now := time.Now().Unix()
	claims := map[string]any{"iss": i.url, "aud": "calculator", "exp": now + 60, "nbf": now - 60, "iat": now - 60, "scope": "read add"}
	for n := 0; n < len(change); n += 2 {
		claims[change[n].(string)] = change[n+1]
		if change[n+1] == nil {
			delete(claims, change[n].(string))
		}
	}
	return claims
}

func (i *issuer) authorizer(api API) Authorizer {
	return Authorizer{APIID: api.ID, Name: "login", Type: "JWT", IdentitySources: []string{"$request.header.Authorization"},
		Issuer: i.url, Audience: []string{"calculator", "other"}}
}

// protect creates an authorizer and sets it on the first route of its API.
func protect(t *testing.T, s *Service, a Authorizer, scopes ...string) (Authorizer, Route) {
	t.Helper()
	a = must(s.CreateAuthorizer(a))(t)
	r := s.routesOf(a.APIID)[0]
	r.AuthorizationType, r.AuthorizerID, r.Scopes = "JWT", a.ID, scopes
	return a, must(s.UpdateRoute(r))(t)
}

func TestJWT(t *testing.T) {
	var in cloud.Invocation
	s, j := open(t, nil, capture(&in), 0)
	api, _ := build(t, s, "$default", "GET /add")
	i := newIssuer(t)
	protect(t, s, i.authorizer(api), "add", "all")
	key, stranger, now := i.keys["one"], newKey(t), time.Now().Unix()
	rs := func(change ...any) string { return sign(t, jose.RS256, key, "one", i.good(change...)) }
	invalid := func(reason string) string {
		return `401 Bearer scope="" error="invalid_token" error_description="` + reason + `"`
	}
	const forbidden = `403 Bearer scope="add all" error="insufficient_scope"`

	for name, c := range map[string]struct{ authorization, want string }{
		"good":              {"Bearer " + rs(), "200 "},
		"bare":              {rs(), "200 "},
		"lower case":        {"bearer " + rs(), "200 "},
		"longer algorithm":  {sign(t, jose.RS512, key, "one", i.good()), "200 "},
		"several audiences": {rs("aud", []string{"x", "other"}), "200 "},
		"client id":         {rs("aud", nil, "client_id", "calculator"), "200 "},
		"scp":               {rs("scope", nil, "scp", []string{"all"}), "200 "},
		"no nbf and iat":    {rs("nbf", nil, "iat", nil), "200 "},
		"none":              {"", "401 Bearer"},
		"no token":          {"Bearer ", "401 Bearer"},
		"junk":              {"Bearer x.y.z", invalid("the token is malformed")},
		"quotes":            {`Bearer "`, invalid("the token is malformed")},
		"no algorithm":      {"Bearer e30.e30.e30", invalid("the token is signed with an algorithm other than RS256, RS384 and RS512")},
		"shared secret":     {sign(t, jose.HS256, []byte(strings.Repeat("x", 32)), "one", i.good()), invalid("the token is signed with an algorithm other than RS256, RS384 and RS512")},
		"no signature":      {"eyJhbGciOiJub25lIiwia2lkIjoib25lIn0.e30.", invalid("the token is signed with an algorithm other than RS256, RS384 and RS512")},
		"another's key":     {sign(t, jose.RS256, stranger, "one", i.good()), invalid("the token has an invalid signature")},
		"unknown key":       {sign(t, jose.RS256, stranger, "two", i.good()), invalid("the issuer has no key with the token's key ID")},
		"issuer":            {rs("iss", "https://evil.example"), invalid("the token does not have a valid issuer")},
		"audience":          {rs("aud", "x"), invalid("the token does not have a valid audience")},
		"audience first":    {rs("aud", "x", "client_id", "calculator"), invalid("the token does not have a valid audience")},
		"no audience":       {rs("aud", nil), invalid("the token does not have a valid audience")},
		"expired":           {rs("exp", now-1), invalid("the token has expired")},
		"no expiration":     {rs("exp", nil), invalid("the token has no expiration time")},
		"too early":         {rs("nbf", now+60), invalid("the token is not valid yet")},
		"from the future":   {rs("iat", now+60), invalid("the token was issued in the future")},
		"claims":            {rs("exp", "soon"), invalid("the token's claims are malformed")},
		"never valid":       {rs("nbf", 1e300), invalid("the token's claims are malformed")},
		"no scope":          {rs("scope", nil), forbidden},
		"other scope":       {rs("scope", "read adder"), forbidden},
		"scope is a number": {rs("scope", 5), forbidden},
	} {
		in = cloud.Invocation{}
		r := must(http.NewRequest("GET", api.Endpoint()+"/add", nil))(t)
		if c.authorization != "" {
			r.Header.Set("Authorization", c.authorization)
		}
		res := must(http.DefaultClient.Do(r))(t)
		body := string(must(io.ReadAll(res.Body))(t))
		_ = res.Body.Close()
		if got := fmt.Sprint(res.StatusCode, " ", res.Header.Get("Www-Authenticate")); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if want := map[int]string{401: `{"message":"Unauthorized"}`, 403: `{"message":"Forbidden"}`, 200: `{}`}[res.StatusCode]; body != want {
			t.Errorf("%s: body %s, want %s", name, body, want)
		}
		if invoked := in.Payload != nil; invoked != (res.StatusCode == 200) {
			t.Errorf("%s: invoked %v", name, invoked)
		}
	}
	if !j.warned("GET /add returned 401", "the request has no token at $request.header.Authorization") || !j.warned("returned 403", `none of the scopes ["add" "all"]`) {
		t.Errorf("journal %v", j.entries)
	}
}

func TestClaimsReachTheFunction(t *testing.T) {
	var in cloud.Invocation
	s, _ := open(t, nil, capture(&in), 0)
	api, _ := build(t, s, "$default", "GET /add")
	i := newIssuer(t)
	a := i.authorizer(api)
	a.IdentitySources = []string{"$request.querystring.token"}
	a, route := protect(t, s, a)
	claims := map[string]any{"iss": i.url, "aud": []string{"a", "calculator"}, "exp": 4102444800, "scope": "add read",
		"admin": true, "address": map[string]any{"city": "é"}, "none": nil}
	url := api.Endpoint() + "/add?token=" + sign(t, jose.RS256, i.keys["one"], "one", claims)

	authorizer := func() events.APIGatewayV2HTTPRequestContextAuthorizerDescription {
		t.Helper()
		if status, body := get(t, url); status != 200 {
			t.Fatalf("%d %s", status, body)
		}
		var e events.APIGatewayV2HTTPRequest
		decoder := json.NewDecoder(strings.NewReader(string(in.Payload)))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&e); err != nil {
			t.Fatal(err)
		}
		return *e.RequestContext.Authorizer
	}
	want := &events.APIGatewayV2HTTPRequestContextAuthorizerJWTDescription{Claims: map[string]string{
		"iss": i.url, "aud": "[a calculator]", "exp": "4102444800", "scope": "add read", "admin": "true", "address": `{"city":"é"}`, "none": "",
	}}
	if diff := cmp.Diff(want, authorizer().JWT); diff != "" {
		t.Errorf("without scopes (-want +got)\n%s", diff)
	}
	route.Scopes, want.Scopes = []string{"add"}, []string{"add", "read"}
	must(s.UpdateRoute(route))(t)
	if diff := cmp.Diff(want, authorizer().JWT); diff != "" {
		t.Errorf("with scopes (-want +got)\n%s", diff)
	}

	if err := s.DeleteAuthorizer(api.ID, a.ID); cloud.ErrorCode(err) != "ConflictException" {
		t.Errorf("deleting an authorizer in use: %v", err)
	}
	route.AuthorizationType, route.AuthorizerID, route.Scopes = "NONE", "", nil
	must(s.UpdateRoute(route))(t)
	if err := s.DeleteAuthorizer(api.ID, a.ID); err != nil {
		t.Error(err)
	}
	if status, _ := get(t, api.Endpoint()+"/add"); status != 200 || strings.Contains(string(in.Payload), "authorizer") {
		t.Errorf("status %d without authorization, event %s", status, in.Payload)
	}
}

// Keys are cached for two hours. An unknown key ID causes a fetch, but not before the
// minimum time between two fetches is over.
func TestIssuerKeysAreCached(t *testing.T) {
	first, second := newKey(t), newKey(t)
	synctest.Test(t, func(t *testing.T) {
		i := &issuer{url: "https://login.example.com", keys: map[string]*rsa.PrivateKey{"one": first}}
		j := &journal{}
		cache := newIssuers(j)
		cache.client.Transport = i
		check := func(when, kid, want string, fetches int) {
			t.Helper()
			_, err := cache.key(t.Context(), i.url, kid)
			if err == nil && want != "" || err != nil && err.Error() != want || i.fetches != fetches {
				t.Errorf("%s: %v after %d fetches, want %q after %d", when, err, i.fetches, want, fetches)
			}
		}
		const unknown = "the issuer has no key with the token's key ID"
		check("at first", "one", "", 1)
		check("a moment later", "one", "", 1)
		check("an unknown key", "two", unknown, 1)
		time.Sleep(fetchInterval)
		check("an unknown key later", "two", unknown, 2)
		i.keys["two"] = second
		check("a new key too early", "two", unknown, 2)
		time.Sleep(fetchInterval)
		check("a new key", "two", "", 3)
		i.down = true
		time.Sleep(fetchInterval)
		check("an unknown key while the issuer is down", "three", "OIDC discovery endpoint communication error", 3)
		check("a known key while the issuer is down", "one", "", 3)
		time.Sleep(2*time.Hour - fetchInterval)
		check("a known key that is too old", "one", "OIDC discovery endpoint communication error", 3)
		if !j.warned("https://login.example.com/.well-known/openid-configuration returned 503") {
			t.Errorf("journal %v", j.entries)
		}
		i.down = false
		time.Sleep(fetchInterval)
		check("the issuer is up again", "one", "", 4)
	})
}

// Keys that cannot verify tokens do not keep those that can from it.
func TestOtherKeysOfAnIssuer(t *testing.T) {
	key := must(json.Marshal(jose.JSONWebKey{Key: newKey(t).Public(), KeyID: "one"}))(t)
	for _, other := range []string{
		`{"kty":"AKP","alg":"ML-DSA-44","pub":"AA"}`, `{"kty":"EC","crv":"secp256k1","x":"AA","y":"AA","kid":"one"}`,
		`{"kty":"oct","k":"AA","kid":"one"}`, `{"kty":"RSA","kid":"one"}`, `null`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = fmt.Fprintf(w, `{"jwks_uri":"http://%s","keys":[%s,%s]}`, r.Host, other, key)
		}))
		if _, err := newIssuers(&journal{}).key(t.Context(), server.URL, "one"); err != nil {
			t.Errorf("beside %s: %v", other, err)
		}
		server.Close()
	}
}

func TestCheckIssuer(t *testing.T) {
	for issuer, want := range map[string]bool{
		"https://login.example.com/tenant": true, "http://127.0.0.1:8080": true, "http://[::1]/": true,
		"http://login.example.com": false, "https://login.example.com?": false, "https://login.example.com/#": false, "https://a@b": false, "https://": false, "https://:": false,
	} {
		if err := CheckIssuer(issuer); (err == nil) != want {
			t.Errorf("%s: %v", issuer, err)
		}
	}
}

func TestIssuerMustBeSecure(t *testing.T) {
	cache := newIssuers(&journal{})
	for name, document := range map[string]string{
		"plain keys":      `{"jwks_uri":"http://login.example.com/keys"}`,
		"no keys":         `{}`,
		"not JSON":        `<html>`,
		"keys not a list": `{"jwks_uri":"SELF","keys":5}`,
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.WriteString(w, strings.Replace(document, "SELF", "http://"+r.Host, 1))
		}))
		if _, err := cache.key(t.Context(), server.URL, "one"); err == nil || err.Error() != "OIDC discovery endpoint communication error" {
			t.Errorf("%s: %v", name, err)
		}
		server.Close()
	}
	redirect := httptest.NewServer(http.RedirectHandler("http://login.example.com/", http.StatusFound))
	defer redirect.Close()
	if err := cache.get(t.Context(), redirect.URL, nil); err == nil || !strings.Contains(err.Error(), "neither an HTTPS URL nor a loopback URL") {
		t.Errorf("redirected to plain HTTP: %v", err)
	}
}

func FuzzClaimText(f *testing.F) {
	for _, s := range []string{`"a"`, `["a",1,["b"]]`, `{"a":1}`, `null`, `[]`, `1e9`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		if !json.Valid(raw) {
			return
		}
		got := claimText(raw)
		var text string
		if json.Unmarshal(raw, &text) == nil && got != text {
			t.Errorf("%s became %q", raw, got)
		}
		_ = scopes(map[string]json.RawMessage{"scope": raw})
	})
}
