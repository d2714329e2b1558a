package httpapi

import (
	"net/http"
	"slices"
	"time"
)

// A deployment is what an API serves at one moment, parsed so that no request
// has to. It is never modified but replaced, so that a request needs no lock.
type deployment struct {
	api     API
	cors    *corsHeaders // nil: none
	stages  map[string]deployedStage
	routes  []deployedRoute // in the order in which they are tried
	buckets map[limit]*bucket
}

type deployedStage struct {
	Stage
	format *accessFormat // of the access log, nil for none
	log    logStream
}

type deployedRoute struct {
	key        routeKey
	route      Route
	authorizer Authorizer // of a JWT route
	source     tokenSource
	function   string // ARN
	timeout    time.Duration
}

// deploy makes an API serve every change, as a stage with AutoDeploy does. The
// caller holds s.mu, unless nothing else uses s.
func (s *Service) deploy(apiID string) {
	srv := s.servers[apiID]
	api, ok := s.apis.Get(apiID)
	if srv == nil || !ok {
		return // closed meanwhile
	}
	d := &deployment{api: api, cors: newCORSHeaders(api.CORS), stages: map[string]deployedStage{}}
	for _, st := range s.stagesOf(apiID) {
		d.stages[st.Name] = s.deployedStage(st)
	}
	for _, r := range s.routesOf(apiID) {
		d.routes = append(d.routes, s.deployedRoute(r))
	}
	slices.SortFunc(d.routes, func(a, b deployedRoute) int { return compareKeys(a.key, b.key) })
	var old map[limit]*bucket
	if was := srv.deployed.Load(); was != nil {
		old = was.buckets
	}
	d.buckets = buckets(d.stages, old)
	srv.deployed.Store(d)
}

// deployedStage and deployedRoute ignore errors of parsing: everything in the
// store was checked when it was set.
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

// find returns the stage and the route of a request, or why there is none; m
// then has what it found. A named stage is the first part of the path, and
// takes precedence over $default.
func (d *deployment) find(r *http.Request) (m match, why string) {
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
