package provider

import (
	"strings"

	"tally/localcloud/events"
)

const (
	ruleToken   = "aws:cloudwatch/eventRule:EventRule"
	targetToken = "aws:cloudwatch/eventTarget:EventTarget"
)

func eventsLifeCycles() []lifeCycle {
	queue := place.ARN("sqs", "q").String()
	return []lifeCycle{{
		token: ruleToken,
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"scheduleExpression": "rate(1 day)", "description": "d", "tags": map[string]any{"a": "1"}}
		},
		id: "thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:events:us-east-1:000000000000:rule/thing-" + hex, "eventBusName": "default",
			"forceDestroy": "false", "state": "ENABLED", "tagsAll": "map.a:1."},
		update:  map[string]any{"scheduleExpression": "cron(0 9 ? * MON *)", "state": "DISABLED", "tags": map[string]any{"b": "2"}},
		diff:    map[string]string{"scheduleExpression": "UPDATE", "state": "UPDATE", "tags.a": "DELETE", "tags.b": "ADD", "tagsAll.a": "DELETE", "tagsAll.b": "ADD"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
		drift: func(c cloudUnderTest, m made) error {
			r, err := c.services.Events.Rule(m.id)
			if err != nil {
				return err
			}
			r.Expression = "rate(2 days)"
			_, err = c.services.Events.UpdateRule(r)
			return err
		},
		seen: []string{"scheduleExpression"},
	}, {
		token: targetToken,
		inputs: func(c cloudUnderTest) map[string]any {
			rule := c.create(ruleToken, "r", map[string]any{"name": "r", "scheduleExpression": "rate(1 day)"})
			return map[string]any{"rule": rule.id, "arn": queue, "input": `{"a":1}`}
		},
		id:       "r-terraform-[0-9a-f]{26}",
		outputs:  map[string]string{"targetId": "terraform-[0-9a-f]{26}", "eventBusName": "default", "forceDestroy": "false"},
		importID: func(m made) string { return "r/" + strings.TrimPrefix(m.id, "r-") },
		update: map[string]any{"arn": place.ARN("sns", "t").String(), "input": nil, "inputTransformer": map[string]any{"inputPaths": map[string]any{"at": "$.time"}, "inputTemplate": `"<at>"`},
			"retryPolicy": map[string]any{"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 1}},
		diff:    map[string]string{"arn": "UPDATE", "input": "DELETE", "inputTransformer": "ADD", "retryPolicy": "ADD"},
		replace: map[string]any{"targetId": "other"}, replaces: []string{"targetId"},
		drift: func(c cloudUnderTest, m made) error {
			id := strings.TrimPrefix(m.id, "r-")
			t, err := c.services.Events.Target("r", id)
			if err != nil {
				return err
			}
			t.DeadLetters = queue
			return c.services.Events.PutTarget("r", t)
		},
		seen: []string{"deadLetterConfig"},
	}, {
		token: targetToken, // with a retry policy that is the default
		inputs: func(c cloudUnderTest) map[string]any {
			rule := c.create(ruleToken, "r", map[string]any{"name": "r", "scheduleExpression": "rate(1 day)"})
			return map[string]any{"rule": rule.id, "arn": queue,
				"retryPolicy": map[string]any{"maximumEventAgeInSeconds": events.DefaultMaxAge, "maximumRetryAttempts": events.DefaultRetries}}
		},
		id:       "r-terraform-[0-9a-f]{26}",
		outputs:  map[string]string{"targetId": "terraform-[0-9a-f]{26}", "eventBusName": "default", "forceDestroy": "false"},
		importID: func(m made) string { return "r/" + strings.TrimPrefix(m.id, "r-") },
	}}
}

func eventsRefusals() refusals {
	transformer := map[string]any{"input": nil, "inputTransformer": map[string]any{"inputTemplate": `"<at>"`, "inputPaths": map[string]any{"at": "$.time"}}}
	return refusals{[]refusal{
		{token: ruleToken, property: "name", value: "a/b", words: "Value 'a/b' at 'name' failed to satisfy constraint: Member must satisfy regular expression pattern"},
		{token: ruleToken, property: "description", value: strings.Repeat("a", 513), words: "at 'description' failed to satisfy constraint"},
		{token: ruleToken, property: "scheduleExpression", value: "at(2027-01-01T00:00:00)", words: "Parameter ScheduleExpression is not valid."},
		{token: ruleToken, property: "tags", value: badTags, words: "begins with aws:"},

		{token: targetToken, property: "targetId", value: "a b", words: "Value 'a b' at 'targets.1.member.id' failed"},
		{token: targetToken, property: "arn", value: place.ARN("states", "stateMachine:s").String(), words: "does not support the target arn:aws:states:"},
		{token: targetToken, property: "arn", value: "f", words: "Provided Arn is not in correct format."},
		{token: targetToken, property: "input", value: "{", words: "it must be valid JSON."},
		{token: targetToken, property: "inputPath", value: "$.detail.x", with: map[string]any{"input": nil}, words: "The local cloud finds nothing at $.detail.x in a scheduled event."},
		{token: targetToken, property: "inputTransformer.inputPaths", value: map[string]any{"awsTime": "$.time"}, with: transformer, words: "The name of the variable awsTime must be"},
		{token: targetToken, property: "inputTransformer.inputTemplate", value: `"<other>"`, with: transformer, words: "Invalid InputTemplate: "},
		{token: targetToken, property: "inputTransformer.inputTemplate", value: `at <at>`, with: transformer, words: "Invalid InputTemplate: "},
		{token: targetToken, property: "deadLetterConfig.arn", value: place.ARN("sqs", "q.fifo").String(), words: "the dead-letter queue must be a standard queue."},
		{token: targetToken, property: "retryPolicy.maximumEventAgeInSeconds", value: 59, words: "Value '59' at 'targets.1.member.retryPolicy.maximumEventAgeInSeconds'"},
		{token: targetToken, property: "retryPolicy.maximumRetryAttempts", value: 186, with: map[string]any{"retryPolicy": map[string]any{"maximumEventAgeInSeconds": 60}}, words: "Value '186' at 'targets.1.member.retryPolicy.maximumRetryAttempts'"},
	}, []string{ruleToken + ".eventBusName", ruleToken + ".state", targetToken + ".eventBusName", targetToken + ".rule"}}
}
