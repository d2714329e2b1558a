package httpapi

import (
	"cmp"
	"slices"
	"strings"
)

// Route forwards the requests that match its key to an integration.
type Route struct {
	ID    string // by default, CreateRoute chooses it
	APIID string
	// Key is "METHOD /path" or "$default". The method may be ANY. A path segment
	// may be a variable "{name}", and the last one "{name+}", which matches the
	// rest of the path.
	Key               string
	Target            string   // "integrations/ID"
	AuthorizationType string   // "NONE", the default, "AWS_IAM" or "JWT"
	AuthorizerID      string   // only with JWT
	Scopes            []string // only with JWT; the token must have one of them, unless there are none
	OperationName     string   // at most 64 characters
}

const targetPrefix = "integrations/"

// CreateRoute adds a route to its API. The API serves the route at once.
func (s *Service) CreateRoute(r Route) (Route, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.API(r.APIID); err != nil {
		return Route{}, err
	}
	r.ID = cmp.Or(r.ID, NewID(7))
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
	err := cmp.Or(
		CheckRouteKey(r.Key), CheckAuthorizationType(r.AuthorizationType), CheckAuthorization(r.AuthorizationType, r.AuthorizerID != "", len(r.Scopes) > 0),
		CheckScopes(r.Scopes), CheckOperationName(r.OperationName), CheckTarget(r.Target),
	)
	if err != nil {
		return err
	}
	if r.AuthorizerID != "" {
		if _, err := s.Authorizer(r.APIID, r.AuthorizerID); err != nil {
			return err
		}
	}
	if _, err := s.Integration(r.APIID, strings.TrimPrefix(r.Target, targetPrefix)); err != nil {
		return err
	}
	for _, other := range s.routesOf(r.APIID) {
		if other.Key == r.Key && other.ID != r.ID {
			return conflict("Route with key %s already exists for this API", r.Key)
		}
	}
	return nil
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

// DeleteRoute removes a route. From then on, its requests match another route or
// none.
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

// Routes returns the routes of an API with the ARNs of the functions that they call.
func (s *Service) Routes(apiID string) []RouteTarget {
	var all []RouteTarget
	for _, r := range s.routesOf(apiID) {
		d := s.deployedRoute(r)
		all = append(all, RouteTarget{Route: r, ARN: RouteARN(s.place, apiID, d.key.text), Function: d.function})
	}
	return all
}

// RouteTarget is a route, its ARN (see RouteARN), and the ARN of its function, which may
// have a qualifier.
type RouteTarget struct {
	Route
	ARN, Function string
}
