package test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// aws runs the AWS CLI in a new folder and returns its output. A shell parses
// args. The endpoint is a flag because older CLIs ignore AWS_ENDPOINT_URL.
func (d deployed) aws(args string) string {
	d.t.Helper()
	cmd := exec.Command("sh", "-ec", `endpoint=$AWS_ENDPOINT_URL; unset AWS_ENDPOINT_URL; aws --endpoint-url "$endpoint" `+args)
	cmd.Dir, cmd.Env = d.t.TempDir(), d.cloud.Environ()
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("aws %s: %v\n%s", args, err, out)
	}
	return string(out)
}

// awsCLI uses the deployed stack with the AWS CLI, as a user would. It does
// nothing if there is no AWS CLI on PATH; the tests with the AWS SDK cover the
// same protocols.
func (d deployed) awsCLI(ctx context.Context) {
	if _, err := exec.LookPath("aws"); err != nil {
		d.t.Log("not tested: no AWS CLI on PATH")
		return
	}
	if got := d.aws("sts get-caller-identity --query Arn --output text"); !strings.HasPrefix(got, "arn:aws:iam::000000000000:user/") {
		d.t.Errorf("get-caller-identity: %s", got)
	}
	id := strings.TrimSpace(d.aws(`sns publish --topic-arn ` + d.out["numbersTopicArn"] + ` --message '{"num1":"3","num2":"4"}' --query MessageId --output text`))
	d.cloud.WaitForLog(ctx, d.out["handleMessageFunction"], id, `"sum":7`)

	if got := d.aws("lambda get-function-configuration --function-name " + d.out["handleMessageFunction"]); !strings.Contains(got, "provided.al2023") {
		d.t.Errorf("lambda get-function-configuration: %s", got)
	}
	group := d.out["handleMessageLogGroup"] // older CLIs do not return the function's LoggingConfig
	if got := d.aws("logs describe-log-streams --log-group-name " + group); !strings.Contains(got, "[1]") {
		d.t.Errorf("logs describe-log-streams: %s", got)
	}
	if got := d.aws("logs filter-log-events --filter-pattern '\"platform.report\"' --log-group-name " + group); !strings.Contains(got, "maxMemoryUsedMB") {
		d.t.Errorf("logs filter-log-events: %s", got)
	}
	if got := d.aws(`logs filter-log-events --log-group-name ` + group + ` --filter-pattern '{ $.sum = 7 }'`); !strings.Contains(got, id) {
		d.t.Errorf("logs filter-log-events: %s", got)
	}

	if got := d.aws("cloudwatch describe-alarms --alarm-name-prefix " + alarms + "handle-message-errors --query 'MetricAlarms[].StateValue' --output text"); strings.TrimSpace(got) == "" {
		d.t.Errorf("cloudwatch describe-alarms: %q", got)
	}
	metric := "--namespace AWS/Lambda --metric-name Invocations --dimensions Name=FunctionName,Value=" + d.out["handleMessageFunction"]
	now := time.Now().UTC()
	span := " --start-time " + now.Add(-time.Hour).Format(time.RFC3339) + " --end-time " + now.Add(time.Minute).Format(time.RFC3339)
	if got := d.aws("cloudwatch get-metric-statistics " + metric + span + " --period 7200 --statistics Sum --query 'Datapoints[0].Sum' --output text"); strings.HasPrefix(got, "0") || strings.HasPrefix(got, "None") {
		d.t.Errorf("cloudwatch get-metric-statistics: %s", got)
	}

	event := `{"version":"2.0","routeKey":"GET /add","rawPath":"/add","rawQueryString":"num1=3&num2=4","requestContext":{"http":{"method":"GET","path":"/add"}}}`
	file := filepath.Join(d.t.TempDir(), "event.json")
	if err := os.WriteFile(file, []byte(event), 0o644); err != nil {
		d.t.Fatal(err)
	}
	if got := d.aws("lambda invoke --function-name " + d.out["addNumbersFunction"] + " --payload fileb://" + file + " response.json && cat response.json"); !strings.Contains(got, `\"sum\":7`) {
		d.t.Errorf("lambda invoke: %s", got)
	}
}
