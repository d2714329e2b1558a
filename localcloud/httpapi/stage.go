package httpapi

import (
	"regexp"
	"slices"
	"time"
)

// Stage is a name under which an API's routes are served: "$default" at "/",
// any other at "/NAME/".
type Stage struct {
	APIID       string
	Name        string // "$default", or 1 to 128 of A-Z a-z 0-9 _ -
	Description string
	AutoDeploy  bool // true: every change of the API serves at once
	Tags        map[string]string
	Variables   map[string]string // given to functions as stageVariables
	// DefaultRouteSettings are for all routes that have none of their own;
	// nil: no limits.
	DefaultRouteSettings *RouteSettings
	RouteSettings        map[string]RouteSettings // by the key of an existing route
	AccessLog            *AccessLog               // nil: none
	Created              time.Time                // set by CreateStage
	Updated              time.Time                // set by CreateStage and UpdateStage
}

const defaultStage = "$default"

// CreateStage adds a stage to its API. Without AutoDeploy it would need a
// deployment, which the local cloud has not: BadRequestException.
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

// UpdateStage changes everything of a stage but its name.
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

// DeleteStage removes a stage: what it served answers 404 from then on.
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

var (
	stageName          = regexp.MustCompile(`^[A-Za-z0-9_-]{1,128}$`)
	stageVariableName  = regexp.MustCompile(`^[A-Za-z0-9_]+$`)
	stageVariableValue = regexp.MustCompile(`^[A-Za-z0-9._~:/?#&=,-]+$`)
)

func (s *Service) validateStage(st Stage) error {
	switch {
	case st.Name != defaultStage && !stageName.MatchString(st.Name):
		return badRequest("Stage name only allows a-zA-Z0-9_- and $default, 128 characters at most, not %q", st.Name)
	case !st.AutoDeploy:
		return badRequest("AutoDeploy false needs deployments, which are not part of the local cloud: set autoDeploy to true on stage %s", st.Name)
	}
	for name, value := range st.Variables {
		if !stageVariableName.MatchString(name) || !stageVariableValue.MatchString(value) {
			return badRequest("Stage variable %q is invalid: names may hold A-Za-z0-9_ and values A-Za-z0-9-._~:/?#&=, alone", name)
		}
	}
	if err := s.validateSettings(st); err != nil {
		return err
	}
	return st.AccessLog.validate(s.place)
}

// validateSettings: settings may name only routes that exist, as on AWS.
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
		if !keys[route] {
			return notFound("Unable to find Route by key %s within the provided RouteSettings", route)
		}
		if err := settings.validate(); err != nil {
			return err
		}
	}
	return nil
}
