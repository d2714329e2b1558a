package settings

import (
	"fmt"
	"strings"

	"github.com/agnivade/levenshtein"
)

// setting describes one key of the configuration. Pulumi.yaml declares the same
// keys; a test compares the two.
type setting struct {
	Name     string // in the project's namespace, unless it contains another: "aws:region"
	Meaning  string // completes "it sets …"
	Limits   string // completes "it must be …"
	Default  string // "" for none
	Optional bool   // need not be set although it has no default
	// Field sets the setting's field to a value and reports whether the value is
	// allowed.
	Field func(*Settings, string) bool
}

// key returns the name with its namespace, as in Pulumi.<stack>.yaml.
func (s setting) key(project string) string {
	if strings.Contains(s.Name, ":") {
		return s.Name
	}
	return project + ":" + s.Name
}

// help returns the purpose and the allowed values of the setting for an error
// that starts with its key.
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
