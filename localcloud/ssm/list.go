package ssm

import (
	"cmp"
	"context"
	"regexp"
	"slices"
	"strings"

	"tally/localcloud/cloud"
)

// Filter selects parameters.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_ParameterStringFilter.html
type Filter struct {
	Key    string // "Name", "Type", "KeyId", "Path", "Tier", "DataType", "Label" or "tag:…"
	Option string // "Equals", "BeginsWith", "Contains", "Recursive" or "OneLevel"; "" for the default of the key
	Values []string
}

// Describe returns the latest versions of the parameters that all filters select, without
// their values, ordered by name.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_DescribeParameters.html
func (s *Service) Describe(filters []Filter) ([]Parameter, error) {
	for _, f := range filters {
		if err := f.check("Name", "Path", "Tier"); err != nil {
			return nil, err
		}
	}
	return s.selected(filters), nil
}

func (s *Service) selected(filters []Filter) []Parameter {
	var all []Parameter
	for _, h := range s.heads.All() {
		p, ok := s.versions.Get(versionKey(h.Name, h.labeled(filters)))
		if ok && !slices.ContainsFunc(filters, func(f Filter) bool { return !f.selects(h, p) }) {
			p.ARN, p.Value, p.Sealed = s.ARN(h.Name).String(), "", nil
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b Parameter) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// labeled returns the version that has a label of the filters, or else the latest one.
func (h head) labeled(filters []Filter) int {
	version := h.Latest
	for _, f := range filters {
		for _, label := range f.Values {
			if n := h.Labels[label]; f.Key == "Label" && n > 0 {
				version = n
			}
		}
	}
	return version
}

var pathForm = regexp.MustCompile(`^/$|^(/[a-zA-Z0-9_.-]+)+/?$`)

// ByPath returns the latest versions of the parameters below a path that all filters
// select, ordered by name: those of all levels if recursive, otherwise those of the next.
// A filter by label selects the versions with the label instead.
//
// https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParametersByPath.html
func (s *Service) ByPath(path string, recursive bool, filters []Filter) ([]Parameter, error) {
	if !pathForm.MatchString(path) {
		return nil, invalid(`The parameter doesn't meet the parameter name requirements. The parameter name must begin with a forward slash "/". ` +
			`It can't be prefixed with "aws" or "ssm" (case-insensitive). It must use only letters, numbers, or the following symbols: . (period), - (hyphen), _ (underscore). ` +
			`Special characters are not allowed. All sub-paths, if specified, must use the forward slash symbol "/". Valid example: /get/parameters2-/by1./path0_.`)
	}
	for _, f := range filters {
		if err := f.check("Label"); err != nil {
			return nil, err
		}
	}
	option := "OneLevel"
	if recursive {
		option = "Recursive"
	}
	return s.selected(append(slices.Clone(filters), Filter{Key: "Path", Option: option, Values: []string{path}})), nil
}

// Reveal returns the value of a version that ByPath has returned.
func (s *Service) Reveal(ctx context.Context, caller cloud.Caller, p Parameter, decrypt bool) (Parameter, error) {
	h, err := s.find(p.Name)
	if err != nil {
		return Parameter{}, err
	}
	return s.version(ctx, caller, h, p.Version, decrypt)
}

// options are the options of each key of a filter, the default first.
var options = map[string][]string{
	"Name": {"Equals", "BeginsWith", "Contains"}, "Path": {"OneLevel", "Recursive"},
	"Type": {"Equals", "BeginsWith"}, "KeyId": {"Equals", "BeginsWith"},
	"Tier": {"Equals"}, "DataType": {"Equals", "BeginsWith"}, "Label": {"Equals"},
}

// check validates a filter. only are keys that this operation knows and the other one does
// not.
func (f Filter) check(only ...string) error {
	known := options[f.Key]
	if strings.HasPrefix(f.Key, "tag:") {
		known = []string{"Equals"}
	}
	special := slices.Contains([]string{"Name", "Path", "Tier", "Label"}, f.Key) && !slices.Contains(only, f.Key)
	switch {
	case known == nil || special:
		return refuse("InvalidFilterKey", "The following filter key is not valid: %s.", f.Key)
	case f.Option != "" && !slices.Contains(known, f.Option):
		return refuse("InvalidFilterOption", "The following filter option is not valid: %s. Valid options include: [%s].", f.Option, strings.Join(known, ", "))
	case len(f.Values) == 0 && !strings.HasPrefix(f.Key, "tag:"):
		return refuse("InvalidFilterValue", "The following filter values are missing : null for filter key %s.", f.Key)
	case len(f.Values) > 50:
		return refuse("InvalidFilterValue", "A filter can have at most 50 values, not %d.", len(f.Values))
	}
	return nil
}

// selects reports whether the filter selects a parameter.
func (f Filter) selects(h head, p Parameter) bool {
	value, tagged := "", false
	switch key, isTag := strings.CutPrefix(f.Key, "tag:"); {
	case isTag:
		value, tagged = h.Tags[key]
		if !tagged || len(f.Values) == 0 {
			return tagged
		}
	case key == "Label":
		return slices.ContainsFunc(f.Values, func(label string) bool { return h.Labels[label] == p.Version })
	default:
		value = map[string]string{"Name": p.Name, "Path": p.Name, "Type": p.Type, "KeyId": p.KeyID, "Tier": p.Tier, "DataType": p.DataType}[key]
	}
	return slices.ContainsFunc(f.Values, func(want string) bool { return f.matches(value, want) })
}

func (f Filter) matches(value, want string) bool {
	option := f.Option
	if option == "" && f.Key == "Path" {
		option = "OneLevel"
	}
	switch option {
	case "BeginsWith":
		return strings.HasPrefix(value, want)
	case "Contains":
		return strings.Contains(value, want)
	case "OneLevel", "Recursive":
		return below(value, want, option == "Recursive")
	}
	return value == want
}

// below reports whether a parameter is in a path, at any level if recursive. Parameters
// without a slash are at the root.
func below(name, path string, recursive bool) bool {
	rest, ok := strings.CutPrefix("/"+keyOf(name), strings.TrimSuffix(path, "/")+"/")
	return ok && rest != "" && (recursive || !strings.Contains(rest, "/"))
}
