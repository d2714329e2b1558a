package events

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
	"tally/localcloud/internal/timetable"
)

// sample is an event with the members that all scheduled events have.
var sample = timetable.Event{}.Scheduled(source, cloud.Place{}, "arn", struct{}{})

const source = "aws.events"

// event returns the event of a rule.
func (s *Service) event(r Rule, e timetable.Event) string {
	return e.Scheduled(source, s.options.Place, r.ARN, struct{}{})
}

// input returns what a target receives.
func (t Target) input(r Rule, event string) string {
	switch {
	case t.Input != "":
		return t.Input
	case t.InputPath != "":
		part, _ := follow(t.InputPath, event)
		return part
	case t.Template != "":
		text, _ := t.fill(r, event)
		return text
	}
	return event
}

var step = regexp.MustCompile(`^(?:\.([A-Za-z0-9_-]+)|\['([^']+)'\]|\[([0-9]{1,4})\])`)

// follow returns the JSON at a path in the JSON of an event.
func follow(path, event string) (string, bool) {
	rest, ok := strings.CutPrefix(path, "$")
	if !ok {
		return "", false
	}
	at := json.RawMessage(event)
	for rest != "" {
		m := step.FindStringSubmatch(rest)
		if m == nil {
			return "", false
		}
		rest = rest[len(m[0]):]
		if m[3] != "" {
			var list []json.RawMessage
			i, _ := strconv.Atoi(m[3])
			if json.Unmarshal(at, &list) != nil || i >= len(list) {
				return "", false
			}
			at = list[i]
			continue
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(at, &object) != nil {
			return "", false
		}
		if at, ok = object[m[1]+m[2]]; !ok {
			return "", false
		}
	}
	return string(at), true
}

var (
	variableName = regexp.MustCompile(`^[A-Za-z0-9_-]+$`)
	placeholder  = regexp.MustCompile(`^<([A-Za-z0-9_.-]+)>`)
)

// CheckInputPaths validates the variables of an input transformer.
func CheckInputPaths(paths map[string]string) error {
	if len(paths) > 100 {
		return refuse(validation, "An input transformer can have at most 100 variables, not %d.", len(paths))
	}
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		if !variableName.MatchString(name) || strings.HasPrefix(strings.ToUpper(name), "AWS") {
			return refuse(validation, "The name of the variable %s must be letters, digits, dashes and underscores, and not start with AWS.", name)
		}
		if err := CheckInputPath(paths[name]); err != nil {
			return err
		}
	}
	return nil
}

// CheckTemplate validates the size of a template.
func CheckTemplate(s string) error {
	if s == "" || utf8.RuneCountInString(s) > maxInput {
		return cloud.Violated(validation, "…", "targets.1.member.inputTransformer.inputTemplate", "Member must have length between 1 and 8192")
	}
	return nil
}

// checkTemplate fills in the template with a sample.
func (t Target) checkTemplate() error {
	if t.Template == "" {
		return nil
	}
	if err := CheckTemplate(t.Template); err != nil {
		return err
	}
	_, err := t.fill(Rule{}, sample)
	return err
}

// CheckTransformer validates a template together with its variables.
func CheckTransformer(paths map[string]string, template string) error {
	return Target{InputPaths: paths, Template: template}.checkTemplate()
}

// fill returns the template with the values of its variables, as JSON without white space.
// A variable within a string is its bare text.
//
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
func (t Target) fill(r Rule, event string) (string, error) {
	var filled strings.Builder
	quoted := false
	for rest := t.Template; rest != ""; {
		if m := placeholder.FindStringSubmatch(rest); m != nil {
			value, ok := t.variable(m[1], r, event)
			if !ok {
				return "", refuse(validation, "Invalid InputTemplate: the variable <%s> is not defined.", m[1])
			}
			var text string
			if quoted && (json.Unmarshal([]byte(value), &text) != nil || m[1] == eventText) {
				return "", refuse(validation, "The local cloud does not put the variable <%s>, which is not a simple text, into a string.", m[1])
			} else if quoted {
				value = text
			}
			filled.WriteString(value)
			rest = rest[len(m[0]):]
			continue
		}
		size := 1
		switch {
		case rest[0] == '\\' && len(rest) > 1:
			size = 2
		case rest[0] == '"':
			quoted = !quoted
		}
		filled.WriteString(rest[:size])
		rest = rest[size:]
	}
	var b bytes.Buffer
	if err := json.Compact(&b, []byte(filled.String())); err != nil {
		return "", refuse(validation, "Invalid InputTemplate: %s is not JSON once its variables are filled in.", t.Template)
	}
	return b.String(), nil
}

// eventText is the variable that holds the whole event as a string.
const eventText = "aws.events.event.json"

// variable returns the JSON of a variable.
func (t Target) variable(name string, r Rule, event string) (string, bool) {
	text := func(s string) (string, bool) {
		raw, err := json.Marshal(s)
		return string(raw), err == nil
	}
	switch name {
	case "aws.events.rule-arn":
		return text(r.ARN)
	case "aws.events.rule-name":
		return text(r.Name)
	case "aws.events.event":
		return event, true
	case eventText:
		return text(event)
	case "aws.events.event.ingestion-time":
		return follow("$.time", event)
	}
	path, ok := t.InputPaths[name]
	if !ok {
		return "", false
	}
	return follow(path, event)
}
