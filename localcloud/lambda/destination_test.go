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
)

const (
	failuresARN  = "arn:aws:sqs:us-east-1:000000000000:failures"
	successesARN = "arn:aws:sns:us-east-1:000000000000:successes"
)

// sent is a message that a queue or topic received.
type sent struct {
	to, role string
	cloud.QueueMessage
}

// outbox collects what is sent to queues and topics.
type outbox struct {
	err  error // returned for every message if it is not nil
	sent []sent
}

func (o *outbox) SendMessage(ctx context.Context, caller cloud.Caller, arn string, m cloud.QueueMessage) (string, error) {
	return "id", o.publish(ctx, caller, arn, m)
}

func (o *outbox) publish(_ context.Context, caller cloud.Caller, arn string, m cloud.QueueMessage) error {
	if o.err != nil {
		return o.err
	}
	o.sent = append(o.sent, sent{arn, caller.Role, m})
	return nil
}

// outbox makes the service send to an outbox.
func (k *kit) outbox() *outbox {
	o := &outbox{}
	k.options.Sender, k.options.Publish = o, o.publish
	return o
}

// TestDestinations compares the records for every way in which an asynchronous
// invocation can end with those of AWS.
func TestDestinations(t *testing.T) {
	failed := func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
		return runtimeapi.Response{Payload: []byte(`{"errorMessage":"<no> luck","errorType":"Oops"}`), Failed: true}, nil
	}
	const (
		request  = `,"requestPayload":{"n":1}`
		response = `,"responseContext":{"statusCode":200,"executedVersion":"VERSION","functionError":"Unhandled"}` +
			`,"responsePayload":{"errorMessage":"<no> luck","errorType":"Oops"}}`
		begin = `{"version":"1.0","timestamp":"2000-01-01T00:0`
	)
	about := func(arn, condition, count string) string {
		return `,"requestContext":{"requestId":"ID","functionArn":"` + addARN + arn + `","condition":"` + condition + `","approximateInvokeCount":` + count + `}`
	}
	for name, tc := range map[string]struct {
		handle func(context.Context, runtimeapi.Event) (runtimeapi.Response, error)
		config lambda.EventInvokeConfig
		change func(*lambda.Config)
		to     string
		want   string
	}{
		"success": {
			config: lambda.EventInvokeConfig{OnSuccess: successesARN, OnFailure: failuresARN}, to: successesARN,
			want: begin + `0:00.000Z"` + about(":$LATEST", "Success", "1") + request +
				`,"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":"ok"}`,
		},
		"two retries": {
			handle: failed, config: lambda.EventInvokeConfig{OnFailure: failuresARN, MaxRetryAttempts: 2}, to: failuresARN,
			want: begin + `3:00.000Z"` + about(":$LATEST", "RetriesExhausted", "3") + request + strings.Replace(response, "VERSION", "$LATEST", 1),
		},
		"no retry, configured for an alias": {
			handle: failed, config: lambda.EventInvokeConfig{Qualifier: "live", OnFailure: failuresARN}, to: failuresARN,
			want: begin + `0:00.000Z"` + about(":live", "RetriesExhausted", "1") + request + strings.Replace(response, "VERSION", "1", 1),
		},
		"too old for the second retry": {
			handle: failed, config: lambda.EventInvokeConfig{OnFailure: failuresARN, MaxRetryAttempts: 2, MaxEventAgeSeconds: 90}, to: failuresARN,
			want: begin + `1:00.000Z"` + about(":$LATEST", "EventAgeExceeded", "2") + request + strings.Replace(response, "VERSION", "$LATEST", 1),
		},
		"no concurrency": {
			config: lambda.EventInvokeConfig{OnFailure: failuresARN}, change: func(c *lambda.Config) { c.ReservedConcurrency = 0 }, to: failuresARN,
			want: begin + `0:00.000Z"` + about(":$LATEST", "ZeroReservedConcurrency", "0") + request + `}`,
		},
		"not JSON": {
			handle: func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
				return runtimeapi.Response{Payload: []byte("ok")}, nil
			},
			config: lambda.EventInvokeConfig{OnSuccess: successesARN}, to: successesARN,
			want: begin + `0:00.000Z"` + about(":$LATEST", "Success", "1") + request +
				`,"responseContext":{"statusCode":200,"executedVersion":"$LATEST"},"responsePayload":"ok"}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.options.Dir = dir
				o := k.outbox()
				if tc.handle != nil {
					k.handle = tc.handle
				}
				s := k.open(t)
				create(t, s, "add", func(c *lambda.Config) {
					if tc.change != nil {
						tc.change(c)
					}
				})
				publish(t, s, "add")
				putAlias(t, s, lambda.Alias{Function: "add", Name: "live", Version: "1"})
				tc.config.Function = "add"
				if _, err := s.PutEventInvokeConfig(tc.config); err != nil {
					t.Fatal(err)
				}
				id, err := s.InvokeAsync(t.Context(), cloud.Invocation{Caller: developer, Function: "add", Qualifier: tc.config.Qualifier,
					Payload: []byte(`{"n":1}`), TraceHeader: "Root=1;Parent=2;Sampled=0"})
				if err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				synctest.Wait()
				want := []sent{{tc.to, "worker", cloud.QueueMessage{Body: strings.Replace(tc.want, `"ID"`, `"`+id+`"`, 1), TraceHeader: "Root=1;Parent=2;Sampled=0;Lineage=3b391274:0"}}}
				if diff := cmp.Diff(want, o.sent, cmp.AllowUnexported(sent{})); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}

// TestDeadLetters checks that a dead letter is the event itself, with the reason in
// its attributes.
func TestDeadLetters(t *testing.T) {
	for name, tc := range map[string]struct {
		reserved      int
		payload       string
		code, message string
	}{
		"failure":        {-1, `{"errorMessage":"no luck","errorType":"Oops"}`, "200", "no luck"},
		"no message":     {-1, `{}`, "200", "Unhandled"},
		"long":           {-1, `{"errorMessage":"` + strings.Repeat("x", 1023) + `é"}`, "200", strings.Repeat("x", 1023)},
		"no concurrency": {0, "", "429", "Rate Exceeded."},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			synctest.Test(t, func(t *testing.T) {
				k := newKit(t)
				k.options.Dir = dir
				o := k.outbox()
				k.handle = func(context.Context, runtimeapi.Event) (runtimeapi.Response, error) {
					return runtimeapi.Response{Payload: []byte(tc.payload), Failed: true}, nil
				}
				s := k.open(t)
				create(t, s, "add", func(c *lambda.Config) {
					c.DeadLetterTargetARN, c.ReservedConcurrency = failuresARN, tc.reserved
				})
				id := invokeAsync(t, s, "add")
				time.Sleep(time.Hour)
				synctest.Wait()
				if len(o.sent) != 1 || o.sent[0].to != failuresARN || o.sent[0].Body != `{"n":1}` {
					t.Fatalf("sent %+v", o.sent)
				}
				want := map[string]cloud.MessageAttribute{
					"RequestID":    {DataType: "String", StringValue: id},
					"ErrorCode":    {DataType: "Number", StringValue: tc.code},
					"ErrorMessage": {DataType: "String", StringValue: tc.message},
				}
				if diff := cmp.Diff(want, o.sent[0].Attributes); diff != "" {
					t.Errorf("-want +got\n%s", diff)
				}
			})
		})
	}
}

// TestDestinationRefused checks that a record that its destination refuses is lost,
// and that the journal reports the loss.
func TestDestinationRefused(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		k.keepStore()
		o := k.outbox()
		o.err = cloud.Errorf(403, "AccessDenied", "not today")
		k.handle = failing(&attempts{})
		s := k.open(t)
		create(t, s, "add")
		if _, err := s.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: "add", OnFailure: failuresARN}); err != nil {
			t.Fatal(err)
		}
		id := invokeAsync(t, s, "add")
		synctest.Wait()
		warnings := k.warnings()
		want := "the result of event " + id + " is lost: cannot send it to " + failuresARN + ": AccessDenied: not today"
		if last := warnings[len(warnings)-1]; last != want {
			t.Errorf("last warning %q, want %q", last, want)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		before := len(warnings)
		s = k.open(t)
		time.Sleep(time.Hour)
		synctest.Wait()
		if after := k.warnings(); len(after) > before {
			t.Errorf("the event was processed again: %q", after[before:])
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestFunctionAsDestination checks that a function that is a destination is invoked
// with the role of the function whose result it receives.
func TestFunctionAsDestination(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		k := newKit(t)
		k.options.Dir = dir
		var got []runtimeapi.Event
		k.handle = func(_ context.Context, ev runtimeapi.Event) (runtimeapi.Response, error) {
			got = append(got, ev)
			return runtimeapi.Response{Payload: []byte("3")}, nil
		}
		var callers []string
		k.authorize = func(r cloud.Request) error {
			callers = append(callers, r.Caller.Role+" "+r.Resource)
			return nil
		}
		s := k.open(t)
		create(t, s, "add")
		other := create(t, s, "after")
		if _, err := s.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: "add", OnSuccess: other.ARN}); err != nil {
			t.Fatal(err)
		}
		id := invokeAsync(t, s, "add")
		synctest.Wait()
		var record struct{ RequestContext struct{ RequestID string } }
		if len(got) != 2 || json.Unmarshal(got[1].Payload, &record) != nil || record.RequestContext.RequestID != id {
			t.Errorf("events %+v", got)
		}
		if !slices.Contains(callers, "worker "+other.ARN) {
			t.Errorf("authorized calls %q", callers)
		}
	})
}

func TestEventInvokeConfig(t *testing.T) {
	k := newKit(t)
	k.authorize = func(r cloud.Request) error {
		if r.Caller.Role == "worker" && r.Action == "sns:Publish" && r.Resource == successesARN {
			return cloud.Errorf(403, "AccessDenied", "no")
		}
		return nil
	}
	s := k.open(t)
	create(t, s, "add")
	const missing = "The function " + addARN + ":$LATEST doesn't have an EventInvokeConfig"
	_, err := s.EventInvokeConfig("add", "")
	expectError(t, err, "ResourceNotFoundException", missing)
	for _, tc := range []struct {
		config     lambda.EventInvokeConfig
		code, text string
	}{
		{lambda.EventInvokeConfig{Function: "sub"}, "ResourceNotFoundException", "The function doesn't exist."},
		{lambda.EventInvokeConfig{Function: "add", Qualifier: "live"}, "ResourceNotFoundException", "The function doesn't exist."},
		{lambda.EventInvokeConfig{Function: "add", MaxRetryAttempts: 3}, "ValidationException",
			"1 validation error detected: Value '3' at 'maximumRetryAttempts' failed to satisfy constraint: Member must have value less than or equal to 2"},
		{lambda.EventInvokeConfig{Function: "add", MaxEventAgeSeconds: 59}, "ValidationException",
			"1 validation error detected: Value '59' at 'maximumEventAgeInSeconds' failed to satisfy constraint: Member must have value greater than or equal to 60"},
		{lambda.EventInvokeConfig{Function: "add", OnFailure: "arn:aws:s3:::bucket"}, "InvalidParameterValueException", "The destination ARN arn:aws:s3:::bucket is invalid."},
		{lambda.EventInvokeConfig{Function: "add", OnSuccess: addARN + ":$LATEST"}, "InvalidParameterValueException",
			"You can't specify the function as a destination for itself."},
		{lambda.EventInvokeConfig{Function: "add", OnFailure: strings.Replace(addARN, "add", "sub", 1)}, "InvalidParameterValueException",
			"The destination ARN " + strings.Replace(addARN, "add", "sub", 1) + " is invalid."},
		{lambda.EventInvokeConfig{Function: "add", OnFailure: strings.Replace(addARN, "us-east-1", "eu-west-1", 1)}, "InvalidParameterValueException",
			"The destination ARN " + strings.Replace(addARN, "us-east-1", "eu-west-1", 1) + " is invalid."},
		{lambda.EventInvokeConfig{Function: "add", OnSuccess: successesARN}, "InvalidParameterValueException",
			"The function's execution role does not have permissions to call Publish on " + successesARN},
	} {
		_, err := s.PutEventInvokeConfig(tc.config)
		expectError(t, err, tc.code, tc.text)
	}
	c := config("letters")
	c.DeadLetterTargetARN = successesARN
	_, err = s.CreateFunction(c, bundle(t, "x"))
	expectError(t, err, "InvalidParameterValueException", "The provided execution role does not have permissions to call Publish on SNS")

	want, err := s.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: addARN, Qualifier: "$LATEST", OnFailure: failuresARN})
	if err != nil || want.Function != "add" || want.Qualifier != "" {
		t.Fatalf("%+v, %v", want, err)
	}
	for _, qualifier := range []string{"", "$LATEST"} {
		if got, err := s.EventInvokeConfig("add", qualifier); err != nil || got != want {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if err := s.DeleteEventInvokeConfig("add", ""); err != nil {
		t.Error(err)
	}
	expectError(t, s.DeleteEventInvokeConfig("add", ""), "ResourceNotFoundException", missing)
	if k.sessions["ASIA0"] || k.sessions["ASIA1"] || k.sessions["ASIA2"] {
		t.Errorf("sessions left: %v", k.sessions)
	}
}
