package sqs

import (
	"errors"
	"testing"
)

// A failure of the store does not hide that earlier requests succeeded.
func TestBatchAfterAFailureOfTheStore(t *testing.T) {
	full := errors.New("disk full")
	failing := func(failed bool) (string, error) {
		if failed {
			return "", full
		}
		return "message", nil
	}
	results, err := batch("SendMessageBatchRequestEntry", []BatchEntry[bool]{{"a", false}, {"b", true}, {"c", true}}, 0, failing)
	if err != nil || len(results) != 3 || results[0].MessageID != "message" || results[0].Err != nil {
		t.Fatalf("results %+v, %v", results, err)
	}
	for _, r := range results[1:] {
		if r.Err == nil || r.Err.Code != "InternalFailure" || r.Err.HTTPStatus() != 500 || r.Err.Message != "disk full" {
			t.Errorf("%s: %v", r.ID, r.Err)
		}
	}
	if _, err := batch("SendMessageBatchRequestEntry", []BatchEntry[bool]{{"a", true}, {"b", false}}, 0, failing); err != nil {
		t.Error(err)
	}
}
