package test

import (
	"context"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/lambda"

	"tally/localcloud/localcloudtest"
)

// TestGuide runs the commands of docs/operate.md, from top to bottom in one shell,
// in a stack that failed on one message and could not deliver another.
func TestGuide(t *testing.T) {
	for _, tool := range []string{"aws", "jq", "bash"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on PATH", tool)
		}
	}
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	dir := copyProject(t)
	cloud := localcloudtest.Start(t, localcloudtest.TimeScale(600))
	stack := cloud.Deploy(ctx, localcloudtest.Program{Dir: dir})
	d := deployed{t, cloud, outputs(ctx, t, stack)}

	d.post(`{"num1":5,"num2":6}`)
	const computes, broken = `entry, err := h.finish(`, `return "broken", errors.New("broken"); entry, err := h.finish(`
	replace(t, dir, "functions/handle-message/handler.go", computes, broken)
	up(ctx, t, stack)
	failed := d.publish(ctx, `{"num1":1,"num2":2}`)
	cloud.WaitForMessage(ctx, d.out["handleMessageFailuresUrl"], nil)

	const allowed, refused = `"sns.amazonaws.com", d.topic.ARN,`, `"sns.amazonaws.com", pulumi.String("arn:aws:sns:us-east-1:000000000000:another"),`
	replace(t, dir, "infra/serverless/subscription.go", allowed, refused)
	up(ctx, t, stack)
	undelivered := d.publish(ctx, `{"num1":3,"num2":4}`)
	cloud.WaitForMessage(ctx, d.out["numbersRedriveUrl"], nil)

	replace(t, dir, "infra/serverless/subscription.go", refused, allowed)
	replace(t, dir, "functions/handle-message/handler.go", broken, computes)
	up(ctx, t, stack)

	sections := d.runGuide(ctx, dir)
	for heading, want := range map[string][]string{
		"Function logs":           {failed, `"message failed"`},
		"Following a request":     {`"message":"sum","num1":5,"num2":6,"sum":11`, `"platform.report"`},
		"Traces":                  {`"origin":"AWS::Lambda::Function"`},
		"Messages in a queue":     {failed, "3  RetriesExhausted", "broken", undelivered, "Undelivered"},
		"SNS delivery failures":   {undelivered, "not authorized to perform: lambda:InvokeFunction"},
		"Redrive":                 {"would run  " + failed, "done       " + failed, "done       " + undelivered},
		"Gradual rollouts":        {"live serves the newest version of every function."},
		"Rolling back a function": {"handle-message: version 3 of 1 2 3", "handle-message: version 1 receives everything"},
	} {
		if got := sections[heading]; !containsEach(got, want) {
			t.Errorf("the commands under %q printed, without each of %q:\n%s", heading, want, got)
		}
	}
	cloud.WaitForLog(ctx, "handle-message", `"sum":3`)
	cloud.WaitForLog(ctx, "handle-message", `"sum":7`)
	function, alias := d.out["handleMessageFunction"], "live"
	live, err := lambda.NewFromConfig(cloud.AWSConfig()).GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: &alias})
	if err != nil || *live.FunctionVersion != "3" || live.RoutingConfig.AdditionalVersionWeights["1"] != 1 {
		t.Errorf("after the rollback, live is %+v (%v)", live, err)
	}
}

var shellBlock = regexp.MustCompile("(?ms)^## ([^\n]+)$|^```sh\n(.*?)^```$")

// runGuide runs the shell commands of the guide, and returns what those under each
// heading printed. It omits commands that follow a log until they are interrupted.
func (d deployed) runGuide(ctx context.Context, dir string) map[string]string {
	d.t.Helper()
	raw, err := os.ReadFile("../docs/operate.md")
	if err != nil {
		d.t.Fatal(err)
	}
	// Older CLIs ignore AWS_ENDPOINT_URL.
	script := "set -euo pipefail\naws() { env -u AWS_ENDPOINT_URL aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; }\n"
	for _, m := range shellBlock.FindAllStringSubmatch(string(raw), -1) {
		if m[1] != "" {
			script += "echo '## " + m[1] + "'\n"
		}
		for line := range strings.Lines(m[2]) {
			if !strings.Contains(line, "# follow") {
				script += line
			}
		}
	}
	script = strings.NewReplacer("stack=prod", "stack=local", "-to 41", "-to 1").Replace(script)
	cmd := exec.CommandContext(ctx, "bash", "-c", script)
	cmd.Dir, cmd.Env = dir, d.cloud.Environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("the commands of the guide: %v\n%s", err, out)
	}
	sections := map[string]string{}
	for _, section := range strings.Split(string(out), "## ")[1:] {
		heading, printed, _ := strings.Cut(section, "\n")
		sections[heading] = printed
	}
	return sections
}

func containsEach(s string, words []string) bool {
	for _, word := range words {
		if !strings.Contains(s, word) {
			return false
		}
	}
	return true
}
