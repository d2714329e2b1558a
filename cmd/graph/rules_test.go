package main

import (
	"strings"
	"testing"
)

func TestCheckRules(t *testing.T) {
	resources, err := parse([]byte(previewed))
	if err != nil {
		t.Fatal(err)
	}
	err = checkRules("prod", resources)
	if err == nil || !strings.Contains(err.Error(), "Topic numbers: has no kmsMasterKeyId (SNS.1") {
		t.Errorf("a topic that is not encrypted: %v", err)
	}
	if err := checkRules("prod", []resource{{Type: "aws:sns/topicSubscription:TopicSubscription", Inputs: map[string]any{"protocol": "lambda", "redrivePolicy": "(known after the deployment)"}}}); err != nil {
		t.Errorf("an unknown redrive policy: %v", err)
	}
}
