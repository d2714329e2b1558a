package provider

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

// A deployment waits for the confirmation if the endpoint confirms by itself. Otherwise,
// the subscription is pending, and a refresh shows when it is confirmed.
func TestConfirmationOfASubscription(t *testing.T) {
	c := start(t)
	topic := c.create(topicToken, "t", nil).arn()
	tokens := make(chan string, 2)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var message struct{ Token string }
		if err := json.NewDecoder(r.Body).Decode(&message); err != nil {
			t.Error(err)
		}
		if r.URL.Path != "/auto" {
			tokens <- message.Token
			return
		}
		if _, err := c.services.SNS.ConfirmSubscription(topic, message.Token, false, false); err != nil {
			t.Error(err)
		}
	}))
	defer endpoint.Close()
	inputs := func(path string, more map[string]any) map[string]any {
		in := map[string]any{"topic": topic, "protocol": "http", "endpoint": endpoint.URL + path}
		for name, value := range more {
			in[name] = value
		}
		return in
	}
	is := func(m made, pending bool) {
		t.Helper()
		if got := m.state["pendingConfirmation"].BoolValue(); got != pending {
			t.Errorf("%s is pending: %v", m.name, got)
		}
	}

	slow := c.create(subscriptionToken, "slow", inputs("/slow", map[string]any{"deliveryPolicy": `{"throttlePolicy":{"maxReceivesPerSecond":1}}`}))
	is(slow, true)
	if _, err := c.services.SNS.ConfirmSubscription(topic, <-tokens, false, false); err != nil {
		t.Fatal(err)
	}
	is(c.read(slow, ""), false)

	checked := c.check(subscriptionToken, "late", nil, resource.NewPropertyMapFromMap(
		inputs("/late", map[string]any{"endpointAutoConfirms": true, "confirmationTimeoutInMinutes": 0})))
	_, err := c.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urnOf(subscriptionToken, "late"), Properties: c.raw(checked)})
	if err == nil || !strings.Contains(err.Error(), "confirmation: timeout while waiting for state to become 'false' (last state: 'true', timeout: 0s)") {
		t.Error(err)
	}
	if n := len(c.services.SNS.Subscriptions()); n != 1 {
		t.Errorf("%d subscriptions after the timeout", n)
	}

	is(c.create(subscriptionToken, "auto", inputs("/auto", map[string]any{"endpointAutoConfirms": true})), false)
}

func TestDeliveryPolicyOfASubscription(t *testing.T) {
	c := start(t)
	in := map[string]any{"topic": "arn:aws:sns:us-east-1:000000000000:t", "protocol": "sqs", "endpoint": "arn:aws:sqs:us-east-1:000000000000:q",
		"deliveryPolicy": `{"healthyRetryPolicy":{"numRetries":1}}`}
	refused := func(words string) {
		t.Helper()
		res, err := c.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urnOf(subscriptionToken, "s"), News: c.raw(resource.NewPropertyMapFromMap(in)), RandomSeed: []byte("seed")})
		if err != nil || len(res.Failures) != 1 || res.Failures[0].Property != "deliveryPolicy" || !strings.Contains(res.Failures[0].Reason, words) {
			t.Errorf("%v %v, want %s", err, res.GetFailures(), words)
		}
	}
	refused("Delivery protocol [sqs] does not support a delivery policy")
	in["protocol"], in["endpoint"], in["deliveryPolicy"] = "https", "https://example.com/", `{"healthyRetryPolicy":{"numRetries":101}}`
	refused("healthyRetryPolicy.numRetries must be less than or equal to 100")
	in["deliveryPolicy"] = `{"requestPolicy":{"headerContentType":"text/csv"}}`
	refused(`requestPolicy.headerContentType must be one of application/json, text/plain, not "text/csv"`)
}
