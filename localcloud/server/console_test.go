package server

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/console"
	"tally/localcloud/control"
	"tally/localcloud/iam"
	"tally/localcloud/lambda"
	"tally/localcloud/sqs"
)

// TestConsoleLink begins a session with the link, as a browser does.
func TestConsoleLink(t *testing.T) {
	s := serve(t, t.TempDir())
	url, err := control.Console(t.Context(), s.Config())
	check(t, err)
	page, code, _ := strings.Cut(url, "#")
	if page != s.config.Endpoint()+console.Prefix || code == "" {
		t.Fatalf("link %s", url)
	}
	post := func() (int, string) {
		body, _ := json.Marshal(map[string]string{"code": code})
		res, err := http.Post(page+"api/session", "application/json", bytes.NewReader(body))
		check(t, err)
		defer res.Body.Close()
		var out struct{ Token string }
		_ = json.NewDecoder(res.Body).Decode(&out) // an error has no token
		return res.StatusCode, out.Token
	}
	status, token := post()
	if again, _ := post(); status != http.StatusOK || again != http.StatusUnauthorized {
		t.Errorf("the code: %d, again: %d", status, again)
	}
	r, err := http.NewRequest(http.MethodGet, page+"api/status", nil)
	check(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	res, err := http.DefaultClient.Do(r)
	check(t, err)
	defer res.Body.Close()
	var got control.Status
	check(t, json.NewDecoder(res.Body).Decode(&got))
	if got.Config.Port != s.config.Port || got.Config.Secret != "" {
		t.Errorf("status %+v", got)
	}
	unsigned := s.Config()
	unsigned.Secret = "guess"
	if _, err := control.Console(t.Context(), unsigned); err == nil {
		t.Error("a link without the secret")
	}
}

// TestFailedEvent follows an event of a function that always fails: to the queue for
// failures, its trace, and the map. The message stays when it fails again.
func TestFailedEvent(t *testing.T) {
	s := serve(t, t.TempDir())
	f := s.deploy(t, "f")
	q, err := s.services.SQS.CreateQueue(sqs.Queue{Name: "f-failures"})
	check(t, err)
	check(t, s.services.IAM.PutRolePolicy("f", "send", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:SendMessage","Resource":"`+q.ARN+`"}]}`))
	_, err = s.services.Lambda.PutEventInvokeConfig(lambda.EventInvokeConfig{Function: "f", OnFailure: q.ARN})
	check(t, err)
	developer, err := s.services.IAM.Credentials(iam.DeveloperKey)
	check(t, err)
	_, err = s.services.Lambda.InvokeEvent(t.Context(), cloud.Invocation{Caller: developer.Caller, Function: "f", Payload: []byte(`{"n":1}`)})
	check(t, err)

	type failures []struct {
		Name     string
		Messages []struct{ Number, Condition, Payload, Function, Trace string }
	}
	var found failures
	for end := time.Now().Add(30 * time.Second); ; {
		check(t, control.Query(t.Context(), s.Config(), "failures", &found))
		if len(found) == 1 && len(found[0].Messages) == 1 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("failures %+v", found)
		}
		time.Sleep(50 * time.Millisecond) // nothing reports that a message has arrived
	}
	m := found[0].Messages[0]
	if m.Condition != "RetriesExhausted" || m.Payload != `{"n":1}` || m.Function != f.ARN || m.Trace == "" {
		t.Errorf("failure %+v", m)
	}
	var trace struct {
		Steps []struct {
			Kind, To, Error string
			Decisions       []cloud.Decision
		}
	}
	check(t, control.Query(t.Context(), s.Config(), "traces/"+m.Trace, &trace))
	last := trace.Steps[len(trace.Steps)-1]
	if trace.Steps[0].Kind != cloud.StepRun || trace.Steps[0].Error == "" || last.Kind != cloud.StepDelivery || last.To != q.ARN ||
		len(last.Decisions) != 1 || !last.Decisions[0].Allowed || last.Decisions[0].Reasons[0].Policy != "policy send" {
		t.Errorf("trace %+v", trace)
	}
	var access console.Access
	check(t, control.Query(t.Context(), s.Config(), "access", &access))
	if g := access.Roles[0].Grants; len(g) != 1 || g[0].Uses != 1 {
		t.Errorf("grants %+v", g)
	}
}
