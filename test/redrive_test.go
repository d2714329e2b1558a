package test

import (
	"bufio"
	"context"
	"encoding/json"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sns/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"tally/localcloud/localcloudtest"
)

// audited adds a queue to the stack that receives the messages of both topics.
const audited = `audit, err := serverless.NewQueue(env, "audit", nil)
	if err != nil {
		return nil, err
	}
	for _, topic := range []*serverless.Topic{numbers, sums} {
		if _, err := topic.Subscribe(audit, nil); err != nil {
			return nil, err
		}
	}

	// HTTP: add-numbers`

// TestRedrive breaks a stack, repairs it, and runs the failed messages again. It proves
// that their sums are published, with the IDs of the messages, and that the topic's
// other subscriber does not receive the messages again, although the command is killed
// in between.
func TestRedrive(t *testing.T) {
	t.Parallel() // the time counts from when it runs
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	r := newRedriver(ctx, t, copyProject(t))
	cloud := localcloudtest.Start(t, localcloudtest.TimeScale(600))

	// The function may not publish sums.
	const granted, revoked = `table.GrantWrite, sums.GrantPublish)`, `table.GrantWrite)`
	replace(t, r.dir, "infra/main.go", "// HTTP: add-numbers", audited)
	replace(t, r.dir, "infra/main.go", `"sumsTopicArn":`, `"auditUrl": audit.URL, "sumsTopicArn":`)
	replace(t, r.dir, "infra/main.go", granted, revoked)
	stack := cloud.Deploy(ctx, localcloudtest.Program{Dir: r.dir})
	r.deployed = deployed{t, cloud, outputs(ctx, t, stack)}
	want := map[string]string{} // sums by message ID
	for _, n := range []string{"1", "2", "3", "4"} {
		want[r.publish(ctx, `{"num1":`+n+`,"num2":0}`)] = n
	}
	r.waitForMessages(ctx, "handleMessageFailuresUrl", 4)

	// SNS may not invoke the function.
	const allowed, refused = `"sns.amazonaws.com", d.topic.ARN,`, `"sns.amazonaws.com", pulumi.String("arn:aws:sns:us-east-1:000000000000:another"),`
	replace(t, r.dir, "infra/serverless/subscription.go", allowed, refused)
	up(ctx, t, stack)
	undelivered := r.publishWithAttributes(ctx, `{"num1":5,"num2":0}`)
	want[undelivered] = "5"
	r.waitForMessages(ctx, "numbersRedriveUrl", 1)

	list := r.must(ctx, "list")
	for id := range want {
		if strings.Count(list, "  "+id+" ") != 1 {
			t.Errorf("list does not show %s once", id)
		}
	}
	if !containsEach(list, []string{"handle-message-failures: 4 messages\n", "numbers-handle-message-redrive: 1 message\n", "add-numbers-failures: 0 messages\n",
		"RetriesExhausted", "not authorized to perform: SNS:Publish", "Undelivered", `payload  {"num1":5,"num2":0}`}) {
		t.Errorf("list printed\n%s", list)
	}

	r.consoleAgrees(ctx)

	if out, err := r.command(ctx, "run", "-all").CombinedOutput(); err == nil || !strings.Contains(string(out), "handle-message-failures: message ") || !strings.Contains(string(out), "SNS:Publish") {
		t.Errorf("run before the repair: %v\n%s", err, out)
	}
	r.waitForMessages(ctx, "handleMessageFailuresUrl", 4) // all are still there, and available at once
	r.waitForMessages(ctx, "numbersRedriveUrl", 1)

	replace(t, r.dir, "infra/serverless/subscription.go", refused, allowed)
	replace(t, r.dir, "infra/main.go", revoked, granted)
	up(ctx, t, stack)
	r.killedAfterOne(ctx, t)
	r.waitForMessages(ctx, "handleMessageFailuresUrl", 3)
	if out := r.must(ctx, "run", "-all"); !strings.Contains(out, "\n4 run again, 0 failed, 0 not selected\n") {
		t.Errorf("run after the kill:\n%s", out)
	}
	for _, queue := range []string{"handleMessageFailuresUrl", "numbersRedriveUrl"} {
		r.waitForMessages(ctx, queue, 0)
	}
	r.audit(ctx, want)
}

// redriver runs the redrive command for a deployed stack.
type redriver struct {
	deployed
	dir, bin string
}

// newRedriver compiles the command for the program in dir. The caller sets the deployed
// stack.
func newRedriver(ctx context.Context, t *testing.T, dir string) redriver {
	t.Helper()
	r := redriver{dir: dir, bin: filepath.Join(t.TempDir(), "redrive")}
	build := exec.CommandContext(ctx, "go", "build", "-o", r.bin, "./cmd/redrive")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build redrive: %v\n%s", err, out)
	}
	return r
}

func (r redriver) command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.bin, args...)
	cmd.Dir, cmd.Env = r.dir, r.cloud.Environ()
	return cmd
}

func (r redriver) must(ctx context.Context, args ...string) string {
	r.t.Helper()
	out, err := r.command(ctx, args...).CombinedOutput()
	if err != nil {
		r.t.Fatalf("redrive %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// killedAfterOne starts to run the messages slowly, and kills the command when it has
// run one. The others remain hidden until their visibility timeout is over.
func (r redriver) killedAfterOne(ctx context.Context, t *testing.T) {
	t.Helper()
	cmd := r.command(ctx, "run", "-queue", "handle-message-failures", "-rate", "0.5")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "done ") {
		t.Errorf("run printed %q: %v", line, err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Error(err)
	}
	_ = cmd.Wait() // killed
}

// publishWithAttributes publishes a message with attributes to the topic numbers, and
// returns its ID.
func (d deployed) publishWithAttributes(ctx context.Context, message string) string {
	d.t.Helper()
	topic := d.out["numbersTopicArn"]
	sent, err := sns.NewFromConfig(d.cloud.AWSConfig()).Publish(ctx, &sns.PublishInput{
		TopicArn: &topic, Message: &message, Subject: aws.String("Numbers"),
		MessageAttributes: map[string]types.MessageAttributeValue{"tenant": {DataType: aws.String("String"), StringValue: aws.String("a")}},
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return *sent.MessageId
}

// waitForMessages waits until a queue has n messages that can be received.
func (r redriver) waitForMessages(ctx context.Context, output string, n int) {
	r.t.Helper()
	for {
		var all []struct {
			QueueURL string
			Messages []struct{ ID string }
		}
		list := r.must(context.WithoutCancel(ctx), "list", "-json") // so that the failure below can show it
		if err := json.Unmarshal([]byte(list), &all); err != nil {
			r.t.Fatal(err)
		}
		for _, l := range all {
			if l.QueueURL == r.out[output] && len(l.Messages) == n {
				return
			}
		}
		if ctx.Err() != nil {
			r.t.Fatalf("%s never had %d messages: %+v", output, n, all)
		}
	}
}

// audit proves that the subscriber of both topics received each message once, and
// each sum.
func (d deployed) audit(ctx context.Context, want map[string]string) {
	d.t.Helper()
	client, queue := sqs.NewFromConfig(d.cloud.AWSConfig()), d.out["auditUrl"]
	var messages []string
	sums := map[string]string{}
	for len(messages) < len(want) || len(sums) < len(want) {
		out, err := client.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: &queue, MaxNumberOfMessages: 10, VisibilityTimeout: 600, WaitTimeSeconds: 5})
		if err != nil {
			d.t.Fatal(err)
		}
		for _, m := range out.Messages {
			var n struct{ MessageID, TopicARN, Message string }
			var sum struct {
				ID  string
				Sum json.Number
			}
			if err := json.Unmarshal([]byte(*m.Body), &n); err != nil {
				d.t.Fatal(err)
			}
			if n.TopicARN == d.out["numbersTopicArn"] {
				messages = append(messages, n.MessageID)
			} else if err := json.Unmarshal([]byte(n.Message), &sum); err != nil {
				d.t.Fatal(err)
			} else {
				sums[sum.ID] = sum.Sum.String()
			}
		}
		if len(out.Messages) == 0 {
			break
		}
	}
	slices.Sort(messages)
	if ids := slices.Sorted(maps.Keys(want)); !slices.Equal(messages, ids) {
		d.t.Errorf("the messages were %q, want each of %q once", messages, ids)
	}
	if !maps.Equal(sums, want) {
		d.t.Errorf("the sums were %v, want %v", sums, want)
	}
}
