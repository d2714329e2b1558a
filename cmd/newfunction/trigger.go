package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// The kinds of triggers, which are also the folders of their templates.
const (
	httpKind     = "http"
	topicKind    = "topic"
	queueKind    = "queue"
	scheduleKind = "schedule"
)

// trigger is what invokes a function.
type trigger struct {
	kind         string
	method, path string // of a request: "POST" and "/greet"
	source       string // the name of the topic or queue
	expression   string // of the schedule: "rate(1 hour)"
}

// methods are those that the routes of new functions can have. An operation in
// docs/openapi.yaml has one method, so ANY is not among them.
var methods = []string{"GET", "POST", "PUT", "PATCH", "DELETE"}

var (
	// componentName is the form that the components of infra/serverless require.
	componentName = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	routePath     = regexp.MustCompile(`^/$|^(/([A-Za-z0-9._~-]+|\{[A-Za-z][A-Za-z0-9_]*\}))+$`)
	pathParameter = regexp.MustCompile(`\{([^}]*)\}`)

	rateForm = regexp.MustCompile(`^rate\((1 (minute|hour|day)|[1-9][0-9]* (minutes|hours|days))\)$`)
	cronForm = regexp.MustCompile(`^cron\([^ ()]+( [^ ()]+){4,5}\)$`)
)

// parseTrigger parses a trigger, such as "POST /greet".
func parseTrigger(s string) (trigger, error) {
	if method, path, ok := strings.Cut(s, " /"); ok && !strings.Contains(method, ":") {
		t := trigger{kind: httpKind, method: method, path: "/" + path}
		return t, t.checkRoute()
	}
	if strings.HasPrefix(s, "/") {
		return trigger{}, fmt.Errorf("the trigger %q: its method is missing: put one of %s before the path", s, strings.Join(methods, ", "))
	}
	kind, rest, _ := strings.Cut(s, ":")
	switch kind {
	case topicKind, queueKind:
		if !componentName.MatchString(rest) {
			return trigger{}, fmt.Errorf("the %s %q: its name must be lowercase letters, digits and single dashes, and start with a letter", kind, rest)
		}
		return trigger{kind: kind, source: rest}, nil
	case scheduleKind:
		return trigger{kind: kind, expression: rest}, checkExpression(rest)
	}
	return trigger{}, fmt.Errorf(`the trigger %q: it must be a request such as "POST /greet", topic:NAME, queue:NAME, or a schedule such as "schedule:rate(1 hour)"`, s)
}

// checkRoute returns an error if the API or its description cannot have the route.
func (t trigger) checkRoute() error {
	if !slices.Contains(methods, t.method) {
		return fmt.Errorf("the route %q: its method must be one of %s", t.route(), strings.Join(methods, ", "))
	}
	if !routePath.MatchString(t.path) {
		return fmt.Errorf("the route %q: its path must be words and parameters such as {id}, each after a slash, such as /greet/{id}", t.route())
	}
	// https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
	if t.path == "/ping" || t.path == "/sping" {
		return fmt.Errorf("the route %q: API Gateway reserves its path for health checks", t.route())
	}
	parameters := t.Parameters()
	slices.Sort(parameters)
	if len(slices.Compact(parameters)) < len(t.Parameters()) {
		return fmt.Errorf("the route %q: a parameter is in its path twice", t.route())
	}
	return nil
}

// checkExpression returns an error if a schedule expression has no valid form. The
// preview checks the values in it.
//
// https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
func checkExpression(s string) error {
	const at = "at(2006-01-02T15:04:05)"
	_, err := time.Parse(at, s)
	if err == nil && len(s) == len(at) || rateForm.MatchString(s) || cronForm.MatchString(s) && strings.Count(s, "?") == 1 {
		return nil
	}
	return fmt.Errorf(`the schedule %q: it must be a rate such as "rate(1 hour)" or "rate(5 minutes)", a time such as "at(2027-01-31T09:30:00)", or "cron(30 9 ? * MON-FRI *)", `+
		"with minute, hour, day of month, month, day of week and year, and ? for one of the days", s)
}

func (t trigger) route() string { return t.method + " " + t.path }

// Parameters returns the names of the parameters in the path.
func (t trigger) Parameters() (names []string) {
	for _, m := range pathParameter.FindAllStringSubmatch(t.path, -1) {
		names = append(names, m[1])
	}
	return names
}

// sample returns the path with "example" for each parameter.
func (t trigger) sample() string { return pathParameter.ReplaceAllString(t.path, "example") }

// try returns what to do to see the function run, once it is deployed locally.
func (t trigger) try(name string) string {
	switch t.kind {
	case httpKind:
		return fmt.Sprintf(`eval "$(./bin/localcloud env)"; curl -X %s "$(pulumi stack output apiUrl --stack local)%s"`, t.method, strings.TrimPrefix(t.sample(), "/"))
	case scheduleKind:
		return "make logs FUNCTION=" + name
	default:
		return fmt.Sprintf("make logs FUNCTION=%s, after sending JSON to the %s %s", name, t.kind, t.source)
	}
}
