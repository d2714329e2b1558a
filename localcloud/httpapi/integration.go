package httpapi

import (
	"cmp"
	"regexp"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// Integration is what a route calls: a Lambda function.
type Integration struct {
	ID    string // by default, CreateIntegration chooses it
	APIID string
	Type  string // "AWS_PROXY"
	// URI is the function's ARN, optionally with a qualifier, or that ARN in
	// "arn:aws:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations".
	URI                  string
	Method               string // "POST", the default
	PayloadFormatVersion string // "2.0"
	Description          string // at most 1,024 characters
	TimeoutMillis        int    // 50 to 30,000, the default
}

const defaultTimeoutMillis = 30_000

// CreateIntegration adds an integration to its API.
func (s *Service) CreateIntegration(in Integration) (Integration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.API(in.APIID); err != nil {
		return Integration{}, err
	}
	in.ID = cmp.Or(in.ID, NewID(7))
	return s.putIntegration(in)
}

// UpdateIntegration replaces the integration with that ID.
func (s *Service) UpdateIntegration(in Integration) (Integration, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Integration(in.APIID, in.ID); err != nil {
		return Integration{}, err
	}
	return s.putIntegration(in)
}

func (s *Service) putIntegration(in Integration) (Integration, error) {
	if in.TimeoutMillis == 0 {
		in.TimeoutMillis = defaultTimeoutMillis
	}
	if in.Method == "" {
		in.Method = "POST"
	}
	if err := in.validate(); err != nil {
		return Integration{}, err
	}
	if err := s.integrations.Put(key(in.APIID, in.ID), in); err != nil {
		return Integration{}, err
	}
	s.deploy(in.APIID)
	return in, nil
}

// Integration returns one integration of an API, or NotFoundException.
func (s *Service) Integration(apiID, id string) (Integration, error) {
	if _, err := s.API(apiID); err != nil {
		return Integration{}, err
	}
	in, ok := s.integrations.Get(key(apiID, id))
	if !ok {
		return Integration{}, notFound("Invalid Integration identifier specified %s", id)
	}
	return in, nil
}

// DeleteIntegration removes an integration. It fails with ConflictException if a
// route uses the integration.
func (s *Service) DeleteIntegration(apiID, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.Integration(apiID, id); err != nil {
		return err
	}
	var users []string
	for _, r := range s.routesOf(apiID) {
		if r.Target == targetPrefix+id {
			users = append(users, r.ID)
		}
	}
	if len(users) > 0 {
		return conflict("Cannot delete Integration because it is referenced by the following Routes with Ids: [%s]", strings.Join(users, ", "))
	}
	return s.integrations.Delete(key(apiID, id))
}

func (s *Service) integrationsOf(apiID string) []Integration {
	return slices.DeleteFunc(s.integrations.All(), func(in Integration) bool { return in.APIID != apiID })
}

func (in Integration) validate() error {
	return cmp.Or(
		CheckIntegrationType(in.Type), CheckPayloadFormatVersion(in.PayloadFormatVersion), CheckIntegrationMethod(in.Method),
		CheckTimeoutMillis(in.TimeoutMillis), CheckIntegrationURI(in.URI), CheckDescription(in.Description),
	)
}

var invocationURI = regexp.MustCompile(`^arn:aws:apigateway:[a-z0-9-]+:lambda:path/2015-03-31/functions/(.+)/invocations$`)

// functionOf returns the ARN of the function in the URI of an integration, or "" if
// the URI is invalid.
func functionOf(uri string) string {
	if m := invocationURI.FindStringSubmatch(uri); m != nil {
		uri = m[1]
	}
	arn, err := cloud.ParseARN(uri)
	if err != nil || arn.Service != "lambda" || !strings.HasPrefix(arn.Resource, "function:") {
		return ""
	}
	return uri
}
