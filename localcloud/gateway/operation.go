package gateway

import "tally/localcloud/cloud"

// An operation is one row of a service's table, the same for every protocol. Its
// input is a struct that the protocol decodes, its result a struct that the
// protocol encodes. The three constructors below make all operations, so that each
// row states which permission it needs and who checks it.
type operation struct {
	action    string // that the caller needs permission for: "SNS:ListTopics"
	authority authority
	route     string // method and path, of REST only: "GET /2015-03-31/functions"
	serve     func(c *call, decode decoder) (result any, err error)
}

// operations is the table of a service, by the operations' names.
type operations map[string]operation

// A decoder decodes the input of a request into the struct that into points to,
// and refuses parameters that the struct does not have.
type decoder func(into any) error

// An authority decides whether a caller may use an operation.
type authority int

const (
	byGateway authority = iota + 1
	byService
	byNobody // every caller with a valid signature may use it
)

// A target is the resource that an operation is authorized on: its ARN, and its
// resource policy, or "" if it has none.
type target struct{ resource, policy string }

// authorized makes an operation that needs permission for action on the
// resource that on returns.
func authorized[In any](action string, on func(*call, In) (target, error), run func(*call, In) (any, error)) operation {
	return newOperation(byGateway, action, on, run)
}

// authorizedByService makes an operation that the service itself authorizes:
// publishing, invoking and what is done with messages. Such calls also come from
// other services, not through the gateway, and need the same permissions.
func authorizedByService[In any](action string, run func(*call, In) (any, error)) operation {
	return newOperation(byService, action, nil, run)
}

// openToAll makes an operation that needs no permission, only a valid signature.
func openToAll[In any](run func(*call, In) (any, error)) operation {
	return newOperation(byNobody, "", nil, run)
}

// newOperation makes an operation whose caller is authorized, if by the gateway,
// between decoding its input and running it. on is used by byGateway alone.
func newOperation[In any](a authority, action string, on func(*call, In) (target, error), run func(*call, In) (any, error)) operation {
	return operation{action: action, authority: a, serve: func(c *call, decode decoder) (any, error) {
		var in In
		if err := decode(&in); err != nil {
			return nil, err
		}
		if a == byGateway {
			t, err := on(c, in)
			if err != nil {
				return nil, err
			}
			if err := c.authorize(action, t); err != nil {
				return nil, err
			}
		}
		return run(c, in)
	}}
}

// at sets the method and path of an operation in REST.
func (o operation) at(route string) operation {
	o.route = route
	return o
}

func (c *call) authorize(action string, on target) error {
	return c.IAM.Authorize(c.Context(), cloud.Request{Caller: c.caller, Action: action, Resource: on.resource, ResourcePolicy: on.policy})
}
