package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

var (
	golden     = regexp.MustCompile(`(?s)aws:cloudwatch/metricAlarm:MetricAlarm main-(\S+)\n.*?\n\n`)
	namespaces = regexp.MustCompile(`(?m)^  (namespace|metricName|threshold): (.*)$`)
)

// prodAlarms returns the alarms of prod, with the queues that a deployment would show.
func prodAlarms(t *testing.T) (all []alarm) {
	t.Helper()
	raw, err := os.ReadFile("../../test/golden/prod.txt")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range golden.FindAllStringSubmatch(string(raw), -1) {
		a := alarm{name: m[1], short: m[1], dimensions: map[string]string{}}
		for _, property := range namespaces.FindAllStringSubmatch(m[0], -1) {
			switch property[1] {
			case "namespace":
				a.namespace = property[2]
			case "metricName":
				a.metric = property[2]
			}
		}
		switch {
		case strings.HasSuffix(a.short, "-redrive-messages"):
			a.queue.kind = redriveQueue
		case strings.HasSuffix(a.short, "-failures-messages"):
			a.queue.kind = failureQueue
		}
		all = append(all, a)
	}
	return all
}

// TestPlan proves that the drill knows what raises each alarm of prod, and that it fails for
// another alarm.
func TestPlan(t *testing.T) {
	all := prodAlarms(t)
	if len(all) < 50 {
		t.Fatalf("found %d alarms", len(all))
	}
	unknown := alarm{name: "x", short: "nobody-knows", namespace: "AWS/SQS", metric: visibleMessages}
	steps, results := plan(append(slices.Clone(all), unknown))
	if len(results) != len(all)+1 || count(steps) != len(all) {
		t.Errorf("%d results, of which %d are in steps, for %d alarms", len(results), count(steps), len(all)+1)
	}
	if err := failed(results); err == nil || err.Error() != "nobody-knows: the drill knows nothing that raises an alarm on the metric ApproximateNumberOfMessagesVisible of AWS/SQS" {
		t.Error(err)
	}
}

// TestOnlyLocal proves that the drill touches no stack on AWS.
func TestOnlyLocal(t *testing.T) {
	for _, name := range []string{"prod", "dev", "locals", ""} {
		if err := run(context.Background(), name, "", 0, io.Discard); err == nil || !strings.Contains(err.Error(), "the drill breaks what it touches") {
			t.Errorf("stack %q: %v", name, err)
		}
	}
	for endpoint, want := range map[string]bool{
		"http://127.0.0.1:4566": true, "http://localhost:1": true, "http://[::1]:1": true, "": false, "https://sns.us-east-1.amazonaws.com": false, "http://127.0.0.1.example.com": false,
	} {
		if onThisMachine(endpoint) != want {
			t.Errorf("%q: %v", endpoint, !want)
		}
	}
}

// TestEvents proves that the events are those which functions can, or cannot, decode.
func TestEvents(t *testing.T) {
	const poisoned = `,"EventVersion":2,"body":2,"version":2`
	for _, c := range []struct {
		event   string
		decodes bool
	}{{harmless(), true}, {event("{}", poisoned), false}} {
		for _, into := range []any{&events.SNSEvent{}, &events.SQSEvent{}, &events.APIGatewayV2HTTPRequest{}} {
			if err := json.Unmarshal([]byte(c.event), into); (err == nil) != c.decodes {
				t.Errorf("%s into %T: %v", c.event, into, err)
			}
		}
	}
}

func TestWatch(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	w := newWatch(nil, at(0))
	for _, c := range []change{
		{at(1), "Alarm updated from INSUFFICIENT_DATA to OK"}, {at(5), "Alarm updated from OK to ALARM"}, {at(5), "Alarm updated from OK to ALARM"},
		{at(7), "Alarm updated from ALARM to OK"}, {at(8), "Alarm updated from OK to ALARM"},
	} {
		w.add("a", c)
	}
	if got := w.first("a", "ALARM", at(2)); !got.Equal(at(5)) {
		t.Errorf("raised at %v", got)
	}
	if got := w.first("a", "ALARM", at(8)); !got.IsZero() {
		t.Errorf("raised again at %v", got)
	}
	if got := w.settled("a", at(5)); !got.IsZero() {
		t.Errorf("settled at %v, while it is raised", got)
	}
	w.add("a", change{at(9), "Alarm updated from ALARM to OK"})
	if got := w.settled("a", at(5)); !got.Equal(at(9)) {
		t.Errorf("settled at %v", got)
	}
	if got := len(w.changes["a"]); got != 5 {
		t.Errorf("%d changes", got)
	}
}

func TestSent(t *testing.T) {
	at := func(second int) time.Time { return time.Unix(int64(second), 0) }
	all := []email{
		{Time: at(1), Body: `{"AlarmName":"a","NewStateValue":"ALARM"}`}, {Time: at(2), Body: `not JSON`},
		{Time: at(3), Body: `{"AlarmName":"b","NewStateValue":"ALARM"}`}, {Time: at(4), Body: `{"AlarmName":"a","NewStateValue":"OK"}`},
		{Time: at(5), Body: `{"AlarmName":"a","NewStateValue":"ALARM"}`},
	}
	if got := sent(all, "a", "ALARM", at(2)); !got.Equal(at(5)) {
		t.Errorf("sent at %v", got)
	}
	if got := sent(all, "b", "OK", at(0)); !got.IsZero() {
		t.Errorf("sent at %v", got)
	}
}

// TestDenying proves that the policy of a queue keeps its statements.
func TestDenying(t *testing.T) {
	const deny = `{"Action":"sqs:SendMessage","Effect":"Deny","Principal":"*","Resource":"arn","Sid":"Drill"}`
	for policy, want := range map[string]string{
		"": `{"Statement":[` + deny + `],"Version":"2012-10-17"}`,
		`{"Id":"x","Version":"2008-10-17","Statement":[{"Sid":"A"}]}`: `{"Id":"x","Statement":[{"Sid":"A"},` + deny + `],"Version":"2008-10-17"}`,
	} {
		if got, err := denying(policy, "arn"); err != nil || got != want {
			t.Errorf("%s: %s, %v", policy, got, err)
		}
	}
}

func TestUndo(t *testing.T) {
	var done []int
	u := &undo{}
	for i := range 3 {
		u.add(func(context.Context) error { done = append(done, i); return nil })
	}
	if err := u.run(t.Context()); err != nil || !slices.Equal(done, []int{2, 1, 0}) || u.run(t.Context()) != nil || len(done) != 3 {
		t.Errorf("undid %v, %v", done, err)
	}
}

func TestReport(t *testing.T) {
	at := func(ms int) time.Time { return time.Unix(100, 0).Add(time.Duration(ms) * time.Millisecond) }
	results := []*result{
		{alarm: alarm{short: "a-errors"}, cause: "poison", provoked: at(0), raised: at(1000), told: at(1020), lowered: at(3000), cleared: at(3100)},
		{alarm: alarm{short: "b-age"}, cause: "waiting", provoked: at(2000), err: context.DeadlineExceeded},
	}
	var table bytes.Buffer
	printTable(&table, results)
	want := `
ALARM     RAISED  EMAIL  OK     EMAIL  PROVOKED BY
a-errors  1.0 s   1.0 s  3.0 s  3.1 s  poison
b-age     –       –      –      –      FAILED: context deadline exceeded
`
	if diff := cmp.Diff(want, table.String()); diff != "" {
		t.Errorf("table (-want +got):\n%s", diff)
	}
	page := document(results, 60)
	for _, part := range []string{
		"A minute of an alarm took 1s.", "| `a-errors` | poison | 1.0 s | 1.0 s | 3.0 s | 3.1 s |\n", "    section poison\n    a-errors : 1000, 3000\n```\n",
	} {
		if !strings.Contains(page, part) {
			t.Errorf("the page has no %q:\n%s", part, page)
		}
	}
}
