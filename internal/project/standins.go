package project

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// Settings that stand for those of the people who operate a stack.
const (
	OnCall  = "oncall@example.com"             // of a protected stack whose alarms tell nobody
	Runbook = "https://example.com/operate.md" // of a stack without a runbook
)

// AddStandIns adds to a stack's configuration in a copy of the project what the
// committed one leaves to the people who operate the stack, unless they have set
// it: who is told about alarms, without which a protected stack cannot be
// previewed, and where the runbook is.
func AddStandIns(dir, stack string) error {
	path := filepath.Join(dir, "Pulumi."+stack+".yaml")
	raw, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	const head = "config:\n"
	text := string(raw)
	if !strings.Contains(text, head) {
		return fmt.Errorf("%s has no line %q", path, strings.TrimSpace(head))
	}
	sets := func(setting string) bool { return regexp.MustCompile(`(?m)^  tally:` + setting).MatchString(text) }
	added := ""
	if sets(`protect: "?true`) && !sets("alarmEmail:") && !sets("alarmWebhook:") {
		added += "  tally:alarmEmail: " + OnCall + "\n"
	}
	if !sets("runbook:") {
		added += "  tally:runbook: " + Runbook + "\n"
	}
	return os.WriteFile(path, []byte(strings.Replace(text, head, head+added, 1)), 0o644)
}
