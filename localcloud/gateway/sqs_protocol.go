package gateway

import (
	"encoding"
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

const (
	sqsVersion   = "2012-11-05"
	sqsNamespace = "http://queue.amazonaws.com/doc/2012-11-05/"
	sqsTarget    = "AmazonSQS"
)

// sqsOperation is an operation of SQS, which has two protocols. The struct that
// decode fills has the names of JSON in its tag json, and those of Query, where
// they differ, in its tag query. In Query a list is its items' name and their
// numbers, and a map a list of Name and Value.
type sqsOperation func(c *call, decode func(into any) error) (result any, err error)

// takes makes an operation of a function that takes a T.
func takes[T any](run func(*call, T) (any, error)) sqsOperation {
	return func(c *call, decode func(any) error) (any, error) {
		var in T
		if err := decode(&in); err != nil {
			return nil, err
		}
		return run(c, in)
	}
}

// sqsJSON is the AWS JSON 1.0 protocol, with the errors' older codes in a
// header.
//
// https://smithy.io/2.0/aws/protocols/aws-query-protocol.html#aws-protocols-awsquerycompatible-trait
type sqsJSON struct{ operations map[string]sqsOperation }

const json10 = "application/x-amz-json-1.0"

func (j sqsJSON) serve(c *call) (answer, error) {
	name, ok := strings.CutPrefix(c.Header.Get("X-Amz-Target"), sqsTarget+".")
	run := j.operations[name]
	if !ok || run == nil {
		return answer{}, cloud.Errorf(http.StatusBadRequest, "UnknownOperationException", "Unknown operation %s; the local cloud serves %s of %s",
			c.Header.Get("X-Amz-Target"), strings.Join(slices.Sorted(maps.Keys(j.operations)), ", "), sqsTarget)
	}
	result, err := run(c, func(into any) error { return decodeMembers(c.body, name, into) })
	if err != nil {
		return answer{}, err
	}
	return asJSON(http.StatusOK, json10, result)
}

func (sqsJSON) fail(e *cloud.Error, _ string) answer {
	fault := "Sender"
	if e.HTTPStatus() >= http.StatusInternalServerError {
		fault = "Receiver"
	}
	a, _ := asJSON(e.HTTPStatus(), json10, map[string]string{"__type": "com.amazonaws.sqs#" + sqsShape(e.Code), "message": e.Message})
	a.header.Set("X-Amzn-Query-Error", e.Code+";"+fault)
	return a
}

// sqsShape is how JSON names an error, which is known by its code of Query.
func sqsShape(code string) string {
	switch code {
	case "AWS.SimpleQueueService.NonExistentQueue":
		return "QueueDoesNotExist"
	case "InvalidParameterValue":
		return "InvalidParameterValueException"
	case "MissingParameter":
		return "MissingRequiredParameterException"
	}
	return jsonName(strings.TrimPrefix(code, "AWS.SimpleQueueService."))
}

// sqsQuery is the AWS Query protocol, which clients of before 2024 speak.
type sqsQuery struct{ operations map[string]sqsOperation }

func (q sqsQuery) serve(c *call) (answer, error) {
	p, err := parseForm(c)
	if err != nil {
		return answer{}, err
	}
	name := p.get("Action")
	run := q.operations[name]
	if run == nil || p.get("Version") != sqsVersion {
		return answer{}, cloud.Errorf(http.StatusBadRequest, "InvalidAction",
			"Could not find operation %s for version %s; the local cloud serves %s of version %s", name, p.get("Version"),
			strings.Join(slices.Sorted(maps.Keys(q.operations)), ", "), sqsVersion)
	}
	if c.URL.Path != "/" && !p.has("QueueUrl") { // a queue's URL is also an endpoint
		p.values.Set("QueueUrl", "http://"+c.Host+c.URL.Path)
	}
	result, err := run(c, func(into any) error { return p.decode(name, into) })
	if err != nil {
		return answer{}, err
	}
	return asXML(http.StatusOK, envelope{sqsNamespace, name, result, c.id})
}

func (sqsQuery) fail(e *cloud.Error, requestID string) answer {
	if e.Code == "AWS.SimpleQueueService.NonExistentQueue" {
		e = &cloud.Error{Code: e.Code, Status: e.Status, Message: "The specified queue does not exist for this wsdl version."}
	}
	return query{namespace: sqsNamespace}.fail(e, requestID)
}

// decode fills a struct, and refuses parameters it does not have.
func (p form) decode(operation string, into any) error {
	v := reflect.ValueOf(into).Elem()
	var known []string
	for f := range v.Type().Fields() {
		known = append(known, queryName(f))
	}
	for _, name := range slices.Sorted(maps.Keys(p.values)) {
		first, _, _ := strings.Cut(name, ".")
		if first != "Action" && first != "Version" && !slices.Contains(known, first) {
			return unknownParameter("ValidationError", name, operation, known)
		}
	}
	return p.fill(v)
}

func queryName(f reflect.StructField) string {
	if name, ok := f.Tag.Lookup("query"); ok {
		return name
	}
	return f.Tag.Get("json")
}

// fill sets the fields of a struct.
func (p form) fill(v reflect.Value) error {
	for i := range v.NumField() {
		if err := p.set(v.Field(i), queryName(v.Type().Field(i))); err != nil {
			return err
		}
	}
	return nil
}

// set sets a value from the parameters of that name.
func (p form) set(v reflect.Value, name string) error {
	if t, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return malformed(name, t.UnmarshalText([]byte(p.get(name))))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(p.get(name))
	case reflect.Pointer: // to a number
		if !p.has(name) {
			return nil
		}
		n, err := strconv.Atoi(p.get(name))
		v.Set(reflect.ValueOf(&n))
		return malformed(name, err)
	case reflect.Struct:
		return p.under(name).fill(v)
	case reflect.Slice:
		for _, item := range p.list(name) {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := item.setItem(e); err != nil {
				return err
			}
			v.Set(reflect.Append(v, e))
		}
	case reflect.Map:
		for _, item := range p.list(name) {
			e := reflect.New(v.Type().Elem()).Elem()
			if err := item.set(e, "Value"); err != nil {
				return err
			}
			if v.IsNil() {
				v.Set(reflect.MakeMap(v.Type()))
			}
			v.SetMapIndex(reflect.ValueOf(item.get("Name")), e)
		}
	}
	return nil
}

// setItem sets an item of a list: a string or a struct.
func (p form) setItem(v reflect.Value) error {
	if v.Kind() == reflect.Struct {
		return p.fill(v)
	}
	return p.set(v, "")
}

// under is the form of what follows "prefix.".
func (p form) under(prefix string) form {
	values := url.Values{}
	for name, value := range p.values {
		if rest, ok := strings.CutPrefix(name, prefix+"."); ok {
			values[rest] = value
		}
	}
	return form{values}
}

func malformed(name string, err error) error {
	if err == nil {
		return nil
	}
	return cloud.Errorf(http.StatusBadRequest, "MalformedInput", "Parameter %s: %v", name, err)
}
