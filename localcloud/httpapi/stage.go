package httpapi

import (
	"cmp"
	"slices"
	"time"
)

// Stage is a name under which an API's routes are served: "$default" at "/",
// any other at "/NAME/".
type Stage struct {
	APIID       string
	Name        string // see CheckStageName
	Description string // at most 1,024 characters
	AutoDeploy  bool   // must be true: every change of the API is served at once
	Tags        map[string]string
	Variables   map[string]string // passed to functions as stageVariables
	// DefaultRouteSettings apply to routes without settings of their own; nil means
	// no limits.
	DefaultRouteSettings *RouteSettings
	RouteSettings        map[string]RouteSettings // by the key of an existing route
	AccessLog            *AccessLog               // nil: none
	Created              time.Time                // set by CreateStage
	Updated              time.Time                // set by CreateStage and UpdateStage
}

const defaultStage = "$default"

// CreateStage adds a stage to its API. It fails with BadRequestException if
// AutoDeploy is false, because the local cloud has no manual deployments.
func (s *Service) CreateStage(st Stage) (Stage, error) {
	if err := s.validateStage(st); err != nil {
		return Stage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.API(st.APIID); err != nil {
		return Stage{}, err
	}
	if _, err := s.Stage(st.APIID, st.Name); err == nil {
		return Stage{}, conflict("Stage already exists: %s", st.Name)
	}
	st.Created = time.Now().UTC().Truncate(time.Second)
	return s.putStage(st)
}

// UpdateStage replaces the stage with that name, except its creation time.
func (s *Service) UpdateStage(st Stage) (Stage, error) {
	if err := s.validateStage(st); err != nil {
		return Stage{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	old, err := s.Stage(st.APIID, st.Name)
	if err != nil {
		return Stage{}, err
	}
	st.Created = old.Created
	return s.putStage(st)
}

func (s *Service) putStage(st Stage) (Stage, error) {
	st.Updated = time.Now().UTC().Truncate(time.Second)
	if err := s.stages.Put(key(st.APIID, st.Name), st); err != nil {
		return Stage{}, err
	}
	s.deploy(st.APIID)
	return st, nil
}

// Stage returns one stage of an API, or NotFoundException.
func (s *Service) Stage(apiID, name string) (Stage, error) {
	if _, err := s.API(apiID); err != nil {
		return Stage{}, err
	}
	st, ok := s.stages.Get(key(apiID, name))
	if !ok {
		return Stage{}, notFound("Invalid stage identifier specified %s", name)
	}
	return st, nil
}

// DeleteStage removes a stage, whose URLs return 404 from then on.
func (s *Service) DeleteStage(apiID, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Stage(apiID, name); err != nil {
		return err
	}
	if err := s.stages.Delete(key(apiID, name)); err != nil {
		return err
	}
	s.deploy(apiID)
	return nil
}

func (s *Service) stagesOf(apiID string) []Stage {
	return slices.DeleteFunc(s.stages.All(), func(st Stage) bool { return st.APIID != apiID })
}

func (s *Service) validateStage(st Stage) error {
	err := cmp.Or(CheckStageName(st.Name), CheckAutoDeploy(st.AutoDeploy), CheckDescription(st.Description), CheckStageVariables(st.Variables), CheckTags(st.Tags))
	if err != nil {
		return err
	}
	if err := s.validateSettings(st); err != nil {
		return err
	}
	if st.AccessLog == nil {
		return nil
	}
	return cmp.Or(CheckAccessLogDestination(s.place, st.AccessLog.DestinationARN), CheckAccessLogFormat(st.AccessLog.Format))
}

// validateSettings checks the route settings. As on AWS, settings for a route that
// does not exist are an error.
func (s *Service) validateSettings(st Stage) error {
	if st.DefaultRouteSettings != nil {
		if err := st.DefaultRouteSettings.validate(); err != nil {
			return err
		}
	}
	keys := map[string]bool{}
	for _, r := range s.routesOf(st.APIID) {
		keys[r.Key] = true
	}
	for route, settings := range st.RouteSettings {
		if err := settings.validate(); err != nil {
			return err
		}
		if !keys[route] {
			return notFound("Unable to find Route by key %s within the provided RouteSettings", route)
		}
	}
	return nil
}
