package sqs_test

import (
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

// Browse leaves messages as they are, and Claim receives exactly one.
func TestBrowseAndClaim(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := withDeadLetters(t, allowWork)
		send(t, s, work, "first")
		time.Sleep(time.Second)
		send(t, s, work, "second")
		for range 3 {
			all, err := s.Browse(work, 10)
			if err != nil || len(all) != 2 || all[0].Body != "first" || all[1].Body != "second" || all[0].Hidden || all[0].System["ApproximateReceiveCount"] != "0" {
				t.Fatalf("browsed %+v, %v", all, err)
			}
		}
		if few, err := s.Browse(work, 1); err != nil || len(few) != 1 || few[0].Body != "first" {
			t.Fatalf("browsed %+v, %v", few, err)
		}
		wantCounts(t, s, work, sqs.Counts{Available: 2})

		all, _ := s.Browse(work, 10)
		handle, err := s.Claim(t.Context(), developer, work, all[1].Number, time.Minute)
		if err != nil {
			t.Fatal(err)
		}
		wantCounts(t, s, work, sqs.Counts{Available: 1, InFlight: 1})
		if _, err := s.Claim(t.Context(), developer, work, all[1].Number, time.Minute); cloud.ErrorCode(err) != "MessageInFlight" {
			t.Errorf("claimed twice: %v", err)
		}
		if err := s.ChangeVisibility(t.Context(), developer, work, handle, 0); err != nil {
			t.Error(err)
		}
		wantCounts(t, s, work, sqs.Counts{Available: 2})
		if handle, err = s.Claim(t.Context(), developer, work, all[1].Number, time.Minute); err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), developer, work, handle); err != nil {
			t.Error(err)
		}
		if got := bodies(receive(t, s, work, 0)); got != "first" {
			t.Errorf("received %q", got)
		}
		if _, err := s.Claim(t.Context(), developer, work, all[1].Number, time.Minute); cloud.ErrorCode(err) != "NonExistentMessage" {
			t.Errorf("claimed a deleted message: %v", err)
		}
	})
}
