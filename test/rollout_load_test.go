package test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/pulumi/pulumi/sdk/v3/go/auto/optup"
)

// TestRolloutOfBadVersion deploys versions of both functions that fail, while
// clients send requests and messages. The rollout returns to the previous versions
// within a minute, after no more failures than the share of the new ones. Then it
// rolls out a correction, with an interruption. No deployment moves live meanwhile.
func TestRolloutOfBadVersion(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	r := newRollouts(ctx, t, "canary-10-5m")
	bad := []struct{ file, works, fails string }{
		{"functions/add-numbers/handler.go", "n, err := read(r)", "if true {\nreturn events.APIGatewayV2HTTPResponse{}, context.Canceled\n}\nn, err := read(r)"},
		{"functions/handle-message/handler.go", "entry, err := h.finish(", "if true {\nreturn \"broken\", errors.New(\"broken\")\n}\nentry, err := h.finish("},
	}
	for _, code := range bad {
		replace(t, r.dir, code.file, code.works, code.fails)
	}
	r.up(ctx)
	r.expect(ctx, "after the deployment of a bad version", "version 1: ran 1")

	stop := r.load(ctx)
	began := time.Now()
	out, err := r.rollout(ctx)
	took := time.Since(began)
	sent := stop()
	t.Logf("rollout, %v:\n%s", took, out)
	if err == nil || !strings.Contains(out, "rolled back: version 2 alone would raise alarm tally-local-main-") {
		t.Errorf("the rollout was not rolled back: %v", err)
	}
	if took > time.Minute {
		t.Errorf("the rollout took %v", took)
	}
	sent.check(t)
	r.handled(ctx, sent.messages)
	r.expect(ctx, "after the rollout", "version 1: ran 1")

	for _, code := range bad {
		replace(t, r.dir, code.file, code.fails, code.works)
	}
	r.set(ctx, "tally:memory", "256") // so that the code is not that of version 1
	r.up(ctx, optup.Refresh())
	r.expect(ctx, "after up --refresh with a correction", "version 1: ran 1")
	r.interrupt(ctx)
	r.up(ctx, optup.Refresh())
	if got := r.live(ctx); !strings.HasPrefix(got, "version 1, with 10% for 3: ran ") {
		t.Errorf("after an interrupted rollout and up --refresh, live is %s", got)
	}
	// The alarms of the bad version may still be raised.
	r.mustRollout(ctx, "-force", "-strategy", "canary-10-1s")
	r.expect(ctx, "after the rollout of a correction", "version 3: ran 3")
	r.adds(ctx)
}

// sent are the requests and messages sent by load, and how many requests failed.
type sent struct{ requests, failed, messages int }

// check fails the test if no request failed, or more than 10%, with five standard
// deviations of tolerance.
func (s sent) check(t *testing.T) {
	t.Logf("%d of %d requests failed; %d messages", s.failed, s.requests, s.messages)
	if limit := share(s.requests); s.failed == 0 || float64(s.failed) > limit {
		t.Errorf("%d of %d requests failed, want 1 to %.0f", s.failed, s.requests, limit)
	}
}

// share returns 10% of n, with five standard deviations of tolerance.
func share(n int) float64 { return 0.1*float64(n) + 5*math.Sqrt(0.09*float64(n)) }

// load sends requests and publishes messages until its result is called.
func (r rollouts) load(ctx context.Context) (stop func() sent) {
	ctx, cancel := context.WithCancel(ctx)
	var (
		s        sent
		workers  sync.WaitGroup
		messages = sns.NewFromConfig(r.cloud.AWSConfig())
		topic    = r.out["numbersTopicArn"]
	)
	every := func(interval time.Duration, send func()) {
		workers.Go(func() {
			tick := time.NewTicker(interval)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					send()
				case <-ctx.Done():
					return
				}
			}
		})
	}
	every(50*time.Millisecond, func() {
		resp, err := http.Get(r.out["apiUrl"] + "add?num1=3&num2=4")
		if err != nil {
			r.t.Error(err)
			return
		}
		resp.Body.Close()
		s.requests++
		if resp.StatusCode != http.StatusOK {
			s.failed++
		}
	})
	every(100*time.Millisecond, func() {
		if _, err := messages.Publish(context.WithoutCancel(ctx), &sns.PublishInput{TopicArn: &topic, Message: aws.String(`{"num1":3,"num2":4}`)}); err != nil {
			r.t.Error(err)
			return
		}
		s.messages++
	})
	return func() sent {
		cancel()
		workers.Wait()
		return s
	}
}

// handled waits until the messages have been handled, and fails the test if the share of
// attempts that failed exceeds that of the new version.
func (r rollouts) handled(ctx context.Context, messages int) {
	r.t.Helper()
	client, group := cloudwatchlogs.NewFromConfig(r.cloud.AWSConfig()), r.out["handleMessageLogGroup"]
	count := func(pattern string) (n int) {
		pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group, FilterPattern: &pattern})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				r.t.Fatal(err)
			}
			n += len(page.Events)
		}
		return n
	}
	poll := time.NewTicker(200 * time.Millisecond)
	defer poll.Stop()
	sums := `{ $.message = "sum" && $.messageId != "` + probeID + `" }`
	for count(sums) < messages {
		select {
		case <-poll.C:
		case <-ctx.Done():
			r.t.Fatalf("only %d of %d messages have been handled", count(sums), messages)
		}
	}
	failed := count(`{ $.message = "message failed" }`)
	r.t.Logf("%d attempts failed", failed)
	if limit := share(messages + failed); float64(failed) > limit {
		r.t.Errorf("%d of %d attempts failed, want at most %.0f", failed, messages+failed, limit)
	}
}

// interrupt starts a rollout, and interrupts it once the new version of
// handle-message has a share.
func (r rollouts) interrupt(ctx context.Context) {
	r.t.Helper()
	running, stop := context.WithCancel(ctx)
	defer stop()
	var out strings.Builder
	cmd := r.start(running, "-force")
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	client, function := lambda.NewFromConfig(r.cloud.AWSConfig()), r.out["handleMessageFunction"]
	poll := time.NewTicker(100 * time.Millisecond)
	defer poll.Stop()
	for split := false; !split; {
		select {
		case <-poll.C:
		case <-ctx.Done():
			r.t.Fatalf("the rollout has not begun:\n%s", out.String())
		}
		alias, err := client.GetAlias(ctx, &lambda.GetAliasInput{FunctionName: &function, Name: aws.String("live")})
		if err != nil {
			r.t.Fatal(err)
		}
		split = alias.RoutingConfig != nil
	}
	stop()
	err := cmd.Wait()
	if _, failed := errors.AsType[*exec.ExitError](err); !failed || !strings.Contains(out.String(), "interrupted: the versions keep their shares") {
		r.t.Errorf("the interrupted rollout: %v\n%s", err, out.String())
	}
}
