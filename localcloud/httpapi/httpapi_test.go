package httpapi

import (
	"context"
	"math"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/endpoint"
	"tally/localcloud/store"
)

var (
	here        = cloud.Place{Region: "us-east-1", Account: "000000000000"}
	functionARN = here.ARN("lambda", "function:add-numbers").String()
)

// invoker is a cloud.Invoker made of a function.
type invoker func(context.Context, cloud.Invocation) (cloud.Outcome, error)

func (f invoker) Invoke(ctx context.Context, in cloud.Invocation) (cloud.Outcome, error) {
	return f(ctx, in)
}

func (invoker) InvokeAsync(context.Context, cloud.Invocation) (string, error) {
	panic("an HTTP API invokes synchronously")
}

// journal is a cloud.Journal that collects all entries.
type journal struct {
	mu      sync.Mutex
	entries []cloud.Entry
}

func (j *journal) Append(e cloud.Entry) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = append(j.entries, e)
}

// clear removes all entries.
func (j *journal) clear() {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.entries = nil
}

// warned reports whether a warning contains all of the words.
func (j *journal) warned(words ...string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.ContainsFunc(j.entries, func(e cloud.Entry) bool {
		for _, w := range words {
			if !strings.Contains(e.Message, w) {
				return false
			}
		}
		return e.Level == cloud.Warning && e.Service == "apigateway"
	})
}

func open(t *testing.T, st *store.Store, invoke invoker, firstPort int) (*Service, *journal) {
	t.Helper()
	return openWith(t, Options{Store: st, Invoker: invoke, FirstPort: firstPort})
}

func openWith(t *testing.T, o Options) (*Service, *journal) {
	t.Helper()
	j := &journal{}
	o.Place, o.Journal = here, j
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	return s, j
}

// must returns v if there is no error.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// build creates an API with one stage and a route for each key. All routes call the
// same function.
func build(t *testing.T, s *Service, stage string, keys ...string) (API, Integration) {
	t.Helper()
	api := must(s.CreateAPI(API{Name: "calculator", ProtocolType: "HTTP"}))(t)
	in := must(s.CreateIntegration(Integration{APIID: api.ID, Type: "AWS_PROXY", URI: functionARN, PayloadFormatVersion: "2.0"}))(t)
	for _, k := range keys {
		must(s.CreateRoute(Route{APIID: api.ID, Key: k, Target: "integrations/" + in.ID}))(t)
	}
	must(s.CreateStage(Stage{APIID: api.ID, Name: stage, AutoDeploy: true}))(t)
	return api, in
}

func TestRefusals(t *testing.T) {
	s, _ := open(t, nil, nil, 0)
	api, in := build(t, s, "$default", "POST /add")
	integration := func(change func(*Integration)) error {
		i := Integration{APIID: api.ID, Type: "AWS_PROXY", URI: functionARN, PayloadFormatVersion: "2.0"}
		change(&i)
		_, err := s.CreateIntegration(i)
		return err
	}
	route := func(r Route) error { r.APIID = api.ID; _, err := s.CreateRoute(r); return err }
	stage := func(st Stage) error { st.APIID = api.ID; _, err := s.CreateStage(st); return err }
	cors := func(c CORS) error { _, err := s.CreateAPI(API{Name: "a", ProtocolType: "HTTP", CORS: &c}); return err }
	jwt := func(change func(*Authorizer)) error {
		a := Authorizer{APIID: api.ID, Name: "a", Type: "JWT", IdentitySources: []string{"$request.header.Authorization"},
			Issuer: "https://login.example.com", Audience: []string{"a"}}
		change(&a)
		_, err := s.CreateAuthorizer(a)
		return err
	}
	apiErr := func(a API) error { _, err := s.CreateAPI(a); return err }
	second := func(_ any, err error) error { return err }
	target := "integrations/" + in.ID

	for _, c := range []struct {
		name string
		err  error
		want string
	}{
		{"no name", apiErr(API{ProtocolType: "HTTP"}), "BadRequestException: Invalid name"},
		{"long name", apiErr(API{Name: strings.Repeat("é", 129), ProtocolType: "HTTP"}), "not 129"},
		{"websocket", apiErr(API{Name: "a", ProtocolType: "WEBSOCKET"}), "BadRequestException: the local cloud supports only ProtocolType HTTP, not WEBSOCKET"},
		{"protocol", apiErr(API{Name: "a", ProtocolType: "http"}), "Must be one of [HTTP, WEBSOCKET]"},
		{"missing api", second(s.API("nowhere")), "NotFoundException: Invalid API identifier specified 000000000000:nowhere"},
		{"missing integration", second(s.Integration(api.ID, "x")), "NotFoundException: Invalid Integration identifier"},
		{"missing route", s.DeleteRoute(api.ID, "x"), "NotFoundException: Invalid Route identifier"},
		{"missing stage", s.DeleteStage(api.ID, "x"), "NotFoundException: Invalid stage identifier"},
		{"integration type", integration(func(i *Integration) { i.Type = "HTTP_PROXY" }), `only IntegrationType AWS_PROXY, not "HTTP_PROXY"`},
		{"payload 1.0", integration(func(i *Integration) { i.PayloadFormatVersion = "1.0" }), "only PayloadFormatVersion 2.0, not 1.0"},
		{"no payload version", integration(func(i *Integration) { i.PayloadFormatVersion = "" }), "PayloadFormatVersion is a required parameter"},
		{"short timeout", integration(func(i *Integration) { i.TimeoutMillis = 49 }), "between 50 ms and 30000 ms"},
		{"long timeout", integration(func(i *Integration) { i.TimeoutMillis = 30_001 }), "between 50 ms and 30000 ms"},
		{"method", integration(func(i *Integration) { i.Method = "GET" }), "IntegrationMethod must be POST"},
		{"not a function", integration(func(i *Integration) { i.URI = here.ARN("sns", "numbers").String() }), "Invalid function ARN or invalid uri"},
		{"a url", integration(func(i *Integration) { i.URI = "https://example.com" }), "Invalid function ARN or invalid uri"},
		{"same route", route(Route{Key: "POST /add", Target: target}), "ConflictException: Route with key POST /add already exists for this API"},
		{"no target", route(Route{Key: "GET /x"}), "Invalid target specified"},
		{"unknown target", route(Route{Key: "GET /x", Target: "integrations/x"}), "NotFoundException"},
		{"authorizer", route(Route{Key: "GET /x", Target: target, AuthorizationType: "CUSTOM"}), "only AuthorizationType NONE, AWS_IAM and JWT, not CUSTOM"},
		{"missing authorizer", second(s.Authorizer(api.ID, "x")), "NotFoundException: Invalid Authorizer identifier specified x"},
		{"no authorizer", route(Route{Key: "GET /x", Target: target, AuthorizationType: "JWT"}), "AuthorizerId is a required parameter"},
		{"unknown authorizer", route(Route{Key: "GET /x", Target: target, AuthorizationType: "JWT", AuthorizerID: "x"}), "NotFoundException"},
		{"scopes of IAM", route(Route{Key: "GET /x", Target: target, AuthorizationType: "AWS_IAM", Scopes: []string{"add"}}), "are valid only with authorization type JWT, not with AWS_IAM"},
		{"authorization", route(Route{Key: "GET /x", Target: target, AuthorizationType: "BASIC"}), "Must be one of [NONE, AWS_IAM, CUSTOM, JWT]"},
		{"lambda authorizer", jwt(func(a *Authorizer) { a.Type = "REQUEST" }), "only AuthorizerType JWT, not REQUEST"},
		{"authorizer type", jwt(func(a *Authorizer) { a.Type = "OIDC" }), "Must be one of [JWT, REQUEST]"},
		{"authorizer name", jwt(func(a *Authorizer) { a.Name = "" }), "must have 1 to 128 characters, not 0"},
		{"no source", jwt(func(a *Authorizer) { a.IdentitySources = nil }), "IdentitySource must be $request.header.<name> or"},
		{"cookie source", jwt(func(a *Authorizer) { a.IdentitySources[0] = "$request.cookie.token" }), "IdentitySource must be $request.header.<name> or"},
		{"no audience", jwt(func(a *Authorizer) { a.Audience = nil }), "Audience is a required parameter"},
		{"empty audience", jwt(func(a *Authorizer) { a.Audience = []string{""} }), "Audience is a required parameter"},
		{"plain issuer", jwt(func(a *Authorizer) { a.Issuer = "http://login.example.com" }), `Invalid issuer: "http://login.example.com" is neither an HTTPS URL nor a loopback URL`},
		{"no issuer", jwt(func(a *Authorizer) { a.Issuer = "" }), "Invalid issuer"},
		{"issuer with a query", jwt(func(a *Authorizer) { a.Issuer = "https://login.example.com?x" }), "Invalid issuer"},
		{"credentials for all", cors(CORS{AllowOrigins: []string{"*"}, AllowCredentials: true}), "allow-credentials is not supported for origin *"},
		{"origin without scheme", cors(CORS{AllowOrigins: []string{"localhost:3000"}}), "Invalid format for origin localhost:3000"},
		{"origin with a path", cors(CORS{AllowOrigins: []string{"https://example.com/"}}), "Invalid format for origin https://example.com/"},
		{"origin pattern", cors(CORS{AllowOrigins: []string{"https://*.example.com"}}), "Invalid format for origin https://*.example.com"},
		{"method of CORS", cors(CORS{AllowMethods: []string{"ANY"}}), `Invalid method "ANY" in allowMethods`},
		{"max age", cors(CORS{MaxAgeSeconds: 86401}), "from -1 to 86400 seconds, not 86401"},
		{"settings of no route", stage(Stage{Name: "dev", AutoDeploy: true, RouteSettings: map[string]RouteSettings{"GET /x": {}}}), "NotFoundException: Unable to find Route by key GET /x within the provided RouteSettings"},
		{"negative limit", stage(Stage{Name: "dev", AutoDeploy: true, DefaultRouteSettings: &RouteSettings{BurstLimit: -1}}), "burst limit: it must be from 0 to 2147483647, not -1"},
		{"negative rate", stage(Stage{Name: "dev", AutoDeploy: true, RouteSettings: map[string]RouteSettings{"POST /add": {RateLimit: -1}}}), "must not be negative"},
		{"rate that is no number", stage(Stage{Name: "dev", AutoDeploy: true, DefaultRouteSettings: &RouteSettings{RateLimit: math.NaN()}}), "must be a number"},
		{"infinite rate", stage(Stage{Name: "dev", AutoDeploy: true, DefaultRouteSettings: &RouteSettings{RateLimit: math.Inf(1)}}), "must be a number"},
		{"log to a stream", stage(Stage{Name: "dev", AutoDeploy: true, AccessLog: &AccessLog{here.ARN("firehose", "deliverystream/x").String(), "$context.requestId"}}), "Invalid ARN specified in the request"},
		{"log elsewhere", stage(Stage{Name: "dev", AutoDeploy: true, AccessLog: &AccessLog{"arn:aws:logs:eu-west-1:000000000000:log-group:g", "$context.requestId"}}), "Invalid ARN specified in the request"},
		{"log format", stage(Stage{Name: "dev", AutoDeploy: true, AccessLog: &AccessLog{here.ARN("logs", "log-group:g").String(), "$context.status"}}), "must contain at least $context.requestId"},
		{"stage name", stage(Stage{Name: "a b", AutoDeploy: true}), "Stage name only allows"},
		{"long stage name", stage(Stage{Name: strings.Repeat("a", 129), AutoDeploy: true}), "128 characters at most"},
		{"same stage", stage(Stage{Name: "$default", AutoDeploy: true}), "ConflictException: Stage already exists"},
		{"manual deployment", stage(Stage{Name: "dev"}), "the local cloud has no deployments"},
		{"stage variable", stage(Stage{Name: "dev", AutoDeploy: true, Variables: map[string]string{"a-b": "c"}}), `Stage variable "a-b"`},
		{"integration in use", s.DeleteIntegration(api.ID, in.ID), "ConflictException: Cannot delete Integration because it is referenced by the following Routes with Ids: ["},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, c.err, c.want)
		}
	}
}

func TestIntegrationURI(t *testing.T) {
	for uri, want := range map[string]string{
		functionARN:              functionARN,
		functionARN + ":$LATEST": functionARN + ":$LATEST",
		"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + functionARN + "/invocations": functionARN,
		"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/" + functionARN:                  "",
		"": "",
	} {
		if got := functionOf(uri); got != want {
			t.Errorf("%q: function %q, want %q", uri, got, want)
		}
	}
}

func TestStateSurvivesARestart(t *testing.T) {
	st := must(store.Open(t.TempDir()))(t)
	defer st.Close()
	echo := invoker(func(context.Context, cloud.Invocation) (cloud.Outcome, error) {
		return cloud.Outcome{Payload: []byte(`"alive"`)}, nil
	})
	first, _ := open(t, st, echo, 0)
	api, in := build(t, first, "$default", "GET /")
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}

	second, j := open(t, st, echo, 0)
	if status, body := get(t, api.Endpoint()+"/"); status != 200 || body != "alive" {
		t.Errorf("after a restart: %d %s", status, body)
	}
	if diff := cmp.Diff(in, must(second.Integration(api.ID, in.ID))(t)); diff != "" || j.warned() {
		t.Errorf("journal %v, integration (-want +got)\n%s", j.entries, diff)
	}
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}

	// Another program now uses the port.
	squatter := must(endpoint.ListenAt(api.Port))(t)
	defer squatter.Close()
	third, j := open(t, st, echo, 0)
	moved := must(third.API(api.ID))(t)
	if status, body := get(t, moved.Endpoint()+"/"); status != 200 || body != "alive" {
		t.Errorf("on another port: %d %s", status, body)
	}
	if moved.Port == api.Port || !j.warned(api.Endpoint()+" is taken", moved.Endpoint()) {
		t.Errorf("port %d, was %d; journal %v", moved.Port, api.Port, j.entries)
	}
}

func TestAPIsUseTheLowestFreePort(t *testing.T) {
	taken := must(net.Listen("tcp", "127.0.0.1:0"))(t)
	first := endpoint.Port(taken)
	s, _ := open(t, nil, nil, first)
	a := must(s.CreateAPI(API{Name: "a", ProtocolType: "HTTP"}))(t)
	if a.Port <= first {
		t.Errorf("port %d, though %d is taken", a.Port, first)
	}
	_ = taken.Close()
	b := must(s.CreateAPI(API{Name: "b", ProtocolType: "HTTP"}))(t)
	if b.Port != first {
		t.Errorf("port %d, want %d, which is free", b.Port, first)
	}
	if err := s.DeleteAPI(b.ID); err != nil {
		t.Fatal(err)
	}
	l, err := endpoint.ListenAt(b.Port)
	if err != nil {
		t.Fatalf("the port of a deleted API is not free: %v", err)
	}
	_ = l.Close()
}

func TestDeleteAPIDeletesItsParts(t *testing.T) {
	s, _ := open(t, nil, nil, 0)
	other, _ := build(t, s, "$default", "GET /")
	api, _ := build(t, s, "dev", "GET /", "POST /add")
	must(s.CreateAuthorizer(Authorizer{APIID: api.ID, Name: "a", Type: "JWT", IdentitySources: []string{"$request.header.Authorization"},
		Issuer: "https://login.example.com", Audience: []string{"a"}}))(t)
	if err := s.DeleteAPI(api.ID); err != nil {
		t.Fatal(err)
	}
	if n := len(s.apis.All()) + len(s.integrations.All()) + len(s.routes.All()) + len(s.stages.All()) + len(s.authorizers.All()); n != 4 {
		t.Errorf("%d rows left, want the 4 of API %s", n, other.ID)
	}
}

func TestUpdates(t *testing.T) {
	s, _ := open(t, nil, nil, 0)
	api, in := build(t, s, "$default", "GET /")
	route := s.routesOf(api.ID)[0]

	changed := must(s.UpdateAPI(API{ID: api.ID, Name: "renamed", ProtocolType: "HTTP", Port: 1}))(t)
	if changed.Name != "renamed" || changed.Port != api.Port || !changed.Created.Equal(api.Created) {
		t.Errorf("API %+v, was %+v", changed, api)
	}
	in.TimeoutMillis = 1000
	if got := must(s.UpdateIntegration(in))(t); got != in {
		t.Errorf("integration %+v, want %+v", got, in)
	}
	route.Key = "GET /moved"
	must(s.UpdateRoute(route))(t)
	if got := must(s.Route(api.ID, route.ID))(t); got.Key != "GET /moved" {
		t.Errorf("route %+v", got)
	}
	created := must(s.Stage(api.ID, "$default"))(t).Created
	st := must(s.UpdateStage(Stage{APIID: api.ID, Name: "$default", AutoDeploy: true, Description: "all"}))(t)
	if st.Description != "all" || !st.Created.Equal(created) {
		t.Errorf("stage %+v", st)
	}
}
