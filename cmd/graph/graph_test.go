package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// previewed is the CLI's preview of a stack with a topic and its subscription.
const previewed = `{"steps": [
	{"op": "create", "urn": "urn:pulumi:dev::tally::pulumi:pulumi:Stack::tally-dev", "newState": {"urn": "urn:pulumi:dev::tally::pulumi:pulumi:Stack::tally-dev"}},
	{"op": "create", "newState": {
		"urn": "urn:pulumi:dev::tally::tally:serverless:Topic$aws:sns/topicSubscription:TopicSubscription::numbers-handle",
		"parent": "urn:pulumi:dev::tally::tally:serverless:Topic::numbers",
		"inputs": {"__defaults": ["x"], "topic": "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "endpoint": "function:tally-dev-numbers-0a1b2c3"}}},
	{"op": "create", "newState": {
		"urn": "urn:pulumi:dev::tally::tally:serverless:Topic$aws:sns/topic:Topic::numbers",
		"parent": "urn:pulumi:dev::tally::tally:serverless:Topic::numbers",
		"inputs": {
			"name": "tally-dev-numbers-0a1b2c3", "displayName": "another-0a1b2c3", "fifoTopic": false, "policy": "{\"Version\":\"2012-10-17\",\"b\":[\"<1>\"]}",
			"code": {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", "hash": "ffff", "path": "a.zip"}}}}
]}`

const rendered = `aws:sns/topic:Topic numbers
  in tally:serverless:Topic numbers
  code: (archive a.zip)
  displayName: another-0a1b2c3
  fifoTopic: false
  name: tally-dev-numbers-#######
  policy: {
    "Version": "2012-10-17",
    "b": [
      "<1>"
    ]
  }

aws:sns/topicSubscription:TopicSubscription numbers-handle
  in tally:serverless:Topic numbers
  endpoint: function:tally-dev-numbers-#######
  topic: (known after the deployment)

`

func TestGraph(t *testing.T) {
	resources, err := parse([]byte(previewed))
	if err != nil {
		t.Fatal(err)
	}
	got, err := render(resources)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(rendered, got); diff != "" {
		t.Error(diff)
	}
	if _, err := parse([]byte("error: no such stack")); err == nil {
		t.Error("parse accepted an error message of the CLI")
	}
}

// TestOrder proves that the graph does not depend on the order of the engine's plan.
func TestOrder(t *testing.T) {
	const first = `{"newState":{"urn":"urn:pulumi:dev::tally::a$t::d","inputs":{"x":"d-0000000","y":"d-0000000-0000000"}}}`
	const second = `{"newState":{"urn":"urn:pulumi:dev::tally::b$t::d"}}`
	const third = `{"newState":{"urn":"urn:pulumi:dev::tally::t::d-0000000","inputs":{"x":"d-0000000-0000000"}}}`
	const want = "t d\n  x: d-#######\n  y: d-0000000-#######\n\nt d\n\nt d-0000000\n  x: d-0000000-#######\n\n"
	for _, steps := range []string{first + "," + second + "," + third, third + "," + second + "," + first} {
		resources, err := parse([]byte(`{"steps":[` + steps + `]}`))
		if err != nil {
			t.Fatal(err)
		}
		got, err := render(resources)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", steps, diff)
		}
	}
}

func TestCompare(t *testing.T) {
	golden := filepath.Join(t.TempDir(), "dev.txt")
	if err := os.WriteFile(golden, []byte(rendered), 0o644); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := compare(t.Context(), golden, rendered, &out); err != nil || out.Len() > 0 {
		t.Errorf("the same graph: %v\n%s", err, &out)
	}
	err := compare(t.Context(), golden, rendered+"aws:sns/topic:Topic new\n", &out)
	if !errors.Is(err, errDiffers) || !bytes.Contains(out.Bytes(), []byte("+aws:sns/topic:Topic new")) {
		t.Errorf("another graph: %v\n%s", err, &out)
	}
}
