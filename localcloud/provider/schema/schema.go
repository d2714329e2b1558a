// Package schema describes resource types and does what the Pulumi engine asks
// of all of them alike: check inputs, invent names, compare, say what a preview
// already knows. It is pure: nothing in it creates anything.
//
// It behaves as the Terraform bridge does for a client of the engine, because
// programs are written against that bridge's aws provider:
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

// String is the kind in the words of an error message.
func (k Kind) String() string {
	return [...]string{"a string", "a JSON policy document", "a JSON document", "a whole number", "a number", "a boolean",
		"a list of strings", "a map of strings", "a map of numbers", "an object", "a list of objects", "an archive"}[k]
}

// Property is one input of a resource type.
type Property struct {
	Name       string // as in the SDK's pulumi tags: "memorySize"
	Kind       Kind
	Properties []Property // of an Object, or of each of Objects
	// Unsupported names the properties of an Object, or of each of Objects, that
	// the real provider has and this one refuses.
	Unsupported []string
	Required    bool
	ForceNew    bool // a change replaces the resource
	// Computed marks an optional property that the service fills in where the
	// program leaves it out. As in Terraform, leaving it out later changes
	// nothing.
	Computed bool
	// Recorded marks a property that is kept and compared, but changes nothing
	// of what the local cloud does.
	Recorded bool
	Default  any // string, int, float64 or bool; nil for none
	// AutoName is the longest name the service takes, where the property is
	// named after the resource if the program does not name it; else 0.
	AutoName int
	// AutoPrefix is what every invented name begins with.
	AutoPrefix string
	// Check refuses invalid values, also generated names and defaults. It receives
	// a value of the right kind, without secrets: string, float64, bool, []any,
	// map[string]any or *archive.Archive. It is not called for unknown values,
	// except those of a Map, which are empty strings. A Check of a JSON property
	// also refuses strings that are not JSON.
	Check func(value any) error
}

// Output is a property of the state that is not an input.
type Output struct {
	Name string
	// Follows names the inputs whose change changes this output; Any for all.
	// Without them an output never changes once the resource exists.
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
	// Unsupported names the inputs and outputs that the real provider has and
	// this one refuses or leaves out.
	Unsupported []string
	// Together refuses combinations of inputs that are impossible; nil for none. It
	// is asked once every input is right by itself. Unknown values are there, but
	// have no value: see Values.Given.
	Together func(in Values, fail Fail)
	// Recorded marks a type of which resources are kept and compared, but change
	// nothing of what the local cloud does.
	Recorded bool
	// DeleteBeforeReplace is for types that have no name of their own, so that
	// old and new cannot exist together.
	DeleteBeforeReplace bool
}

// Fail refuses a property.
type Fail func(property, format string, args ...any)

const (
	tags     = "tags"
	tagsAll  = "tagsAll" // tags with the provider's default tags
	defaults = "__defaults"
)

// TagProperty is the input of every type that can be tagged; Check adds
// tagsAll, which holds the provider's default tags as well.
func TagProperty() Property { return Property{Name: tags, Kind: Map} }

// TagOutput is the output that goes with TagProperty.
func TagOutput() Output { return Output{Name: tagsAll, Follows: []string{tags}} }

// input is the property of that name, or one without rules for what Check
// itself adds.
func (t *Type) input(name resource.PropertyKey) Property {
	i := slices.IndexFunc(t.Inputs, func(p Property) bool { return p.Name == string(name) })
	if i < 0 {
		return Property{Name: string(name), Kind: Map}
	}
	return t.Inputs[i]
}

// Name is what the resource is called in error messages: its auto-named
// property, or "" for types without one.
func (t *Type) Name(inputs Values) string {
	for _, p := range t.Inputs {
		if p.AutoName > 0 {
			return inputs.String(p.Name)
		}
	}
	return ""
}

// WithoutEffect are those of the given inputs that are recorded: their names,
// with dots before the names of those inside of objects.
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

// defaulted tells whether Check chose the value of that input.
func defaulted(inputs resource.PropertyMap, name string) bool {
	list := inputs[defaults]
	return list.IsArray() && slices.ContainsFunc(list.ArrayValue(), func(v resource.PropertyValue) bool {
		return v.IsString() && v.StringValue() == name
	})
}
