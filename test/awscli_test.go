package test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// awsCLI drives the deployed stack with the AWS CLI, as a person would. It
// needs one on PATH; the official SDK proves the same protocols without.
func (w *workspace) awsCLI(ctx context.Context, out map[string]string) {
	if _, err := exec.LookPath("aws"); err != nil {
		w.t.Log("no AWS CLI on PATH: not tried")
		return
	}
	aws := func(args string) string {
		w.t.Helper()
		return w.must(fmt.Sprintf(`eval "$(localcloud env)"; endpoint=$AWS_ENDPOINT_URL; unset AWS_ENDPOINT_URL; aws --endpoint-url "$endpoint" %s`, args))
	}
	if got := aws("sts get-caller-identity --query Arn --output text"); !strings.HasPrefix(got, "arn:aws:iam::000000000000:user/") {
		w.t.Errorf("get-caller-identity: %s", got)
	}
	id := strings.TrimSpace(aws(`sns publish --topic-arn ` + out["numbersTopicArn"] + ` --message '{"num1":"3","num2":"4"}' --query MessageId --output text`))
	w.logged(ctx, out["handleMessageFunction"], id, `"sum":7`)

	if got := aws("lambda get-function-configuration --function-name " + out["handleMessageFunction"]); !strings.Contains(got, "provided.al2023") {
		w.t.Errorf("lambda get-function-configuration: %s", got)
	}
	group := out["handleMessageLogGroup"] // older CLIs do not know LoggingConfig
	if got := aws("logs describe-log-streams --log-group-name " + group); !strings.Contains(got, "[1]") {
		w.t.Errorf("logs describe-log-streams: %s", got)
	}
	if got := aws("logs filter-log-events --filter-pattern '\"platform.report\"' --log-group-name " + group); !strings.Contains(got, "maxMemoryUsedMB") {
		w.t.Errorf("logs filter-log-events: %s", got)
	}
	if got := aws(`logs filter-log-events --log-group-name ` + group + ` --filter-pattern '{ $.sum = 7 }'`); !strings.Contains(got, id) {
		w.t.Errorf("logs filter-log-events: %s", got)
	}

	event := `{"version":"2.0","routeKey":"GET /add","rawPath":"/add","rawQueryString":"num1=3&num2=4","requestContext":{"http":{"method":"GET","path":"/add"}}}`
	if err := os.WriteFile(filepath.Join(w.dir, "event.json"), []byte(event), 0o644); err != nil {
		w.t.Fatal(err)
	}
	if got := aws("lambda invoke --function-name " + out["addNumbersFunction"] + " --payload fileb://event.json answer.json && cat answer.json"); !strings.Contains(got, `\"sum\":7`) {
		w.t.Errorf("lambda invoke: %s", got)
	}
}
