package main

import (
	"errors"
	"strings"
	"testing"
)

// TestReportTerminal proves that a terminal shows a bar, and lines only for messages
// that failed.
func TestReportTerminal(t *testing.T) {
	var out strings.Builder
	r := newReport(screen{Writer: &out, terminal: true, width: 80}, false)
	r.expect(4)
	r.result(failures, message{ID: "a"}, nil)
	r.result(failures, message{ID: "b"}, errors.New("broken"))
	r.skipped()
	if err := r.finish(nil); err == nil || err.Error() != "1 message failed and remain in the queues" {
		t.Errorf("got %v", err)
	}
	const clear = "\r\x1b[K"
	want := clear + "[#######.......................] 1 of 4, 0 failed" +
		clear + "failed     b  handle-message-failures: broken\n" +
		clear + "[###############...............] 2 of 4, 1 failed" +
		clear + "[######################........] 3 of 4, 1 failed" +
		clear + "1 run again, 1 failed, 1 not selected\n"
	if out.String() != want {
		t.Errorf("got %q\nwant %q", out.String(), want)
	}
}
