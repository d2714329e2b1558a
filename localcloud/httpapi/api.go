package httpapi

import (
	"cmp"
	"time"

	"tally/localcloud/internal/endpoint"
)

// CORS determines which origins may read the responses of an API in a browser. If an
// API has a CORS configuration, the CORS headers in functions' responses are removed,
// and OPTIONS requests that match no route are answered without a function. A
// $default or ANY route matches them like other requests, with its authorization.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
type CORS = endpoint.CORS

// API is one HTTP API.
type API struct {
	ID           string // ten lowercase letters and digits; by default, CreateAPI chooses it
	Name         string // 1 to 128 characters
	Description  string // at most 1,024 characters
	ProtocolType string // "HTTP"
	Tags         map[string]string
	CORS         *CORS // nil: left to the functions
	// DisableExecuteAPIEndpoint makes the API refuse every request to its default
	// endpoint, the only one in the local cloud.
	DisableExecuteAPIEndpoint bool

	Port    int       // of its loopback endpoint; set by CreateAPI
	Created time.Time // set by CreateAPI
}

// Endpoint returns the base URL of the API, such as "http://127.0.0.1:4567".
func (a API) Endpoint() string { return endpoint.URL(a.Port) }

// CreateAPI creates an API without integrations, routes or stages. It serves the API
// on a port of its own, where every request gets a 404 until there are a stage and a
// route.
func (s *Service) CreateAPI(api API) (API, error) {
	if err := api.validate(); err != nil {
		return API{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l, err := s.listen()
	if err != nil {
		return API{}, err
	}
	api.ID, api.Port, api.Created = cmp.Or(api.ID, NewID(10)), endpoint.Port(l), time.Now().UTC().Truncate(time.Second)
	if err := s.apis.Put(api.ID, api); err != nil {
		_ = l.Close()
		return API{}, err
	}
	s.serve(api, l)
	return api, nil
}

// UpdateAPI replaces the API with that ID, except its port and creation time.
func (s *Service) UpdateAPI(api API) (API, error) {
	if err := api.validate(); err != nil {
		return API{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.API(api.ID)
	if err != nil {
		return API{}, err
	}
	api.Port, api.Created = old.Port, old.Created
	if err := s.apis.Put(api.ID, api); err != nil {
		return API{}, err
	}
	s.deploy(api.ID)
	return api, nil
}

// API returns the API with that ID, or NotFoundException.
func (s *Service) API(id string) (API, error) {
	api, ok := s.apis.Get(id)
	if !ok {
		return API{}, notFound("Invalid API identifier specified %s:%s", s.place.Account, id)
	}
	return api, nil
}

// APIs returns all APIs, ordered by ID.
func (s *Service) APIs() []API { return s.apis.All() }

// DeleteAPI removes the API and, as on AWS, everything that belongs to it. Its port
// becomes free.
func (s *Service) DeleteAPI(id string) error {
	s.mu.Lock()
	if _, err := s.API(id); err != nil {
		s.mu.Unlock()
		return err
	}
	err := s.deleteRows(id)
	srv := s.servers[id]
	delete(s.servers, id)
	s.mu.Unlock()
	if srv != nil {
		srv.Close()
	}
	return err
}

// deleteRows removes the API from the store. It removes the row of the API itself
// last, so that DeleteAPI can be repeated after an error.
func (s *Service) deleteRows(id string) error {
	for _, r := range s.routesOf(id) {
		if err := s.routes.Delete(key(id, r.ID)); err != nil {
			return err
		}
	}
	for _, a := range s.authorizersOf(id) {
		if err := s.authorizers.Delete(key(id, a.ID)); err != nil {
			return err
		}
	}
	for _, i := range s.integrationsOf(id) {
		if err := s.integrations.Delete(key(id, i.ID)); err != nil {
			return err
		}
	}
	for _, st := range s.stagesOf(id) {
		if err := s.stages.Delete(key(id, st.Name)); err != nil {
			return err
		}
	}
	return s.apis.Delete(id)
}

func (a API) validate() error {
	return cmp.Or(CheckName(a.Name), CheckDescription(a.Description), CheckProtocolType(a.ProtocolType), CheckCORS(a.CORS), CheckTags(a.Tags))
}

// key returns the key in the store for a part of an API.
func key(apiID, id string) string { return apiID + "/" + id }
