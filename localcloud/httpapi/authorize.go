package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/sigv4"
)

// The authorization types of routes.
const (
	authNone = "NONE"
	authIAM  = "AWS_IAM"
	authJWT  = "JWT"
)

// authorization is requestContext.authorizer of an event: who called.
type authorization struct {
	JWT *jwtAuthorization `json:"jwt,omitempty"`
	IAM *iamAuthorization `json:"iam,omitempty"`
}

type jwtAuthorization struct {
	Claims map[string]string `json:"claims"`
	Scopes []string          `json:"scopes"` // of the token; null where the route asks for none
}

type iamAuthorization struct {
	AccessKey       string  `json:"accessKey"`
	AccountID       string  `json:"accountId"`
	CallerID        string  `json:"callerId"`
	CognitoIdentity *string `json:"cognitoIdentity"` // always null, as the next
	PrincipalOrgID  *string `json:"principalOrgId"`
	UserARN         string  `json:"userArn"`
	UserID          string  `json:"userId"`
}

// A denial is why a request is not let in, and what the client gets.
type denial struct {
	answer
	why string
}

// authorize finds out who sent a request to a route and whether they may.
func (s *Service) authorize(r *http.Request, m match, body []byte) (*authorization, *denial) {
	switch m.route.AuthorizationType {
	case authIAM:
		return s.authorizeIAM(r, m, body)
	case authJWT:
		return s.authorizeJWT(r, m)
	}
	return nil, nil
}

// authorizeIAM admits whoever signed the request for execute-api and may
// invoke it. All others are told nothing but Forbidden.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
func (s *Service) authorizeIAM(r *http.Request, m match, body []byte) (*authorization, *denial) {
	creds, err := s.signer(r, body)
	if err == nil {
		err = s.authorizer.Authorize(r.Context(), cloud.Request{
			Caller: creds.Caller, Action: "execute-api:Invoke", Resource: s.requestARN(r, m),
		})
	}
	if err != nil {
		return nil, &denial{refuse(http.StatusForbidden, "Forbidden"), err.Error()}
	}
	return &authorization{IAM: &iamAuthorization{
		AccessKey: creds.AccessKeyID, AccountID: s.place.Account, CallerID: creds.Caller.UserID,
		UserARN: creds.Caller.ARN.String(), UserID: creds.Caller.UserID,
	}}, nil
}

// signer returns the keys that the request was signed with.
func (s *Service) signer(r *http.Request, body []byte) (cloud.Credentials, error) {
	signature, err := sigv4.Parse(r)
	if err != nil {
		return cloud.Credentials{}, err
	}
	if signature.Service != "execute-api" || signature.Region != s.place.Region {
		return cloud.Credentials{}, sigv4.Mismatch("Credential should be scoped to service execute-api in %s, not to %s in %s",
			s.place.Region, signature.Service, signature.Region)
	}
	return s.verifier.Verify(r, body, signature)
}

// requestARN is what a policy must allow to invoke:
// api-id/stage/METHOD/path, all as the request has it.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (s *Service) requestARN(r *http.Request, m match) string {
	path := r.URL.Path
	if m.stage.Name != defaultStage {
		path = strings.TrimPrefix(path, "/"+m.stage.Name)
	}
	return s.place.ARN("execute-api", fmt.Sprintf("%s/%s/%s%s", m.api.ID, m.stage.Name, r.Method, path)).String()
}
