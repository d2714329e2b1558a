package settings

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// setting is one entry of the configuration. Pulumi.yaml declares the same: a
// test compares them.
type setting struct {
	Name     string // within the project's namespace, unless it has one of its own
	Meaning  string // after "it sets"
	Limits   string // after "it must be"
	Default  string // "" for none
	Optional bool   // may be left out although there is no default
	// Field sets the field of a value, and reports whether the value is allowed.
	Field func(*Settings, string) bool
}

// key returns the name with its namespace, as in Pulumi.<stack>.yaml.
func (s setting) key(project string) string {
	if strings.Contains(s.Name, ":") {
		return s.Name
	}
	return project + ":" + s.Name
}

// help says what the setting is for and may be, after its key in an error.
func (s setting) help() string {
	help := fmt.Sprintf("it sets %s and must be %s", s.Meaning, s.Limits)
	if s.Default != "" {
		help += " (default " + s.Default + ")"
	}
	return help
}

// unknown returns the error for a key that is not among the known ones.
func unknown(name string, known []string) error {
	for _, k := range known {
		if levenshtein.ComputeDistance(strings.ToLower(name), strings.ToLower(k)) <= 3 {
			return fmt.Errorf("%s is unknown: did you mean %s?", name, k)
		}
	}
	return fmt.Errorf("%s is unknown: the keys are %s", name, strings.Join(known, ", "))
}
