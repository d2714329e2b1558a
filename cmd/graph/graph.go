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

// resource is one that a preview plans.
type resource struct {
	Type, Name string
	Parent     string // "type name", "" for the stack's own children
	Provider   string // its name
	Inputs     map[string]any
}

// digest is the output of `pulumi preview --json`.
type digest struct {
	Steps []struct {
		NewState *struct {
			URN, Parent string
			Provider    string // its URN and ID
			Inputs      map[string]any
		}
	}
}

// parse reads a preview and omits what differs from one to the next: the random
// ends of names, and the hashes of archives.
func parse(raw []byte) ([]resource, error) {
	var d digest
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, fmt.Errorf("read the preview: %w\n%s", err, raw)
	}
	names := d.randomNames()
	var all []resource
	for _, step := range d.Steps {
		s := step.NewState
		if s == nil {
			continue
		}
		r := resource{Inputs: map[string]any{}}
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
				r.Inputs[name] = settle(value, names)
			}
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b resource) int {
		return cmp.Or(strings.Compare(a.Type, b.Type), strings.Compare(a.Name, b.Name))
	})
	return all, nil
}

// randomNames replaces every automatic name, wherever it stands. An automatic
// name is a resource's own, with or without a prefix, and a random end.
func (d digest) randomNames() *strings.Replacer {
	var pairs []string
	for _, step := range d.Steps {
		if step.NewState == nil {
			continue
		}
		_, resource := identity(step.NewState.URN)
		for _, value := range step.NewState.Inputs {
			name, _ := value.(string)
			end := randomEnd.FindString(name)
			if stem := strings.TrimSuffix(name, end); end != "" && strings.HasSuffix("-"+stem, "-"+resource) {
				pairs = append(pairs, name, stem+"-#######")
			}
		}
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

// What the engine writes for values that are known after the deployment, and the
// key that marks archives and secrets, as its own SDKs define them.
const (
	unknown   = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
	signature = "4dabf18193072939515e22adb298388d"
)

var randomEnd = regexp.MustCompile(`-[0-9a-f]{7}$`)

// settle returns a value in a form that is the same in every preview.
func settle(v any, names *strings.Replacer) any {
	switch v := v.(type) {
	case string:
		if v == unknown {
			return "(known after the deployment)"
		}
		var document map[string]any
		if json.Unmarshal([]byte(v), &document) == nil {
			return settle(document, names)
		}
		return names.Replace(v)
	case []any:
		for i := range v {
			v[i] = settle(v[i], names)
		}
	case map[string]any:
		if v[signature] != nil {
			return fmt.Sprintf("(archive %v)", v["path"])
		}
		delete(v, "__defaults")
		for k := range v {
			v[k] = settle(v[k], names)
		}
	}
	return v
}

// render writes the graph for people and for git to compare: one line for each
// input, everything in a fixed order.
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
