package httpapi

import (
	"fmt"
	"net/http"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/body"
	"tally/localcloud/internal/endpoint"
	"tally/localcloud/sigv4"
)

// The authorization types of routes.
const (
	authNone = "NONE"
	authIAM  = "AWS_IAM"
	authJWT  = "JWT"
)

// A denial is the response to a request that is not authorized, and the reason.
type denial struct {
	response
	reason string
}

// authorize identifies the caller of a route and decides whether it may call the
// route.
func (s *Service) authorize(x *exchange, body []byte) (*endpoint.Authorization, *denial) {
	switch x.route.AuthorizationType {
	case authIAM:
		return s.authorizeIAM(x, body)
	case authJWT:
		return s.authorizeJWT(x.Request, x.match)
	}
	return nil, nil
}

// preauthorize denies a request with a large body for what can be known without reading
// the body. It denies nothing that authorize does not deny.
func (s *Service) preauthorize(x *exchange) *denial {
	if x.ContentLength >= 0 && x.ContentLength <= body.Small {
		return nil
	}
	switch x.route.AuthorizationType {
	case authIAM:
		signature, err := s.signature(x.Request)
		if err == nil {
			_, err = s.verifier.Credentials(signature)
		}
		if err != nil {
			return &denial{refuse(http.StatusForbidden, "Forbidden"), err.Error()}
		}
	case authJWT:
		_, denied := s.authorizeJWT(x.Request, x.match)
		return denied
	}
	return nil
}

// authorizeIAM admits a caller that signed the request for execute-api and may
// invoke the route. Any other caller receives only Forbidden, without the reason.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-access-control-iam.html
func (s *Service) authorizeIAM(x *exchange, body []byte) (*endpoint.Authorization, *denial) {
	creds, err := s.signer(x.Request, body)
	if err == nil {
		err = s.authorizer.Authorize(cloud.WithConditionKeys(x.Context(), endpoint.ConditionKeys(x.Request)), cloud.Request{
			Caller: creds.Caller, Action: "execute-api:Invoke", Resource: s.requestARN(x.Request, x.match),
		})
	}
	if err != nil {
		return nil, &denial{refuse(http.StatusForbidden, "Forbidden"), err.Error()}
	}
	return endpoint.NewIAMAuthorization(s.place.Account, creds), nil
}

// signer returns the credentials with which the request was signed.
func (s *Service) signer(r *http.Request, body []byte) (cloud.Credentials, error) {
	signature, err := s.signature(r)
	if err != nil {
		return cloud.Credentials{}, err
	}
	return s.verifier.Verify(r, body, signature)
}

// signature returns the signature of a request, which it does not verify.
func (s *Service) signature(r *http.Request) (sigv4.Signature, error) {
	signature, err := sigv4.Parse(r)
	if err == nil && (signature.Service != "execute-api" || signature.Region != s.place.Region) {
		err = sigv4.Mismatch("Credential should be scoped to service execute-api in %s, not to %s in %s",
			s.place.Region, signature.Service, signature.Region)
	}
	return signature, err
}

// requestARN returns the ARN that a policy must allow the caller to invoke. It ends
// in api-id/stage/METHOD/path, with the method and the path of the request.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-control-access-using-iam-policies-to-invoke-api.html
func (s *Service) requestARN(r *http.Request, m match) string {
	path := r.URL.Path
	if m.stage.Name != defaultStage {
		path = strings.TrimPrefix(path, "/"+m.stage.Name)
	}
	return s.place.ARN("execute-api", fmt.Sprintf("%s/%s/%s%s", m.api.ID, m.stage.Name, r.Method, path)).String()
}
