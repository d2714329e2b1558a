package server

import (
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/control"
	"tally/localcloud/sqs"
)

// The counts in the status reveal failed messages.
func TestStatusCountsMessages(t *testing.T) {
	s := serve(t, t.TempDir())
	if _, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "failed", DelaySeconds: 900}); err != nil {
		t.Fatal(err)
	}
	none := 0
	entries := []sqs.Entry{{DelaySeconds: &none}, {DelaySeconds: &none}, {}}
	developer := cloud.Caller{ARN: s.place().GlobalARN("iam", "user/developer"), Administrator: true}
	url := s.config.Endpoint() + "/000000000000/failed"
	for _, e := range entries {
		e.Body = "m"
		if _, err := s.services.SQS.Send(t.Context(), developer, url, e); err != nil {
			t.Fatal(err)
		}
	}
	hour := 3600
	if _, err := s.services.SQS.Receive(t.Context(), developer, url, sqs.ReceiveRequest{MaxMessages: 1, VisibilityTimeoutSeconds: &hour}); err != nil {
		t.Fatal(err)
	}
	status, err := control.Find(t.Context(), s.config.Dir)
	if err != nil {
		t.Fatal(err)
	}
	want := control.Resource{Type: "queue", Name: "failed", Detail: "messages: 1 available, 1 in flight, 1 delayed; " + url}
	if len(status.Resources) != 1 || status.Resources[0] != want {
		t.Errorf("resources %+v, want %+v", status.Resources, want)
	}
}
