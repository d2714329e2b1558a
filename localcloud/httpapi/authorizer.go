package httpapi

import (
	"cmp"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// Authorizer admits requests that contain a JSON Web Token from its issuer.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-jwt-authorizer.html
type Authorizer struct {
	ID    string // by default, CreateAuthorizer chooses it
	APIID string
	Name  string // 1 to 128 characters, unique in its API
	Type  string // "JWT"
	// IdentitySources has one element, which states where the token is, such as
	// "$request.header.Authorization" or "$request.querystring.token".
	IdentitySources []string
	Issuer          string   // an HTTPS URL, or a plain HTTP one on loopback
	Audience        []string // must contain the token's aud or, if it has none, its client_id
}

// CreateAuthorizer adds an authorizer to its API.
func (s *Service) CreateAuthorizer(a Authorizer) (Authorizer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.API(a.APIID); err != nil {
		return Authorizer{}, err
	}
	a.ID = cmp.Or(a.ID, NewID(6))
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

// DeleteAuthorizer removes an authorizer. It fails with ConflictException if a route
// uses the authorizer.
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
	return s.authorizers.Delete(key(apiID, id)) // no deployed route uses it
}

func (s *Service) authorizersOf(apiID string) []Authorizer {
	return slices.DeleteFunc(s.authorizers.All(), func(a Authorizer) bool { return a.APIID != apiID })
}

func (s *Service) validateAuthorizer(a Authorizer) error {
	err := cmp.Or(
		CheckName(a.Name), CheckAuthorizerType(a.Type), CheckIdentitySources(a.IdentitySources), CheckAudience(a.Audience), CheckIssuer(a.Issuer),
	)
	if err != nil {
		return err
	}
	for _, other := range s.authorizersOf(a.APIID) {
		if other.Name == a.Name && other.ID != a.ID {
			return conflict("Authorizer with name %s already exists for this API", a.Name)
		}
	}
	return nil
}

// A tokenSource states where the token of a request is: in a header or in a
// parameter of the query string.
type tokenSource struct {
	header bool
	name   string
}

var identitySource = regexp.MustCompile(`^\$request\.(header|querystring)\.([A-Za-z0-9_-]+)$`)

func parseTokenSource(source string) (tokenSource, bool) {
	m := identitySource.FindStringSubmatch(source)
	if m == nil {
		return tokenSource{}, false
	}
	return tokenSource{m[1] == "header", m[2]}, true
}

// token returns the token of a request without its prefix "Bearer ", or "" if there
// is none.
func (t tokenSource) token(r *http.Request) string {
	var value string
	if t.header {
		value = r.Header.Get(t.name)
	} else {
		value = r.URL.Query().Get(t.name)
	}
	if scheme, rest, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
		value = rest
	}
	return strings.TrimSpace(value)
}
