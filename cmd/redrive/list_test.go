package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

const wantList = `handle-message-failures: 3 messages
  ID                                      AGE  TRIES  CONDITION
  0a1b2c3d-0000-4000-8000-000000000002     3d      3  RetriesExhausted
    reason   message 0a1b2c3d-0000-4000-8000-000000000002: num1: must be an integer, not "three"
    payload  {"num1":"three","num2":4}
  0a1b2c3d-0000-4000-8000-000000000003    90m      -  ReceivesExhausted
    reason   the function failed each time it received the message; its log states why
    payload  {"num1":3,"num2":4}
  m2                                       5s      -  Unknown
    reason   the body is neither a record of Lambda, a notification of SNS nor an event of a schedule
    payload  one line with�[31m a color, and more than fits into the 80 charact…
`

// TestList proves that list shows the messages, shows each once, and leaves all of
// them in the queue.
func TestList(t *testing.T) {
	bubble(t, 0, func(t *testing.T, f *fakeCloud) {
		f.add(read(t, "lambda-sns.json"))
		time.Sleep(75 * time.Hour)
		f.add(read(t, "sns-attributes.json"))
		time.Sleep(90 * time.Minute)
		f.add("one line\nwith\x1b[31m a color, and more than fits into the 80 characters of a narrow terminal")
		time.Sleep(4 * time.Second) // list itself waits for another
		if diff := cmp.Diff(wantList, f.list(t, arguments{max: 100})); diff != "" {
			t.Error(diff)
		}
		if got := f.list(t, arguments{max: 1}); !strings.Contains(got, "RetriesExhausted") || strings.Contains(got, "ReceivesExhausted") || !strings.HasSuffix(got, "  … and more: -max 0 shows all\n") {
			t.Errorf("with -max 1:\n%s", got)
		}
		if got := f.list(t, arguments{selection: selection{ids: idList{"m1"}}}); strings.Count(got, "payload") != 1 || !strings.Contains(got, "ReceivesExhausted") {
			t.Errorf("with -id m1:\n%s", got)
		}
		f.messages[0].visibleAt = time.Now().Add(time.Hour)
		if got := f.list(t, arguments{}); !strings.HasPrefix(got, "handle-message-failures: 2 messages, and 1 hidden while another command or consumer has them\n") {
			t.Errorf("with a hidden message:\n%s", got)
		}
	})
}

// list returns what list prints. It proves that the same messages are visible
// afterwards.
func (f *fakeCloud) list(t *testing.T, a arguments) string {
	t.Helper()
	var out strings.Builder
	before := f.visible()
	if err := list(t.Context(), f.cloud(), []queue{failures}, a, screen{Writer: &out, width: 80}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, f.visible()); diff != "" {
		t.Errorf("visible after list: %s", diff)
	}
	return out.String()
}

func TestListJSON(t *testing.T) {
	bubble(t, 0, func(t *testing.T, f *fakeCloud) {
		f.add(read(t, "sns.json"), "other")
		var all []listing
		raw := f.list(t, arguments{json: true})
		if err := json.Unmarshal([]byte(raw), &all); err != nil || len(all) != 1 {
			t.Fatalf("%v\n%s", err, raw)
		}
		if m := all[0].Messages; all[0].queue != failures || len(m) != 2 || m[0].MessageID != "m0" || m[0].Payload != `{"num1":3,"num2":4} <&>` || !m[0].Sent.Equal(f.messages[0].sent) {
			t.Errorf("got %s", raw)
		}
		f.messages = nil
		if raw := f.list(t, arguments{json: true}); !strings.Contains(raw, `"messages": []`) {
			t.Errorf("an empty queue: %s", raw)
		}
	})
}

// TestListMany proves that list shows all messages of a large queue, each once, even if
// SQS delivers some of them twice.
func TestListMany(t *testing.T) {
	bubble(t, 250, func(t *testing.T, f *fakeCloud) {
		twice := f.cloud()
		n := 0
		twice.receive = func(ctx context.Context, in *sqs.ReceiveMessageInput, options ...func(*sqs.Options)) (*sqs.ReceiveMessageOutput, error) {
			if n++; n%3 == 0 {
				f.reappear(f.messages[:20])
			}
			return f.receive(ctx, in, options...)
		}
		l, err := look(t.Context(), twice, failures, arguments{})
		seen := map[string]bool{}
		for _, m := range l.Messages {
			seen[m.MessageID] = true
		}
		if err != nil || len(l.Messages) != 250 || len(seen) != 250 || len(f.visible()) != 250 {
			t.Errorf("listed %d, %d of them once, %d visible: %v", len(l.Messages), len(seen), len(f.visible()), err)
		}
	})
}

// TestListErrors proves that list reports errors by the name of the queue, and that
// an interrupt leaves the messages in the queue.
func TestListErrors(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fakeCloud) {
		f.fail = func(_ int, operation string) (bool, error) {
			if operation == "ReceiveMessage" {
				return false, &smithy.GenericAPIError{Code: "KMS.AccessDeniedException", Message: "refused"}
			}
			return true, nil
		}
		err := list(t.Context(), f.cloud(), []queue{failures}, arguments{}, screen{})
		if want := "handle-message-failures: receive messages: you need kms:Decrypt for the stack's key"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v", err)
		}
		f.fail = nil
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second/2, func() { cancel(errInterrupted) }) // while it waits for more messages
		if err := list(ctx, f.cloud(), []queue{failures}, arguments{}, screen{Writer: new(strings.Builder)}); fmt.Sprint(err) != "interrupted" {
			t.Errorf("interrupted: %v", err)
		}
		if len(f.visible()) != 3 {
			t.Errorf("%q are visible", f.visible())
		}
	})
}

func TestAge(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Second: "0s", 59 * time.Second: "59s", time.Minute: "1m", 119 * time.Minute: "119m",
		2 * time.Hour: "2h", 47 * time.Hour: "47h", 48 * time.Hour: "2d", 14 * 24 * time.Hour: "14d",
	} {
		if got := age(d); got != want {
			t.Errorf("age(%v) = %s, want %s", d, got, want)
		}
	}
}

func TestNamed(t *testing.T) {
	all := []queue{failures, {Name: "numbers-handle-message-redrive"}}
	if got, err := named(all, "handle-message-failures"); err != nil || len(got) != 1 || got[0] != failures {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := named(all, "failures"); err == nil || !strings.Contains(err.Error(), `["handle-message-failures" "numbers-handle-message-redrive"]`) {
		t.Errorf("got %v", err)
	}
}
