package httpapi

import (
	"net/url"
	"regexp"
	"slices"
	"unicode/utf8"
)

// Authorizer admits the requests that carry a JSON Web Token of its issuer.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
type Authorizer struct {
	ID    string // set by CreateAuthorizer
	APIID string
	Name  string // 1 to 128 characters, unique in its API
	Type  string // "JWT"
	// IdentitySources has one place of the token:
	// "$request.header.Authorization" or "$request.querystring.token".
	IdentitySources []string
	Issuer          string   // a URL: HTTPS, or plain HTTP on loopback
	Audience        []string // the token's aud, or else its client_id, is one of them
}

// CreateAuthorizer adds an authorizer to its API.
func (s *Service) CreateAuthorizer(a Authorizer) (Authorizer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.API(a.APIID); err != nil {
		return Authorizer{}, err
	}
	a.ID = newID(6)
	return s.putAuthorizer(a)
}

// UpdateAuthorizer replaces the authorizer with that ID.
func (s *Service) UpdateAuthorizer(a Authorizer) (Authorizer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Authorizer(a.APIID, a.ID); err != nil {
		return Authorizer{}, err
	}
	return s.putAuthorizer(a)
}

func (s *Service) putAuthorizer(a Authorizer) (Authorizer, error) {
	if err := s.validateAuthorizer(a); err != nil {
		return Authorizer{}, err
	}
	if err := s.authorizers.Put(key(a.APIID, a.ID), a); err != nil {
		return Authorizer{}, err
	}
	s.deploy(a.APIID)
	return a, nil
}

// Authorizer returns one authorizer of an API, or NotFoundException.
func (s *Service) Authorizer(apiID, id string) (Authorizer, error) {
	if _, err := s.API(apiID); err != nil {
		return Authorizer{}, err
	}
	a, ok := s.authorizers.Get(key(apiID, id))
	if !ok {
		return Authorizer{}, notFound("Invalid Authorizer identifier specified %s", id)
	}
	return a, nil
}

// DeleteAuthorizer removes an authorizer that no route uses; otherwise it
// fails with ConflictException.
func (s *Service) DeleteAuthorizer(apiID, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Authorizer(apiID, id); err != nil {
		return err
	}
	for _, r := range s.routesOf(apiID) {
		if r.AuthorizerID == id {
			return conflict("Cannot delete authorizer '%s', it is used by route %s", id, r.Key)
		}
	}
	return s.authorizers.Delete(key(apiID, id)) // no route served with it
}

func (s *Service) authorizersOf(apiID string) []Authorizer {
	return slices.DeleteFunc(s.authorizers.All(), func(a Authorizer) bool { return a.APIID != apiID })
}

var identitySource = regexp.MustCompile(`^\$request\.(header|querystring)\.([A-Za-z0-9_-]+)$`)

func (s *Service) validateAuthorizer(a Authorizer) error {
	switch n := utf8.RuneCountInString(a.Name); {
	case n < 1 || n > 128:
		return badRequest("Invalid name specified: it must have 1 to 128 characters, not %d", n)
	case a.Type == "REQUEST":
		return badRequest("AuthorizerType REQUEST is not part of the local cloud: it has JWT alone")
	case a.Type != "JWT":
		return badRequest("Invalid authorizer type specified. Must be one of [JWT, REQUEST], not %q", a.Type)
	case len(a.IdentitySources) != 1 || !identitySource.MatchString(a.IdentitySources[0]):
		return badRequest("IdentitySource must be one of $request.header.<name> and $request.querystring.<name>, not %q", a.IdentitySources)
	case len(a.Audience) == 0 || slices.Contains(a.Audience, ""):
		return badRequest("Audience is a required parameter for authorizer type JWT")
	}
	if err := CheckIssuer(a.Issuer); err != nil {
		return err
	}
	for _, other := range s.authorizersOf(a.APIID) {
		if other.Name == a.Name && other.ID != a.ID {
			return conflict("Authorizer with name %s already exists for this API", a.Name)
		}
	}
	return nil
}

// CheckIssuer refuses what cannot be the issuer of tokens.
func CheckIssuer(issuer string) error {
	u, err := url.Parse(issuer)
	if err != nil || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return badRequest("Invalid issuer: %q is no URL of an issuer, such as https://login.example.com/tenant", issuer)
	}
	if err := checkPrivate(u); err != nil {
		return badRequest("Invalid issuer: %v", err)
	}
	return nil
}
