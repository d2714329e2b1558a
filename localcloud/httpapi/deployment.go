package httpapi

import (
	"net/http"
	"slices"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/endpoint"
)

// A deployment is the parsed configuration that an API serves. It is replaced and
// never modified, so that requests need neither parsing nor a lock.
type deployment struct {
	api     API
	cors    *endpoint.CORSHeaders // nil: none
	stages  map[string]deployedStage
	routes  []deployedRoute // in the order in which they are tried
	buckets map[bucketKey]*bucket
}

// RouteARN returns the ARN of a route, by its key. AWS's has its ID instead.
func RouteARN(p cloud.Place, apiID, key string) string {
	p.Account = ""
	return p.ARN("apigateway", "/apis/"+apiID+"/routes/"+key).String()
}

type deployedStage struct {
	Stage
	format *accessFormat // of the access log, nil for none
	log    logStream
}

type deployedRoute struct {
	key        routeKey
	route      Route
	authorizer Authorizer // if the authorization type is JWT
	source     tokenSource
	function   string // ARN
	timeout    time.Duration
}

// deploy makes an API serve its current configuration; it is called after every
// change, because all stages have AutoDeploy. The caller holds s.mu, unless nothing
// else uses s.
func (s *Service) deploy(apiID string) {
	srv := s.servers[apiID]
	api, ok := s.apis.Get(apiID)
	if srv == nil || !ok {
		return // closed in the meantime
	}
	d := &deployment{api: api, cors: endpoint.NewCORSHeaders(api.CORS), stages: map[string]deployedStage{}}
	for _, st := range s.stagesOf(apiID) {
		d.stages[st.Name] = s.deployedStage(st)
	}
	for _, r := range s.routesOf(apiID) {
		d.routes = append(d.routes, s.deployedRoute(r))
	}
	slices.SortFunc(d.routes, func(a, b deployedRoute) int { return compareKeys(a.key, b.key) })
	var old map[bucketKey]*bucket
	if previous := srv.deployed.Load(); previous != nil {
		old = previous.buckets
	}
	d.buckets = buckets(d.stages, old)
	srv.deployed.Store(d)
}

// deployedStage parses a stage. It ignores parse errors, because a stage is checked
// before it is stored.
func (s *Service) deployedStage(st Stage) deployedStage {
	d := deployedStage{Stage: st}
	if access := st.AccessLog; access != nil {
		if format, err := parseFormat(access.Format); err == nil {
			d.format = &format
			d.log = logStream{logGroupOf(s.place, access.DestinationARN), st.APIID + "/" + st.Name}
		}
	}
	return d
}

// deployedRoute parses a route with its integration and its authorizer. It ignores
// parse errors, because all of them are checked before they are stored.
func (s *Service) deployedRoute(r Route) deployedRoute {
	d := deployedRoute{route: r}
	d.key, _ = parseRouteKey(r.Key)
	in, _ := s.integrations.Get(key(r.APIID, r.Target[len(targetPrefix):]))
	d.function, d.timeout = functionOf(in.URI), time.Duration(in.TimeoutMillis)*time.Millisecond
	if d.authorizer, _ = s.authorizers.Get(key(r.APIID, r.AuthorizerID)); len(d.authorizer.IdentitySources) > 0 {
		d.source, _ = parseTokenSource(d.authorizer.IdentitySources[0])
	}
	return d
}

// A match is the destination of a request.
type match struct {
	api   API
	stage deployedStage
	deployedRoute
	parameters map[string]string
}

// find returns the stage and the route for a request. If there is no route, it
// returns the reason, and m contains what was found. The first segment of the path
// selects a stage with that name, which takes precedence over $default.
func (d *deployment) find(r *http.Request) (m match, reason string) {
	m.api = d.api
	path, ok := splitPath(r.URL)
	if !ok {
		return m, "the request has no path"
	}
	stage, named := d.stages[path[0]]
	if named && path[0] != defaultStage {
		if path = path[1:]; len(path) == 0 {
			path = []string{""}
		}
	} else if stage, ok = d.stages[defaultStage]; !ok {
		return m, "the API has no stage $default, and the path begins with no other stage"
	}
	m.stage = stage
	for _, route := range d.routes {
		if parameters, ok := route.key.match(r.Method, path); ok {
			m.deployedRoute, m.parameters = route, parameters
			return m, ""
		}
	}
	return m, "no route matches"
}
