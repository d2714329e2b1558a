package main

import (
	"slices"
	"testing"
)

// The log has what pulumi writes with --event-log; the last line is not complete.
const engineEvents = `{"sequence":1,"resourcePreEvent":{"metadata":{"op":"update","urn":"urn:pulumi:local::tally::aws:lambda/function:Function::main-add-numbers","type":"aws:lambda/function:Function","diffs":["code"]}}}
{"sequence":2,"resOutputsEvent":{"metadata":{"op":"update","urn":"urn:pulumi:local::tally::aws:lambda/function:Function::main-add-numbers","type":"aws:lambda/function:Function","diffs":["code"]}}}
{"sequence":3,"resOutputsEvent":{"metadata":{"op":"create","urn":"urn:pulumi:local::tally::tally:serverless:Queue$aws:sqs/queue:Queue::main-orders","type":"aws:sqs/queue:Queue","diffs":null}}}
{"sequence":4,"resOutputsEvent":{"metadata":{"op":"same","urn":"urn:pulumi:local::tally::aws:sns/topic:Topic::main-sums","type":"aws:sns/topic:Topic"}}}
{"sequence":5,"resOutputsEvent":{"metadata":{"op":"update","urn":"urn:pulumi:local::tally::pulumi:pulumi:Stack::tally-local","type":"pulumi:pulumi:Stack","diffs":["orders"]}}}
{"sequence":6,"diagnosticEvent":{"urn":"","message":"<{%fg 1%}>the queue is refused<{%reset%}>\n","severity":"error"}}
{"sequence":7,"diagnosticEvent":{"urn":"","message":"only a warning","severity":"warning"}}
{"sequence":8,"resOut`

func TestParseEvents(t *testing.T) {
	changes, errs := parseEvents([]byte(engineEvents))
	if want := []string{"~ lambda/function main-add-numbers: code", "+ sqs/queue main-orders"}; !slices.Equal(changes, want) {
		t.Errorf("changes %q, want %q", changes, want)
	}
	if want := []string{"the queue is refused"}; !slices.Equal(errs, want) {
		t.Errorf("errors %q, want %q", errs, want)
	}
}

func TestRefusesOtherStacks(t *testing.T) {
	for name, ok := range map[string]bool{"local": true, "local-b": true, "dev": false, "prod": false, "localhost": false, "": false} {
		if err := checkStack(name); (err == nil) != ok {
			t.Errorf("stack %q: %v", name, err)
		}
	}
	for endpoint, ok := range map[string]bool{
		"http://127.0.0.1:4566": true, "http://localhost:4566": true, "": false, "https://lambda.us-east-1.amazonaws.com": false, "http://127.0.0.1.example.com": false,
	} {
		if err := checkEndpoint(endpoint); (err == nil) != ok {
			t.Errorf("endpoint %q: %v", endpoint, err)
		}
	}
}
