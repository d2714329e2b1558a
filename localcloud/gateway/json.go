package gateway

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// awsJSON is the AWS JSON 1.1 protocol: the operation in a header, one JSON
// object each way.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type awsJSON struct {
	target     string // prefix of X-Amz-Target
	operations map[string]jsonOperation
}

type jsonOperation func(c *call, name string) (result any, err error)

// reads makes an operation that takes a T, whose members are the parameters it
// knows, and needs the caller to have action on a resource.
func reads[T any](action string, on func(*call, T) string, run func(*call, T) (any, error)) jsonOperation {
	return func(c *call, name string) (any, error) {
		var in T
		if err := decodeMembers(c.body, name, &in); err != nil {
			return nil, err
		}
		if err := c.authorize(action, target{resource: on(c, in)}); err != nil {
			return nil, err
		}
		return run(c, in)
	}
}

func (j awsJSON) serve(c *call) (answer, error) {
	name, ok := strings.CutPrefix(c.Header.Get("X-Amz-Target"), j.target+".")
	run := j.operations[name]
	if !ok || run == nil {
		return answer{}, cloud.Errorf(http.StatusBadRequest, "UnknownOperationException", "Unknown operation %s; the local cloud serves %s of %s",
			c.Header.Get("X-Amz-Target"), strings.Join(slices.Sorted(maps.Keys(j.operations)), ", "), j.target)
	}
	result, err := run(c, name)
	if err != nil {
		return answer{}, err
	}
	return asJSON(http.StatusOK, "application/x-amz-json-1.1", result)
}

func (awsJSON) fail(e *cloud.Error, _ string) answer {
	status := e.HTTPStatus()
	code := jsonName(e.Code)
	if code != e.Code {
		status = http.StatusBadRequest // where this protocol has 400, Query has 403
	}
	a, _ := asJSON(status, "application/x-amz-json-1.1", map[string]string{"__type": code, "message": e.Message})
	return a
}

func asJSON(status int, contentType string, v any) (answer, error) {
	body, err := json.Marshal(v)
	return answer{status, http.Header{"Content-Type": {contentType}}, body}, err
}

// decodeMembers decodes a JSON object into a struct, and refuses members it
// does not have: a misspelt one must not pass for one that was left out.
func decodeMembers(body []byte, operation string, into any) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil {
		return cloud.Errorf(http.StatusBadRequest, "SerializationException", "The body is not a JSON object: %v", err)
	}
	known := memberNames(reflect.TypeOf(into).Elem())
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, name) {
			return unknownParameter("ValidationException", name, operation, known)
		}
	}
	if err := json.Unmarshal(body, into); err != nil {
		return cloud.Errorf(http.StatusBadRequest, "SerializationException", "%v", err)
	}
	return nil
}

func memberNames(t reflect.Type) []string {
	var names []string
	for f := range t.Fields() {
		names = append(names, f.Tag.Get("json"))
	}
	return names
}
