package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestAlarmDescriptions proves, for each alarm in the committed graphs, that its
// description names the project and the stack, states what it means in one sentence,
// and links to the section of docs/operate.md about this kind of alarm.
func TestAlarmDescriptions(t *testing.T) {
	guide, err := os.ReadFile("../../docs/operate.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := anchors(string(guide))
	alarm := regexp.MustCompile(`(?m)^aws:cloudwatch/metricAlarm:MetricAlarm (\S+)\n  in tally:serverless:(\w+) \S+\n(?:  .*\n)*?  alarmDescription: (.*)\n`)
	form := regexp.MustCompile(`^tally (\w+): [A-Z][^.]*(?:\.[^. ][^.]*)*\. What to do: https://\S+?/operate\.md#(\S+)$`)
	for _, stack := range []string{"dev", "staging", "prod"} {
		raw, err := os.ReadFile("../../test/golden/" + stack + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		found := alarm.FindAllStringSubmatch(string(raw), -1)
		if want := strings.Count("\n"+string(raw), "\naws:cloudwatch/metricAlarm:"); len(found) != want || want < 20 {
			t.Errorf("%s: found %d descriptions of %d alarms", stack, len(found), want)
		}
		for _, m := range found {
			name, component, description := m[1], strings.ToLower(m[2]), m[3]
			parts := form.FindStringSubmatch(description)
			switch {
			case parts == nil || parts[1] != stack:
				t.Errorf("%s: the description of %s lacks a part: %s", stack, name, description)
			case !sections[parts[2]]:
				t.Errorf("%s: %s links to #%s, which is not in docs/operate.md", stack, name, parts[2])
			case !strings.HasPrefix(parts[2], component+"-") || !strings.HasSuffix(name, strings.TrimPrefix(parts[2], component)):
				t.Errorf("%s: %s, of a %s, links to #%s", stack, name, component, parts[2])
			case utf8.RuneCountInString(description) > 1024:
				t.Errorf("%s: the description of %s is longer than CloudWatch allows", stack, name)
			}
		}
	}
}

// anchors returns the fragments that GitHub gives the headings of a page.
func anchors(page string) map[string]bool {
	found := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^#{1,6} (.+)$`).FindAllStringSubmatch(page, -1) {
		kept := regexp.MustCompile(`[^\w -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		found[strings.ReplaceAll(kept, " ", "-")] = true
	}
	return found
}
