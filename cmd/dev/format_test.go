package main

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var stackFunctions = map[string]string{
	"add-numbers":    "tally-local-main-add-numbers-1a2b3c4",
	"handle-message": "tally-local-main-handle-message-5d6e7f8",
}

func TestShort(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"functions/add-numbers/handler.go", "internal/sum/parse.go"} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const addLog, accessLog = "/aws/lambda/tally-local-main-add-numbers", "/aws/apigateway/tally-local-main-api"
	for _, test := range []struct {
		name   string
		event  event
		source string
		lines  []string
		bad    bool
	}{
		{"a line of a function", event{LogGroup: addLog, Message: `{"timestamp":"t","level":"INFO","message":"sum","num2":4,"num1":"3","requestId":"r"}`},
			"add-numbers", []string{"INFO  sum num1=3 num2=4"}, false},
		{"an error", event{LogGroup: addLog, Message: `{"timestamp":"t","level":"ERROR","message":"failed"}`},
			"add-numbers", []string{"ERROR failed"}, true},
		{"a plain line", event{LogGroup: addLog, Message: "hello\n"}, "add-numbers", []string{"hello"}, false},
		{"a panic", event{LogGroup: addLog, Message: `{"level":"ERROR","message":"{\"errorMessage\":\"boom\",\"errorType\":\"string\",\"stackTrace\":[` +
			`{\"path\":\"add-numbers/handler.go\",\"line\":30,\"label\":\"handle\"},{\"path\":\"tally/internal/sum/parse.go\",\"line\":7,\"label\":\"Parse\"},` +
			`{\"path\":\"runtime/panic.go\",\"line\":787,\"label\":\"gopanic\"}]}"}`},
			"add-numbers", []string{"panic: boom (string)", "  functions/add-numbers/handler.go:30 handle", "  internal/sum/parse.go:7 Parse", "  runtime/panic.go:787 gopanic"}, true},
		{"a panic of another goroutine", event{LogGroup: addLog, Message: "\ttally/functions/add-numbers/handler.go:30 +0x1d"},
			"add-numbers", []string{"\tfunctions/add-numbers/handler.go:30 +0x1d"}, false},
		{"an invocation", event{LogGroup: addLog, Message: `{"time":"t","type":"platform.report","record":{"status":"success","metrics":{"durationMs":1.5}}}`},
			"add-numbers", nil, false},
		{"a timeout", event{LogGroup: addLog, Message: `{"time":"t","type":"platform.report","record":{"status":"timeout","metrics":{"durationMs":10000}}}`},
			"add-numbers", []string{"timeout after 10000 ms "}, true},
		{"metrics", event{LogGroup: addLog, Message: `{"_aws":{},"Sums":1}`}, "add-numbers", nil, false},
		{"a request", event{LogGroup: accessLog, Message: `{"httpMethod":"POST","path":"/add","status":"200","responseLatency":"3"}`},
			"api", []string{"POST /add 200 in 3 ms"}, false},
		{"a failed request", event{LogGroup: accessLog, Message: `{"httpMethod":"POST","path":"/add","status":"500","responseLatency":"3"}`},
			"api", []string{"POST /add 500 in 3 ms"}, true},
		{"a message", event{Service: "sns", Resource: "arn:aws:sns:us-east-1:000000000000:tally-local-main-numbers-0a1b2c3",
			Message: "message dcdbf73f-0000-4000-8000-000000000000 was delivered to arn:aws:sns:us-east-1:000000000000:tally-local-main-numbers-0a1b2c3:01234567-89ab-cdef-0123-456789abcdef on attempt 1"},
			"numbers", []string{"sns: message dcdbf73f-0000-4000-8000-000000000000 was delivered to numbers on attempt 1"}, false},
		{"an invocation in the journal", event{Service: "lambda", Resource: stackFunctions["add-numbers"], Message: "returned after 3 ms"}, "add-numbers", nil, false},
		{"a refusal", event{Service: "lambda", Resource: stackFunctions["add-numbers"], Message: "refused", Warning: true}, "add-numbers", []string{"lambda: refused"}, true},
		{"another stack", event{LogGroup: "/aws/lambda/tally-local-b-main-add-numbers", Message: "hello"}, "", nil, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			source, lines, bad := test.event.short(stackFunctions, root)
			if source != test.source || !slices.Equal(lines, test.lines) || bad != test.bad {
				t.Errorf("%q, %q, %v, want %q, %q, %v", source, lines, bad, test.source, test.lines, test.bad)
			}
		})
	}
}
