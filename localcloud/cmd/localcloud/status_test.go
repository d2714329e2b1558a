package main

import (
	"strings"
	"testing"

	"tally/localcloud/control"
)

func TestPrintOwed(t *testing.T) {
	var out strings.Builder
	printOwed(&out, []control.Owed{
		{Type: "subscription", Name: "arn:a", Endpoint: "arn:queue", Count: 3}, {Type: "subscription", Name: "arn:b", Count: 1}, {Type: "function", Name: "add", Count: 2},
		{Type: "schedule", Name: "default/nightly", Endpoint: "arn:queue", Count: 4}, {Type: "rule", Name: "r", Count: 5},
	})
	const want = "owed\tsubscription arn:a\t3 deliveries to arn:queue\n" +
		"owed\tsubscription arn:b\t1 deliveries to nothing: it was deleted\n" +
		"owed\tfunction add\t2 events in its queue\n" +
		"owed\tschedule default/nightly\t4 deliveries to arn:queue\n" +
		"owed\trule r\t5 deliveries to nothing: it was deleted\n"
	if out.String() != want {
		t.Errorf("printed\n%swant\n%s", out.String(), want)
	}
}
