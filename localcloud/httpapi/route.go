package httpapi

import (
	"slices"
	"strings"
)

// Route sends the requests that match its key to an integration.
type Route struct {
	ID    string // set by CreateRoute
	APIID string
	// Key is "METHOD /path" or "$default". The method may be ANY; a path
	// segment may be a variable "{name}", the last one also "{name+}", which
	// takes all that is left.
	Key               string
	Target            string   // "integrations/ID"
	AuthorizationType string   // "NONE", "" for it, "AWS_IAM" or "JWT"
	AuthorizerID      string   // of JWT alone
	Scopes            []string // of JWT alone: the token must have one of them, if there are any
	OperationName     string
}

const targetPrefix = "integrations/"

// CreateRoute adds a route to its API; it serves at once.
func (s *Service) CreateRoute(r Route) (Route, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.API(r.APIID); err != nil {
		return Route{}, err
	}
	r.ID = newID(7)
	return s.putRoute(r)
}

// UpdateRoute replaces the route with that ID.
func (s *Service) UpdateRoute(r Route) (Route, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Route(r.APIID, r.ID); err != nil {
		return Route{}, err
	}
	return s.putRoute(r)
}

func (s *Service) putRoute(r Route) (Route, error) {
	if r.AuthorizationType == "" {
		r.AuthorizationType = authNone
	}
	if err := s.validateRoute(r); err != nil {
		return Route{}, err
	}
	if err := s.routes.Put(key(r.APIID, r.ID), r); err != nil {
		return Route{}, err
	}
	s.deploy(r.APIID)
	return r, nil
}

func (s *Service) validateRoute(r Route) error {
	if _, err := parseRouteKey(r.Key); err != nil {
		return err
	}
	if err := s.validateAuthorization(r); err != nil {
		return err
	}
	id, ok := strings.CutPrefix(r.Target, targetPrefix)
	if !ok {
		return badRequest("Invalid target specified: it must be integrations/<integration ID>, not %q", r.Target)
	}
	if _, err := s.Integration(r.APIID, id); err != nil {
		return err
	}
	for _, other := range s.routesOf(r.APIID) {
		if other.Key == r.Key && other.ID != r.ID {
			return conflict("Route with key %s already exists for this API", r.Key)
		}
	}
	return nil
}

func (s *Service) validateAuthorization(r Route) error {
	switch r.AuthorizationType {
	case authJWT:
		if r.AuthorizerID == "" {
			return badRequest("AuthorizerId is a required parameter for authorization type JWT")
		}
		_, err := s.Authorizer(r.APIID, r.AuthorizerID)
		return err
	case authNone, authIAM:
		if r.AuthorizerID != "" || len(r.Scopes) > 0 {
			return badRequest("AuthorizerId and AuthorizationScopes go with authorization type JWT, not with %s", r.AuthorizationType)
		}
		return nil
	case "CUSTOM":
		return badRequest("AuthorizationType CUSTOM is not part of the local cloud: it has NONE, AWS_IAM and JWT")
	}
	return badRequest("Invalid authorization type specified. Must be one of [NONE, AWS_IAM, CUSTOM, JWT], not %q", r.AuthorizationType)
}

// Route returns one route of an API, or NotFoundException.
func (s *Service) Route(apiID, id string) (Route, error) {
	if _, err := s.API(apiID); err != nil {
		return Route{}, err
	}
	r, ok := s.routes.Get(key(apiID, id))
	if !ok {
		return Route{}, notFound("Invalid Route identifier specified %s", id)
	}
	return r, nil
}

// DeleteRoute removes a route; its requests find no route, or another, at
// once.
func (s *Service) DeleteRoute(apiID, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Route(apiID, id); err != nil {
		return err
	}
	if err := s.routes.Delete(key(apiID, id)); err != nil {
		return err
	}
	s.deploy(apiID)
	return nil
}

func (s *Service) routesOf(apiID string) []Route {
	return slices.DeleteFunc(s.routes.All(), func(r Route) bool { return r.APIID != apiID })
}
