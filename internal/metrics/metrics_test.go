package metrics

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
)

func TestCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // whose clock stands at the first moment of 2000
		var out strings.Builder
		m := New(&out, "tally", "handle-message", "prod")
		m.Count("SumsComputed")
		m.Count("MessagesRejected", "reason", "<invalid>\n")
		const want = `{"SumsComputed":1,"_aws":{"Timestamp":946684800000,"CloudWatchMetrics":[{"Namespace":"tally","Dimensions":[["environment","service"]],"Metrics":[{"Name":"SumsComputed","Unit":"Count"}]}]},"environment":"prod","service":"handle-message"}
{"MessagesRejected":1,"_aws":{"Timestamp":946684800000,"CloudWatchMetrics":[{"Namespace":"tally","Dimensions":[["environment","reason","service"]],"Metrics":[{"Name":"MessagesRejected","Unit":"Count"}]}]},"environment":"prod","reason":"\u003cinvalid\u003e\n","service":"handle-message"}
`
		if got := out.String(); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
}

// TestCountWritesOnce keeps the lines of invocations that share an output
// whole.
func TestCountWritesOnce(t *testing.T) {
	var writes writer
	New(&writes, "tally", "s", "e").Count("SumsComputed")
	if writes != 1 {
		t.Errorf("%d writes", writes)
	}
}

// writer counts writes, and fails.
type writer int

func (w *writer) Write([]byte) (int, error) {
	*w++
	return 0, errors.New("closed")
}
