package gateway

import (
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// awsJSON is the AWS JSON protocol: a header names the operation, and input and
// result are JSON objects.
//
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
type awsJSON struct {
	version string // "1.1"
	target  string // prefix of the header: "Logs_20140328"
}

const targetHeader = "X-Amz-Target"

func (j awsJSON) String() string      { return "AWS JSON " + j.version }
func (j awsJSON) contentType() string { return "application/x-amz-json-" + j.version }

func (j awsJSON) speaks(r *http.Request) bool { return r.Header.Get(targetHeader) != "" }

func (j awsJSON) parse(c *call) (string, decoder, error) {
	name, ok := strings.CutPrefix(c.Header.Get(targetHeader), j.target+".")
	if _, known := c.service.operations[name]; !ok || !known {
		return "", nil, cloud.Errorf(http.StatusBadRequest, "UnknownOperationException", "Unknown operation %s; the local cloud serves %s of %s",
			c.Header.Get(targetHeader), c.service.operations.names(), j.target)
	}
	return name, func(into any) error { return decodeJSON(c.body, name, into) }, nil
}

func (j awsJSON) encode(_ string, result any, _ string) (response, error) {
	return jsonResponse(http.StatusOK, j.contentType(), result)
}

func (j awsJSON) refuse(e *cloud.Error, _ string) response {
	status, code := e.HTTPStatus(), jsonCode(e.Code)
	if code != e.Code {
		status = http.StatusBadRequest // signature errors have status 403 only in Query
	}
	res, _ := jsonResponse(status, j.contentType(), map[string]string{"__type": code, "message": e.Message}) // encoding strings cannot fail
	return res
}

func jsonResponse(status int, contentType string, v any) (response, error) {
	body, err := json.Marshal(v)
	return response{status, http.Header{"Content-Type": {contentType}}, body}, err
}

// decodeJSON decodes an object into the struct that into points to. Unlike package
// json, it refuses members that the struct does not have, at any depth, and is
// case-sensitive.
func decodeJSON(body []byte, operation string, into any) error {
	return jsonInput{operation}.set(reflect.ValueOf(into).Elem(), body, "")
}

type jsonInput struct{ operation string }

// set decodes value into v. path is its place in the input, such as "Entries.Id",
// or "" for the input itself.
func (in jsonInput) set(v reflect.Value, value json.RawMessage, path string) error {
	structs := func() bool { return v.Type().Elem().Kind() == reflect.Struct }
	_, decodesItself := v.Addr().Interface().(json.Unmarshaler)
	switch {
	case decodesItself:
		return in.unmarshal(value, v.Addr().Interface(), path)
	case v.Kind() == reflect.Struct:
		return in.setStruct(v, value, path)
	case v.Kind() == reflect.Pointer && structs() && string(value) != "null":
		v.Set(reflect.New(v.Type().Elem()))
		return in.set(v.Elem(), value, path)
	case v.Kind() == reflect.Slice && structs():
		var items []json.RawMessage
		if err := in.unmarshal(value, &items, path); err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, item := range items {
			if err := in.set(v.Index(i), item, path); err != nil {
				return err
			}
		}
	case v.Kind() == reflect.Map && structs():
		var items map[string]json.RawMessage
		if err := in.unmarshal(value, &items, path); err != nil {
			return err
		}
		v.Set(reflect.MakeMapWithSize(v.Type(), len(items)))
		for _, key := range slices.Sorted(maps.Keys(items)) { // so that the first error is always the same
			e := reflect.New(v.Type().Elem()).Elem()
			if err := in.set(e, items[key], path+"."+key); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(key), e)
		}
	default:
		return in.unmarshal(value, v.Addr().Interface(), path)
	}
	return nil
}

func (in jsonInput) setStruct(v reflect.Value, value json.RawMessage, path string) error {
	var members map[string]json.RawMessage
	if err := in.unmarshal(value, &members, path); err != nil {
		return err
	}
	if path != "" {
		path += "."
	}
	fields := membersOf(v)
	var known []string
	for _, f := range fields {
		known = append(known, path+f.name)
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if !slices.Contains(known, path+name) {
			return unknownParameter("ValidationException", path+name, in.operation, known)
		}
	}
	for _, f := range fields {
		if member, ok := members[f.name]; ok {
			if err := in.set(f.value, member, path+f.name); err != nil {
				return err
			}
		}
	}
	return nil
}

// A jsonMember is a field of a struct, by its name in JSON.
type jsonMember struct {
	name  string
	value reflect.Value
}

// membersOf returns the fields of a struct, including those of embedded structs.
func membersOf(v reflect.Value) (all []jsonMember) {
	for f, field := range v.Fields() {
		if f.Anonymous {
			all = append(all, membersOf(field)...)
			continue
		}
		all = append(all, jsonMember{jsonName(f), field})
	}
	return all
}

func (jsonInput) unmarshal(value json.RawMessage, into any, path string) error {
	err := json.Unmarshal(value, into)
	_, refused := errors.AsType[*cloud.Error](err)
	switch {
	case err == nil || refused: // what decodes itself may refuse its value
		return err
	case path == "":
		return cloud.Errorf(http.StatusBadRequest, "SerializationException", "The body is not a JSON object: %v", err)
	}
	return cloud.Errorf(http.StatusBadRequest, "SerializationException", "Parameter %s: %v", path, err)
}
