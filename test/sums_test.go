package test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"tally/localcloud/localcloudtest"
)

// TestSums submits numbers and reads their sums, with and without a buffer: a sum that
// is done, of which another server is notified, and a message that handle-message can never
// process. The buffer is added to a
// stack that exists, and removed again.
func TestSums(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	cloud := localcloudtest.Start(t, localcloudtest.TimeScale(600))
	server := newReceiver(t)
	r := newRedriver(ctx, t, copyProject(t))
	stack := cloud.Deploy(ctx, localcloudtest.Program{Dir: r.dir, Config: map[string]string{
		"tally:sumsQueue": "true",
		"tally:notifyUrl": server.url,
		"tally:timeout":   "2", // a buffer offers a failed message again after six times this
	}})
	for i, buffer := range []string{"false", "true", "false"} {
		if i > 0 {
			configure(ctx, t, stack, map[string]string{"tally:buffer": buffer})
			up(ctx, t, stack)
		}
		d := deployed{t, cloud, outputs(ctx, t, stack)}
		d.step("with the buffer "+buffer, func(d deployed) {
			if i == 0 {
				d.notifies(ctx, server)
			}
			d.submits(ctx)
			r.deployed = d
			r.recordsFailure(ctx, map[string]string{"false": "RetriesExhausted", "true": "ReceivesExhausted"}[buffer])
		})
	}
}

// submits submits numbers twice with the same key, and waits for their sum, in the table
// and in the queue of sums.
func (d deployed) submits(ctx context.Context) {
	d.t.Helper()
	key := fmt.Sprintf("key-%d", time.Now().UnixNano())
	var location string
	for range 2 {
		status, header, body := d.request(ctx, http.MethodPost, "sums", `{"num1":3,"num2":4}`, "Idempotency-Key", key)
		at := header.Get("Location")
		if status != http.StatusAccepted || !strings.HasPrefix(at, "/sums/") || location != "" && at != location {
			d.t.Fatalf("POST /sums returned %d with the Location %q, after %q: %s", status, at, location, body)
		}
		location = at
	}
	if got := d.sum(ctx, location, "done"); string(got.Sum) != "7" {
		d.t.Errorf("the sum is %s", got.Sum)
	}
	message := d.cloud.WaitForMessage(ctx, d.out["sumsQueueUrl"], contains(strings.TrimPrefix(location, "/sums/")))
	if !strings.Contains(*message.Body, `"sum":7`) {
		d.t.Errorf("the queue of sums has %s", *message.Body)
	}
}

// recordsFailure publishes a message that has no sum. It proves that the table says why,
// and that the redrive command shows the message, with the condition.
func (r redriver) recordsFailure(ctx context.Context, condition string) {
	r.t.Helper()
	id := r.publish(ctx, `{"num1":"three","num2":4}`)
	if got := r.sum(ctx, "/sums/"+id, "failed"); !strings.Contains(got.Reason, "num1") {
		r.t.Errorf("the reason is %q", got.Reason)
	}
	r.await(ctx, func() (done bool, state string) {
		list := r.must(context.WithoutCancel(ctx), "list", "-queue", "handle-message-failures", "-id", id)
		return strings.Contains(list, id) && strings.Contains(list, condition+"\n"), list
	})
}

// contains returns a function that accepts messages whose bodies contain the text.
func contains(text string) func(types.Message) bool {
	return func(m types.Message) bool { return strings.Contains(*m.Body, text) }
}

// recorded is the response of GET /sums/{id}.
type recorded struct {
	Status, Reason string
	Sum            json.RawMessage
}

// sum reads a sum until it has a status.
func (d deployed) sum(ctx context.Context, path, status string) (got recorded) {
	d.t.Helper()
	d.await(ctx, func() (done bool, state string) {
		code, _, body := d.request(ctx, http.MethodGet, strings.TrimPrefix(path, "/"), "")
		got = recorded{}
		if err := json.Unmarshal([]byte(body), &got); err != nil && code == http.StatusOK {
			d.t.Fatalf("%v: %s", err, body)
		}
		return code == http.StatusOK && got.Status == status, fmt.Sprintf("GET %s returned %d %s, want the status %s", path, code, body, status)
	})
	return got
}

// request sends a request to the API, with a header, and returns the response.
func (d deployed) request(ctx context.Context, method, path, body string, header ...string) (int, http.Header, string) {
	d.t.Helper()
	status, got, text, err := d.send(ctx, method, path, body, header...)
	if err != nil {
		d.t.Fatal(err)
	}
	return status, got, text
}

// send is request for a local cloud that may be killed. The status is 0 if there was no
// response. With another status, an error means that the body is incomplete.
func (d deployed) send(ctx context.Context, method, path, body string, header ...string) (int, http.Header, string, error) {
	r, err := http.NewRequestWithContext(ctx, method, d.out["apiUrl"]+path, strings.NewReader(body))
	if err != nil {
		return 0, nil, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(raw), err
}
