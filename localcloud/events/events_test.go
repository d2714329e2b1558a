package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/events"
	"tally/localcloud/internal/timetable"
	"tally/localcloud/store"
)

var here = cloud.Place{Region: "us-east-1", Account: "000000000000"}

const (
	function = "arn:aws:lambda:us-east-1:000000000000:function:f:live"
	queue    = "arn:aws:sqs:us-east-1:000000000000:q"
	topic    = "arn:aws:sns:us-east-1:000000000000:t"
	letters  = "arn:aws:sqs:us-east-1:000000000000:letters"
)

// world is everything around the service. reach determines whether a target can be
// reached; nil means that it can.
type world struct {
	began time.Time
	store *store.Store
	reach func(target string) error

	mu      sync.Mutex
	sent    []string // "10m0s lambda: payload"
	last    cloud.QueueMessage
	metrics map[string]float64
	losses  int

	warnings []string // without losses
}

func newWorld() *world {
	return &world{began: time.Now(), store: store.InMemory(), metrics: map[string]float64{}}
}

func (w *world) open(t *testing.T) *events.Service {
	t.Helper()
	s, err := events.New(events.Options{Place: here, Store: w.store, Journal: w, Metrics: w, Targets: timetable.Targets{Invoker: w, Sender: w, Publish: w.publish}})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	return s
}

func (w *world) take(kind string, caller cloud.Caller, target string, m cloud.QueueMessage) error {
	source := map[bool]string{true: "", false: "arn:aws:events:us-east-1:000000000000:rule/r"}[kind == "sns"]
	if caller.Service != "events.amazonaws.com" || caller.SourceARN.String() != source {
		return fmt.Errorf("the caller is %s for %s", caller, caller.SourceARN)
	}
	if w.reach != nil {
		if err := w.reach(target); err != nil {
			return err
		}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, fmt.Sprintf("%v %s: %s", time.Since(w.began), kind, uuids.ReplaceAllString(m.Body, "ID")))
	w.last = m
	return nil
}

// received returns what has been sent so far.
func (w *world) received() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.sent)
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)

func (w *world) InvokeAsync(_ context.Context, in cloud.Invocation) (string, error) {
	return "", w.take("lambda", in.Caller, in.Function, cloud.QueueMessage{Body: string(in.Payload)})
}

func (w *world) SendMessage(_ context.Context, caller cloud.Caller, arn string, m cloud.QueueMessage) (string, error) {
	return "", w.take(arn[strings.LastIndex(arn, ":")+1:], caller, arn, m)
}

func (w *world) publish(_ context.Context, caller cloud.Caller, arn string, m cloud.QueueMessage) error {
	return w.take("sns", caller, arn, m)
}

func (w *world) Append(e cloud.Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case e.Loss:
		w.losses++
	case e.Level == cloud.Warning:
		w.warnings = append(w.warnings, e.Message)
	}
}

func (w *world) Report(_ string, _ time.Time, _ [][]cloud.Dimension, values []cloud.MetricValue) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, v := range values {
		w.metrics[v.Name] += v.Value
	}
}

func target(change func(*events.Target)) events.Target {
	t := events.Target{ID: "t", ARN: queue}
	if change != nil {
		change(&t)
	}
	return t
}

// create creates the rule r, which runs every ten minutes, with a target.
func create(t *testing.T, s *events.Service, to events.Target) {
	t.Helper()
	if _, err := s.CreateRule(events.Rule{Name: "r", Expression: "rate(10 minutes)"}); err != nil {
		t.Fatal(err)
	}
	if err := s.PutTarget("r", to); err != nil {
		t.Fatal(err)
	}
}

const event = `{"version":"0","id":"ID","detail-type":"Scheduled Event","source":"aws.events","account":"000000000000","time":"2000-01-01T00:10:00Z","region":"us-east-1","resources":["arn:aws:events:us-east-1:000000000000:rule/r"],"detail":{}}`

func TestTargets(t *testing.T) {
	const ruleARN = "arn:aws:events:us-east-1:000000000000:rule/r"
	for name, test := range map[string]struct {
		change func(*events.Target)
		want   string
	}{
		"a queue":       {nil, "q: " + event},
		"a function":    {func(t *events.Target) { t.ARN = function }, "lambda: " + event},
		"a topic":       {func(t *events.Target) { t.ARN = topic }, "sns: " + event},
		"an input":      {func(t *events.Target) { t.Input = `{"a": 1}` }, `q: {"a": 1}`},
		"a path":        {func(t *events.Target) { t.InputPath = "$.time" }, `q: "2000-01-01T00:10:00Z"`},
		"a long path":   {func(t *events.Target) { t.InputPath = "$.resources[0]" }, `q: "` + ruleARN + `"`},
		"a quoted path": {func(t *events.Target) { t.InputPath = "$['detail-type']" }, `q: "Scheduled Event"`},
		"the whole":     {func(t *events.Target) { t.InputPath = "$" }, "q: " + event},
		"a template": {func(t *events.Target) {
			t.InputPaths, t.Template = map[string]string{"at": "$.time", "of": "$.resources"}, "{\n \"at\": <at>, \"of\": <of>, \"text\": \"run \\\"at\\\" <at>\" }"
		}, `q: {"at":"2000-01-01T00:10:00Z","of":["` + ruleARN + `"],"text":"run \"at\" 2000-01-01T00:10:00Z"}`},
		"a text": {func(t *events.Target) { t.Template = `"<aws.events.rule-name> triggered, <aws.events.rule-arn>"` }, `q: "r triggered, ` + ruleARN + `"`},
		"reserved variables": {func(t *events.Target) {
			t.Template = `[<aws.events.event>,<aws.events.event.ingestion-time>]`
		}, "q: [" + event + `,"2000-01-01T00:10:00Z"]`},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				s := w.open(t)
				create(t, s, target(test.change))
				time.Sleep(15 * time.Minute)
				synctest.Wait()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				if want := []string{"10m0s " + test.want}; !slices.Equal(w.sent, want) {
					t.Errorf("sent %q, want %q", w.sent, want)
				}
			})
		})
	}
}

// TestFailures checks which errors are retried, and what becomes of the events.
func TestFailures(t *testing.T) {
	denied := cloud.Errorf(403, "AccessDenied", "no")
	down := cloud.Errorf(500, "ServiceException", "down")
	for name, test := range map[string]struct {
		err        error
		letters    string
		lettersErr error
		sent       []string
		attributes string
		losses     int
		metrics    map[string]float64
	}{
		"a permission is missing": {denied, letters, nil, []string{"10m0s letters: " + event},
			"map[ERROR_CODE:NO_PERMISSIONS ERROR_MESSAGE:no RETRY_ATTEMPTS:0 RULE_ARN:arn:aws:events:us-east-1:000000000000:rule/r TARGET_ARN:" + queue + "]", 0,
			map[string]float64{"TriggeredRules": 1, "Invocations": 1, "FailedInvocations": 1, "InvocationsSentToDlq": 1}},
		"the target is missing": {cloud.Errorf(400, "AWS.SimpleQueueService.NonExistentQueue", "no"), letters, nil, []string{"10m0s letters: " + event},
			"map[ERROR_CODE:NO_RESOURCE ERROR_MESSAGE:no RETRY_ATTEMPTS:0 RULE_ARN:arn:aws:events:us-east-1:000000000000:rule/r TARGET_ARN:" + queue + "]", 0,
			map[string]float64{"TriggeredRules": 1, "Invocations": 1, "FailedInvocations": 1, "InvocationsSentToDlq": 1}},
		"retries": {down, letters, nil, []string{"10m3s letters: " + event},
			"map[ERROR_CODE:ERROR_FROM_TARGET ERROR_MESSAGE:down EXHAUSTED_RETRY_CONDITION:MaximumRetryAttempts RETRY_ATTEMPTS:2 RULE_ARN:arn:aws:events:us-east-1:000000000000:rule/r TARGET_ARN:" + queue + "]", 0,
			map[string]float64{"TriggeredRules": 1, "Invocations": 1, "FailedInvocations": 1, "InvocationsSentToDlq": 1}},
		"no dead-letter queue": {denied, "", nil, nil, "", 1, map[string]float64{"TriggeredRules": 1, "Invocations": 1, "FailedInvocations": 1}},
		"a dead-letter queue that denies": {denied, letters, denied, nil, "", 1,
			map[string]float64{"TriggeredRules": 1, "Invocations": 1, "FailedInvocations": 1, "InvocationsFailedToBeSentToDlq": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.reach = func(to string) error {
					if to == letters {
						return test.lettersErr
					}
					return test.err
				}
				s := w.open(t)
				defer s.Close()
				create(t, s, target(func(t *events.Target) {
					t.DeadLetters, t.MaxAge, t.Retries, t.Input = test.letters, 60, 2, `"constant"`
				}))
				time.Sleep(15 * time.Minute)
				synctest.Wait()
				attributes := map[string]string{}
				for name, a := range w.last.Attributes {
					attributes[name] = a.StringValue
				}
				if !slices.Equal(w.sent, test.sent) || w.losses != test.losses || fmt.Sprint(w.metrics) != fmt.Sprint(test.metrics) || len(test.sent) > 0 && fmt.Sprint(attributes) != test.attributes {
					t.Errorf("sent %q with %v, %d losses, metrics %v; want %q with %v, %d, %v", w.sent, attributes, w.losses, w.metrics, test.sent, test.attributes, test.losses, test.metrics)
				}
			})
		})
	}
}

// TestChanges checks what changes of a rule do to its times, and that the next process
// continues.
func TestChanges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		s := w.open(t)
		create(t, s, target(func(t *events.Target) { t.Input = "1" }))
		update := func(r events.Rule) {
			t.Helper()
			r.Name = "r"
			if _, err := s.UpdateRule(r); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(5 * time.Minute)
		update(events.Rule{Expression: "rate(10 minutes)", Description: "d"}) // keeps its time
		if err := s.PutTarget("r", target(func(t *events.Target) { t.Input = "2" })); err != nil {
			t.Fatal(err)
		}
		time.Sleep(6 * time.Minute) // 0:11
		update(events.Rule{Expression: "rate(10 minutes)", Disabled: true})
		time.Sleep(20 * time.Minute) // 0:31
		update(events.Rule{Expression: "rate(20 minutes)"})
		s.Close()
		s = w.open(t)
		defer s.Close()
		time.Sleep(25 * time.Minute)
		synctest.Wait()
		if want := []string{"10m0s q: 2", "51m0s q: 2"}; !slices.Equal(w.sent, want) {
			t.Errorf("sent %q, want %q", w.sent, want)
		}
	})
}

// TestSuccessor checks that a target receives nothing that an earlier one with the same ID is
// owed, of the same rule or of one that was deleted, and that the journal says what becomes of
// that.
func TestSuccessor(t *testing.T) {
	for name, deleteRule := range map[string]bool{"of a target": false, "of a rule": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld()
				w.reach = func(to string) error {
					if to == queue {
						return cloud.Errorf(500, "ServiceException", "down")
					}
					return nil
				}
				s := w.open(t)
				defer s.Close()
				create(t, s, target(nil))
				time.Sleep(10*time.Minute + time.Second/2)
				if err := s.RemoveTarget("r", "t"); err != nil {
					t.Fatal(err)
				}
				successor := target(func(t *events.Target) { t.ARN, t.Input = function, "1" })
				if !deleteRule {
					if err := s.PutTarget("r", successor); err != nil {
						t.Fatal(err)
					}
				} else {
					if err := s.DeleteRule("r"); err != nil {
						t.Fatal(err)
					}
					create(t, s, successor)
				}
				time.Sleep(5 * time.Minute)
				synctest.Wait()
				if sent := w.received(); len(sent) > 0 {
					t.Errorf("sent %q", sent)
				}
				if want := "the event of 2000-01-01T00:10:00Z is dropped: the target t was removed before it was delivered"; !slices.Contains(w.warnings, want) {
					t.Errorf("warnings %q lack %q", w.warnings, want)
				}
				time.Sleep(10 * time.Minute)
				synctest.Wait()
				if sent := w.received(); len(sent) != 1 {
					t.Errorf("sent %q, want one event", sent)
				}
			})
		})
	}
}

func TestRefusals(t *testing.T) {
	w := newWorld()
	s := w.open(t)
	defer s.Close()
	create(t, s, target(nil))
	put := func(change func(*events.Target)) error { return s.PutTarget("r", target(change)) }
	rule := func(r events.Rule) error { _, err := s.CreateRule(r); return err }
	for want, err := range map[string]error{
		"ResourceAlreadyExistsException: Rule r already exists.":                         rule(events.Rule{Name: "r", Expression: "rate(1 day)"}),
		"Value 'a/b' at 'name' failed to satisfy constraint":                             rule(events.Rule{Name: "a/b", Expression: "rate(1 day)"}),
		"Member must have length less than or equal to 64":                               rule(events.Rule{Name: strings.Repeat("a", 65), Expression: "rate(1 day)"}),
		"ValidationException: Parameter ScheduleExpression is not valid.":                rule(events.Rule{Name: "s", Expression: "rate(1 days)"}),
		"ResourceNotFoundException: Rule s does not exist on EventBus default.":          s.PutTarget("s", target(nil)),
		"Rule can't be deleted since it has targets.":                                    s.DeleteRule("r"),
		"Rule r does not have the target u.":                                             s.RemoveTarget("r", "u"),
		"has no FIFO queues or topics":                                                   put(func(t *events.Target) { t.ARN = queue + ".fifo" }),
		"The local cloud does not support the target arn:aws:ecs":                        put(func(t *events.Target) { t.ARN = "arn:aws:ecs:us-east-1:000000000000:cluster/c" }),
		"finds nothing at $.detail.x in a scheduled event":                               put(func(t *events.Target) { t.InputPath = "$.detail.x" }),
		"finds nothing at $..time in a scheduled event":                                  put(func(t *events.Target) { t.InputPath = "$..time" }),
		"finds nothing at $.resources[1] in a scheduled event":                           put(func(t *events.Target) { t.InputPath = "$.resources[1]" }),
		"Invalid InputTemplate: the variable <x> is not defined.":                        put(func(t *events.Target) { t.Template = `"<x>"` }),
		"does not put the variable <aws.events.event>, which is not a simple text, into": put(func(t *events.Target) { t.Template = `"<aws.events.event>"` }),
		"does not put the variable <aws.events.event.json>":                              put(func(t *events.Target) { t.Template = `"<aws.events.event.json>"` }),
		"once its variables are filled in":                                               put(func(t *events.Target) { t.Template = "hello" }),
		"have length between 1 and 8192":                                                 put(func(t *events.Target) { t.Template = `"` + strings.Repeat("a", 8192) + `"` }),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	for i := range 5 {
		err := put(func(t *events.Target) { t.ID = fmt.Sprint("t", i) })
		if (err == nil) != (i < 4) {
			t.Errorf("target %d: %v", i+2, err)
		}
	}
}

// FuzzTransformer checks that a transformer that is accepted results in JSON.
func FuzzTransformer(f *testing.F) {
	for _, seed := range [][2]string{{"$.time", `"at <x>"`}, {"$.resources[0]", `{"a":<x>,"b":"\\"<x>\\""}`}, {"$['detail-type']", `[<x>,<aws.events.event>]`}, {"$", `<x>`}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, path, template string) {
		paths := map[string]string{"x": path}
		if events.CheckInputPaths(paths) != nil || events.CheckTransformer(paths, template) != nil || template == "" {
			return
		}
		if got := events.Fill(events.Target{InputPaths: paths, Template: template}, event); !json.Valid([]byte(got)) {
			t.Errorf("%q with %q is %q", template, path, got)
		}
	})
}
