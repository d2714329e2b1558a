package logging

import (
	"context"
	"encoding/json"
	"log"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/google/go-cmp/cmp"
)

// TestMain logs the lines of a function if the test runs this program as one:
// the library reads its environment before any test could set it.
func TestMain(m *testing.M) {
	if os.Getenv("AWS_LAMBDA_FUNCTION_NAME") == "" {
		os.Exit(m.Run())
	}
	logger := Setup()
	ctx := lambdacontext.NewContext(context.Background(), &lambdacontext.LambdaContext{AwsRequestID: "id-1"})
	logger.DebugContext(ctx, "detail")
	logger.InfoContext(ctx, "sum", "num1", 3)
	logger.Warn("odd")
	log.Printf("%s", `{"errorMessage":"failed"}`)
}

func TestSetup(t *testing.T) {
	const (
		debug  = `{"level":"DEBUG","message":"detail","requestId":"id-1"}`
		info   = `{"level":"INFO","message":"sum","num1":3,"requestId":"id-1"}`
		warn   = `{"level":"WARN","message":"odd"}`
		failed = `{"level":"ERROR","message":"{\"errorMessage\":\"failed\"}"}`
	)
	for level, want := range map[string][]string{
		"":      {info, warn, failed},
		"DEBUG": {debug, info, warn, failed},
		"INFO":  {info, warn, failed},
		"WARN":  {warn, failed},
		"ERROR": {failed},
	} {
		t.Run(level, func(t *testing.T) {
			cmd := exec.Command(os.Args[0])
			cmd.Env = []string{"AWS_LAMBDA_FUNCTION_NAME=f", "AWS_LAMBDA_LOG_FORMAT=JSON", "AWS_LAMBDA_LOG_LEVEL=" + level}
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			var got []string
			for line := range strings.Lines(string(out)) {
				got = append(got, withoutTimestamp(t, line))
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("-want +got\n%s", diff)
			}
		})
	}
}

// withoutTimestamp returns the JSON object in a line without its timestamp, and
// with its members sorted. It fails the test unless the timestamp is valid.
func withoutTimestamp(t *testing.T, line string) string {
	t.Helper()
	var members map[string]any
	if err := json.Unmarshal([]byte(line), &members); err != nil {
		t.Fatalf("%v: %s", err, line)
	}
	timestamp, _ := members["timestamp"].(string)
	if _, err := time.Parse(time.RFC3339, timestamp); err != nil {
		t.Errorf("%v: %s", err, line)
	}
	delete(members, "timestamp")
	sorted, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return string(sorted)
}
