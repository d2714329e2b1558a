package cloud

import "strings"

// Stem returns a name without the suffix that autonaming appends: "main-greet" for
// "main-greet-1a2b3c4". Other names remain as they are.
//
// https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming
func Stem(name string) string {
	const digits = 7
	i := len(name) - digits
	if i < 1 || name[i-1] != '-' || strings.Trim(name[i:], "0123456789abcdef") != "" {
		return name
	}
	return name[:i-1]
}

// IsNamed reports whether short stands for a name: it is the name, its stem, or the end
// of its stem after a dash. So "handle-message" stands for
// "tally-local-main-handle-message-1a2b3c4".
func IsNamed(name, short string) bool {
	stem := Stem(name)
	return name == short || stem == short || strings.HasSuffix(stem, "-"+short)
}
