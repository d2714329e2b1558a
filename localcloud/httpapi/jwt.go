package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"tally/localcloud/internal/endpoint"
)

// authorizeJWT admits a request with a token that the authorizer's issuer signed for
// the authorizer's audience, and that has one of the route's scopes.
func (s *Service) authorizeJWT(r *http.Request, m match) (*endpoint.Authorization, *denial) {
	token := m.source.token(r)
	if token == "" {
		return nil, unauthorized("Bearer", "the request has no token at "+m.authorizer.IdentitySources[0])
	}
	claims, err := s.verify(r.Context(), m.authorizer, token)
	if err != nil {
		return nil, unauthorized(fmt.Sprintf(`Bearer scope="" error="invalid_token" error_description=%q`, err), err.Error())
	}
	auth := &endpoint.JWTAuthorization{Claims: map[string]string{}}
	for name, raw := range claims {
		auth.Claims[name] = claimText(raw)
	}
	if len(m.route.Scopes) > 0 {
		auth.Scopes = scopes(claims)
		if !slices.ContainsFunc(auth.Scopes, func(has string) bool { return slices.Contains(m.route.Scopes, has) }) {
			d := &denial{refuse(http.StatusForbidden, "Forbidden"),
				fmt.Sprintf("the token has none of the scopes %q, only %q", m.route.Scopes, auth.Scopes)}
			d.Header.Set("Www-Authenticate", fmt.Sprintf(`Bearer scope=%q error="insufficient_scope"`, strings.Join(m.route.Scopes, " ")))
			return nil, d
		}
	}
	return &endpoint.Authorization{JWT: auth}, nil
}

func unauthorized(challenge, reason string) *denial {
	d := &denial{refuse(http.StatusUnauthorized, "Unauthorized"), reason}
	d.Header.Set("Www-Authenticate", challenge)
	return d
}

// verify returns the claims of a valid token. Its error states why the token is not
// valid, and is sent to the client.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
func (s *Service) verify(ctx context.Context, a Authorizer, token string) (map[string]json.RawMessage, error) {
	signed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512})
	if _, ok := errors.AsType[*jose.ErrUnexpectedSignatureAlgorithm](err); ok {
		return nil, errors.New("the token is signed with an algorithm other than RS256, RS384 and RS512")
	}
	if err != nil {
		return nil, errors.New("the token is malformed")
	}
	key, err := s.issuers.key(ctx, a.Issuer, signed.Headers[0].KeyID)
	if err != nil {
		return nil, err
	}
	var known struct {
		jwt.Claims
		ClientID string `json:"client_id"`
	}
	var all map[string]json.RawMessage
	err = signed.Claims(key, &known, &all)
	if errors.Is(err, jose.ErrCryptoFailure) {
		return nil, errors.New("the token has an invalid signature")
	}
	if err != nil || !hasRealDates(all) {
		return nil, errors.New("the token's claims are malformed")
	}
	if len(known.Audience) == 0 {
		known.Audience = jwt.Audience{known.ClientID}
	}
	return all, checkClaims(known.Claims, a)
}

// hasRealDates reports whether all times in a token are within millions of years. The
// library takes later ones for early ones.
func hasRealDates(claims map[string]json.RawMessage) bool {
	for _, name := range []string{"exp", "nbf", "iat"} {
		var seconds float64
		if json.Unmarshal(claims[name], &seconds) == nil && math.Abs(seconds) > 1<<50 {
			return false
		}
	}
	return true
}

func checkClaims(c jwt.Claims, a Authorizer) error {
	if c.Expiry == nil {
		return errors.New("the token has no expiration time")
	}
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: a.Issuer, AnyAudience: a.Audience, Time: time.Now()}, 0)
	for refusal, description := range map[error]string{
		jwt.ErrInvalidIssuer:     "the token does not have a valid issuer",
		jwt.ErrInvalidAudience:   "the token does not have a valid audience",
		jwt.ErrExpired:           "the token has expired",
		jwt.ErrNotValidYet:       "the token is not valid yet",
		jwt.ErrIssuedInTheFuture: "the token was issued in the future",
	} {
		if errors.Is(err, refusal) {
			return errors.New(description)
		}
	}
	return err
}

// scopes returns the scopes in the claim "scope" or, if there is none, in the claim
// "scp": words in a string, or a list.
func scopes(claims map[string]json.RawMessage) []string {
	raw := claims["scope"]
	if raw == nil {
		raw = claims["scp"]
	}
	var words string
	if json.Unmarshal(raw, &words) == nil {
		return strings.Fields(words)
	}
	var list []string
	_ = json.Unmarshal(raw, &list) // anything else contains no scopes
	return list
}

// claimText returns a claim in the form in which functions receive it: a string as
// is, a list as "[a b]", and anything else as JSON.
func claimText(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return string(raw)
	}
	parts := make([]string, len(list))
	for i, e := range list {
		parts[i] = claimText(e)
	}
	return "[" + strings.Join(parts, " ") + "]"
}
