package serverless

import (
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestAlarmDescription proves that the description of an alarm names the project
// and the stack, and links to the runbook if there is one.
func TestAlarmDescription(t *testing.T) {
	const text = "project stack: SNS could not send an undelivered message of the topic numbers to the subscription's redrive queue, so the message is lost: check the queue's policy."
	for runbook, want := range map[string]string{
		"":                                text,
		"https://example.com":             text + " What to do: https://example.com#topic-lost",
		"https://example.com/operate.md?": text + " What to do: https://example.com/operate.md?#topic-lost",
	} {
		args := EnvironmentArgs{}
		if runbook != "" {
			args.Runbook = pulumi.String(runbook)
		}
		c, err := within(args, everything)
		if err != nil {
			t.Fatal(err)
		}
		if got := c.inputs(t, "aws:cloudwatch/metricAlarm:MetricAlarm e-numbers-lost")["alarmDescription"]; got != want {
			t.Errorf("runbook %q: got %s, want %s", runbook, got, want)
		}
	}
}

func TestRunbookRefused(t *testing.T) {
	long := "https://example.com/" + strings.Repeat("x", 1000)
	for runbook, want := range map[string]string{
		"http://example.com":          `environment e: Runbook must be an https URL without a fragment, not "http://example.com"`,
		"https://example.com/#alarms": `environment e: Runbook must be an https URL without a fragment, not "https://example.com/#alarms"`,
		long:                          "characters, but CloudWatch allows at most 1024: shorten Runbook",
	} {
		if _, err := within(EnvironmentArgs{Runbook: pulumi.String(runbook)}, everything); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q in it", runbook, err, want)
		}
	}
}
