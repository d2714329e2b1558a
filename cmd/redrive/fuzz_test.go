package main

import (
	"encoding/json"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// FuzzDecode checks that a message has an event if and only if it is known what the
// function failed on, that the event is JSON, and that a notification's event contains
// what the notification does.
func FuzzDecode(f *testing.F) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) == 0 {
		f.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(raw), "1767323045678")
	}
	f.Add(`{"requestContext":{"condition":"RetriesExhausted"},"requestPayload":null}`, "")
	f.Fuzz(func(t *testing.T, body, sent string) {
		m := decode(types.Message{
			MessageId: aws.String("queue-id"), ReceiptHandle: aws.String("handle"), Body: &body,
			Attributes: map[string]string{"SentTimestamp": sent},
		}, redrives)
		if m.ID == "" || m.MessageID != "queue-id" || m.handle != "handle" {
			t.Errorf("%+v", m)
		}
		if ms, err := strconv.ParseInt(sent, 10, 64); err == nil && m.Sent.UnixMilli() != ms || err != nil && !m.Sent.IsZero() {
			t.Errorf("sent at %q is %v", sent, m.Sent)
		}
		if (m.event == nil) != (m.Condition == unknown && m.Reason != "") || m.event != nil && !json.Valid(m.event) {
			t.Errorf("%+v has the event %s", m, m.event)
		}
		if m.Condition != undelivered {
			return
		}
		got, ok := snsMessage(m.event)
		if !ok || got.Message != m.Payload || m.ID != "queue-id" && got.id() != m.ID {
			t.Errorf("%+v has the event %s", m, m.event)
		}
		var n notification
		var e struct {
			Records []struct{ EventSubscriptionArn string }
		}
		_, _ = json.Unmarshal([]byte(body), &n), json.Unmarshal(m.event, &e)
		if _, query, _ := strings.Cut(n.UnsubscribeURL, "?"); !strings.Contains(query, "SubscriptionArn=") ||
			!strings.Contains(unescaped(query), e.Records[0].EventSubscriptionArn) {
			t.Errorf("the event of a subscription with %q is for %q", n.UnsubscribeURL, e.Records[0].EventSubscriptionArn)
		}
	})
}

// unescaped decodes each part of a query string that is encoded correctly.
func unescaped(query string) string {
	parts := strings.FieldsFunc(query, func(r rune) bool { return r == '&' || r == '#' })
	for i, part := range parts {
		parts[i], _ = url.QueryUnescape(part)
	}
	return strings.Join(parts, "&")
}

// FuzzRate compares parseRate with the definition of its result.
func FuzzRate(f *testing.F) {
	for _, s := range []string{"", "5", "0.5", "5/s", "0", "NaN", "Inf", "1e3", "1001", "-1", "0x1p3", "5/s/s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := parseRate(s)
		again, errAgain := parseRate(strings.TrimSuffix(s, "/s") + "/s")
		if r != again || (err == nil) != (errAgain == nil) {
			t.Errorf("%q is %g, and with a unit %g", s, r, again)
		}
		if err != nil {
			if r != 0 {
				t.Errorf("%q is %g, %v", s, r, err)
			}
			return
		}
		if !(r > 0 && r <= 1000) {
			t.Errorf("%q is %g", s, r)
		}
		if got, err := parseRate(strconv.FormatFloat(float64(r), 'g', -1, 64)); err != nil || got != r {
			t.Errorf("%q is %g, and that is %g, %v", s, r, got, err)
		}
	})
}

// FuzzArguments checks that arguments, written in order, have the same meaning, and that
// nothing runs without a selection.
func FuzzArguments(f *testing.F) {
	for _, args := range []string{
		"", "-s prod run -queue q -id a -id b -reason ^x -older 36h -rate 0.5/s -n", "list -s dev", "-s dev list", "run -all",
		"run", "run -all -id a", "-n", "run -reason (", "-max -1", "delete", "run -id= -n", "-- run -all", "run -older 0s",
	} {
		f.Add(args)
	}
	f.Fuzz(func(t *testing.T, args string) {
		a, err := parseArguments(strings.Fields(args), io.Discard)
		if err != nil {
			return
		}
		selected := a.queue != "" || len(a.ids) > 0 || a.reason != nil || a.older > 0
		if a.run && a.all == selected || !a.run && (a.all || a.dry) || a.run && a.json || a.max < 0 || a.older < 0 || !(a.rate > 0 && a.rate <= 1000) {
			t.Fatalf("%q is %+v", args, a)
		}
		again := []string{"list", "-s", a.stack, "-queue", a.queue, "-older", a.older.String()}
		if a.run {
			again[0] = "run"
			again = append(again, "-n="+strconv.FormatBool(a.dry), "-rate", strconv.FormatFloat(float64(a.rate), 'g', -1, 64))
			if a.all {
				again = append(again[:3], "-all", "-n="+strconv.FormatBool(a.dry), "-rate", strconv.FormatFloat(float64(a.rate), 'g', -1, 64))
			}
		} else {
			again = append(again, "-json="+strconv.FormatBool(a.json), "-max", strconv.Itoa(a.max))
		}
		for _, id := range a.ids {
			again = append(again, "-id", id)
		}
		if a.reason != nil {
			again = append(again, "-reason", a.reason.String())
		}
		b, err := parseArguments(again, io.Discard)
		if err != nil {
			t.Fatalf("%q is %+v, and %q fails: %v", args, a, again, err)
		}
		sameReason := (a.reason == nil) == (b.reason == nil) && (a.reason == nil || a.reason.String() == b.reason.String())
		if !slices.Equal(a.ids, b.ids) || !sameReason || a.stack != b.stack || a.run != b.run || a.queue != b.queue || a.older != b.older ||
			a.all != b.all || a.dry != b.dry || a.rate != b.rate || a.json != b.json || a.max != b.max {
			t.Errorf("%q is %+v, and %q is %+v", args, a, again, b)
		}
	})
}
