package settings

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// key is one entry of the configuration.
type key struct {
	name     string // within the project's namespace, unless it has one of its own
	meaning  string
	allowed  string
	fallback string                       // the default; "" where the key is required
	set      func(*Settings, string) bool // false where the value is not allowed
}

// keys is the whole configuration.
func keys() []key {
	return []key{
		{"aws:region", "the region of the stack", "the name of an AWS region, such as us-east-1", "",
			matching(func(s *Settings) *string { return &s.Region }, `[a-z]{2,}(-[a-z]+)+-[0-9]`)},
		{"target", "where the stack lives", "aws, or local for the local cloud on this machine", "",
			matching(func(s *Settings) *string { return &s.Target }, `aws|local`)},
		{"architecture", "the processor that functions run on", "arm64, x86_64, or auto: arm64 on AWS, the machine's own on the target local", "auto",
			matching(func(s *Settings) *string { return &s.Architecture }, `arm64|x86_64|auto`)},
		{"memory", "the memory of each function in MB", "a whole number from 128 to 10240", "128",
			between(func(s *Settings) *int { return &s.MemoryMB }, 128, 10240)},
		{"timeout", "the most seconds of one invocation", "a whole number from 1 to 30, the most an HTTP API waits", "10",
			between(func(s *Settings) *int { return &s.TimeoutSeconds }, 1, 30)},
		{"logRetentionDays", "the days that logs are kept", "one of " + list(retentions()), "30",
			func(s *Settings, value string) bool {
				days, ok := wholeNumber(value)
				s.LogRetentionDays = days
				return ok && slices.Contains(retentions(), days)
			}},
	}
}

// retentions are the days that CloudWatch Logs can keep events.
//
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func retentions() []int {
	return []int{1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
}

// full is the name with its namespace, as in Pulumi.<stack>.yaml.
func (k key) full(project string) string {
	if strings.Contains(k.name, ":") {
		return k.name
	}
	return project + ":" + k.name
}

// help says what the key is and may be, after its name in an error.
func (k key) help() string {
	help := fmt.Sprintf("it is %s and must be %s", k.meaning, k.allowed)
	if k.fallback != "" {
		help += " (default " + k.fallback + ")"
	}
	return help
}

// matching sets a field to a value that is wholly of the pattern.
func matching(field func(*Settings) *string, pattern string) func(*Settings, string) bool {
	whole := regexp.MustCompile(`^(?:` + pattern + `)$`)
	return func(s *Settings, value string) bool {
		if !whole.MatchString(value) {
			return false
		}
		*field(s) = value
		return true
	}
}

// between sets a field to a whole number from least to most.
func between(field func(*Settings) *int, least, most int) func(*Settings, string) bool {
	return func(s *Settings, value string) bool {
		n, ok := wholeNumber(value)
		*field(s) = n
		return ok && least <= n && n <= most
	}
}

// wholeNumber takes decimal digits without a sign or a leading zero.
func wholeNumber(value string) (int, bool) {
	n, err := strconv.Atoi(value)
	return n, err == nil && strconv.Itoa(n) == value
}

func list(numbers []int) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(numbers), " ", ", "), "[]")
}

// unknown is the error for a key that is none of the known.
func unknown(name string, known []string) error {
	nearest := slices.MinFunc(known, func(a, b string) int { return distance(name, a) - distance(name, b) })
	if distance(name, nearest) <= 3 {
		return fmt.Errorf("%s is unknown: did you mean %s?", name, nearest)
	}
	return fmt.Errorf("%s is unknown: the keys are %s", name, strings.Join(known, ", "))
}

// distance is how many letters must be added, removed or replaced to make b of
// a, whatever their case.
func distance(a, b string) int {
	a, b = strings.ToLower(a), strings.ToLower(b)
	row := make([]int, len(b)+1) // distances of a's first i letters to each start of b
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0]++
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
