package project

import (
	"os"
	"path/filepath"
	"testing"
)

func TestAddStandIns(t *testing.T) {
	for _, test := range []struct{ name, given, want string }{
		{"not protected", "config:\n  tally:protect: false\n", "config:\n  tally:runbook: " + Runbook + "\n  tally:protect: false\n"},
		{"protected", "# Production.\nconfig:\n  tally:protect: \"true\"\n",
			"# Production.\nconfig:\n  tally:alarmEmail: " + OnCall + "\n  tally:runbook: " + Runbook + "\n  tally:protect: \"true\"\n"},
		{"an email", "config:\n  tally:protect: true\n  tally:alarmEmail: me@example.com\n  tally:runbook: https://example.com\n", ""},
		{"a webhook", "config:\n  tally:protect: true\n  tally:alarmWebhook: https://example.com\n  tally:runbook: https://example.com\n", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "Pulumi.prod.yaml")
			if err := os.WriteFile(path, []byte(test.given), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := AddStandIns(dir, "prod"); err != nil {
				t.Fatal(err)
			}
			want := test.want
			if want == "" {
				want = test.given
			}
			if got, err := os.ReadFile(path); err != nil || string(got) != want {
				t.Errorf("got %s, %v, want %s", got, err, want)
			}
		})
	}
}
