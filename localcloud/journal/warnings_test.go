package journal_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"tally/localcloud/cloud"
	"tally/localcloud/journal"
)

// TestWarnings checks that neither a flood of similar warnings nor many different ones
// displace the loss of a message.
func TestWarnings(t *testing.T) {
	j := journal.New(10)
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	add := func(e cloud.Entry) {
		now = now.Add(time.Second)
		e.Time = now
		j.Append(e)
	}
	add(cloud.Entry{Level: cloud.Warning, Loss: true, Service: "sns", Resource: "numbers", Message: "message 1 is lost"})
	for i := range 200 {
		add(cloud.Entry{Level: cloud.Warning, Service: "lambda", Resource: fmt.Sprint("f", i), Message: "no"})
	}
	var last string
	for i := range 35_000 {
		add(cloud.Entry{Level: cloud.Info, Service: "apigateway", Resource: "api", Message: "fine"})
		last = fmt.Sprintf("event %s will be retried in %s: Rate Exceeded.", uuid.NewString(), time.Duration(i)*time.Second)
		add(cloud.Entry{Level: cloud.Warning, Service: "apigateway", Resource: "api", Message: last})
	}
	add(cloud.Entry{Level: cloud.Warning, Service: "apigateway", Resource: "other", Message: last})
	var got []string
	for _, e := range j.Warnings(3) {
		got = append(got, fmt.Sprintf("%s %v %d %s", e.Resource, e.Loss, e.Repeats, e.Message))
	}
	want := []string{"numbers true 0 message 1 is lost", "f199 false 0 no", "api false 34999 " + last, "other false 0 " + last}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
