package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"tally/localcloud/internal/nearest"
)

// CheckRequest holds the inputs to check.
type CheckRequest struct {
	Name string // the resource's logical name
	// Old are the inputs that the previous Check returned; nil for a new
	// resource. Generated names are retained.
	Old, New   resource.PropertyMap
	Seed       []byte                                    // makes generated names repeatable; nil for random ones
	Autonaming *pulumirpc.CheckRequest_AutonamingOptions // nil for the default of the type
	// DefaultTags are merged into tagsAll; the resource's own tags override them.
	DefaultTags map[string]string
}

// Failure says what is wrong with a property.
type Failure struct {
	Property string // its path: "environment.variables"
	Reason   string
}

// Check returns the inputs with names and defaults filled in, and everything
// that is wrong with them: unknown and missing properties, wrong kinds and
// invalid values. Generated names and defaults are checked like given values.
// Unknown values stay unknown and count as valid.
func (t *Type) Check(r CheckRequest) (resource.PropertyMap, []Failure) {
	c := checker{t: t, request: r}
	in := t.conceal(c.object("", t.Inputs, t.Unsupported, r.New))
	c.fillIn(in)
	c.together(in)
	c.tagAll(in)
	return in, c.sorted()
}

// Validate returns an error that names what is wrong with inputs that Check has
// returned, or nil. It is for services that have no validators of their own.
func (t *Type) Validate(in Values) error {
	given := maps.Clone(in.properties)
	if all, ok := given[tagsAll]; ok {
		given[tags] = all
		delete(given, tagsAll)
	}
	c := checker{t: t}
	c.together(c.object("", t.Inputs, t.Unsupported, given))
	var errs []error
	for _, f := range c.sorted() {
		errs = append(errs, fmt.Errorf("%s: %s", f.Property, f.Reason))
	}
	return errors.Join(errs...)
}

type checker struct {
	t        *Type
	request  CheckRequest
	failures []Failure
}

func (c *checker) failf(path, format string, args ...any) {
	c.failures = append(c.failures, Failure{path, fmt.Sprintf(format, args...)})
}

func (c *checker) sorted() []Failure {
	slices.SortFunc(c.failures, func(a, b Failure) int { return strings.Compare(a.Property, b.Property) })
	return c.failures
}

// together reports missing inputs and, if every input is valid by itself, invalid
// combinations.
func (c *checker) together(in resource.PropertyMap) {
	c.required("", c.t.Inputs, in)
	if c.t.Together != nil && len(c.failures) == 0 {
		c.t.Together(Plain(in), c.failf)
	}
}

// object checks the properties of a resource or of a nested object at prefix
// ("" or "environment.").
func (c *checker) object(prefix string, known []Property, unsupported []string, m resource.PropertyMap) resource.PropertyMap {
	out := resource.PropertyMap{}
	for k, v := range m {
		name := string(k)
		if resource.IsInternalPropertyKey(k) || v.IsNull() {
			continue
		}
		if i := slices.IndexFunc(known, func(p Property) bool { return p.Name == name }); i >= 0 {
			out[k] = c.value(prefix+name, known[i], v)
			continue
		}
		c.failf(prefix+name, "%s", c.refusal(prefix+name, name, known, unsupported))
	}
	return out
}

// refusal returns the reason for refusing a property that is not among the known
// ones.
func (c *checker) refusal(path, name string, known []Property, unsupported []string) string {
	var names []string
	for _, p := range known {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	reason := fmt.Sprintf("%s has no property %q", c.t.Token, path)
	if slices.Contains(unsupported, name) {
		reason = fmt.Sprintf("the local cloud does not emulate %q of %s", path, c.t.Token)
	} else if near := nearest.Name(name, names); near != "" {
		reason += fmt.Sprintf("; did you mean %q?", near)
	}
	return fmt.Sprintf("%s (it takes: %s)", reason, strings.Join(names, ", "))
}

// value checks v and returns it in the form of the state. It returns a value of
// the wrong kind unchanged.
func (c *checker) value(path string, p Property, v resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsSecret():
		return asSecret(c.value(path, p, v.SecretValue().Element))
	case v.IsComputed():
		return v
	case v.IsResourceReference():
		return c.value(path, p, v.ResourceReferenceValue().ID)
	case p.Kind == Policy && v.IsObject() && !v.ContainsUnknowns() && v.ContainsSecrets():
		return asSecret(c.value(path, p, reveal(v)))
	case p.Kind == Policy && v.IsObject() && !v.ContainsUnknowns():
		v = policyString(v)
	}
	if !p.accepts(v) {
		found := describe(v)
		if p.Secret {
			found = v.TypeString()
		}
		c.failf(path, "must be %s, not %s", p.Kind, found)
		return v
	}
	before := len(c.failures)
	switch p.Kind {
	case Object:
		nested := c.object(path+".", p.Properties, p.Unsupported, v.ObjectValue())
		c.required(path+".", p.Properties, nested)
		v = resource.NewObjectProperty(nested)
	case List:
		v = c.list(path, Property{Kind: String}, v)
	case Objects:
		v = c.list(path, Property{Kind: Object, Properties: p.Properties, Unsupported: p.Unsupported}, v)
	case Map:
		v = c.entries(path, Property{Kind: String}, v)
	case Numbers:
		v = c.entries(path, Property{Kind: Float}, v)
	}
	checked := p.Check != nil && (p.Kind == Map || !v.ContainsUnknowns()) && !c.deployed(p, v)
	if checked && len(c.failures) == before { // elements are of the right kind
		if err := p.Check(plain(v)); err != nil {
			c.failf(path, "%s", err)
		}
	}
	return v
}

// asSecret returns v as a secret, which it may already be.
func asSecret(v resource.PropertyValue) resource.PropertyValue {
	if v.IsSecret() {
		return v
	}
	return resource.MakeSecret(v)
}

// list checks the elements of v, all of which are described by element.
func (c *checker) list(path string, element Property, v resource.PropertyValue) resource.PropertyValue {
	list := make([]resource.PropertyValue, len(v.ArrayValue()))
	for i, e := range v.ArrayValue() {
		list[i] = c.value(fmt.Sprintf("%s[%d]", path, i), element, e)
	}
	return resource.NewArrayProperty(list)
}

// entries checks the values of a map, all of which are described by entry.
func (c *checker) entries(path string, entry Property, v resource.PropertyValue) resource.PropertyValue {
	m := make(resource.PropertyMap, len(v.ObjectValue()))
	for k, e := range v.ObjectValue() {
		m[k] = c.value(path+"."+string(k), entry, e)
	}
	return resource.NewObjectProperty(m)
}

// deployed reports whether v is the archive that the resource already has. If a
// program ignores changes to an archive, the engine sends the one of its state: a
// hash, whose files may no longer exist.
func (c *checker) deployed(p Property, v resource.PropertyValue) bool {
	old := c.request.Old[resource.PropertyKey(p.Name)]
	return v.IsArchive() && old.IsArchive() && v.ArchiveValue().Hash != "" && v.ArchiveValue().Hash == old.ArchiveValue().Hash
}

// plain returns a value in the form that Property.Check receives.
func plain(v resource.PropertyValue) any {
	switch v = reveal(v); {
	case v.IsArchive():
		return v.ArchiveValue()
	case v.IsComputed():
		return ""
	case v.IsObject():
		m := map[string]any{}
		for k, e := range v.ObjectValue() {
			m[string(k)] = plain(e)
		}
		return m
	}
	return v.Mappable()
}

// accepts reports whether v is of the property's kind. A string counts as a JSON
// document if the property has a Check: that refuses invalid JSON with the
// service's own error.
func (p Property) accepts(v resource.PropertyValue) bool {
	switch p.Kind {
	case JSON:
		return v.IsString() && (p.Check != nil || json.Valid([]byte(v.StringValue())))
	case String:
		return v.IsString()
	case Policy:
		return v.IsString() || v.IsObject() && v.ContainsUnknowns()
	case Float:
		return v.IsNumber()
	case Int:
		return v.IsNumber() && v.NumberValue() == math.Trunc(v.NumberValue())
	case Bool:
		return v.IsBool()
	case List, Objects:
		return v.IsArray()
	case Map, Numbers, Object:
		return v.IsObject()
	default:
		return v.IsArchive()
	}
}

func describe(v resource.PropertyValue) string {
	switch {
	case v.IsNull():
		return "null"
	case v.IsNumber():
		return fmt.Sprintf("the number %v", v.NumberValue())
	case v.IsString():
		return fmt.Sprintf("the string %q", v.StringValue())
	case v.IsBool():
		return fmt.Sprintf("the boolean %v", v.BoolValue())
	case v.IsArray():
		return "a list"
	case v.IsObject():
		return "an object"
	}
	return v.TypeString()
}

// policyString encodes a policy that the program gave as an object, one of the
// SDK's PolicyDocument types.
func policyString(v resource.PropertyValue) resource.PropertyValue {
	raw, err := json.Marshal(v.Mappable())
	if err != nil { // it holds an archive or asset, and is refused for its kind
		return v
	}
	return resource.NewStringProperty(string(raw))
}

// refused reports whether that property has a failure.
func (c *checker) refused(path string) bool {
	return slices.ContainsFunc(c.failures, func(f Failure) bool { return f.Property == path })
}

// fillIn adds names and defaults, and lists them in an input of their own, so that
// the next Check retains the names.
func (c *checker) fillIn(in resource.PropertyMap) {
	filled := []resource.PropertyValue{}
	for _, p := range c.t.Inputs {
		key := resource.PropertyKey(p.Name)
		if _, given := c.request.New[key]; given && !c.request.New[key].IsNull() {
			continue
		}
		switch {
		case p.AutoName > 0:
			name, err := c.request.autoName(p)
			if err != nil {
				c.failf(p.Name, "%s", err)
				continue
			}
			in[key] = c.value(p.Name, p, resource.NewStringProperty(name))
		case p.Default != nil:
			// The local cloud may refuse a default of the real provider.
			in[key] = c.value(p.Name, p, resource.NewPropertyValue(p.Default))
		default:
			continue
		}
		filled = append(filled, resource.NewStringProperty(p.Name))
	}
	in[defaults] = resource.NewArrayProperty(filled)
}

// required reports missing properties. A property whose value was refused is not
// missing.
func (c *checker) required(prefix string, known []Property, in resource.PropertyMap) {
	for _, p := range known {
		if _, given := in[resource.PropertyKey(p.Name)]; !given && p.Required {
			c.failf(prefix+p.Name, "missing required property of %s", c.t.Token)
		}
	}
}

// tagAll adds tagsAll to the inputs of types that have tags. If there are default
// tags, it checks all tags together: so far only the resource's own were checked.
func (c *checker) tagAll(in resource.PropertyMap) {
	if !slices.ContainsFunc(c.t.Inputs, func(p Property) bool { return p.Name == tags }) {
		return
	}
	own := in[tags]
	if own.IsComputed() || own.IsSecret() && own.SecretValue().Element.IsComputed() {
		in[tagsAll] = own
		return
	}
	all := resource.PropertyMap{}
	for k, v := range c.request.DefaultTags {
		all[resource.PropertyKey(k)] = resource.NewStringProperty(v)
	}
	secret := own.IsSecret()
	if secret {
		own = own.SecretValue().Element
	}
	if own.IsObject() {
		maps.Copy(all, own.ObjectValue())
	}
	if len(all) == 0 {
		return
	}
	in[tagsAll] = resource.NewObjectProperty(all)
	if check := c.t.input(tags).Check; check != nil && len(c.request.DefaultTags) > 0 && !c.refused(tags) {
		if err := check(plain(in[tagsAll])); err != nil {
			c.failf(tags, "with the default tags of the provider: %s", err)
		}
	}
	if secret {
		in[tagsAll] = resource.MakeSecret(in[tagsAll])
	}
}
