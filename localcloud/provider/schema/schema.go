// Package schema describes resource types, and implements the operations of the
// Pulumi protocol that all types have in common: check inputs, generate names,
// compare inputs, and predict outputs for a preview. It creates no resources.
//
// It behaves like the Terraform bridge, because programs are written against
// that bridge's aws provider:
// https://github.com/pulumi/pulumi-terraform-bridge
package schema

import (
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// Kind is the shape of a property's value.
type Kind int

// The kinds of properties.
const (
	String Kind = iota
	Policy      // a JSON policy document: a string, or an object that becomes one
	JSON        // a JSON document: a string
	Int         // a whole number
	Float       // any number
	Bool
	List    // of strings
	Map     // from strings to strings
	Numbers // a map from strings to numbers
	Object  // of the Properties of the Property
	Objects // a list of such objects
	Archive // a Pulumi archive: a file, a folder or assets
)

// String returns the kind for error messages.
func (k Kind) String() string {
	return [...]string{"a string", "a JSON policy document", "a JSON document", "a whole number", "a number", "a boolean",
		"a list of strings", "a map of strings", "a map of numbers", "an object", "a list of objects", "an archive"}[k]
}

// Property is one input of a resource type.
type Property struct {
	Name       string // as in the SDK's pulumi tags: "memorySize"
	Kind       Kind
	Properties []Property // of an Object, or of each element of Objects
	// Unsupported lists the properties of an Object, or of each element of
	// Objects, that the real provider has and this one refuses.
	Unsupported []string
	Required    bool
	// Unordered marks a List or Objects whose elements are a set.
	Unordered bool
	ForceNew  bool // a change replaces the resource
	// Computed marks an optional property that the service sets if the program
	// omits it. As in Terraform, omitting it later changes nothing.
	Computed bool
	// Secret marks a property whose value is secret in the engine's state, even if the
	// program gives it in clear.
	Secret bool
	// Recorded marks a property that is stored and compared, but has no effect in
	// the local cloud.
	Recorded bool
	Default  any // string, int, float64 or bool; nil for none
	// AutoName is the maximum length of the name that is generated from the
	// resource's logical name if the program omits the property; 0 for none.
	AutoName int
	// AutoPrefix is the prefix of generated names.
	AutoPrefix string
	// Check refuses invalid values, including generated names and defaults. It
	// receives a value of the right kind, with secrets revealed: string, float64,
	// bool, []any, map[string]any or *archive.Archive. It is not called for unknown
	// values, except for a Map, whose unknown values are empty strings. The Check
	// of a JSON property also refuses strings that are not JSON.
	Check func(value any) error
}

// Output is a property of the state that is not an input.
type Output struct {
	Name string
	// Follows lists the inputs whose changes may change this output, or Any. If it
	// is empty, the output does not change as long as the resource exists.
	Follows []string
}

// Any in Output.Follows stands for every input.
const Any = "*"

// Type is one resource type.
type Type struct {
	Token   string // "aws:sns/topic:Topic"
	Noun    string // "SNS Topic", as the real provider's errors call it
	Inputs  []Property
	Outputs []Output
	// Unsupported lists the inputs and outputs that the real provider has and this
	// one refuses or omits.
	Unsupported []string
	// Together refuses invalid combinations of inputs; nil for none. It is called
	// only if every input is valid by itself. Unknown inputs are present, but have
	// no value: see Values.Given.
	Together func(in Values, fail Fail)
	// Recorded marks a type whose resources are stored and compared, but have no
	// effect in the local cloud.
	Recorded bool
	// DeleteBeforeReplace is for types without a name of their own, so that the old
	// and the new resource cannot exist at once.
	DeleteBeforeReplace bool
}

// Fail reports why a property is refused.
type Fail func(property, format string, args ...any)

const (
	tags     = "tags"
	tagsAll  = "tagsAll" // tags with the provider's default tags
	defaults = "__defaults"
)

// TagProperty returns the input of every type that can be tagged. Check adds
// tagsAll, which includes the provider's default tags.
func TagProperty() Property { return Property{Name: tags, Kind: Map} }

// TagOutput returns the output for TagProperty.
func TagOutput() Output { return Output{Name: tagsAll, Follows: []string{tags}} }

// input returns the property with that name. For inputs that Check itself adds,
// it returns one without rules.
func (t *Type) input(name resource.PropertyKey) Property {
	i := slices.IndexFunc(t.Inputs, func(p Property) bool { return p.Name == string(name) })
	if i < 0 {
		return Property{Name: string(name), Kind: Map}
	}
	return t.Inputs[i]
}

// Name returns the name of the resource for error messages: the value of its
// auto-named property, or "" for types without one.
func (t *Type) Name(inputs Values) string {
	for _, p := range t.Inputs {
		if p.AutoName > 0 {
			return inputs.String(p.Name)
		}
	}
	return ""
}

// WithoutEffect returns the paths of the given inputs that are recorded, such as
// "loggingConfig.systemLogLevel".
func (t *Type) WithoutEffect(in resource.PropertyMap) []string {
	return slices.DeleteFunc(withoutEffect("", t.Inputs, reveal(resource.NewObjectProperty(in))), func(path string) bool {
		return defaulted(in, path)
	})
}

func withoutEffect(prefix string, properties []Property, object resource.PropertyValue) (paths []string) {
	for _, p := range properties {
		given := object.ObjectValue()[resource.PropertyKey(p.Name)]
		switch {
		case p.Recorded && !zero(given):
			paths = append(paths, prefix+p.Name)
		case p.Kind == Object && given.IsObject():
			paths = append(paths, withoutEffect(prefix+p.Name+".", p.Properties, given)...)
		}
	}
	return paths
}

// defaulted reports whether Check filled in the value of that input.
func defaulted(inputs resource.PropertyMap, name string) bool {
	list := inputs[defaults]
	return list.IsArray() && slices.ContainsFunc(list.ArrayValue(), func(v resource.PropertyValue) bool {
		return v.IsString() && v.StringValue() == name
	})
}
