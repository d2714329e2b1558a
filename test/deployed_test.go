package test

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/sns"

	"tally/localcloud/localcloudtest"
)

// deployed is a deployed stack of this project in a local cloud, with the test
// or subtest that uses it.
type deployed struct {
	t     *testing.T
	cloud *localcloudtest.Cloud
	out   map[string]string // the stack's outputs
}

// outputs returns the outputs of a stack, as strings.
func outputs(ctx context.Context, t *testing.T, stack *localcloudtest.Stack) map[string]string {
	t.Helper()
	all, err := stack.Outputs(ctx)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for name := range all {
		out[name] = stack.Output(ctx, name)
	}
	return out
}

// step runs a subtest with the same stack.
func (d deployed) step(name string, run func(d deployed)) {
	d.t.Run(name, func(t *testing.T) { run(deployed{t, d.cloud.WithT(t), d.out}) })
}

// adds fails the test unless the deployed stack adds 3 and 4 over HTTP and over
// SNS.
func (d deployed) adds(ctx context.Context) {
	d.t.Helper()
	if got, want := d.post(`{"num1":3,"num2":4}`), `{"num1":3,"num2":4,"sum":7}`; strings.TrimSpace(got) != want {
		d.t.Errorf("POST /add returned %s, want %s", got, want)
	}
	id := d.publish(ctx, `{"num1":"3","num2":"4"}`)
	d.cloud.WaitForLog(ctx, d.out["handleMessageFunction"], id, `"sum":7`)
}

// post sends JSON to /add and returns the body of the response. It fails the
// test unless the status is 200.
func (d deployed) post(body string) string {
	d.t.Helper()
	resp, err := http.Post(d.out["apiUrl"]+"add", "application/json", strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		d.t.Errorf("%s %s", resp.Status, raw)
	}
	return string(raw)
}

// publish publishes a message to the topic numbers with the AWS SDK and returns
// the message's ID.
func (d deployed) publish(ctx context.Context, message string) string {
	d.t.Helper()
	topic := d.out["numbersTopicArn"]
	sent, err := sns.NewFromConfig(d.cloud.AWSConfig()).Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: &message})
	if err != nil {
		d.t.Fatalf("publish: %v", err)
	}
	return *sent.MessageId
}

// replace replaces the first occurrence of old in a file of a program.
func replace(t *testing.T, dir, name, old, new string) {
	t.Helper()
	path := filepath.Join(dir, name)
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(raw), old) {
		t.Fatalf("%s does not contain %s", name, old)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(raw), old, new, 1)), 0o644); err != nil {
		t.Fatal(err)
	}
}
