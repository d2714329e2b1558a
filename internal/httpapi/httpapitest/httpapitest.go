// Package httpapitest tests the functions behind the HTTP API.
package httpapitest

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/events"
	"github.com/google/go-cmp/cmp"
)

// Golden runs handle with each event in testdata/NAME.event.json, and compares the response
// with testdata/NAME.response.json, each as a subtest. The files hold complete events and
// responses of API Gateway, in payload format 2.0. It fails the test if there are none.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
func Golden(t *testing.T, handle func(context.Context, events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)) {
	t.Helper()
	names, err := filepath.Glob("testdata/*.event.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("no golden events: %v", err)
	}
	for _, name := range names {
		t.Run(filepath.Base(name), func(t *testing.T) {
			var event events.APIGatewayV2HTTPRequest
			readJSON(t, name, &event)
			var want events.APIGatewayV2HTTPResponse
			readJSON(t, strings.Replace(name, ".event.", ".response.", 1), &want)
			got, err := handle(t.Context(), event)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func readJSON(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
