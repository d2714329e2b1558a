package main

import (
	"strings"
	"testing"
)

func TestKeepsRules(t *testing.T) {
	resources, err := parse([]byte(previewed))
	if err != nil {
		t.Fatal(err)
	}
	err = keepsRules("prod", resources)
	if err == nil || !strings.Contains(err.Error(), "Topic numbers: has no kmsMasterKeyId (SNS.1") {
		t.Errorf("a topic that is not encrypted: %v", err)
	}
	if err := keepsRules("prod", []resource{{Type: "aws:sns/topicSubscription:TopicSubscription", Inputs: map[string]any{"protocol": "lambda", "redrivePolicy": "(known after the deployment)"}}}); err != nil {
		t.Errorf("what only a deployment tells: %v", err)
	}
}
