package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"golang.org/x/sync/errgroup"
)

// A listing is what list shows of a queue.
type listing struct {
	queue
	// Waiting and Hidden are SQS's approximate numbers of messages that can be
	// received, and of those that a consumer has received or that are delayed.
	Waiting  int       `json:"waiting"`
	Hidden   int       `json:"hidden"`
	Messages []message `json:"messages"` // those selected, the oldest first
	More     bool      `json:"more"`     // there may be others
}

// list shows the selected messages of the queues. It hides them while it reads the
// queues, so that SQS returns each once, and makes them available again at once.
func list(ctx context.Context, cloud cloud, queues []queue, a arguments, out screen) error {
	all := make([]listing, len(queues))
	g, ctx := errgroup.WithContext(ctx)
	for i, q := range queues {
		g.Go(func() (err error) {
			all[i], err = look(ctx, cloud, q, a)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return err
	}
	if a.json {
		e := json.NewEncoder(out)
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(all)
	}
	for i, l := range all {
		if i > 0 {
			fmt.Fprintln(out)
		}
		l.print(out, out.width, time.Now())
	}
	return nil
}

// look returns the listing of a queue.
func look(ctx context.Context, cloud cloud, q queue, a arguments) (l listing, err error) {
	l = listing{queue: q, Messages: []message{}}
	if l.Waiting, l.Hidden, err = counts(ctx, cloud, q); err != nil {
		return l, err
	}
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	h := newHold(ctx, cloud, q, fail)
	defer func() { err = errors.Join(err, h.release(ctx)) }()
	seen := 0
	for m, err := range scan(ctx, cloud, q, h) {
		if err != nil {
			return l, cause(ctx, err)
		}
		seen++
		if !a.matches(m) {
			continue
		}
		if a.max > 0 && len(l.Messages) == a.max {
			l.More = true
			break
		}
		l.Messages = append(l.Messages, m)
	}
	l.Waiting = max(l.Waiting, seen) // SQS's number may be a minute old
	slices.SortStableFunc(l.Messages, func(a, b message) int { return a.Sent.Compare(b.Sent) })
	return l, nil
}

// cause returns why ctx was cancelled, or err if it was not.
func cause(ctx context.Context, err error) error {
	if c := context.Cause(ctx); c != nil {
		return c
	}
	return err
}

// counts returns SQS's approximate numbers of messages in a queue that can be
// received, and of those that cannot.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_GetQueueAttributes.html
func counts(ctx context.Context, cloud cloud, q queue) (waiting, hidden int, err error) {
	const visible, inFlight, delayed = types.QueueAttributeNameApproximateNumberOfMessages,
		types.QueueAttributeNameApproximateNumberOfMessagesNotVisible, types.QueueAttributeNameApproximateNumberOfMessagesDelayed
	out, err := cloud.attributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &q.URL, AttributeNames: []types.QueueAttributeName{visible, inFlight, delayed}})
	if err != nil {
		return 0, 0, fmt.Errorf("%s: count messages: %w", q.Name, explain(err))
	}
	number := func(name types.QueueAttributeName) int {
		n, _ := strconv.Atoi(out.Attributes[string(name)])
		return n
	}
	return number(visible), number(inFlight) + number(delayed), nil
}

// print prints the listing in lines of about width characters.
func (l listing) print(w io.Writer, width int, now time.Time) {
	head := count(l.Waiting, "message")
	if l.Hidden > 0 {
		head += fmt.Sprintf(", and %d hidden while another command or consumer has them", l.Hidden)
	}
	fmt.Fprintf(w, "%s: %s\n", l.Name, head)
	if len(l.Messages) == 0 {
		return
	}
	fmt.Fprintf(w, "  %-36s  %5s  %5s  %s\n", "ID", "AGE", "TRIES", "CONDITION")
	for _, m := range l.Messages {
		tries := "-"
		if m.Attempts > 0 {
			tries = strconv.Itoa(m.Attempts)
		}
		fmt.Fprintf(w, "  %-36s  %5s  %5s  %s\n", m.ID, age(now.Sub(m.Sent)), tries, m.Condition)
		if m.Reason != "" {
			fmt.Fprintf(w, "    reason   %s\n", shorten(m.Reason, 1000)) // often the part that matters is at its end
		}
		fmt.Fprintf(w, "    payload  %s\n", shorten(m.Payload, width-len("    payload  ")))
	}
	if l.More {
		fmt.Fprintf(w, "  … and more: -max 0 shows all\n")
	}
}

// age returns a duration in its largest unit.
func age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%ds", max(0, int(d.Seconds())))
	case d < 2*time.Hour:
		return fmt.Sprintf("%dm", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%dh", int(d.Hours()))
	}
	return fmt.Sprintf("%dd", int(d.Hours()/24))
}

// shorten returns s on one line of at most n characters.
func shorten(s string, n int) string {
	s = oneLine(s)
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
