package provider

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"tally/localcloud/events"
	"tally/localcloud/provider/schema"
)

// eventTarget returns the type of targets of rules. Their ID is the name of the rule, a dash
// and the target's own ID. They are imported by "rule/target".
//
// https://www.pulumi.com/registry/packages/aws-v6/api-docs/cloudwatch/eventtarget/
func eventTarget(service *events.Service) *Resource {
	put := func(rule string, t events.Target) (map[string]any, error) {
		if err := service.PutTarget(rule, t); err != nil {
			return nil, err
		}
		return liveTarget(rule, t), nil
	}
	return &Resource{
		Type: eventTargetType(),
		ID: func(in schema.Values) string {
			if in.Has("targetId") {
				return in.String("rule") + "-" + in.String("targetId")
			}
			return in.String("rule") + "-terraform-" + strings.ReplaceAll(uuid.NewString(), "-", "")[:26]
		},
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			rule, id := in.String("rule"), in.String("targetId")
			if id == "" {
				id = strings.TrimPrefix(plannedID(ctx), rule+"-")
			}
			live, err := put(rule, wantedTarget(id, in))
			return rule + "-" + id, live, err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			rule, target, imported := strings.Cut(id, "/")
			if !imported {
				rule = state.String("rule")
				target = strings.TrimPrefix(id, rule+"-")
			}
			t, err := service.Target(rule, target)
			if err != nil {
				return "", nil, err
			}
			return rule + "-" + target, liveTarget(rule, t), nil
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			rule := in.String("rule")
			return put(rule, wantedTarget(strings.TrimPrefix(id, rule+"-"), in))
		},
		Delete: func(_ context.Context, id string, state schema.Values) error {
			rule := state.String("rule")
			return service.RemoveTarget(rule, strings.TrimPrefix(id, rule+"-"))
		},
	}
}

func eventTargetType() schema.Type {
	return schema.Type{
		Token: "aws:cloudwatch/eventTarget:EventTarget", Noun: "EventBridge Target",
		Inputs: []schema.Property{
			{Name: "rule", Required: true, ForceNew: true, Check: text(events.CheckName)},
			{Name: "targetId", Computed: true, ForceNew: true, Check: text(events.CheckTargetID)},
			{Name: "arn", Required: true, Check: text(events.CheckTargetARN)},
			{Name: "eventBusName", Default: "default", ForceNew: true, Check: oneOf("default")},
			{Name: "forceDestroy", Kind: schema.Bool, Default: false},
			{Name: "input", Check: text(events.CheckInput)},
			{Name: "inputPath", Check: text(events.CheckInputPath)},
			{Name: "inputTransformer", Kind: schema.Object, Properties: []schema.Property{
				{Name: "inputPaths", Kind: schema.Map, Check: mapped(events.CheckInputPaths)},
				{Name: "inputTemplate", Required: true, Check: text(events.CheckTemplate)},
			}},
			{Name: "deadLetterConfig", Kind: schema.Object, Properties: []schema.Property{{Name: "arn", Required: true, Check: text(events.CheckDeadLetters)}}},
			// The real provider sends 0 for what is missing, and AWS refuses an age of 0.
			{Name: "retryPolicy", Kind: schema.Object, Properties: []schema.Property{
				{Name: "maximumEventAgeInSeconds", Kind: schema.Int, Required: true, Check: whole(events.CheckMaxAge)},
				{Name: "maximumRetryAttempts", Kind: schema.Int, Default: 0, Check: whole(events.CheckRetries)}}},
		},
		Unsupported: []string{
			"appsyncTarget", "batchTarget", "ecsTarget", "httpTarget", "kinesisTarget", "redshiftTarget", "roleArn", "runCommandTargets",
			"sagemakerPipelineTarget", "sqsTarget",
		},
		Together: eventTargetTogether,
	}
}

// eventTargetTogether checks what depends on several inputs.
func eventTargetTogether(in schema.Values, fail schema.Fail) {
	given := 0
	for _, name := range []string{"input", "inputPath", "inputTransformer"} {
		if in.Given(name) {
			given++
		}
	}
	if given > 1 {
		fail("input", "only one of input, inputPath and inputTransformer can be set")
	}
	if to := in.Object("inputTransformer"); to.Has("inputTemplate") && to.Given("inputPaths") == to.Has("inputPaths") {
		if err := events.CheckTransformer(to.Map("inputPaths"), to.String("inputTemplate")); err != nil {
			fail("inputTransformer.inputTemplate", "%s", err)
		}
	}
}

func wantedTarget(id string, in schema.Values) events.Target {
	to := in.Object("inputTransformer")
	t := events.Target{
		ID: id, ARN: in.String("arn"), Input: in.String("input"), InputPath: in.String("inputPath"), InputPaths: to.Map("inputPaths"), Template: to.String("inputTemplate"),
		DeadLetters: in.Object("deadLetterConfig").String("arn"),
	}
	if policy := in.Object("retryPolicy"); policy.Has("maximumEventAgeInSeconds") {
		t.MaxAge, t.Retries = policy.Int("maximumEventAgeInSeconds"), policy.Int("maximumRetryAttempts")
	}
	return t
}

func liveTarget(rule string, t events.Target) map[string]any {
	var transformer, letters, policy any
	if t.Template != "" {
		transformer = map[string]any{"inputPaths": orNilMap(t.InputPaths), "inputTemplate": t.Template}
	}
	if t.DeadLetters != "" {
		letters = map[string]any{"arn": t.DeadLetters}
	}
	if t.MaxAge != 0 {
		policy = map[string]any{"maximumEventAgeInSeconds": t.MaxAge, "maximumRetryAttempts": t.Retries}
	}
	return map[string]any{
		"rule": rule, "targetId": t.ID, "arn": t.ARN, "eventBusName": "default", "forceDestroy": false, "input": orNil(t.Input), "inputPath": orNil(t.InputPath),
		"inputTransformer": transformer, "deadLetterConfig": letters, "retryPolicy": policy,
	}
}
