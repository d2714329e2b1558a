package test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"

	"tally/localcloud/localcloudtest"
)

// TestSchedule adds a schedule to a copy of the stack, as a user would, and deploys it with
// the stack's own key. It proves that the schedule invokes its function.
func TestSchedule(t *testing.T) {
	t.Parallel() // the time counts from when it runs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	dir := copyProject(t)
	path := filepath.Join(dir, "infra", "main.go")
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const before = "	submitNumbers, err := function("
	changed := strings.Replace(string(source), before, `	if _, err := serverless.NewSchedule(env, "tick", &serverless.ScheduleArgs{
		Expression: "rate(10 minutes)", Function: addNumbers,
		Input: pulumi.Map{"version": pulumi.String("2.0"), "body": pulumi.String("at <aws.scheduler.scheduled-time>")},
	}); err != nil {
		return nil, err
	}
`+before, 1)
	if err := os.WriteFile(path, []byte(changed), 0o644); err != nil || changed == string(source) {
		t.Fatalf("%s cannot be changed: %v", path, err)
	}
	local := localcloudtest.Start(t)
	stack := local.Deploy(ctx, localcloudtest.Program{Dir: dir, Config: map[string]string{"tally:encryption": "customer"}})
	local.WaitForLog(ctx, "add-numbers", "platform.report")
	if _, err := stack.Preview(ctx, optpreview.ExpectNoChanges()); err != nil {
		t.Error(err)
	}
}
