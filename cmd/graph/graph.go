package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// resource is a resource that the preview plans to create.
type resource struct {
	Type, Name string
	Parent     string // "type name"; "" if the parent is the stack
	Provider   string // the provider's name
	Inputs     map[string]any
	References map[string][]string // by input: the resources whose outputs it contains, each as "type name"
}

// digest is the output of `pulumi preview --json`.
type digest struct{ Steps []step }

// step is the planned change of one resource; NewState is nil if it is to be deleted.
type step struct {
	NewState *struct {
		URN, Parent string
		Provider    string // the provider's URN and ID
		Inputs      map[string]any
		// The URNs of the resources whose outputs an input contains.
		PropertyDependencies map[string][]string
	}
}

func (s step) urn() string {
	if s.NewState == nil {
		return ""
	}
	return s.NewState.URN
}

// parse returns the resources in a preview, sorted by type, name and URN. It removes
// what differs between previews of the same stack: the random suffixes of names
// and the hashes of archives.
func parse(raw []byte) ([]resource, error) {
	var d digest
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("parse the preview: %w\n%s", err, raw)
	}
	names := d.randomNames()
	// The engine plans the resources in another order each time.
	slices.SortStableFunc(d.Steps, func(a, b step) int { return strings.Compare(a.urn(), b.urn()) })
	var all []resource
	for _, step := range d.Steps {
		s := step.NewState
		if s == nil {
			continue
		}
		r := resource{Inputs: map[string]any{}, References: map[string][]string{}}
		r.Type, r.Name = identity(s.URN)
		if r.Type == "pulumi:pulumi:Stack" {
			continue
		}
		if kind, name := identity(s.Parent); kind != "pulumi:pulumi:Stack" && kind != "" {
			r.Parent = kind + " " + name
		}
		if i := strings.LastIndex(s.Provider, "::"); i >= 0 {
			_, r.Provider = identity(s.Provider[:i])
		}
		for name, value := range s.Inputs {
			if name != "__defaults" {
				r.Inputs[name] = normalize(value, names)
			}
		}
		for name, urns := range s.PropertyDependencies {
			for _, urn := range urns {
				kind, to := identity(urn)
				r.References[name] = append(r.References[name], kind+" "+to)
			}
		}
		all = append(all, r)
	}
	slices.SortStableFunc(all, func(a, b resource) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name))
	})
	return all, nil
}

// randomNames returns a Replacer that masks the random suffix of every
// generated name. A generated name consists of an optional prefix, the
// resource's Pulumi name and the suffix.
func (d digest) randomNames() *strings.Replacer {
	masked := map[string]string{}
	for _, step := range d.Steps {
		if step.NewState == nil {
			continue
		}
		_, resource := identity(step.NewState.URN)
		for _, value := range step.NewState.Inputs {
			name, _ := value.(string)
			suffix := randomSuffix.FindString(name)
			if stem := strings.TrimSuffix(name, suffix); suffix != "" && strings.HasSuffix("-"+stem, "-"+resource) {
				masked[name] = stem + "-#######"
			}
		}
	}
	// The Replacer prefers the first pairs, and a name may begin with another one.
	var pairs []string
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(masked))) {
		pairs = append(pairs, name, masked[name])
	}
	return strings.NewReplacer(pairs...)
}

// identity returns the type and the name of a URN.
func identity(urn string) (kind, name string) {
	parts := strings.SplitN(urn, "::", 4) // urn:pulumi:stack, project, types, name
	if len(parts) < 4 {
		return "", ""
	}
	types := strings.Split(parts[2], "$")
	return types[len(types)-1], parts[3]
}

// The value that the engine uses for outputs that are unknown before the
// deployment, and the key that marks archives and secrets. Pulumi's SDKs define
// both.
const (
	unknown   = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	signature = "4dabf18193072939515e22adb298388d"
)

var randomSuffix = regexp.MustCompile(`-[0-9a-f]{7}$`)

// normalize returns a value in a form that is the same in every preview.
func normalize(v any, names *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		if v == unknown {
			return "(known after the deployment)"
		}
		var document map[string]any
		if json.Unmarshal([]byte(v), &document) == nil {
			return normalize(document, names)
		}
		return names.Replace(v)
	case []any:
		for i := range v {
			v[i] = normalize(v[i], names)
		}
	case map[string]any:
		if v[signature] != nil {
			return fmt.Sprintf("(archive %v)", v["path"])
		}
		delete(v, "__defaults")
		for k := range v {
			v[k] = normalize(v[k], names)
		}
	}
	return v
}

// render returns the graph as text that is suitable for review and for git
// diff: one line or block per input, in a fixed order.
func render(all []resource) (string, error) {
	var b strings.Builder
	for _, r := range all {
		fmt.Fprintf(&b, "%s %s\n", r.Type, r.Name)
		if r.Parent != "" {
			fmt.Fprintf(&b, "  in %s\n", r.Parent)
		}
		for _, name := range slices.Sorted(maps.Keys(r.Inputs)) {
			if err := renderInput(&b, name, r.Inputs[name]); err != nil {
				return "", fmt.Errorf("%s %s, input %s: %w", r.Type, r.Name, name, err)
			}
		}
		b.WriteByte('\n')
	}
	return b.String(), nil
}

// renderInput writes one input: a plain string as it is, anything else as JSON.
func renderInput(b *strings.Builder, name string, value any) error {
	fmt.Fprintf(b, "  %s: ", name)
	if text, ok := value.(string); ok && !strings.ContainsAny(text, "\n\"") {
		b.WriteString(text + "\n")
		return nil
	}
	enc := json.NewEncoder(b)
	enc.SetEscapeHTML(false)
	if _, nested := value.(map[string]any); nested {
		enc.SetIndent("  ", "  ")
	}
	return enc.Encode(value)
}
