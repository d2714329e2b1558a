package gateway

import (
	"encoding"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

// The fields of an input struct are the parameters of its operation. A field
// that may be absent or empty, with a difference, is a pointer. The names on the
// wire are in the tags, and default to the field's own:
//
//	json     the name in JSON
//	query    the name in Query and in REST's query string, if it differs from JSON's.
//	         A list of Query that is not flattened includes its infix: "Entries.member"
//	path     the name in the path of a REST operation
//	header   the name of the HTTP header in REST
//	payload  "body" for the field that takes the body of a REST request as it is

func jsonName(f reflect.StructField) string {
	name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
	if name == "" {
		return f.Name
	}
	return name
}

func queryName(f reflect.StructField) string {
	if name := f.Tag.Get("query"); name != "" {
		return name
	}
	return jsonName(f)
}

// setText sets v, a string, a number, a pointer to one or a TextUnmarshaler, to
// what text stands for.
func setText(v reflect.Value, text string) error {
	if u, ok := v.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Int:
		n, err := strconv.Atoi(text)
		v.SetInt(int64(n))
		return err
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return setText(v.Elem(), text)
	default:
		panic("gateway: no parameter in text can be a " + v.Type().String())
	}
	return nil
}

// unknownParameter refuses a parameter that an operation does not have: a
// misspelled one must not pass for one that was left out.
func unknownParameter(code, name, operation string, known []string) error {
	takes := "it takes none"
	if len(known) > 0 {
		takes = "it takes " + strings.Join(known, ", ")
	}
	return cloud.Errorf(http.StatusBadRequest, code, "1 validation error detected: %s does not take the parameter '%s'; %s", operation, name, takes)
}
