package serverless

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
)

// TestCORSHeaders checks that a page may send the headers with which callers of the
// API are authorized: for IAM, those of a Signature Version 4 request.
func TestCORSHeaders(t *testing.T) {
	tokens := Auth{Type: "jwt", Issuer: pulumi.String("https://example.com"), Audience: pulumi.ToStringArray([]string{"a"})}
	for want, auth := range map[string]Auth{
		"[content-type authorization x-amz-content-sha256 x-amz-date x-amz-security-token]": {},
		"[content-type authorization]": tokens,
		"[content-type]":               {Type: "none"},
	} {
		c, err := withFunction(func(env *Environment, f *Function) error {
			_, err := NewAPI(env, "api", &APIArgs{
				Auth: auth, Routes: []Route{{Key: "POST /", Function: f}}, CORSOrigins: pulumi.ToStringArray([]string{"*"}),
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		cors := c.inputs(t, "aws:apigatewayv2/api:Api e-api")["corsConfiguration"].(map[string]any)
		if got := fmt.Sprint(cors["allowHeaders"]); got != want {
			t.Errorf("auth %q: CORS allows the headers %s, want %s", auth.Type, got, want)
		}
	}
}

// TestMissingData checks that alarms on queues hold their state without data, because
// SQS reports nothing of an idle queue, and that missing data is OK for others.
func TestMissingData(t *testing.T) {
	c, err := within(EnvironmentArgs{}, everything)
	if err != nil {
		t.Fatal(err)
	}
	queues := 0
	for name := range c.resources {
		if !strings.HasPrefix(name, "aws:cloudwatch/metricAlarm:MetricAlarm ") {
			continue
		}
		inputs, want := c.inputs(t, name), "notBreaching"
		if inputs["namespace"] == "AWS/SQS" {
			queues++
			want = "ignore"
		}
		if got := inputs["treatMissingData"]; got != want {
			t.Errorf("%s: missing data is %v, want %s", name, got, want)
		}
	}
	if queues == 0 {
		t.Error("there is no alarm on a queue")
	}
}
