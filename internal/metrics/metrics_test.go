package metrics

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

func TestCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // the clock of a bubble starts at midnight UTC on 2000-01-01
		var out strings.Builder
		m := New(&out, "tally", "handle-message", "prod")
		m.Count("SumsComputed")
		m.Count("MessagesRejected", "reason", "<invalid>\n")
		const want = `{"SumsComputed":1,"_aws":{"Timestamp":946684800000,"CloudWatchMetrics":[{"Namespace":"tally","Dimensions":[["environment","service"]],"Metrics":[{"Name":"SumsComputed","Unit":"Count"}]}]},"environment":"prod","level":"INFO","service":"handle-message","timestamp":"2000-01-01T00:00:00Z"}
{"MessagesRejected":1,"_aws":{"Timestamp":946684800000,"CloudWatchMetrics":[{"Namespace":"tally","Dimensions":[["environment","reason","service"]],"Metrics":[{"Name":"MessagesRejected","Unit":"Count"}]}]},"environment":"prod","level":"INFO","reason":"\u003cinvalid\u003e\n","service":"handle-message","timestamp":"2000-01-01T00:00:00Z"}
`
		if got := out.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestLevel proves that counts have a level that Lambda keeps at the function's log
// level.
func TestLevel(t *testing.T) {
	for function, want := range map[string]string{"": "INFO", "DEBUG": "INFO", "INFO": "INFO", "WARN": "FATAL", "ERROR": "FATAL", "FATAL": "FATAL"} {
		t.Setenv("AWS_LAMBDA_LOG_LEVEL", function)
		var out strings.Builder
		m := FromEnv()
		m.w = &out
		m.Count("SumsComputed")
		if !strings.Contains(out.String(), `"level":"`+want+`"`) {
			t.Errorf("log level %s: %s", function, &out)
		}
	}
}

// TestCountWritesOnce proves that lines written to a shared output do not
// interleave: each is a single write.
func TestCountWritesOnce(t *testing.T) {
	var writes writer
	New(&writes, "tally", "s", "e").Count("SumsComputed")
	if writes != 1 {
		t.Errorf("%d writes", writes)
	}
}

// writer counts the writes to it and fails each one.
type writer int

func (w *writer) Write([]byte) (int, error) {
	*w++
	return 0, errors.New("closed")
}
