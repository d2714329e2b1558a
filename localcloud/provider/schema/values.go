package schema

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

// Values reads properties that Check has seen. What is absent is the zero
// value of its type.
type Values struct{ properties resource.PropertyMap }

// Plain gives access to the values, secret or not.
func Plain(m resource.PropertyMap) Values {
	return Values{reveal(resource.NewObjectProperty(m)).ObjectValue()}
}

// Has tells whether the property is there, and known.
func (v Values) Has(name string) bool {
	p, ok := v.properties[resource.PropertyKey(name)]
	return ok && !p.IsNull() && !p.IsComputed()
}

// Given tells whether the property is there, known or not.
func (v Values) Given(name string) bool {
	return !v.properties[resource.PropertyKey(name)].IsNull()
}

// String is a String, Policy or JSON property.
func (v Values) String(name string) string {
	s, _ := v.properties[resource.PropertyKey(name)].V.(string)
	return s
}

// Any is the value of any property as encoding/json would decode it; nil where
// it is absent.
func (v Values) Any(name string) any {
	return v.properties[resource.PropertyKey(name)].Mappable()
}

// Int is an Int property.
func (v Values) Int(name string) int {
	f, _ := v.properties[resource.PropertyKey(name)].V.(float64)
	return int(f)
}

// Float is a Float or Int property.
func (v Values) Float(name string) float64 {
	f, _ := v.properties[resource.PropertyKey(name)].V.(float64)
	return f
}

// Bool is a Bool property.
func (v Values) Bool(name string) bool {
	b, _ := v.properties[resource.PropertyKey(name)].V.(bool)
	return b
}

// Strings is a List property.
func (v Values) Strings(name string) []string {
	list, _ := v.properties[resource.PropertyKey(name)].V.([]resource.PropertyValue)
	var out []string
	for _, e := range list {
		if s, ok := e.V.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// Map is a Map property; nil where it is absent.
func (v Values) Map(name string) map[string]string {
	m, ok := v.properties[resource.PropertyKey(name)].V.(resource.PropertyMap)
	if !ok {
		return nil
	}
	out := make(map[string]string, len(m))
	for k, e := range m {
		if s, ok := e.V.(string); ok {
			out[string(k)] = s
		}
	}
	return out
}

// Numbers is a Numbers property; nil where it is absent.
func (v Values) Numbers(name string) map[string]float64 {
	m, ok := v.properties[resource.PropertyKey(name)].V.(resource.PropertyMap)
	if !ok {
		return nil
	}
	out := make(map[string]float64, len(m))
	for k, e := range m {
		if n, ok := e.V.(float64); ok {
			out[string(k)] = n
		}
	}
	return out
}

// Object is an Object property; an empty one where it is absent.
func (v Values) Object(name string) Values {
	m, _ := v.properties[resource.PropertyKey(name)].V.(resource.PropertyMap)
	return Values{m}
}

// Objects is an Objects property.
func (v Values) Objects(name string) []Values {
	list, _ := v.properties[resource.PropertyKey(name)].V.([]resource.PropertyValue)
	out := make([]Values, len(list))
	for i, e := range list {
		m, _ := e.V.(resource.PropertyMap)
		out[i] = Values{m}
	}
	return out
}

// Archive is an Archive property; nil where it is absent.
func (v Values) Archive(name string) *archive.Archive {
	a, _ := v.properties[resource.PropertyKey(name)].V.(*archive.Archive)
	return a
}

// reveal copies v without the marks of secrets, and with every unknown alike,
// so that unknowns can be compared.
func reveal(v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return reveal(v.SecretValue().Element)
	case v.IsComputed():
		return unknown()
	case v.IsArray():
		list := make([]resource.PropertyValue, len(v.ArrayValue()))
		for i, e := range v.ArrayValue() {
			list[i] = reveal(e)
		}
		return resource.NewArrayProperty(list)
	case v.IsObject():
		m := make(resource.PropertyMap, len(v.ObjectValue()))
		for k, e := range v.ObjectValue() {
			m[k] = reveal(e)
		}
		return resource.NewObjectProperty(m)
	}
	return v
}
