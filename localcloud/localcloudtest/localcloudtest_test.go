package localcloudtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	awssqs "github.com/pulumi/pulumi-aws/sdk/v6/go/aws/sqs"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optpreview"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi/config"

	"tally/localcloud/control"
)

// fatal is a test whose failure can be observed.
type fatal struct {
	testing.TB
	message string
}

func (f *fatal) Helper() {}

func (f *fatal) Fatalf(format string, args ...any) {
	f.message = fmt.Sprintf(format, args...)
	panic(f)
}

// fails returns the message with which call fails the test of c.
func (c *Cloud) fails(t *testing.T, call func(c *Cloud)) string {
	t.Helper()
	f := &fatal{TB: t}
	func() {
		defer func() {
			if r := recover(); r != nil && r != any(f) {
				panic(r)
			}
		}()
		call(c.WithT(f))
	}()
	if f.message == "" {
		t.Error("the call did not fail the test")
	}
	return f.message
}

func holds(t *testing.T, message string, words ...string) {
	t.Helper()
	if !containsAll(message, words) {
		t.Errorf("%q does not contain each of %q", message, words)
	}
}

// needsPulumi skips a test that deploys if the pulumi CLI is not installed.
func needsPulumi(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("pulumi"); err != nil {
		t.Skip("no pulumi CLI on PATH")
	}
}

func TestWaitForMessage(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	c := Start(t)
	client := sqs.NewFromConfig(c.AWSConfig())
	url := c.Deploy(t.Context(), Program{Run: func(ctx *pulumi.Context) error {
		q, err := awssqs.NewQueue(ctx, "q", nil)
		if err != nil {
			return err
		}
		ctx.Export("url", q.Url)
		return nil
	}}).Output(t.Context(), "url")
	for _, body := range []string{"one", "two", "three"} {
		if _, err := client.SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &url, MessageBody: &body}); err != nil {
			t.Fatal(err)
		}
	}
	for _, body := range []string{"three", "one", "three"} { // messages stay in the queue
		m := c.WaitForMessage(t.Context(), url, func(m types.Message) bool { return *m.Body == body })
		if *m.Body != body {
			t.Errorf("waited for %q and received %q", body, *m.Body)
		}
	}
	message := c.fails(t, func(c *Cloud) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c.WaitForMessage(ctx, url, func(types.Message) bool { return false })
	})
	holds(t, message, url, "deadline exceeded", "one", "two", "three")
	holds(t, c.fails(t, func(c *Cloud) { c.WaitForMessage(t.Context(), url+"x", nil) }), "NonExistentQueue")
}

// TestDeployTwice checks that a stack in a local cloud that outlives the test is
// updated by the next run of the test.
func TestDeployTwice(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	port := Start(t).config.Port
	for _, name := range []string{"one", "two"} {
		c := Connect(t, port)
		c.Deploy(t.Context(), Program{Run: func(ctx *pulumi.Context) error {
			_, err := awssqs.NewQueue(ctx, "q", &awssqs.QueueArgs{Name: pulumi.String(name)})
			return err
		}})
		if all := c.Status(t.Context()).Resources; len(all) != 1 || all[0].Name != name {
			t.Errorf("after the deployment of queue %s: %+v", name, all)
		}
	}
}

func TestWaitForLogOfNoFunction(t *testing.T) {
	t.Parallel()
	c := Start(t)
	holds(t, c.fails(t, func(c *Cloud) { c.WaitForLog(t.Context(), "f", "word") }), `f logged no line with ["word"]`, "no function is deployed")
}

func TestFindLine(t *testing.T) {
	events := func(yield func(control.LogEvent, error) bool) {
		for _, message := range []string{"a b", "b c", "c a"} {
			if !yield(control.LogEvent{Function: "f", Message: message}, nil) {
				return
			}
		}
		yield(control.LogEvent{}, errors.New("the end"))
	}
	if line, err := findLine(events, []string{"a", "c"}); !strings.HasSuffix(line, " f c a") || err != nil {
		t.Errorf("found %q, %v", line, err)
	}
	_, err := findLine(events, []string{"d"})
	if err == nil {
		t.Fatal("found a line that is not there")
	}
	holds(t, err.Error(), "the end", "f a b", "f b c")
}

func TestOptions(t *testing.T) {
	t.Parallel()
	c := Start(t, Region("eu-west-1"), Stacks("ci-*"), TimeScale(600))
	c = Connect(t, c.Status(t.Context()).Config.Port)
	config := c.Status(t.Context()).Config
	if config.Region != "eu-west-1" || !slices.Equal(config.Stacks, []string{"ci-*"}) || config.TimeScale != 600 {
		t.Errorf("the configuration is %+v", config)
	}
	groups, err := cloudwatchlogs.NewFromConfig(c.AWSConfig()).DescribeLogGroups(t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil || len(groups.LogGroups) != 0 {
		t.Errorf("log groups: %v, %v", groups, err)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	c := Start(t)
	faults := Faults{Seed: 3, Duplicate: 0.5, Delay: 0.1, DelayFor: time.Second, Crashes: []Crash{{Function: "f", Rate: 0.2}}}
	c.SetFaults(t.Context(), faults)
	status := c.Status(t.Context()).Faults
	if status == nil || status.Faults.String() != faults.String() || !slices.Equal(status.Unused, []string{"--crash f"}) {
		t.Errorf("status %+v", status)
	}
	holds(t, c.fails(t, func(c *Cloud) { c.SetFaults(t.Context(), Faults{Duplicate: 5}) }), "set faults: --duplicate is 5")
	c.ClearFaults(t.Context())
	if status := c.Status(t.Context()).Faults; status != nil {
		t.Errorf("after the faults were cleared: %+v", status)
	}
}

// Programs receive nothing that gives access to the developer's accounts.
func TestEnviron(t *testing.T) {
	for _, name := range []string{"AWS_PROFILE", "AWS_SESSION_TOKEN", "PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE_FILE", "AWS_ACCESS_KEY_ID"} {
		t.Setenv(name, "the-developers-own")
	}
	t.Setenv("OTHER", "yes")
	env := Start(t).Environ()
	if strings.Contains(strings.Join(env, "\n"), "the-developers-own") || !slices.Contains(env, "OTHER=yes") || !slices.Contains(env, "AWS_ACCESS_KEY_ID=test") {
		t.Errorf("the environment is %q", env)
	}
}

func TestConnectToNothing(t *testing.T) {
	holds(t, Start(t).fails(t, func(c *Cloud) { Connect(c.t, 1) }), "connect to the local cloud on port 1", "no local cloud is running")
}

func TestWithoutPulumi(t *testing.T) {
	c := Start(t)
	t.Setenv("PATH", t.TempDir())
	message := c.fails(t, func(c *Cloud) { c.Deploy(t.Context(), Program{Run: func(*pulumi.Context) error { return nil }}) })
	holds(t, message, "needs the pulumi CLI on PATH", "https://www.pulumi.com/docs/iac/download-install/")
}

func TestWriteProject(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	for name, content := range map[string]string{
		"Pulumi.yaml":               "name: p\nruntime: go\nmain: infra\nstackConfigDir: stacks\nconfig:\n  size:\n    type: integer\n    default: 3\n",
		"stacks/Pulumi.local.yaml":  "config:\n  p:size: 4\n",
		"stacks/Pulumi.other.yaml":  "config:\n  p:size: 5\n",
		"Pulumi.local.yaml":         "config:\n  p:size: 6\n",
		"infra/main.go":             "package main\n",
		"stacks/Pulumi.loca1.yaml~": "",
	} {
		path := filepath.Join(from, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if err := (Program{Dir: from, Stack: "local"}).writeProject(to); err != nil {
		t.Fatal(err)
	}
	written := map[string]string{}
	entries, err := os.ReadDir(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		raw, err := os.ReadFile(filepath.Join(to, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		written[e.Name()] = string(raw)
	}
	if len(written) != 2 || written["Pulumi.local.yaml"] != "config:\n  p:size: 4\n" {
		t.Errorf("wrote %q", written)
	}
	holds(t, written["Pulumi.yaml"], "name: p\n", "main: "+filepath.Join(from, "infra")+"\n", "default: 3\n")
	if strings.Contains(written["Pulumi.yaml"], "stacks") {
		t.Errorf("the configuration is looked for elsewhere: %s", written["Pulumi.yaml"])
	}
}

func TestDeploy(t *testing.T) {
	needsPulumi(t)
	t.Parallel()
	ctx := t.Context()
	c := Start(t)
	delay := 0
	program := func(ctx *pulumi.Context) error {
		q, err := awssqs.NewQueue(ctx, "q", &awssqs.QueueArgs{DelaySeconds: pulumi.Int(delay)})
		if err != nil {
			return err
		}
		ctx.Export("url", q.Url)
		ctx.Export("suffix", pulumi.String(config.Require(ctx, "suffix")))
		return nil
	}
	var stacks []*Stack
	for _, name := range []string{"a", "b"} {
		stacks = append(stacks, c.Deploy(ctx, Program{Run: program, Stack: name, Config: map[string]string{"suffix": name}}))
	}
	for i, s := range stacks {
		if got, want := s.Output(ctx, "suffix"), s.Name(); got != want {
			t.Errorf("the suffix of stack %d is %q, want %q", i, got, want)
		}
		if _, err := s.Preview(ctx, optpreview.ExpectNoChanges()); err != nil {
			t.Error(err)
		}
	}
	holds(t, c.fails(t, func(c *Cloud) { (&Stack{stacks[0].Stack, c}).Output(ctx, "ulr") }), `no output "ulr"`, `["suffix" "url"]`)
	if _, err := stacks[0].Destroy(ctx); err != nil {
		t.Error(err)
	}
	left := c.Status(ctx).Resources
	if len(left) != 1 || left[0].Stack != "test/b" || !strings.HasSuffix(stacks[1].Output(ctx, "url"), left[0].Name) {
		t.Errorf("after the destruction of stack a: %+v", left)
	}

	delay = 1000 // more than SQS allows
	message := c.fails(t, func(c *Cloud) {
		c.Deploy(ctx, Program{Run: program, Stack: "c", Config: map[string]string{"suffix": "c"}})
	})
	holds(t, message, "deploy the stack c:", "delaySeconds")
}
