package test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// TestExample follows the README of examples/archive: a program of another project reads
// the queue of sums, which the key of the tally stack encrypts. It proves that the archive
// has each sum once, although the local cloud delivers everything twice, and that tally
// remains as it is when the archive comes and goes.
func TestExample(t *testing.T) {
	for _, tool := range []string{"aws", "bash", "curl"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s on PATH", tool)
		}
	}
	w := newWorkspace(t, copyProject(t))
	t.Parallel() // the time counts from when it runs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	replace(t, w.dir, "Pulumi.local.yaml", "config:\n", "config:\n  tally:encryption: customer\n")
	w.start() // on free ports, where the commands find it
	w.env = append(w.env, fmt.Sprintf("LOCALCLOUD_PORT=%d", w.status().Config.Port))

	sections := w.shellBlocks("examples/archive/README.md")
	printed := w.bash(ctx, sections["Trying it"])
	if got := strings.Count(printed, `"Count": 1`); got != 1 {
		t.Errorf("the scan of the table does not print one sum:\n%s", printed)
	}
	d := w.deployed()
	before := resourcesOf(ctx, d.cloud)

	a := archive{d, dynamodb.NewFromConfig(d.cloud.AWSConfig()), ""}
	archived := *w
	archived.dir = filepath.Join(w.dir, "examples", "archive")
	archived.unchanged("of the archive")
	a.table = archived.outputs()["archiveTable"]
	first := slices.Collect(maps.Values(a.sums(ctx)))
	if len(first) != 1 || first[0] != "3 + 4 = 7" {
		t.Errorf("the archive has the sums %q, want 3 + 4 = 7", first)
	}
	a.receives(ctx)
	a.receivesTwice(ctx)
	if lines := w.must("localcloud logs --json --tail 0 archive-sum"); strings.Count(lines, `\"sum archived\"`) != len(a.sums(ctx)) || !strings.Contains(lines, "already") {
		t.Errorf("the archive logged\n%s", lines)
	}

	w.bash(ctx, "cd examples/archive\neval \"$(../../bin/localcloud env)\"\n"+sections["Removing it"])
	after := resourcesOf(ctx, d.cloud)
	if len(before["archive/local"]) == 0 || len(after) != 1 || !slices.Equal(before["tally/local"], after["tally/local"]) {
		t.Errorf("resources before the archive was removed: %v, after: %v", before, after)
	}
	w.unchanged("after the archive was removed")
	id := d.publish(ctx, `{"num1":5,"num2":6}`)
	d.cloud.WaitForMessage(ctx, d.out["sumsQueueUrl"], contains(id))
}

// archive is the deployed example, in the local cloud of a deployed stack of tally.
type archive struct {
	deployed
	client *dynamodb.Client
	table  string
}

// sums returns the sums in the archive by their IDs.
func (a archive) sums(ctx context.Context) map[string]string {
	a.t.Helper()
	all := map[string]string{}
	for pages := dynamodb.NewScanPaginator(a.client, &dynamodb.ScanInput{TableName: &a.table}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			a.t.Fatal(err)
		}
		for _, item := range page.Items {
			text := func(name string) string { return item[name].(*types.AttributeValueMemberS).Value }
			all[text("id")] = text("num1") + " + " + text("num2") + " = " + text("sum")
		}
	}
	return all
}

// receives publishes numbers, and waits until the archive has their sums, with all digits.
func (a archive) receives(ctx context.Context) {
	a.t.Helper()
	const tens = "100000000000000000000000000000000000000000000000000" // more digits than DynamoDB's numbers have
	want := map[string]string{}
	for n := range 10 {
		id := a.publish(ctx, fmt.Sprintf(`{"num1":%s0,"num2":%d}`, tens, n))
		want[id] = fmt.Sprintf("%s0 + %d = %[1]s%[2]d", tens, n)
	}
	a.await(ctx, func() (bool, string) {
		got := a.sums(ctx)
		for id, sum := range want {
			if got[id] != sum {
				return false, fmt.Sprintf("the archive has %q for the sum %s, want %q", got[id], id, sum)
			}
		}
		return true, ""
	})
}

// receivesTwice sends two messages with one sum to the queue, and waits until the queue is
// empty.
func (a archive) receivesTwice(ctx context.Context) {
	a.t.Helper()
	client, queue := sqs.NewFromConfig(a.cloud.AWSConfig()), a.out["sumsQueueUrl"]
	for range 2 {
		if _, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String(`{"id":"sent-twice","num1":1,"num2":1,"sum":2}`)}); err != nil {
			a.t.Fatal(err)
		}
	}
	const visible, hidden = "ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"
	a.await(ctx, func() (bool, string) {
		got, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &queue, AttributeNames: []sqstypes.QueueAttributeName{visible, hidden}})
		if err != nil {
			a.t.Fatal(err)
		}
		empty := got.Attributes[visible] == "0" && got.Attributes[hidden] == "0"
		return empty && len(a.cloud.Status(ctx).Owed) == 0 && a.sums(ctx)["sent-twice"] == "1 + 1 = 2", fmt.Sprintf("the queue has %v, and the archive %v", got.Attributes, a.sums(ctx))
	})
}

// shellBlocks returns the shell commands under each heading of a page of the project. A
// command that follows a log until it is interrupted becomes a wait for the line that the
// page mentions.
func (w *workspace) shellBlocks(page string) map[string]string {
	w.t.Helper()
	raw, err := os.ReadFile(filepath.Join(w.dir, page))
	if err != nil {
		w.t.Fatal(err)
	}
	sections, heading := map[string]string{}, ""
	for _, m := range shellBlock.FindAllStringSubmatch(string(raw), -1) {
		if m[1] != "" {
			heading = m[1]
		}
		for line := range strings.Lines(m[2]) {
			if command, follows := strings.CutSuffix(line, "\n"); follows && strings.Contains(line, " logs --follow ") {
				line = "until " + strings.Replace(command, " --follow", "", 1) + " | grep 'sum archived'; do sleep 0.1; done\n"
			}
			sections[heading] += line
		}
	}
	return sections
}

// bash runs commands of a page from the project's folder in one shell, and returns what
// they printed. Older AWS CLIs ignore AWS_ENDPOINT_URL.
func (w *workspace) bash(ctx context.Context, commands string) string {
	w.t.Helper()
	const start = "set -euo pipefail\naws() { env -u AWS_ENDPOINT_URL aws --endpoint-url \"$AWS_ENDPOINT_URL\" \"$@\"; }\n"
	cmd := exec.CommandContext(ctx, "bash", "-c", start+commands)
	cmd.Dir, cmd.Env = w.dir, w.environment()
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("%s: %v\n%s", commands, err, out)
	}
	return string(out)
}
