package gateway

import (
	"encoding"
	"encoding/base64"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"tally/localcloud/cloud"
)

// The fields of an input struct are the parameters of its operation. A field is a
// pointer if an absent parameter differs from an empty one. The names on the wire
// are in the tags, and default to the field's own:
//
//	json     the name in JSON
//	query    the name in Query and in the query string of REST, if it differs from
//	         the one in JSON; for a list of Query that is not flattened it includes
//	         the infix: "Entries.member"
//	path     the name in the path of a REST operation
//	header   the name of the HTTP header in REST
//	payload  in REST, "body" for the field that takes the whole body, and "json" for
//	         a struct of the members of a body that is a JSON object

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

// setText parses text into v, which is a string, a number, a boolean, a pointer to one
// of these or a TextUnmarshaler.
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
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		v.SetFloat(n)
		return err
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return setText(v.Elem(), text)
	default:
		panic("gateway: a parameter cannot be a " + v.Type().String())
	}
	return nil
}

// A blob is binary data, base64 on the wire.
type blob []byte

func (b blob) MarshalText() ([]byte, error) {
	return base64.StdEncoding.AppendEncode(nil, b), nil
}

func (b *blob) UnmarshalText(text []byte) (err error) {
	*b, err = base64.StdEncoding.AppendDecode(nil, text)
	return err
}

// messageAttribute is an attribute of an SQS or SNS message.
type messageAttribute struct {
	StringValue string `json:",omitempty" xml:",omitempty"`
	BinaryValue blob   `json:",omitempty" xml:",omitempty"`
	DataType    string
}

// unknownParameter returns the error for a parameter that an operation does not
// have: a misspelled parameter must not be taken for an omitted one.
func unknownParameter(code, name, operation string, known []string) error {
	takes := "it takes none"
	if len(known) > 0 {
		takes = "it takes " + strings.Join(known, ", ")
	}
	return cloud.Errorf(http.StatusBadRequest, code, "1 validation error detected: %s does not take the parameter '%s'; %s", operation, name, takes)
}
