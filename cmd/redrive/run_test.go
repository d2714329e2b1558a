package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/time/rate"
)

// failing returns the response of a function that fails.
func failing(reason string) *lambda.InvokeOutput {
	return &lambda.InvokeOutput{FunctionError: aws.String("Unhandled"), Payload: []byte(`{"errorMessage":"` + reason + `","errorType":"errorString"}`)}
}

// TestRun proves that run deletes the messages whose function succeeds, and returns the
// others to the queue at its end.
func TestRun(t *testing.T) {
	bubble(t, 25, func(t *testing.T, f *fakeCloud) {
		f.run = func(_ context.Context, e string) (*lambda.InvokeOutput, error) {
			time.Sleep(time.Minute)
			if e == event(7) || e == event(20) {
				return failing("still\\n broken"), nil
			}
			return &lambda.InvokeOutput{}, nil
		}
		out, err := f.redrive(t.Context(), t.Context(), nil)
		if err == nil || err.Error() != "2 messages failed and remain in the queues" {
			t.Errorf("got %v", err)
		}
		if diff := cmp.Diff([]string{"m7", "m20"}, f.visible()); diff != "" {
			t.Errorf("visible: %s", diff)
		}
		if len(f.deleted()) != 23 || len(f.events) != 23 || len(f.started) != 25 {
			t.Errorf("deleted %d, succeeded %d, invoked %d", len(f.deleted()), len(f.events), len(f.started))
		}
		for _, want := range []string{
			"done       request-0  handle-message-failures\n",
			"failed     request-7  handle-message-failures: still broken\n",
			"\n23 run again, 2 failed, 0 not selected\n",
		} {
			if !strings.Contains(out, want) {
				t.Errorf("no line %q in\n%s", want, out)
			}
		}
	})
}

// TestKilled kills the command at each of its calls, before and after the call takes
// effect. It proves that no message is lost: each is deleted only after its function
// has succeeded, and the others can be received again after the visibility timeout.
func TestKilled(t *testing.T) {
	const n = 12
	for at, killed := 1, true; killed; at++ {
		for _, after := range []bool{false, true} {
			killed = false
			bubble(t, n, func(t *testing.T, f *fakeCloud) {
				f.fail = func(call int, _ string) (bool, error) {
					if call < at {
						return true, nil
					}
					killed = true
					return after && call == at, errors.New("killed")
				}
				_, err := f.redrive(t.Context(), t.Context(), nil)
				if killed != (err != nil) {
					t.Errorf("killed at call %d: %v", at, err)
				}
				time.Sleep(visibility)
				for i, m := range f.messages {
					if m.deleted && !slices.Contains(f.events, event(i)) {
						t.Errorf("killed at call %d (after it: %v): %s is lost", at, after, m.id)
					}
				}
				if deleted, visible := len(f.deleted()), len(f.visible()); deleted+visible != n {
					t.Errorf("killed at call %d (after it: %v): %d deleted, %d visible", at, after, deleted, visible)
				}

				f.fail = nil
				if _, err := f.redrive(t.Context(), t.Context(), nil); err != nil || len(f.deleted()) != n {
					t.Errorf("the next run deleted %d: %v", len(f.deleted()), err)
				}
			})
		}
	}
}

// TestHidden proves that a message stays hidden while its function runs, and that a
// message that fails stays hidden until the others are done.
func TestHidden(t *testing.T) {
	bubble(t, 5, func(t *testing.T, f *fakeCloud) {
		f.run = func(_ context.Context, e string) (*lambda.InvokeOutput, error) {
			if e == event(0) {
				return failing("broken"), nil
			}
			for range 10 * 60 {
				time.Sleep(time.Second)
				if visible := f.visible(); len(visible) > 0 {
					t.Errorf("while running, %q are visible", visible)
					break
				}
			}
			return &lambda.InvokeOutput{}, nil
		}
		_, err := f.redrive(t.Context(), t.Context(), nil)
		if err == nil || len(f.deleted()) != 4 || len(f.started) != 5 {
			t.Errorf("deleted %q, invoked %d times: %v", f.deleted(), len(f.started), err)
		}
	})
}

// TestNotHidden proves that a run ends, without starting anything more, if it cannot
// keep the messages hidden.
func TestNotHidden(t *testing.T) {
	bubble(t, 9, func(t *testing.T, f *fakeCloud) {
		f.run = func(context.Context, string) (*lambda.InvokeOutput, error) {
			time.Sleep(time.Minute)
			return &lambda.InvokeOutput{}, nil
		}
		f.fail = func(_ int, operation string) (bool, error) {
			if operation == "ChangeMessageVisibilityBatch" {
				return false, &smithy.GenericAPIError{Code: "AccessDenied", Message: "not authorized to perform: sqs:ChangeMessageVisibility"}
			}
			return true, nil
		}
		_, err := f.redrive(t.Context(), t.Context(), nil)
		if err == nil || !strings.Contains(err.Error(), "handle-message-failures: cannot keep the messages hidden") || !strings.Contains(err.Error(), "sqs:ChangeMessageVisibility") {
			t.Errorf("got %v", err)
		}
		if len(f.started) > workers {
			t.Errorf("started %d", len(f.started))
		}
	})
}

// TestRate proves that invocations start at the given rate, and at most four run at
// once.
func TestRate(t *testing.T) {
	for _, test := range []struct {
		rate     rate.Limit
		duration time.Duration
		least    time.Duration // between two starts
		most     int           // running at once
	}{
		{2, 0, 500 * time.Millisecond, 1},
		{2, time.Second, 500 * time.Millisecond, 3},
		{1000, time.Second, 0, workers},
	} {
		bubble(t, 30, func(t *testing.T, f *fakeCloud) {
			f.run = func(context.Context, string) (*lambda.InvokeOutput, error) {
				time.Sleep(test.duration)
				return &lambda.InvokeOutput{}, nil
			}
			if _, err := f.redrive(t.Context(), t.Context(), func(r *runner) { r.limit = rate.NewLimiter(test.rate, 1) }); err != nil {
				t.Error(err)
			}
			for i := range len(f.started) - 1 {
				if d := f.started[i+1].Sub(f.started[i]); d < test.least-time.Microsecond {
					t.Errorf("%v/s: started number %d after %v", test.rate, i+1, d)
				}
			}
			if len(f.started) != 30 || f.most > test.most || test.rate == 1000 && f.most < workers {
				t.Errorf("%v/s: started %d, %d at once", test.rate, len(f.started), f.most)
			}
		})
	}
}

func TestSelection(t *testing.T) {
	for _, test := range []struct {
		name string
		selection
		want  []int // the events that run
		error string
	}{
		{"all", selection{}, []int{0, 1, 2, 3}, ""},
		{"shown IDs", selection{ids: idList{"request-1", "request-3"}}, []int{1, 3}, ""},
		{"an ID of the queue", selection{ids: idList{"m2"}}, []int{2}, ""},
		{"no such ID", selection{ids: idList{"m2", "m9"}}, []int{2}, "no message with the ID m9 matches the selection"},
		{"a reason", selection{reason: regexp.MustCompile("broken [02]")}, []int{0, 2}, ""},
		{"a condition", selection{reason: regexp.MustCompile("^RetriesExhausted: ")}, []int{0, 1, 2, 3}, ""},
		{"old ones", selection{older: 2 * time.Hour}, []int{0, 1}, ""},
		{"old ones with a reason", selection{older: 2 * time.Hour, reason: regexp.MustCompile("[12]")}, []int{1}, ""},
		{"none", selection{reason: regexp.MustCompile("^$")}, nil, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, 0, func(t *testing.T, f *fakeCloud) {
				f.add(records(2)...)
				time.Sleep(2 * time.Hour)
				f.add(records(4)[2:]...)
				_, err := f.redrive(t.Context(), t.Context(), func(r *runner) { r.selection = test.selection })
				if got := fmt.Sprint(err); err != nil && got != test.error || err == nil && test.error != "" {
					t.Errorf("got the error %v", err)
				}
				var want []string
				for _, n := range test.want {
					want = append(want, event(n))
				}
				slices.Sort(f.events)
				if diff := cmp.Diff(want, f.events); diff != "" {
					t.Error(diff)
				}
				if len(f.visible()) != 4-len(test.want) {
					t.Errorf("%q are visible after the run", f.visible())
				}
			})
		})
	}
}

// TestDryRun proves that a dry run changes nothing.
func TestDryRun(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCloud) {
		out, err := f.redrive(t.Context(), t.Context(), func(r *runner) { r.dry, r.report.dry = true, true })
		if err != nil || len(f.started) > 0 || len(f.visible()) != 3 {
			t.Errorf("invoked %d, visible %q: %v", len(f.started), f.visible(), err)
		}
		const want = "would run  request-0  handle-message-failures\nwould run  request-1  handle-message-failures\n" +
			"would run  request-2  handle-message-failures\n3 would be run again, 0 failed, 0 not selected\n"
		if got := sortedLines(out); got != sortedLines(want) {
			t.Errorf("printed\n%s", out)
		}
	})
}

func sortedLines(s string) string {
	lines := strings.Split(s, "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// TestInterrupt proves that the first interrupt lets invocations finish, that the
// second one does not, and that all other messages are available at once.
func TestInterrupt(t *testing.T) {
	for _, test := range []struct {
		interrupts, done int
		after            time.Duration
	}{
		{1, 4, 5 * time.Second},
		{2, 0, 2 * time.Second},
	} {
		bubble(t, 12, func(t *testing.T, f *fakeCloud) {
			f.run = func(ctx context.Context, _ string) (*lambda.InvokeOutput, error) {
				select {
				case <-time.After(5 * time.Second):
					return &lambda.InvokeOutput{}, nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			}
			stop, cancelStop := context.WithCancelCause(t.Context())
			abort, cancelAbort := context.WithCancelCause(t.Context())
			time.AfterFunc(time.Second, func() { cancelStop(errInterrupted) })
			if test.interrupts > 1 {
				time.AfterFunc(2*time.Second, func() { cancelAbort(errInterrupted) })
			}
			start := time.Now()
			out, err := f.redrive(stop, abort, nil)
			if !errors.Is(err, errInterrupted) {
				t.Errorf("got %v", err)
			}
			if took := time.Since(start).Round(time.Second); took != test.after {
				t.Errorf("after %d interrupts, it ended after %v", test.interrupts, took)
			}
			if len(f.deleted()) != test.done || len(f.visible()) != 12-test.done {
				t.Errorf("after %d interrupts, deleted %q, visible %q\n%s", test.interrupts, f.deleted(), f.visible(), out)
			}
			cancelAbort(nil)
		})
	}
}

// TestInterruptedDelete proves that a message is deleted after its function succeeded
// even if the command is interrupted meanwhile.
func TestInterruptedDelete(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fakeCloud) {
		ctx, cancel := context.WithCancelCause(t.Context())
		f.run = func(context.Context, string) (*lambda.InvokeOutput, error) {
			cancel(errInterrupted)
			return &lambda.InvokeOutput{}, nil
		}
		if _, err := f.redrive(ctx, ctx, nil); !errors.Is(err, errInterrupted) || len(f.deleted()) != 1 {
			t.Errorf("deleted %q: %v", f.deleted(), err)
		}
	})
}

// TestReceivedAgain proves that a message that is received again while its function
// runs, for example after 12 hours, is not run twice, and is deleted.
func TestReceivedAgain(t *testing.T) {
	bubble(t, 12, func(t *testing.T, f *fakeCloud) {
		f.run = func(_ context.Context, e string) (*lambda.InvokeOutput, error) {
			if e == event(0) {
				f.reappear(f.messages[:1])
				time.Sleep(time.Minute)
			}
			return &lambda.InvokeOutput{}, nil
		}
		_, err := f.redrive(t.Context(), t.Context(), func(r *runner) { r.limit = rate.NewLimiter(1, 1) })
		if err != nil || len(f.deleted()) != 12 || len(f.started) != 12 || f.messages[0].receipts != 2 {
			t.Errorf("deleted %q, invoked %d times: %v", f.deleted(), len(f.started), err)
		}
	})
}

// TestErrors proves that an error of AWS names the queue or the message and what to
// do, and that the queue ends if every other message would fail, too.
func TestErrors(t *testing.T) {
	for _, test := range []struct {
		operation, code string
		started         int // at most
		want            []string
	}{
		{"ReceiveMessage", "KMS.AccessDeniedException", 0, []string{"handle-message-failures: receive messages: you need kms:Decrypt"}},
		{"ReceiveMessage", "AWS.SimpleQueueService.NonExistentQueue", 0, []string{"handle-message-failures: receive messages: the queue does not exist: deploy the stack"}},
		{"GetQueueAttributes", "AccessDenied", 0, []string{"handle-message-failures: count messages: api error AccessDenied: refused"}},
		{"Invoke " + failures.FunctionARN, "ResourceNotFoundException", 0, []string{"request-0  handle-message-failures: invoke " + failures.FunctionARN + ": the function or its alias does not exist"}},
		{"Invoke " + failures.FunctionARN, "AccessDeniedException", 0, []string{"request-0  handle-message-failures: invoke", "refused"}},
		{"DeleteMessage", "AccessDenied", 2 * workers, []string{"request-0  handle-message-failures: the function succeeded, but the message is still in the queue"}},
	} {
		t.Run(test.operation+" "+test.code, func(t *testing.T) {
			bubble(t, 30, func(t *testing.T, f *fakeCloud) {
				attempts := 0
				f.fail = func(_ int, operation string) (bool, error) {
					if operation != test.operation {
						return true, nil
					}
					attempts++
					return false, &smithy.GenericAPIError{Code: test.code, Message: "refused"}
				}
				out, err := f.redrive(t.Context(), t.Context(), nil)
				if err == nil {
					t.Fatal("no error")
				}
				for _, want := range test.want {
					if got := out + err.Error(); !strings.Contains(got, want) {
						t.Errorf("%q is not in %s", want, got)
					}
				}
				if attempts > 2*workers || len(f.started) > test.started {
					t.Errorf("%d attempts, %d invocations", attempts, len(f.started))
				}
				if len(f.visible()) != 30 {
					t.Errorf("only %q are visible", f.visible())
				}
			})
		})
	}
	t.Run("a payload", func(t *testing.T) {
		bubble(t, 30, func(t *testing.T, f *fakeCloud) {
			f.run = func(_ context.Context, e string) (*lambda.InvokeOutput, error) {
				if e == event(3) {
					return nil, &smithy.GenericAPIError{Code: "RequestTooLargeException", Message: "refused"}
				}
				return &lambda.InvokeOutput{}, nil
			}
			if _, err := f.redrive(t.Context(), t.Context(), nil); err == nil || len(f.deleted()) != 29 {
				t.Errorf("deleted %q: %v", f.deleted(), err)
			}
		})
	})
}

// TestCannotRun proves that messages that no function can run stay in their queue.
func TestCannotRun(t *testing.T) {
	for _, test := range []struct {
		name, body string
		queue      queue
		want       string
	}{
		{"unknown body", "hello", failures, "failed     m0  handle-message-failures: the body is neither a record of Lambda, a notification of SNS nor an event of a schedule"},
		{"no function", lambdaRecord(0), queue{Name: "sums-webhook-redrive", URL: "https://sqs/sums-webhook-redrive"},
			"failed     request-0  sums-webhook-redrive: no function can run it"},
		{"FIFO queue", lambdaRecord(0), queue{Name: "ordered", URL: "https://sqs/ordered.fifo", FunctionARN: failures.FunctionARN},
			"ordered: the messages of a FIFO queue must be run in order"},
	} {
		t.Run(test.name, func(t *testing.T) {
			bubble(t, 0, func(t *testing.T, f *fakeCloud) {
				f.add(test.body)
				var out strings.Builder
				r := &runner{cloud: f.cloud(), limit: rate.NewLimiter(1, 1), report: newReport(screen{Writer: &out}, false)}
				err := r.run(t.Context(), t.Context(), []queue{test.queue})
				if err == nil || !strings.Contains(out.String()+err.Error(), test.want) {
					t.Errorf("%v\n%s", err, &out)
				}
				if len(f.started) > 0 || len(f.visible()) != 1 {
					t.Errorf("invoked %d times, visible %q", len(f.started), f.visible())
				}
			})
		})
	}
}
