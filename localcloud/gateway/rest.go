package gateway

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
)

// restJSON is the REST JSON protocol: method and path name the operation.
//
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
type restJSON struct {
	operations map[string]restOperation // by method and path
}

type restOperation struct {
	name       string
	parameters []string // of the query string
	// action that the caller needs on the target; "" where the service asks
	// itself.
	action string
	on     func(*call, lambda.Reference) target
	run    func(*call, lambda.Reference) (answer, error)
}

func (p restJSON) serve(c *call) (answer, error) {
	path, f, err := c.route()
	if err != nil {
		return answer{}, err
	}
	op, ok := p.operations[c.Method+" "+path]
	if !ok {
		return answer{}, cloud.Errorf(http.StatusNotFound, "UnknownOperationException", "Unknown operation %s %s; the local cloud serves %s",
			c.Method, c.URL.Path, strings.Join(slices.Sorted(maps.Keys(p.operations)), ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(c.parameters())) {
		if !slices.Contains(op.parameters, name) {
			return answer{}, unknownParameter("ValidationException", name, op.name, op.parameters)
		}
	}
	if op.action != "" {
		if err := c.authorize(op.action, op.on(c, f)); err != nil {
			return answer{}, err
		}
	}
	return op.run(c, f)
}

// fail writes the message twice, because the shapes of Lambda's errors differ
// in how they spell that member.
func (restJSON) fail(e *cloud.Error, _ string) answer {
	fault := "User"
	if e.HTTPStatus() >= 500 {
		fault = "Service"
	}
	status, code := e.HTTPStatus(), jsonName(e.Code)
	if code != e.Code {
		status = http.StatusForbidden
	}
	body := map[string]string{"Type": fault, "message": e.Message, "Message": e.Message}
	maps.Copy(body, e.Fields)
	a, _ := asJSON(status, "application/json", body)
	a.header.Set("X-Amzn-Errortype", code)
	return a
}

// functionsPath is what the paths of all operations on functions have in
// common: the version of the API that brought the operation, then the function,
// then what it has.
var functionsPath = regexp.MustCompile(`^(/\d{4}-\d\d-\d\d/functions)/([^/]+)(/aliases)?(/[^/]+)?$`)

func isFunctionsPath(path string) bool {
	_, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	return rest == "functions" || strings.HasPrefix(rest, "functions/")
}

// route splits a request's path into the pattern it has in the table and the
// function that it names, if any. The name of an alias qualifies the function.
func (c *call) route() (pattern string, f lambda.Reference, err error) {
	path := strings.TrimSuffix(c.URL.EscapedPath(), "/")
	m := functionsPath.FindStringSubmatch(path)
	if m == nil {
		return path, f, nil
	}
	pattern, qualifier := m[1]+"/{FunctionName}"+m[3]+m[4], c.URL.Query().Get("Qualifier")
	if m[3] != "" && m[4] != "" {
		pattern, qualifier = m[1]+"/{FunctionName}/aliases/{Name}", m[4][1:]
	}
	name, err := url.PathUnescape(m[2])
	if err != nil {
		return "", f, cloud.Errorf(http.StatusBadRequest, "ValidationException", "The path is not encoded: %v", err)
	}
	f, err = c.Lambda.Resolve(name, qualifier)
	return pattern, f, err
}
