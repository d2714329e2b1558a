package provider

import "strings"

const (
	scheduleToken      = "aws:scheduler/schedule:Schedule"
	scheduleGroupToken = "aws:scheduler/scheduleGroup:ScheduleGroup"
)

func schedulerLifeCycles() []lifeCycle {
	stamp := `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`
	role := func(c cloudUnderTest) string {
		return c.create("aws:iam/role:Role", "r", map[string]any{"assumeRolePolicy": strings.ReplaceAll(trust, "lambda.", "scheduler.")}).arn()
	}
	queue := place.ARN("sqs", "q").String()
	return []lifeCycle{{
		token: scheduleGroupToken,
		inputs: func(cloudUnderTest) map[string]any {
			return map[string]any{"tags": map[string]any{"a": "1"}}
		},
		id: "thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "arn": "arn:aws:scheduler:us-east-1:000000000000:schedule-group/thing-" + hex, "state": "ACTIVE",
			"creationDate": stamp, "lastModificationDate": stamp, "tagsAll": "map.a:1."},
		update:  map[string]any{"tags": map[string]any{"b": "2"}},
		diff:    map[string]string{"tags.a": "DELETE", "tags.b": "ADD", "tagsAll.a": "DELETE", "tagsAll.b": "ADD"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
		drift: func(c cloudUnderTest, m made) error {
			return c.services.Scheduler.ChangeTags(c.services.Scheduler.GroupARN(m.id).String(), map[string]string{"c": "3"}, nil)
		},
		seen: []string{"tags", "tagsAll"},
	}, {
		token: scheduleToken,
		inputs: func(c cloudUnderTest) map[string]any {
			return map[string]any{
				"scheduleExpression": "cron(0 9 ? * MON *)", "flexibleTimeWindow": map[string]any{"mode": "OFF"}, "state": "DISABLED",
				"target": map[string]any{"arn": queue, "roleArn": role(c)},
			}
		},
		id: "default/thing-" + hex,
		outputs: map[string]string{"name": "thing-" + hex, "groupName": "default", "arn": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/thing-" + hex,
			"scheduleExpressionTimezone": "UTC", "target": ".*maximumRetryAttempts:185.*"},
		update: map[string]any{"scheduleExpression": "rate(1 day)", "scheduleExpressionTimezone": "Europe/Rome", "description": "d", "flexibleTimeWindow": map[string]any{"mode": "FLEXIBLE", "maximumWindowInMinutes": 5}},
		diff: map[string]string{"scheduleExpression": "UPDATE", "scheduleExpressionTimezone": "UPDATE", "description": "ADD", "flexibleTimeWindow.mode": "UPDATE",
			"flexibleTimeWindow.maximumWindowInMinutes": "ADD"},
		replace: map[string]any{"name": "other"}, replaces: []string{"name"},
		drift: func(c cloudUnderTest, m made) error {
			caller, err := developer(c.services.IAM)
			if err != nil {
				return err
			}
			_, name, err := splitSchedule(m.id)
			if err != nil {
				return err
			}
			s, err := c.services.Scheduler.Find("", name)
			if err != nil {
				return err
			}
			s.Expression = "rate(2 days)"
			_, err = c.services.Scheduler.Update(c.t.Context(), caller, s)
			return err
		},
		seen: []string{"scheduleExpression"},
	}}
}

func schedulerRefusals() refusals {
	return refusals{[]refusal{
		{token: scheduleGroupToken, property: "name", value: "a b", words: "Value 'a b' at 'groupName' failed to satisfy constraint: Member must satisfy regular expression pattern: "},
		{token: scheduleGroupToken, property: "tags", value: badTags, words: "begins with aws:"},

		{token: scheduleToken, property: "name", value: "a/b", words: "Value 'a/b' at 'name' failed to satisfy constraint"},
		{token: scheduleToken, property: "groupName", value: strings.Repeat("a", 65), words: "at 'groupName' failed to satisfy constraint: Member must have length less than or equal to 64"},
		{token: scheduleToken, property: "description", value: strings.Repeat("a", 513), words: "at 'description' failed to satisfy constraint"},
		{token: scheduleToken, property: "scheduleExpression", value: "cron(0 9 * * * *)", words: "Invalid Schedule Expression cron(0 9 * * * *)."},
		{token: scheduleToken, property: "scheduleExpressionTimezone", value: "Mars", words: "Invalid Schedule Expression Timezone Mars."},
		{token: scheduleToken, property: "state", value: "ON", words: "Value 'ON' at 'state' failed to satisfy constraint"},
		{token: scheduleToken, property: "kmsKeyArn", value: "alias/a", words: "at 'kmsKeyArn' failed to satisfy constraint"},
		{token: scheduleToken, property: "flexibleTimeWindow.maximumWindowInMinutes", value: 1441, words: "Value '1441' at 'maximumWindowInMinutes' failed to satisfy constraint"},
		{token: scheduleToken, property: "target.arn", value: place.ARN("states", "stateMachine:s").String(), words: "The local cloud does not support the target arn:aws:states:us-east-1:000000000000:stateMachine:s"},
		{token: scheduleToken, property: "target.arn", value: "f", words: "Provided Arn is not in correct format."},
		{token: scheduleToken, property: "target.roleArn", value: "r", words: "at 'target.roleArn' failed to satisfy constraint"},
		{token: scheduleToken, property: "target.deadLetterConfig.arn", value: place.ARN("sqs", "q.fifo").String(), words: "at 'target.deadLetterConfig.arn' failed to satisfy constraint"},
		{token: scheduleToken, property: "target.retryPolicy.maximumEventAgeInSeconds", value: 59, words: "Value '59' at 'maximumEventAgeInSeconds' failed"},
		{token: scheduleToken, property: "target.retryPolicy.maximumRetryAttempts", value: 186, words: "Value '186' at 'maximumRetryAttempts' failed"},
	}, []string{scheduleToken + ".startDate", scheduleToken + ".endDate", scheduleToken + ".flexibleTimeWindow.mode"}}
}
