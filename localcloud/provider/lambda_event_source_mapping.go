package provider

import (
	"context"
	"time"

	"github.com/google/uuid"

	"tally/localcloud/lambda"
	"tally/localcloud/provider/schema"
)

// eventSourceMapping returns the type of the mappings from queues to functions. Their ID,
// also in imports, is their UUID.
func eventSourceMapping(service *lambda.Service) *Resource {
	return &Resource{
		Type: eventSourceMappingType(),
		ID:   func(schema.Values) string { return uuid.NewString() },
		Create: func(ctx context.Context, in schema.Values) (string, map[string]any, error) {
			m := wantedMapping(in)
			m.UUID = plannedID(ctx)
			m, err := service.CreateEventSourceMapping(m)
			return m.UUID, liveMapping(in.String("functionName"), m), err
		},
		Read: func(_ context.Context, id string, state schema.Values) (string, map[string]any, error) {
			m, err := service.EventSourceMapping(id)
			if err != nil {
				return "", nil, err
			}
			// The program may name the function in another way than the mapping does.
			function := m.Function
			if to, err := service.Resolve(state.String("functionName"), ""); err == nil && to.ARN == m.Function {
				function = state.String("functionName")
			}
			return m.UUID, liveMapping(function, m), nil
		},
		Update: func(_ context.Context, id string, _, in schema.Values) (map[string]any, error) {
			m := wantedMapping(in)
			m.UUID = id
			m, err := service.UpdateEventSourceMapping(m)
			return liveMapping(in.String("functionName"), m), err
		},
		Delete: func(_ context.Context, id string, _ schema.Values) error {
			_, err := service.DeleteEventSourceMapping(id)
			return err
		},
	}
}

func eventSourceMappingType() schema.Type {
	return schema.Type{
		Token: "aws:lambda/eventSourceMapping:EventSourceMapping", Noun: "Lambda Event Source Mapping",
		Inputs: []schema.Property{
			{Name: "batchSize", Kind: schema.Int, Computed: true, Check: whole(lambda.CheckBatchSize)},
			{Name: "enabled", Kind: schema.Bool, Default: true},
			{Name: "eventSourceArn", Required: true, ForceNew: true, Check: text(lambda.CheckEventSource)},
			{Name: "filterCriteria", Kind: schema.Object, Properties: []schema.Property{
				{Name: "filters", Kind: schema.Objects, Unordered: true, Properties: []schema.Property{
					{Name: "pattern", Check: text(lambda.CheckFilterPattern)}}}}},
			{Name: "functionName", Required: true, Check: functionReference},
			{Name: "functionResponseTypes", Kind: schema.List, Check: texts(lambda.CheckResponseTypes)},
			{Name: "maximumBatchingWindowInSeconds", Kind: schema.Int, Check: whole(lambda.CheckBatchingWindow)},
			{Name: "metricsConfig", Kind: schema.Object, Properties: []schema.Property{
				{Name: "metrics", Kind: schema.List, Required: true, Recorded: true, Check: texts(lambda.CheckMappingMetrics)}}},
			{Name: "scalingConfig", Kind: schema.Object, Properties: []schema.Property{
				{Name: "maximumConcurrency", Kind: schema.Int, Check: whole(lambda.CheckMaximumConcurrency)}}},
			tagged(lambda.CheckTags),
		},
		Outputs: []schema.Output{
			{Name: "arn"}, {Name: "uuid"}, {Name: "functionArn", Follows: []string{"functionName"}},
			{Name: "lastModified", Follows: []string{schema.Any}}, {Name: "lastProcessingResult"},
			{Name: "state", Follows: []string{"enabled"}}, {Name: "stateTransitionReason"},
			schema.TagOutput(),
		},
		// Those of other sources than queues, and the key for filters. The real provider's
		// outputs of the same names are 0 or empty for a queue.
		Unsupported: []string{
			"amazonManagedKafkaEventSourceConfig", "bisectBatchOnFunctionError", "destinationConfig", "documentDbEventSourceConfig",
			"kmsKeyArn", "maximumRecordAgeInSeconds", "maximumRetryAttempts", "parallelizationFactor",
			"provisionedPollerConfig", "queues", "selfManagedEventSource", "selfManagedKafkaEventSourceConfig",
			"sourceAccessConfigurations", "startingPosition", "startingPositionTimestamp", "topics", "tumblingWindowInSeconds",
		},
		Together: func(in schema.Values, fail schema.Fail) {
			if err := lambda.CheckFilterCount(len(in.Object("filterCriteria").Objects("filters"))); err != nil {
				fail("filterCriteria.filters", "%s", err)
			}
			if in.Given("maximumBatchingWindowInSeconds") && !in.Has("maximumBatchingWindowInSeconds") {
				return // not known yet
			}
			if err := lambda.CheckBatch(in.Int("batchSize"), in.Int("maximumBatchingWindowInSeconds")); err != nil {
				fail("batchSize", "%s", err)
			}
		},
	}
}

func wantedMapping(in schema.Values) lambda.EventSourceMapping {
	size := lambda.DefaultBatchSize
	if in.Has("batchSize") {
		size = in.Int("batchSize")
	}
	var filters []string
	for _, f := range in.Object("filterCriteria").Objects("filters") {
		filters = append(filters, f.String("pattern"))
	}
	return lambda.EventSourceMapping{
		EventSourceARN: in.String("eventSourceArn"), Function: in.String("functionName"), Disabled: !in.Bool("enabled"),
		BatchSize: size, WindowSeconds: in.Int("maximumBatchingWindowInSeconds"),
		MaxConcurrency: in.Object("scalingConfig").Int("maximumConcurrency"), ResponseTypes: in.Strings("functionResponseTypes"),
		Filters: filters, Metrics: in.Object("metricsConfig").Strings("metrics"), Tags: in.Map("tagsAll"),
	}
}

// liveMapping returns the live mapping, with the name of the function as the program gives
// it.
func liveMapping(function string, m lambda.EventSourceMapping) map[string]any {
	var filters, scaling, metrics any
	if len(m.Filters) > 0 {
		var all []any
		for _, pattern := range m.Filters {
			all = append(all, map[string]any{"pattern": pattern})
		}
		filters = map[string]any{"filters": all}
	}
	if m.MaxConcurrency > 0 {
		scaling = map[string]any{"maximumConcurrency": m.MaxConcurrency}
	}
	if len(m.Metrics) > 0 {
		metrics = map[string]any{"metrics": m.Metrics}
	}
	state := "Enabled"
	if m.Disabled {
		state = "Disabled"
	}
	return map[string]any{
		"batchSize": m.BatchSize, "enabled": !m.Disabled, "eventSourceArn": m.EventSourceARN, "filterCriteria": filters, "functionName": function,
		"functionResponseTypes": orNilList(m.ResponseTypes), "maximumBatchingWindowInSeconds": orNil(m.WindowSeconds),
		"metricsConfig": metrics, "scalingConfig": scaling, "tagsAll": m.Tags,

		"arn": m.ARN, "uuid": m.UUID, "functionArn": m.Function, "lastModified": m.LastModified.Format(time.RFC3339),
		"lastProcessingResult": "", "state": state, "stateTransitionReason": "USER_INITIATED",
	}
}
