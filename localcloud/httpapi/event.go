package httpapi

import (
	"fmt"
	"net/http"

	"tally/localcloud/internal/endpoint"
)

// newEvent returns the event for a request. The paths in it begin with the stage, unless
// that is $default.
func newEvent(x *exchange, body []byte) endpoint.Event {
	e := endpoint.NewEvent(x.Request, body, x.start)
	e.RouteKey, e.PathParameters, e.StageVariables = x.key.text, x.parameters, x.stage.Variables
	c := &e.RequestContext
	c.AccountID, c.APIID, c.DomainPrefix, c.Authorizer = x.place.Account, x.api.ID, x.api.ID, x.authorization
	c.RequestID, c.RouteKey, c.Stage = x.id, x.key.text, x.stage.Name
	return e
}

// A response is the response that a client receives.
type response struct {
	endpoint.Response
	refusal string // the message of API Gateway itself; "" for a function's response
}

// refuse returns a response of API Gateway itself.
func refuse(status int, message string) response {
	return response{endpoint.Response{
		Status: status, Header: http.Header{"Content-Type": {"application/json"}}, Body: fmt.Appendf(nil, `{"message":%q}`, message),
	}, message}
}
