package gateway

import "tally/localcloud/cloud"

// An operation is a row of a service's table. It has the same form for every
// protocol: a protocol decodes the input into a struct, and encodes the result
// from one. All operations are made by the three constructors below, so that each
// row states which permission it requires and who checks it.
type operation struct {
	action    string // the action that must be permitted: "SNS:ListTopics"
	authority authority
	route     string // method and path, for REST only: "GET /2015-03-31/functions"
	serve     func(c *call, decode decoder) (result any, err error)
	unsigned  bool // whether a URL without a signature is enough
}

// operations is the table of a service, keyed by the names of the operations.
type operations map[string]operation

// A decoder decodes the input of a request into the struct that into points to,
// and refuses parameters that the struct does not have.
type decoder func(into any) error

// An authority decides whether a caller may use an operation.
type authority int

const (
	byGateway authority = iota + 1
	byService
	byAnyone // every caller with a valid signature may use it
)

// A target is the resource that an operation is authorized on: its ARN, and its
// resource policy, or "" if it has none. context has the condition keys of the operation;
// nil for none.
type target struct {
	resource, policy string
	context          map[string][]string
}

// authorized makes an operation that requires permission for action on the
// resource that on returns.
func authorized[In any](action string, on func(*call, In) (target, error), run func(*call, In) (any, error)) operation {
	return newOperation(byGateway, action, on, run)
}

// authorizedByService makes an operation that the service itself authorizes, such
// as publishing, invoking, or sending and receiving messages. Other services
// perform these without the gateway, and require the same permissions.
func authorizedByService[In any](action string, run func(*call, In) (any, error)) operation {
	return newOperation(byService, action, nil, run)
}

// openToAll makes an operation that requires a valid signature and no permission.
func openToAll[In any](run func(*call, In) (any, error)) operation {
	return newOperation(byAnyone, "", nil, run)
}

// newOperation makes an operation. The gateway authorizes the caller, if that is
// its task, after decoding the input and before running the operation. on is used
// only then. An input may have condition keys of its own.
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
			if keyed, ok := any(in).(interface{ conditionKeys() map[string][]string }); ok {
				t.context = keyed.conditionKeys()
			}
			if err := c.authorize(action, t); err != nil {
				return nil, err
			}
		}
		return run(c, in)
	}}
}

// at returns the operation with its method and path in REST.
func (o operation) at(route string) operation {
	o.route = route
	return o
}

// inURL allows anybody who has the URL of the operation to use it, such as the SubscribeURL
// in a message of SNS. Requests without a signature have no caller, and are not authorized.
func (o operation) inURL() operation {
	o.unsigned = true
	return o
}

// authorize checks that the caller may perform an action. As far as an operation permits
// requests without a caller, those are not authorized.
func (c *call) authorize(action string, on target) error {
	if c.isUnsigned() {
		return nil
	}
	return c.IAM.Authorize(c.Context(), cloud.Request{Caller: c.caller, Action: action, Resource: on.resource, ResourcePolicy: on.policy, Context: on.context})
}
