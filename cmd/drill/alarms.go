package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
)

// alarm is an alarm of the stack.
type alarm struct {
	name              string // "tally-local-main-add-numbers-errors-1a2b3c4"
	short             string // "add-numbers-errors"
	namespace, metric string
	dimensions        map[string]string
	threshold         float64
	queue             queue // whose messages it watches
}

// age returns the age that an alarm watches on AWS, or 0 if it watches something else.
func (a alarm) age() time.Duration {
	switch a.metric {
	case "AsyncEventAge":
		return time.Duration(a.threshold) * time.Millisecond
	case "ApproximateAgeOfOldestMessage":
		return time.Duration(a.threshold) * time.Second
	}
	return 0
}

var randomSuffix = regexp.MustCompile(`-[0-9a-f]{7}$`)

// stackAlarms returns the alarms that notify the stack's topic of alarms, by name.
func (d *drill) stackAlarms(ctx context.Context) (all []alarm, err error) {
	topic := d.AlarmsTopicARN[strings.LastIndexByte(d.AlarmsTopicARN, ':')+1:]
	prefix := strings.TrimSuffix(randomSuffix.ReplaceAllString(topic, ""), "alarms")
	pages := cloudwatch.NewDescribeAlarmsPaginator(d.cloudwatch, &cloudwatch.DescribeAlarmsInput{AlarmNamePrefix: &prefix})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, m := range page.MetricAlarms {
			if slices.Contains(m.AlarmActions, d.AlarmsTopicARN) {
				all = append(all, decode(m, prefix))
			}
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no alarm whose name begins with %s notifies the topic %s", prefix, topic)
	}
	return all, d.findQueues(ctx, all)
}

func decode(m types.MetricAlarm, prefix string) alarm {
	a := alarm{
		name: aws.ToString(m.AlarmName), namespace: aws.ToString(m.Namespace), metric: aws.ToString(m.MetricName),
		dimensions: map[string]string{}, threshold: aws.ToFloat64(m.Threshold),
	}
	a.short = strings.TrimPrefix(randomSuffix.ReplaceAllString(a.name, ""), prefix)
	for _, dimension := range m.Dimensions {
		a.dimensions[aws.ToString(dimension.Name)] = aws.ToString(dimension.Value)
	}
	return a
}

// awaitQuiet waits until all alarms are OK, as a new stack's are after a moment, before the
// drill begins or ends.
func (d *drill) awaitQuiet(ctx context.Context, what string) error {
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	for {
		var names, loud []string
		for _, a := range d.alarms {
			names = append(names, a.name)
		}
		for some := range slices.Chunk(names, 100) {
			out, err := d.cloudwatch.DescribeAlarms(ctx, &cloudwatch.DescribeAlarmsInput{AlarmNames: some, MaxRecords: aws.Int32(100)})
			if err != nil { // the next poll may succeed
				loud = append(loud, err.Error())
				continue
			}
			for _, m := range out.MetricAlarms {
				if m.StateValue != types.StateValueOk {
					loud = append(loud, fmt.Sprintf("%s is in the state %s", *m.AlarmName, m.StateValue))
				}
			}
		}
		if len(loud) == 0 {
			return nil
		}
		select {
		case <-time.After(pollInterval):
		case <-ctx.Done():
			return fmt.Errorf("the drill %s when all alarms are OK, but %s", what, strings.Join(loud, ", and "))
		}
	}
}

// change is a change of the state of an alarm.
type change struct {
	at time.Time
	to string // "OK", "ALARM" or "INSUFFICIENT_DATA"
}

// watch collects the changes of alarms from their history, so that it misses none.
type watch struct {
	client *cloudwatch.Client

	mu      sync.Mutex
	since   time.Time
	changes map[string][]change // by alarm, the oldest first
}

func newWatch(client *cloudwatch.Client, since time.Time) *watch {
	return &watch{client: client, since: since, changes: map[string][]change{}}
}

// poll reads the changes since the last poll.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeAlarmHistory.html
func (w *watch) poll(ctx context.Context) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	pages := cloudwatch.NewDescribeAlarmHistoryPaginator(w.client, &cloudwatch.DescribeAlarmHistoryInput{
		HistoryItemType: types.HistoryItemTypeStateUpdate, StartDate: &w.since, EndDate: aws.Time(time.Now().Add(time.Hour)),
		ScanBy: types.ScanByTimestampAscending, MaxRecords: aws.Int32(100),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return err
		}
		for _, item := range page.AlarmHistoryItems {
			w.add(*item.AlarmName, change{*item.Timestamp, aws.ToString(item.HistorySummary)})
		}
	}
	return nil
}

// add adds a change, whose summary is "Alarm updated from OK to ALARM". Requests overlap,
// because changes of the same moment may not be in the same response.
func (w *watch) add(alarm string, c change) {
	c.to = c.to[strings.LastIndexByte(c.to, ' ')+1:]
	if all := w.changes[alarm]; len(all) > 0 && !c.at.After(all[len(all)-1].at) {
		return
	}
	w.changes[alarm] = append(w.changes[alarm], c)
	if overlap := c.at.Add(-time.Second); overlap.After(w.since) {
		w.since = overlap
	}
}

// first returns when an alarm first changed to a state, not before a time; the zero time
// if it did not.
func (w *watch) first(alarm, to string, after time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.changes[alarm] {
		if c.to == to && c.at.After(after) {
			return c.at
		}
	}
	return time.Time{}
}

// settled returns when an alarm last changed, if that was to OK and after a time.
func (w *watch) settled(alarm string, after time.Time) time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.changes[alarm]
	if n := len(all); n > 0 && all[n-1].to == "OK" && all[n-1].at.After(after) {
		return all[n-1].at
	}
	return time.Time{}
}

// subscribe makes sure that somebody would be told: it subscribes an address to the topic of
// alarms if none is. It returns what undoes that.
func (d *drill) subscribe(ctx context.Context) (undo func(context.Context), err error) {
	subscriptions := sns.NewListSubscriptionsByTopicPaginator(d.sns, &sns.ListSubscriptionsByTopicInput{TopicArn: &d.AlarmsTopicARN})
	for subscriptions.HasMorePages() {
		page, err := subscriptions.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range page.Subscriptions {
			if aws.ToString(s.Protocol) == "email" {
				fmt.Fprintf(d.w, "AWS would send the emails to %s.\n", *s.Endpoint)
				return func(context.Context) {}, nil
			}
		}
	}
	const address = "drill@example.com"
	out, err := d.sns.Subscribe(ctx, &sns.SubscribeInput{
		TopicArn: &d.AlarmsTopicARN, Protocol: aws.String("email"), Endpoint: aws.String(address), ReturnSubscriptionArn: true,
	})
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(d.w, "The stack has no tally:alarmEmail: the drill subscribes %s to its alarms.\n", address)
	return func(ctx context.Context) {
		_, _ = d.sns.Unsubscribe(ctx, &sns.UnsubscribeInput{SubscriptionArn: out.SubscriptionArn}) // nothing is sent there
	}, nil
}

// checkEmails notes when AWS would have sent the emails about the alarms, and those that it
// would not have sent.
func (d *drill) checkEmails(ctx context.Context, results []*result) error {
	all, err := emails(ctx)
	if err != nil {
		return err
	}
	for _, r := range results {
		if r.err != nil {
			continue
		}
		r.told, r.cleared = sent(all, r.name, "ALARM", r.raised), sent(all, r.name, "OK", r.lowered)
		switch {
		case r.told.IsZero():
			r.err = errors.New("AWS would have sent no email when it was raised")
		case r.cleared.IsZero():
			r.err = errors.New("AWS would have sent no email when it was OK again")
		}
	}
	return nil
}

// sent returns when the first email about a change of an alarm would have been sent, not
// before the change; the zero time if there was none.
func sent(all []email, alarm, to string, changed time.Time) time.Time {
	for _, m := range all {
		var body struct{ AlarmName, NewStateValue string }
		err := json.Unmarshal([]byte(m.Body), &body)
		if err == nil && body.AlarmName == alarm && body.NewStateValue == to && !m.Time.Before(changed.Truncate(time.Millisecond)) {
			return m.Time
		}
	}
	return time.Time{}
}
