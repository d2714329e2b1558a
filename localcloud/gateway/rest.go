package gateway

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// restJSON is the REST JSON protocol: the method and the path name the operation.
//
// https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
type restJSON struct {
	routes []route
	served string // the names of the operations as a list, for error messages
}

// A route is the method and path of an operation. Segments in braces, as in
// "{FunctionName}", match any value.
type route struct {
	operation, method string
	segments          []string
}

func newRESTJSON(o operations) restJSON {
	p := restJSON{served: o.names()}
	for name, op := range o {
		method, path, _ := strings.Cut(op.route, " ")
		p.routes = append(p.routes, route{name, method, strings.Split(path, "/")})
	}
	return p
}

func (restJSON) String() string { return "AWS restJson1" }

func (p restJSON) parse(c *call) (string, decoder, error) {
	path := strings.Split(strings.TrimSuffix(c.URL.EscapedPath(), "/"), "/")
	for _, r := range p.routes {
		if r.matches(c.Method, path) {
			return r.operation, func(into any) error { return r.decode(c, path, into) }, nil
		}
	}
	return "", nil, cloud.Errorf(http.StatusNotFound, "UnknownOperationException", "Unknown operation %s %s; the local cloud serves %s",
		c.Method, c.URL.Path, p.served)
}

func (r route) matches(method string, path []string) bool {
	return method == r.method && slices.EqualFunc(path, r.segments, func(got, want string) bool {
		return got == want || strings.HasPrefix(want, "{") && got != ""
	})
}

// label returns the value of the path segment with that name.
func (r route) label(name string, path []string) (string, error) {
	label, err := url.PathUnescape(path[slices.Index(r.segments, "{"+name+"}")])
	if err != nil {
		return "", cloud.Errorf(http.StatusBadRequest, "ValidationException", "The path is not percent-encoded correctly: %v", err)
	}
	return label, nil
}

// decode decodes path, query string, headers and body into the struct that into
// points to, and refuses parameters of the query string that it does not have.
func (r route) decode(c *call, path []string, into any) error {
	v, given := reflect.ValueOf(into).Elem(), c.parameters()
	var known []string
	for f, field := range v.Fields() {
		if name, ok := f.Tag.Lookup("path"); ok {
			label, err := r.label(name, path)
			if err != nil {
				return err
			}
			field.SetString(label)
		} else if name, ok := f.Tag.Lookup("header"); ok {
			field.SetString(c.Header.Get(name))
		} else if f.Tag.Get("payload") == "body" {
			field.SetBytes(c.body)
		} else if f.Tag.Get("payload") == "json" {
			if len(c.body) == 0 {
				continue
			}
			if err := decodeJSON(c.body, r.operation, field.Addr().Interface()); err != nil {
				return err
			}
		} else if known = append(known, queryName(f)); given.Has(queryName(f)) {
			if list, ok := field.Addr().Interface().(*[]string); ok {
				*list = given[queryName(f)]
			} else if err := setText(field, given.Get(queryName(f))); err != nil {
				return cloud.Errorf(http.StatusBadRequest, "SerializationException", "Parameter %s: %v", queryName(f), err)
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(known, name) {
			return unknownParameter("ValidationException", name, r.operation, known)
		}
	}
	return nil
}

func (restJSON) encode(_ string, result any, _ string) (response, error) {
	return jsonResponse(http.StatusOK, "application/json", result)
}

// refuse writes the message twice, because the shapes of Lambda's errors differ
// in the spelling of that member.
func (restJSON) refuse(e *cloud.Error, _ string) response {
	fault := "User"
	if e.HTTPStatus() >= http.StatusInternalServerError {
		fault = "Service"
	}
	status, code := e.HTTPStatus(), jsonCode(e.Code)
	if code != e.Code {
		status = http.StatusForbidden
	}
	body := map[string]any{"Type": fault, "message": e.Message, "Message": e.Message}
	maps.Copy(body, e.Fields)
	res, _ := jsonResponse(status, "application/json", body) // the fields of errors can be encoded
	res.header.Set("X-Amzn-Errortype", code)
	return res
}

// isLambdaPath reports whether a path is one of Lambda's operations: the date of an API
// version, then a kind of resource.
func isLambdaPath(path string) bool {
	parts := strings.SplitN(strings.TrimPrefix(path, "/"), "/", 3)
	return len(parts) > 1 && slices.Contains([]string{"functions", "event-source-mappings", "tags"}, parts[1])
}
