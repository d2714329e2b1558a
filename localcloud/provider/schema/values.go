package schema

import (
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/archive"
)

// Values reads checked properties. An absent property has the zero value of its
// type.
type Values struct{ properties resource.PropertyMap }

// Plain returns the values of the properties, with secrets revealed.
func Plain(m resource.PropertyMap) Values {
	return Values{reveal(resource.NewObjectProperty(m)).ObjectValue()}
}

// Has reports whether the property is present and known.
func (v Values) Has(name string) bool {
	p, ok := v.properties[resource.PropertyKey(name)]
	return ok && !p.IsNull() && !p.IsComputed()
}

// Given reports whether the property is present, known or not.
func (v Values) Given(name string) bool {
	return !v.properties[resource.PropertyKey(name)].IsNull()
}

// String returns a String, Policy or JSON property.
func (v Values) String(name string) string {
	s, _ := v.properties[resource.PropertyKey(name)].V.(string)
	return s
}

// Any returns the value of any property as encoding/json would decode it, or nil if
// it is absent.
func (v Values) Any(name string) any {
	return v.properties[resource.PropertyKey(name)].Mappable()
}

// Int returns an Int property.
func (v Values) Int(name string) int {
	f, _ := v.properties[resource.PropertyKey(name)].V.(float64)
	return int(f)
}

// Float returns a Float or Int property.
func (v Values) Float(name string) float64 {
	f, _ := v.properties[resource.PropertyKey(name)].V.(float64)
	return f
}

// Bool returns a Bool property.
func (v Values) Bool(name string) bool {
	b, _ := v.properties[resource.PropertyKey(name)].V.(bool)
	return b
}

// Strings returns a List property.
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

// Map returns a Map property, or nil if it is absent.
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

// Numbers returns a Numbers property, or nil if it is absent.
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

// Object returns an Object property, which is empty if it is absent.
func (v Values) Object(name string) Values {
	m, _ := v.properties[resource.PropertyKey(name)].V.(resource.PropertyMap)
	return Values{m}
}

// Objects returns an Objects property.
func (v Values) Objects(name string) []Values {
	list, _ := v.properties[resource.PropertyKey(name)].V.([]resource.PropertyValue)
	out := make([]Values, len(list))
	for i, e := range list {
		m, _ := e.V.(resource.PropertyMap)
		out[i] = Values{m}
	}
	return out
}

// Archive returns an Archive property, or nil if it is absent.
func (v Values) Archive(name string) *archive.Archive {
	a, _ := v.properties[resource.PropertyKey(name)].V.(*archive.Archive)
	return a
}

// reveal returns a copy of v with secrets revealed, and with all unknown values
// equal, so that they can be compared.
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
