package lambda_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/sqs"
)

const workARN = "arn:aws:sqs:us-east-1:000000000000:work"

// queues lets the service poll a queue named work, whose messages move to the queue dead
// when they have been received three times.
func (k *kit) queues(t *testing.T) *sqs.Service {
	t.Helper()
	queues, err := sqs.New(place, k.options.Store, k, func() string { return "http://127.0.0.1" })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { queues.Close() }) // after the service, which is opened later
	k.options.Queues = queues
	if len(queues.Queues()) > 0 {
		return queues // those of an earlier process
	}
	dead, err := queues.CreateQueue(sqs.Queue{Name: "dead"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = queues.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30,
		RedrivePolicy: `{"deadLetterTargetArn":"` + dead.ARN + `","maxReceiveCount":3}`})
	if err != nil {
		t.Fatal(err)
	}
	return queues
}

func sendTo(t *testing.T, queues *sqs.Service, m cloud.QueueMessage) {
	t.Helper()
	if _, err := queues.SendMessage(t.Context(), developer, workARN, m); err != nil {
		t.Fatal(err)
	}
}

func messages(t *testing.T, queues *sqs.Service, name string) sqs.Counts {
	t.Helper()
	c, err := queues.Count(queues.URL(name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// bodiesOf returns the bodies of the messages in an event.
func bodiesOf(e runtimeapi.Event) (bodies []string) {
	var event struct{ Records []struct{ Body string } }
	if err := json.Unmarshal(e.Payload, &event); err != nil {
		panic(err)
	}
	for _, m := range event.Records {
		bodies = append(bodies, m.Body)
	}
	return bodies
}

// recordEvents makes functions record their events.
func recordEvents(k *kit) *[]runtimeapi.Event {
	events := &[]runtimeapi.Event{}
	k.handle = func(_ context.Context, e runtimeapi.Event) (runtimeapi.Response, error) {
		k.mu.Lock()
		defer k.mu.Unlock()
		*events = append(*events, e)
		return runtimeapi.Response{Payload: []byte("null")}, nil
	}
	return events
}

func createMapping(t *testing.T, s *lambda.Service, m lambda.EventSourceMapping) lambda.EventSourceMapping {
	t.Helper()
	m.EventSourceARN, m.BatchSize = workARN, lambda.DefaultBatchSize
	made, err := s.CreateEventSourceMapping(m)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// A mapping is created, changed, disabled, enabled and deleted, and each time the function
// receives what it should.
func TestEventSourceMapping(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		queues := k.queues(t)
		events := recordEvents(k)
		s := k.open(t)
		create(t, s, "add")
		create(t, s, "sub")
		m := createMapping(t, s, lambda.EventSourceMapping{Function: "add"})
		want := lambda.EventSourceMapping{UUID: m.UUID, ARN: "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:" + m.UUID,
			EventSourceARN: workARN, Function: addARN, BatchSize: 10, LastModified: time.Now().UTC()}
		if diff := cmp.Diff(want, m); diff != "" || len(m.UUID) != 36 {
			t.Error(diff)
		}
		received := func(want string) {
			t.Helper()
			synctest.Wait()
			k.mu.Lock()
			defer k.mu.Unlock()
			var got []string
			for _, e := range *events {
				got = append(got, strings.TrimPrefix(e.FunctionARN, addARN[:len(addARN)-3])+"("+strings.Join(bodiesOf(e), " ")+")")
			}
			if *events = nil; strings.Join(got, " ") != want {
				t.Errorf("received %q, want %q", got, want)
			}
		}
		sendTo(t, queues, cloud.QueueMessage{Body: "a"})
		received("add(a)")

		m.Function, m.BatchSize, m.WindowSeconds = "sub", 2, 5
		m, err := s.UpdateEventSourceMapping(m)
		if err != nil || m.Function != strings.Replace(addARN, "add", "sub", 1) {
			t.Fatalf("%+v, %v", m, err)
		}
		for _, body := range []string{"b", "c", "d"} {
			sendTo(t, queues, cloud.QueueMessage{Body: body})
		}
		received("sub(b c)")
		time.Sleep(5 * time.Second)
		received("sub(d)")

		m.Disabled = true
		if _, err := s.UpdateEventSourceMapping(m); err != nil {
			t.Fatal(err)
		}
		sendTo(t, queues, cloud.QueueMessage{Body: "e"})
		time.Sleep(time.Minute)
		received("")
		m.Disabled, m.WindowSeconds = false, 0
		if _, err := s.UpdateEventSourceMapping(m); err != nil {
			t.Fatal(err)
		}
		received("sub(e)")

		if _, err := s.DeleteEventSourceMapping(m.UUID); err != nil {
			t.Fatal(err)
		}
		sendTo(t, queues, cloud.QueueMessage{Body: "f"})
		time.Sleep(time.Minute)
		received("")
		_, err = s.DeleteEventSourceMapping(m.UUID)
		expectError(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
		_, err = s.UpdateEventSourceMapping(m)
		expectError(t, err, "ResourceNotFoundException", "The resource you requested does not exist.")
		if c := messages(t, queues, "work"); c.Available != 1 {
			t.Errorf("the queue has %+v", c)
		}
	})
}

func TestEventSourceMappingRefusals(t *testing.T) {
	k := newKit(t)
	k.queues(t)
	s := k.open(t)
	create(t, s, "add")
	create(t, s, "slow", func(c *lambda.Config) { c.TimeoutSeconds = 31 })
	existing := createMapping(t, s, lambda.EventSourceMapping{Function: "add", Disabled: true})
	const invalid, parameter = "ValidationException", "InvalidParameterValueException"
	for _, tt := range []struct {
		change     func(*lambda.EventSourceMapping)
		code, text string
	}{
		{func(m *lambda.EventSourceMapping) {}, "ResourceConflictException", `An event source mapping with SQS arn (" ` + workARN +
			` ") and function (" add ") already exists. Please update or delete the existing mapping with UUID ` + existing.UUID},
		{func(m *lambda.EventSourceMapping) { m.Function = "no" }, "ResourceNotFoundException", "Function not found: " + strings.Replace(addARN, "add", "no", 1)},
		{func(m *lambda.EventSourceMapping) { m.Function = "add:live" }, "ResourceNotFoundException", "Function not found: " + addARN + ":live"},
		{func(m *lambda.EventSourceMapping) { m.Function = "slow" }, parameter, "Queue visibility timeout: 30 seconds is less than Function timeout: 31 seconds"},
		{func(m *lambda.EventSourceMapping) { m.EventSourceARN = "" }, parameter, "Unrecognized event source"},
		{func(m *lambda.EventSourceMapping) { m.EventSourceARN = "work" }, invalid, "1 validation error detected: Value 'work' at 'eventSourceArn'"},
		{func(m *lambda.EventSourceMapping) {
			m.EventSourceARN = "arn:aws:kinesis:us-east-1:000000000000:stream/s"
		}, parameter, "The event source arn:aws:kinesis:us-east-1:000000000000:stream/s is not a queue."},
		{func(m *lambda.EventSourceMapping) { m.EventSourceARN = workARN + ".fifo" }, parameter, "The event source " + workARN + ".fifo is a FIFO queue"},
		{func(m *lambda.EventSourceMapping) { m.EventSourceARN = workARN + "2" }, parameter,
			"Error occurred while ReceiveMessage. SQS Error Code: AWS.SimpleQueueService.NonExistentQueue. SQS Error Message: The specified queue does not exist"},
		{func(m *lambda.EventSourceMapping) { m.BatchSize = 0 }, invalid, "1 validation error detected: Value '0' at 'batchSize'"},
		{func(m *lambda.EventSourceMapping) { m.BatchSize = 10_001 }, invalid, "1 validation error detected: Value '10001' at 'batchSize'"},
		{func(m *lambda.EventSourceMapping) { m.BatchSize = 11 }, parameter, "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"},
		{func(m *lambda.EventSourceMapping) { m.WindowSeconds = 301 }, invalid, "1 validation error detected: Value '301' at 'maximumBatchingWindowInSeconds'"},
		{func(m *lambda.EventSourceMapping) { m.MaxConcurrency = 1 }, invalid, "1 validation error detected: Value '1' at 'scalingConfig.maximumConcurrency'"},
		{func(m *lambda.EventSourceMapping) { m.MaxConcurrency = 1001 }, invalid, "1 validation error detected: Value '1001' at 'scalingConfig.maximumConcurrency'"},
		{func(m *lambda.EventSourceMapping) { m.ResponseTypes = []string{"All"} }, invalid, "1 validation error detected: Value '[All]' at 'functionResponseTypes'"},
		{func(m *lambda.EventSourceMapping) { m.Metrics = []string{"EventCount", "EventCount"} }, invalid, "1 validation error detected: Value '[EventCount, EventCount]' at 'metricsConfig.metrics'"},
		{func(m *lambda.EventSourceMapping) { m.Tags = map[string]string{"aws:a": "b"} }, parameter, "Tags: the tag key"},
	} {
		m := lambda.EventSourceMapping{Function: addARN, EventSourceARN: workARN, BatchSize: 10}
		tt.change(&m)
		_, err := s.CreateEventSourceMapping(m)
		expectError(t, err, tt.code, tt.text)
	}
	for _, action := range []string{"ReceiveMessage", "DeleteMessage", "GetQueueAttributes"} {
		k.authorize = func(r cloud.Request) error {
			if r.Action == "sqs:"+action && r.Resource == workARN && r.Caller.Role == "worker" {
				return cloud.Errorf(403, "AccessDenied", "no")
			}
			return nil
		}
		_, err := s.UpdateEventSourceMapping(existing)
		expectError(t, err, parameter, "The function execution role does not have permissions to call "+action+" on SQS")
	}
	if all, err := s.EventSourceMappings("", ""); err != nil || len(all) != 1 {
		t.Errorf("there are %+v, %v", all, err)
	}
}

// Mappings and messages survive a restart. Nothing is polled before the start, and a session
// of the role is not left behind.
func TestEventSourceMappingAfterRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.keepStore()
		queues := k.queues(t)
		s := k.open(t)
		create(t, s, "add")
		k.handle = func(ctx context.Context, _ runtimeapi.Event) (runtimeapi.Response, error) {
			<-ctx.Done()
			return runtimeapi.Response{}, context.Cause(ctx)
		}
		m := createMapping(t, s, lambda.EventSourceMapping{Function: "add", MaxConcurrency: 2, Tags: map[string]string{"a": "1"}})
		sendTo(t, queues, cloud.QueueMessage{Body: "a"})
		synctest.Wait()
		s.Close()
		for key, used := range k.sessions {
			if used {
				t.Errorf("the session %s is left behind", key)
			}
		}
		queues.Close()

		queues = k.queues(t)
		events := recordEvents(k)
		s, err := lambda.New(k.options)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		if got, err := s.EventSourceMapping(m.UUID); err != nil || !cmp.Equal(got, m) {
			t.Errorf("%+v, %v", got, err)
		}
		time.Sleep(40 * time.Second)
		if len(*events) > 0 {
			t.Error("it polls before the start")
		}
		s.Start()
		synctest.Wait()
		if len(*events) != 1 || !slices.Equal(bodiesOf((*events)[0]), []string{"a"}) {
			t.Errorf("events %+v", *events)
		}
		if c := messages(t, queues, "work"); c != (sqs.Counts{}) {
			t.Errorf("the queue has %+v", c)
		}
	})
}

// A function that sends a message for each one that it receives, with the trace header of
// its event, is stopped after 16 invocations.
func TestRecursionThroughQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		queues := k.queues(t)
		s := k.open(t)
		create(t, s, "add")
		var traces []string
		k.handle = func(_ context.Context, e runtimeapi.Event) (runtimeapi.Response, error) {
			traces = append(traces, e.TraceID)
			sendTo(t, queues, cloud.QueueMessage{Body: "again", TraceHeader: e.TraceID})
			return runtimeapi.Response{Payload: []byte("null")}, nil
		}
		createMapping(t, s, lambda.EventSourceMapping{Function: "add"})
		sendTo(t, queues, cloud.QueueMessage{Body: "first", TraceHeader: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1"})
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		if len(traces) != 16 {
			t.Fatalf("%d invocations, want 16", len(traces))
		}
		if c := messages(t, queues, "dead"); c.Available != 1 {
			t.Errorf("in the dead-letter queue: %+v", c)
		}
		if got := traces[0]; strings.Contains(got, "5759e988") || cloud.TraceField(got, "Sampled") != "1" {
			t.Errorf("the first trace header is %s", got)
		}
		if !slices.ContainsFunc(k.warnings(), func(w string) bool { return strings.Contains(w, "in a recursive loop") }) {
			t.Errorf("warnings %q", k.warnings())
		}
	})
}

// The mapping of an alias invokes the version that the alias points to at that moment.
func TestMappingOfAlias(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		queues := k.queues(t)
		events := recordEvents(k)
		s := k.open(t)
		f := create(t, s, "add")
		publish := func(memory int) string {
			f.MemoryMB = memory
			if _, err := s.UpdateFunction(f.Config, nil); err != nil {
				t.Fatal(err)
			}
			v, err := s.PublishVersion("add", "", "")
			if err != nil {
				t.Fatal(err)
			}
			return v.Version
		}
		alias := lambda.Alias{Function: "add", Name: "live", Version: publish(256)}
		if _, err := s.CreateAlias(alias); err != nil {
			t.Fatal(err)
		}
		createMapping(t, s, lambda.EventSourceMapping{Function: "add"})
		m := createMapping(t, s, lambda.EventSourceMapping{Function: "add:live"})
		if m.Function != addARN+":live" {
			t.Errorf("the function is %s", m.Function)
		}
		for _, tt := range []struct {
			queue, function string
			want            int
		}{{"", "", 2}, {workARN, "add", 2}, {"", addARN + ":live", 1}, {failuresARN, "", 0}, {"", "sub", 0}} {
			if got, err := s.EventSourceMappings(tt.queue, tt.function); err != nil || len(got) != tt.want {
				t.Errorf("%d mappings of %q and %q, want %d; %v", len(got), tt.queue, tt.function, tt.want, err)
			}
		}
		all, _ := s.EventSourceMappings("", "add")
		for _, other := range all {
			if other.UUID != m.UUID {
				if _, err := s.DeleteEventSourceMapping(other.UUID); err != nil {
					t.Fatal(err)
				}
			}
		}
		sendTo(t, queues, cloud.QueueMessage{Body: "a"})
		synctest.Wait()
		alias.Version = publish(512)
		if _, err := s.UpdateAlias(alias); err != nil {
			t.Fatal(err)
		}
		sendTo(t, queues, cloud.QueueMessage{Body: "b"})
		synctest.Wait()
		var memory []string
		for _, spec := range k.specs {
			for _, v := range spec.Env {
				if size, ok := strings.CutPrefix(v, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE="); ok {
					memory = append(memory, size)
				}
			}
		}
		if len(*events) != 2 || !slices.Equal(memory, []string{"256", "512"}) || (*events)[0].FunctionARN != addARN+":live" {
			t.Errorf("%d events, in environments with %v MB", len(*events), memory)
		}
	})
}
