package schema

import (
	"maps"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// PreviewCreate returns the predicted state of a new resource with these inputs.
// What cannot be predicted is unknown.
func (t *Type) PreviewCreate(in resource.PropertyMap) resource.PropertyMap {
	state := external(unchosen(t.Inputs, in))
	for _, name := range t.computed() {
		if _, known := state[name]; !known {
			state[name] = unknown()
		}
	}
	return t.conceal(state)
}

// PreviewUpdate returns the predicted state after an update: outputs that follow
// no changed input retain their values, and the others are unknown.
func (t *Type) PreviewUpdate(oldState, oldInputs, in resource.PropertyMap) resource.PropertyMap {
	state := external(unchosen(t.Inputs, t.Effective(oldState, in)))
	a, b := t.differing(oldState, oldInputs, in)
	changed := union(a, b)
	for _, name := range t.computed() {
		if _, known := state[name]; known {
			continue
		}
		if t.follows(name, changed) {
			state[name] = unknown()
		} else if old, ok := oldState[name]; ok {
			state[name] = old
		}
	}
	return t.conceal(state)
}

// Effective returns the inputs for an update: in, with the values that the service
// chose for computed inputs that the program omits.
func (t *Type) Effective(state, in resource.PropertyMap) resource.PropertyMap {
	return complete(t.Inputs, state, in)
}

func complete(properties []Property, state, in resource.PropertyMap) resource.PropertyMap {
	all := in.Copy()
	for _, p := range properties {
		key := resource.PropertyKey(p.Name)
		given, chosen := in[key], state[key]
		switch {
		case chosen.IsNull():
		case given.IsNull() && p.Computed:
			all[key] = chosen
		case given.IsObject() && chosen.IsObject():
			all[key] = resource.NewObjectProperty(complete(p.Properties, chosen.ObjectValue(), given.ObjectValue()))
		case p.Kind == Objects && given.IsArray() && chosen.IsArray():
			all[key] = completeEach(p.Properties, chosen.ArrayValue(), given.ArrayValue())
		}
	}
	return all
}

// completeEach completes each element of Objects with the one at the same index.
func completeEach(properties []Property, state, in []resource.PropertyValue) resource.PropertyValue {
	all := slices.Clone(in)
	for i := range min(len(state), len(in)) {
		if in[i].IsObject() && state[i].IsObject() {
			all[i] = resource.NewObjectProperty(complete(properties, state[i].ObjectValue(), in[i].ObjectValue()))
		}
	}
	return resource.NewArrayProperty(all)
}

// State returns the state of a resource for the engine: what the service reports
// (live), with the program's own values if they mean the same, together with what
// the service chose inside of them, and with the secrets of the inputs marked as
// secret. live holds null for what the service reports as not set.
func (t *Type) State(live, in resource.PropertyMap) resource.PropertyMap {
	state := external(t.Effective(live, in))
	for k, v := range live {
		given, ok := in[k]
		switch {
		case ok && t.input(k).same(reveal(given), v):
		case v.IsNull():
			delete(state, k)
		default:
			state[k] = conceal(v, given)
		}
	}
	return t.conceal(state)
}

// ReadInputs returns the inputs that describe the live resource: the old ones,
// corrected for drift. Without old inputs, in an import, it returns all that can
// be read, and defaults for the rest. An input that is missing from live is not
// reported by the service, and is retained. Services report only tagsAll; tags are
// those that are not default tags, according to the old inputs or, in an import,
// to defaultTags.
func (t *Type) ReadInputs(live, old resource.PropertyMap, defaultTags map[string]string) resource.PropertyMap {
	live = withTags(live, old, defaultTags)
	in := resource.PropertyMap{defaults: resource.NewArrayProperty([]resource.PropertyValue{})}
	if list, ok := old[defaults]; ok {
		in[defaults] = list
	}
	for _, p := range append(slices.Clone(t.Inputs), Property{Name: tagsAll, Kind: Map}) {
		key := resource.PropertyKey(p.Name)
		given, was := old[key]
		now, is := live[key]
		switch {
		case was && (!is || p.same(reveal(given), now)):
			in[key] = given
		case is && (was || !p.Computed) && !zero(now):
			in[key] = conceal(now, given)
		case !was && len(old) == 0 && p.Default != nil:
			in[key] = resource.NewPropertyValue(p.Default)
		}
	}
	return t.conceal(in)
}

// withTags adds the resource's own tags to the live state.
func withTags(live, old resource.PropertyMap, defaultTags map[string]string) resource.PropertyMap {
	if !live.HasValue(tagsAll) {
		return live
	}
	before := Plain(old)
	own := before.Map(tags)
	if len(old) > 0 {
		defaultTags = before.Map(tagsAll)
	}
	found := resource.PropertyMap{}
	for k, v := range live[tagsAll].ObjectValue() {
		_, mine := own[string(k)]
		if inherited, ok := defaultTags[string(k)]; mine || !ok || inherited != v.StringValue() {
			found[k] = v
		}
	}
	live = live.Copy()
	live[tags] = resource.NewObjectProperty(found)
	return live
}

// unchosen makes unknown what the service has yet to choose inside of the given
// objects.
func unchosen(properties []Property, in resource.PropertyMap) resource.PropertyMap {
	all := in.Copy()
	for _, p := range properties {
		key := resource.PropertyKey(p.Name)
		switch given := all[key]; {
		case p.Kind == Object && given.IsObject():
			all[key] = p.unchosen(given)
		case p.Kind == Objects && given.IsArray():
			each := slices.Clone(given.ArrayValue())
			for i, e := range each {
				if e.IsObject() {
					each[i] = p.unchosen(e)
				}
			}
			all[key] = resource.NewArrayProperty(each)
		}
	}
	return all
}

func (p Property) unchosen(object resource.PropertyValue) resource.PropertyValue {
	all := unchosen(p.Properties, object.ObjectValue())
	for _, n := range p.Properties {
		if key := resource.PropertyKey(n.Name); n.Computed && all[key].IsNull() {
			all[key] = unknown()
		}
	}
	return resource.NewObjectProperty(all)
}

// computed returns the properties whose values the service may choose.
func (t *Type) computed() []resource.PropertyKey {
	var names []resource.PropertyKey
	for _, p := range t.Inputs {
		if p.Computed {
			names = append(names, resource.PropertyKey(p.Name))
		}
	}
	for _, o := range t.Outputs {
		names = append(names, resource.PropertyKey(o.Name))
	}
	return names
}

func (t *Type) follows(output resource.PropertyKey, changed map[resource.PropertyKey]bool) bool {
	i := slices.IndexFunc(t.Outputs, func(o Output) bool { return o.Name == string(output) })
	return i >= 0 && slices.ContainsFunc(t.Outputs[i].Follows, func(input string) bool {
		return changed[resource.PropertyKey(input)] || input == Any && len(changed) > 0
	})
}

func unknown() resource.PropertyValue {
	return resource.MakeComputed(resource.NewStringProperty(""))
}

// external returns the inputs without the keys that only Check and Diff use.
func external(in resource.PropertyMap) resource.PropertyMap {
	out := maps.Clone(in)
	if out == nil {
		return resource.PropertyMap{}
	}
	maps.DeleteFunc(out, func(k resource.PropertyKey, _ resource.PropertyValue) bool {
		return resource.IsInternalPropertyKey(k)
	})
	return out
}

// conceal makes secret the parts of v that are secret in like.
func conceal(v, like resource.PropertyValue) resource.PropertyValue {
	switch {
	case v.IsObject() && like.IsObject():
		out := v.ObjectValue().Copy()
		for k, e := range out {
			out[k] = conceal(e, like.ObjectValue()[k])
		}
		return resource.NewObjectProperty(out)
	case like.ContainsSecrets() && !v.IsSecret():
		return resource.MakeSecret(v)
	}
	return v
}

// conceal makes secret the properties of m that always are, and returns m.
func (t *Type) conceal(m resource.PropertyMap) resource.PropertyMap {
	for _, p := range t.Inputs {
		if v := m[resource.PropertyKey(p.Name)]; p.Secret && !v.IsNull() {
			m[resource.PropertyKey(p.Name)] = asSecret(v)
		}
	}
	return m
}
