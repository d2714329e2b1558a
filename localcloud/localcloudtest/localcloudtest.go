// Package localcloudtest runs integration tests of Pulumi programs against a
// local cloud: without an AWS account, credentials or Docker.
//
//	func TestStack(t *testing.T) {
//		cloud := localcloudtest.Start(t)
//		stack := cloud.Deploy(t.Context(), localcloudtest.Program{Dir: ".."})
//		client := sns.NewFromConfig(cloud.AWSConfig())
//		…
//		cloud.WaitForLog(t.Context(), "handle-message", `"sum":7`)
//	}
//
// Each test has a local cloud of its own, inside the test's process, on free
// ports, with its state in a temporary folder. Tests may run in parallel. The
// local cloud ends with the test; no stack needs to be destroyed.
//
// Programs are deployed by the pulumi CLI on PATH, version 3.200 or later, with
// the language host of the program. Pulumi's state and its home are in the
// temporary folder, and the CLI runs without the AWS_ and PULUMI_ variables of
// the test's environment: neither the developer's credentials nor the
// developer's Pulumi login are used. Plugins of providers other than aws must
// be installed beforehand, with pulumi plugin install.
//
// Failures end the test through t.Fatal. If a test fails, its output contains the
// logs of its local cloud and of its functions.
package localcloudtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"tally/localcloud/console"
	"tally/localcloud/control"
	"tally/localcloud/iam"
	"tally/localcloud/server"
)

// Cloud is a running local cloud for use by one test or subtest.
type Cloud struct {
	t      testing.TB
	config control.Config
}

// Option changes the configuration of a local cloud.
type Option func(*control.Config)

// Region sets the region, which is us-east-1 by default.
func Region(name string) Option { return func(c *control.Config) { c.Region = name } }

// TimeScale sets the divisor of AWS's waits of a minute or more, such as those
// between the attempts of an asynchronous invocation. The default is 60: a
// minute takes a second. 1 waits as long as AWS does.
func TimeScale(divisor float64) Option { return func(c *control.Config) { c.TimeScale = divisor } }

// Stacks sets the names of the stacks that may be deployed, as globs. The
// default is "*", which allows every name.
func Stacks(globs ...string) Option { return func(c *control.Config) { c.Stacks = globs } }

// Start starts a local cloud for the test, and stops it when the test ends.
func Start(t testing.TB, options ...Option) *Cloud {
	t.Helper()
	config := control.Config{
		Dir: t.TempDir(), Region: "us-east-1", Stacks: []string{"*"}, TimeScale: 60, IdleTimeout: 10 * time.Minute,
	}
	for _, option := range options {
		option(&config)
	}
	s, err := server.Open(config)
	if err != nil {
		t.Fatalf("start the local cloud: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the local cloud's log:\n%s", logs(s))
		}
		cancel()
		if err := errors.Join(<-served, s.Close()); err != nil {
			t.Errorf("stop the local cloud: %v", err)
		}
	})
	return &Cloud{t, s.Config()}
}

// Connect returns the local cloud that already listens on a loopback port, such
// as one that the localcloud command started. It outlives the test, and so do the
// stacks that the test deploys.
func Connect(t testing.TB, port int) *Cloud {
	t.Helper()
	status, err := control.At(t.Context(), port)
	if err != nil {
		t.Fatalf("connect to the local cloud on port %d: %v", port, err)
	}
	return &Cloud{t, status.Config}
}

// WithT returns the local cloud for use by a subtest, so that failures end t.
func (c *Cloud) WithT(t testing.TB) *Cloud { return &Cloud{t, c.config} }

// logs returns what happened between the services, and the functions' logs.
func logs(s *server.Server) string {
	var b strings.Builder
	for _, e := range s.Journal().Recent() {
		fmt.Fprintf(&b, "%s %s %s: %s\n", e.Time.Local().Format("15:04:05.000"), e.Service, e.Resource, e.Message)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for e, err := range control.Logs(ctx, s.Config(), control.LogQuery{}) {
		if err != nil {
			fmt.Fprintf(&b, "the functions' logs: %v\n", err)
			break
		}
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// AWSConfig returns the configuration of AWS SDK clients that use the local
// cloud as its administrator.
func (c *Cloud) AWSConfig() aws.Config {
	return aws.Config{
		Region:       c.config.Region,
		BaseEndpoint: aws.String(c.config.Endpoint()),
		Credentials:  credentials.NewStaticCredentialsProvider(iam.DeveloperKey, c.config.Secret, ""),
	}
}

// Faults says how often the local cloud does what AWS may do to a program, but seldom
// does: deliver twice, late or out of order, and end execution environments.
type Faults = control.Faults

// SlowFault says how often invocations of a function take longer.
type SlowFault = control.SlowFault

// TableFault says how often requests to a table are refused.
type TableFault = control.TableFault

// Crash says how often execution environments of a function crash.
type Crash = control.Crash

// SetFaults sets the faults that happen from now on, in place of others. Each is in the
// journal, and [Cloud.Status] counts them. With a fixed seed, the same messages are hit in
// each run, if they arrive in the same order.
//
// Faults alone lose nothing, so a test can demand that everything arrives, and nothing
// has its effect twice.
func (c *Cloud) SetFaults(ctx context.Context, f Faults) {
	c.t.Helper()
	if err := control.SetFaults(ctx, c.config, f); err != nil {
		c.t.Fatalf("%v", err)
	}
}

// ConsoleURL returns the URL of the console for one session of a browser.
func (c *Cloud) ConsoleURL(ctx context.Context) string {
	c.t.Helper()
	url, err := control.Console(ctx, c.config)
	if err != nil {
		c.t.Fatalf("%v", err)
	}
	return url
}

// Access is what roles may do and have done, and what was refused.
type Access = console.Access

// Access returns what the roles of all stacks have done since the local cloud started, so
// that a test can find what they are granted and never use.
func (c *Cloud) Access(ctx context.Context) Access {
	c.t.Helper()
	var a Access
	c.Query(ctx, "access", &a)
	return a
}

// Query decodes what the API of the console returns for a path, such as "traces".
func (c *Cloud) Query(ctx context.Context, path string, into any) {
	c.t.Helper()
	if err := control.Query(ctx, c.config, path, into); err != nil {
		c.t.Fatalf("%v", err)
	}
}

// ClearFaults ends all faults. What they have held back still arrives.
func (c *Cloud) ClearFaults(ctx context.Context) {
	c.t.Helper()
	if err := control.ClearFaults(ctx, c.config); err != nil {
		c.t.Fatalf("%v", err)
	}
}

// Environ returns an environment, in the form of [os.Environ], in which
// commands such as pulumi and aws use the local cloud: the test's, with the
// local cloud's variables in place of all that begin with AWS_ and PULUMI_.
func (c *Cloud) Environ() []string {
	var env []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "AWS_") && !strings.HasPrefix(kv, "PULUMI_") {
			env = append(env, kv)
		}
	}
	for _, v := range c.config.Environment() {
		env = append(env, v.Name+"="+v.Value)
	}
	// The developer's files, too, may hold credentials.
	return append(env, "AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull)
}

// Status returns what `localcloud status` shows: ports, resources with their
// stacks, and warnings.
func (c *Cloud) Status(ctx context.Context) control.Status {
	c.t.Helper()
	status, err := control.At(ctx, c.config.Port)
	if err != nil {
		c.t.Fatalf("status of the local cloud: %v", err)
	}
	return status
}
