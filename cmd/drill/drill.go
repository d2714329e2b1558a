package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go/logging"
)

// drill is one run of the command.
type drill struct {
	outputs
	w        io.Writer
	patience time.Duration
	start    time.Time
	local    status // of the local cloud
	config   aws.Config
	alarms   []alarm
	watch    *watch
	unread   []string // the URLs of queues that no function consumes

	cloudwatch *cloudwatch.Client
	dynamodb   *dynamodb.Client
	lambda     *lambda.Client
	sns        *sns.Client
	sqs        *sqs.Client
}

// result is what happened to one alarm.
type result struct {
	alarm
	cause    string
	provoked time.Time
	raised   time.Time
	told     time.Time // when AWS would have sent the email about raised
	lowered  time.Time
	cleared  time.Time // when AWS would have sent the email about lowered
	err      error     // what did not happen
}

// newDrill connects to the stack. It fails unless all services are on this machine.
func newDrill(ctx context.Context, out outputs, patience time.Duration, w io.Writer) (*drill, error) {
	topic, err := arn.Parse(out.AlarmsTopicARN)
	if err != nil {
		return nil, fmt.Errorf("output alarmsTopicArn: %w", err)
	}
	// The drill provokes errors, and must see the first of them.
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(topic.Region), config.WithLogger(logging.Nop{}),
		config.WithRetryer(func() aws.Retryer { return aws.NopRetryer{} }))
	if err != nil {
		return nil, err
	}
	if !onThisMachine(aws.ToString(cfg.BaseEndpoint)) {
		return nil, errors.New(`AWS_ENDPOINT_URL is not that of the local cloud: run eval "$(./bin/localcloud env)"`)
	}
	d := &drill{
		outputs: out, w: w, patience: patience, start: time.Now(), config: cfg,
		cloudwatch: cloudwatch.NewFromConfig(cfg), dynamodb: dynamodb.NewFromConfig(cfg), lambda: lambda.NewFromConfig(cfg),
		sns: sns.NewFromConfig(cfg), sqs: sqs.NewFromConfig(cfg),
	}
	if d.local, err = localStatus(ctx); err != nil {
		return nil, err
	}
	if d.local.Faults != nil {
		return nil, errors.New("faults are set in the local cloud: run localcloud fault clear")
	}
	if d.alarms, err = d.stackAlarms(ctx); err != nil {
		return nil, err
	}
	d.watch = newWatch(d.cloudwatch, d.start)
	return d, nil
}

// onThisMachine reports whether a URL is one of the loopback interface.
func onThisMachine(endpoint string) bool {
	u, err := url.Parse(endpoint)
	return err == nil && (u.Hostname() == "localhost" || net.ParseIP(u.Hostname()).IsLoopback())
}

// step is a provocation with the alarms that it should raise.
type step struct {
	provocation
	results []*result
}

// run raises all alarms, and returns what happened, in that order. There may be results and
// an error.
func (d *drill) run(ctx context.Context) ([]*result, error) {
	unsubscribe, err := d.subscribe(ctx)
	if err != nil {
		return nil, err
	}
	defer unsubscribe(context.WithoutCancel(ctx))
	if err := d.awaitQuiet(ctx, "begins"); err != nil {
		return nil, err
	}
	steps, results := plan(d.alarms)
	fmt.Fprintf(d.w, "The drill raises %d of %d alarms in %d steps. A minute of an alarm takes %v.\n\n",
		count(steps), len(d.alarms), len(steps), minute(d.local.Config.TimeScale))
	background := make(chan struct{})
	close(background)
	for _, s := range steps {
		if s.long {
			background = d.beginLong(ctx, s)
			continue
		}
		if s.alone {
			<-background
		}
		d.perform(ctx, s)
		if ctx.Err() != nil {
			break
		}
	}
	<-background
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return results, errors.Join(d.tidy(ctx), d.checkEmails(ctx, results))
}

// tidy removes the messages that the drill has left in queues, and waits until all alarms are
// OK.
func (d *drill) tidy(ctx context.Context) error {
	if err := d.emptyFailures(ctx); err != nil {
		return err
	}
	for _, url := range d.unread {
		if err := d.remove(ctx, url, func(types.Message) bool { return true }); err != nil {
			return err
		}
	}
	return d.awaitQuiet(ctx, "ends")
}

// plan returns the steps that raise the alarms, and the results of all alarms. The first
// provocation that raises an alarm counts.
func plan(alarms []alarm) (steps []step, results []*result) {
	rest := slices.Clone(alarms)
	for _, p := range provocations {
		s := step{provocation: p}
		rest = slices.DeleteFunc(rest, func(a alarm) bool {
			if !p.raises(a) {
				return false
			}
			s.results = append(s.results, &result{alarm: a, cause: p.cause})
			return true
		})
		if len(s.results) > 0 {
			steps = append(steps, s)
			results = append(results, s.results...)
		}
	}
	for _, a := range rest {
		results = append(results, &result{alarm: a, err: fmt.Errorf("the drill knows nothing that raises an alarm on the metric %s of %s", a.metric, a.namespace)})
	}
	return steps, results
}

func count(steps []step) (n int) {
	for _, s := range steps {
		n += len(s.results)
	}
	return n
}

// beginLong starts a step whose alarms are raised much later, and returns a channel that is
// closed when it is over. The provocation itself is complete when it returns.
func (d *drill) beginLong(ctx context.Context, s step) chan struct{} {
	done := make(chan struct{})
	restore, err := d.provoke(ctx, s)
	go func() {
		defer close(done)
		d.finish(ctx, s, restore, err)
	}()
	return done
}

// perform provokes the alarms of a step, and waits until all are raised and OK again.
func (d *drill) perform(ctx context.Context, s step) {
	restore, err := d.provoke(ctx, s)
	d.finish(ctx, s, restore, err)
}

func (d *drill) provoke(ctx context.Context, s step) (restore, error) {
	var names []string
	for _, r := range s.results {
		r.provoked = time.Now()
		names = append(names, r.short)
	}
	fmt.Fprintf(d.w, "%s  %s: %s\n", d.clock(time.Now()), s.cause, strings.Join(names, ", "))
	alarms := make([]alarm, len(s.results))
	for i, r := range s.results {
		alarms[i] = r.alarm
	}
	undo := &undo{}
	err := s.provocation.provoke(ctx, d, alarms, undo)
	return undo.run, err
}

// finish waits for the alarms of a step, and restores what it has changed.
func (d *drill) finish(ctx context.Context, s step, restore restore, err error) {
	if err == nil {
		d.awaitAll(ctx, s, "was not raised", func(r *result) bool {
			r.raised = d.watch.first(r.name, "ALARM", r.provoked)
			return !r.raised.IsZero()
		})
	}
	if restoreErr := restore(context.WithoutCancel(ctx)); restoreErr != nil {
		err = errors.Join(err, fmt.Errorf("restore: %w", restoreErr))
	}
	if err == nil {
		d.awaitAll(ctx, s, "did not return to OK", func(r *result) bool {
			r.lowered = d.watch.settled(r.name, r.raised)
			return r.err != nil || !r.lowered.IsZero()
		})
	}
	for _, r := range s.results {
		if err != nil {
			r.err = errors.Join(r.err, err)
		}
	}
}

// awaitAll waits until all alarms of a step have happened, and notes those that have not.
func (d *drill) awaitAll(ctx context.Context, s step, missing string, happened func(*result) bool) {
	patience := d.patience
	for _, r := range s.results {
		patience = max(patience, d.patience+d.waitFor(r.alarm))
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("%s within %v", missing, patience.Round(time.Second)))
	defer cancel()
	for {
		err := d.watch.poll(ctx)
		waiting := slices.DeleteFunc(slices.Clone(s.results), happened)
		if len(waiting) == 0 {
			return
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			for _, r := range waiting {
				r.err = errors.Join(context.Cause(ctx), err)
			}
			return
		}
	}
}

// pollInterval is the time between two requests for the changes of alarms.
const pollInterval = 300 * time.Millisecond

// waitFor returns how long the local cloud takes for the age that an alarm watches.
func (d *drill) waitFor(a alarm) time.Duration {
	return time.Duration(float64(a.age()) / max(1, d.local.Config.TimeScale))
}

// clock returns the time since the start of the drill.
func (d *drill) clock(at time.Time) string { return fmt.Sprintf("%6.1fs", at.Sub(d.start).Seconds()) }

// restore undoes a provocation.
type restore = func(context.Context) error

// undo collects what restores the changes of a provocation.
type undo struct{ all []restore }

func (u *undo) add(f restore) { u.all = append(u.all, f) }

// run undoes the changes, the last one first.
func (u *undo) run(ctx context.Context) error {
	var errs []error
	for _, f := range slices.Backward(u.all) {
		errs = append(errs, f(ctx))
	}
	u.all = nil
	return errors.Join(errs...)
}
