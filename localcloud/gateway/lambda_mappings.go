package gateway

import (
	"net/http"

	"github.com/google/uuid"

	"tally/localcloud/lambda"
)

// mappingOperations are Lambda's operations on event source mappings.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
func mappingOperations() operations {
	const all = "/2015-03-31/event-source-mappings"
	const one = all + "/{UUID}"
	return operations{
		"CreateEventSourceMapping": authorized("lambda:CreateEventSourceMapping", newMapping, createMapping).at("POST " + all),
		"ListEventSourceMappings":  authorized("lambda:ListEventSourceMappings", allMappings, listMappings).at("GET " + all),
		"GetEventSourceMapping":    authorized("lambda:GetEventSourceMapping", theMapping, getMapping).at("GET " + one),
		"UpdateEventSourceMapping": authorized("lambda:UpdateEventSourceMapping", theMapping, updateMapping).at("PUT " + one),
		"DeleteEventSourceMapping": authorized("lambda:DeleteEventSourceMapping", theMapping, deleteMapping).at("DELETE " + one),
	}
}

// mappingConfiguration is Lambda's description of a mapping.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
type mappingConfiguration struct {
	BatchSize                      int
	EventSourceARN                 string          `json:"EventSourceArn"`
	EventSourceMappingARN          string          `json:"EventSourceMappingArn"`
	FilterCriteria                 *filterCriteria `json:",omitempty"`
	FunctionARN                    string          `json:"FunctionArn"`
	FunctionResponseTypes          []string
	LastModified                   instant
	MaximumBatchingWindowInSeconds int
	MetricsConfig                  *metricsConfig `json:",omitempty"`
	ScalingConfig                  *scalingConfig `json:",omitempty"`
	State                          string
	StateTransitionReason          string
	UUID                           string
}

// filterCriteria is a list of filters. An empty one removes those that a mapping has.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_FilterCriteria.html
type filterCriteria struct{ Filters []filterPattern }

type filterPattern struct{ Pattern string }

type metricsConfig struct{ Metrics []string }

type scalingConfig struct {
	MaximumConcurrency *int `json:",omitempty"`
}

// describeMapping returns the description of a mapping in the given state, or in the one
// that it is in if state is "".
func describeMapping(m lambda.EventSourceMapping, state string) mappingConfiguration {
	d := mappingConfiguration{
		BatchSize: m.BatchSize, EventSourceARN: m.EventSourceARN, EventSourceMappingARN: m.ARN, FunctionARN: m.Function,
		FunctionResponseTypes: append([]string{}, m.ResponseTypes...), LastModified: instant{m.LastModified},
		MaximumBatchingWindowInSeconds: m.WindowSeconds, State: state, StateTransitionReason: "USER_INITIATED", UUID: m.UUID,
	}
	if len(m.Filters) > 0 {
		d.FilterCriteria = &filterCriteria{listOf(m.Filters, func(pattern string) filterPattern { return filterPattern{pattern} })}
	}
	if len(m.Metrics) > 0 {
		d.MetricsConfig = &metricsConfig{m.Metrics}
	}
	if m.MaxConcurrency > 0 {
		d.ScalingConfig = &scalingConfig{&m.MaxConcurrency}
	}
	switch {
	case state != "":
	case m.Disabled:
		d.State = "Disabled"
	default:
		d.State = "Enabled"
	}
	return d
}

// accepted returns the response for a change that on AWS takes a while. Here, it is
// complete already, but the response has the same state.
func accepted(m lambda.EventSourceMapping, state string, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return jsonResponse(http.StatusAccepted, "application/json", describeMapping(m, state))
}

// mappingSettings are the members that can be updated.
type mappingSettings struct {
	BatchSize                      *int
	Enabled                        *bool
	FilterCriteria                 *filterCriteria
	FunctionName                   string
	FunctionResponseTypes          *[]string
	MaximumBatchingWindowInSeconds *int
	MetricsConfig                  *metricsConfig
	ScalingConfig                  *scalingConfig
}

// apply changes what the settings contain.
func (s mappingSettings) apply(m *lambda.EventSourceMapping) {
	set(&m.BatchSize, s.BatchSize)
	set(&m.WindowSeconds, s.MaximumBatchingWindowInSeconds)
	set(&m.ResponseTypes, s.FunctionResponseTypes)
	if s.Enabled != nil {
		m.Disabled = !*s.Enabled
	}
	if s.FunctionName != "" {
		m.Function = s.FunctionName
	}
	if s.FilterCriteria != nil {
		m.Filters = listOf(s.FilterCriteria.Filters, func(f filterPattern) string { return f.Pattern })
	}
	if s.MetricsConfig != nil {
		m.Metrics = s.MetricsConfig.Metrics
	}
	if s.ScalingConfig != nil {
		m.MaxConcurrency = 0
		set(&m.MaxConcurrency, s.ScalingConfig.MaximumConcurrency)
	}
}

// check refuses a concurrency of 0, which stands for none in a lambda.EventSourceMapping.
func (s mappingSettings) check() error {
	if s.ScalingConfig == nil || s.ScalingConfig.MaximumConcurrency == nil {
		return nil
	}
	return lambda.CheckMaximumConcurrency(*s.ScalingConfig.MaximumConcurrency)
}

// set sets a field to a value that the request contains.
func set[T any](field, value *T) {
	if value != nil {
		*field = *value
	}
}

type createMappingInput struct {
	Mapping struct {
		mappingSettings
		EventSourceARN string `json:"EventSourceArn"`
		Tags           map[string]string
	} `payload:"json"`
}

// newMapping is the target of CreateEventSourceMapping. The action has no resource, but a
// policy can limit it to functions.
//
// https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
func newMapping(c *call, in createMappingInput) (target, error) {
	keys := requestTags(in.Mapping.Tags)
	if to, err := c.Lambda.Resolve(in.Mapping.FunctionName, ""); err == nil {
		keys["lambda:FunctionArn"] = []string{to.ARN}
	}
	return target{resource: "*", context: keys}, nil
}

// https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
// https://docs.aws.amazon.com/lambda/latest/dg/tags-esm.html#esm-tags-required-permissions
func createMapping(c *call, in createMappingInput) (any, error) {
	w := in.Mapping
	if err := w.check(); err != nil {
		return nil, err
	}
	m := lambda.EventSourceMapping{UUID: uuid.NewString(), EventSourceARN: w.EventSourceARN, BatchSize: lambda.DefaultBatchSize, Tags: w.Tags}
	w.apply(&m)
	if err := c.tagNew("lambda:TagResource", c.place.ARN("lambda", "event-source-mapping:"+m.UUID).String(), w.Tags); err != nil {
		return nil, err
	}
	m, err := c.Lambda.CreateEventSourceMapping(m)
	return accepted(m, "Creating", err)
}

type mappingInput struct {
	UUID string `path:"UUID"`
}

func (in mappingInput) uuid() string       { return in.UUID }
func (in updateMappingInput) uuid() string { return in.UUID }

// theMapping is the target of an operation on a mapping. A caller without permission does
// not learn whether the mapping exists.
func theMapping[In interface{ uuid() string }](c *call, in In) (target, error) {
	t := target{resource: c.place.ARN("lambda", "event-source-mapping:"+in.uuid()).String()}
	if m, err := c.Lambda.EventSourceMapping(in.uuid()); err == nil {
		t.context = map[string][]string{"lambda:FunctionArn": {m.Function}}
	}
	return t, nil
}

func getMapping(c *call, in mappingInput) (any, error) {
	m, err := c.Lambda.EventSourceMapping(in.UUID)
	return describeMapping(m, ""), err
}

type updateMappingInput struct {
	UUID     string          `path:"UUID"`
	Settings mappingSettings `payload:"json"`
}

// updateMapping requires permission for the function that the mapping has, and for the one
// that it gets.
//
// https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html
func updateMapping(c *call, in updateMappingInput) (any, error) {
	if to, err := c.Lambda.Resolve(in.Settings.FunctionName, ""); err == nil {
		on := target{resource: c.place.ARN("lambda", "event-source-mapping:"+in.UUID).String(), context: map[string][]string{"lambda:FunctionArn": {to.ARN}}}
		if err := c.authorize("lambda:UpdateEventSourceMapping", on); err != nil {
			return nil, err
		}
	}
	if err := in.Settings.check(); err != nil {
		return nil, err
	}
	m, err := c.Lambda.EventSourceMapping(in.UUID)
	if err != nil {
		return nil, err
	}
	was, state := m.Disabled, "Updating"
	in.Settings.apply(&m)
	switch {
	case m.Disabled && !was:
		state = "Disabling"
	case was && !m.Disabled:
		state = "Enabling"
	}
	m, err = c.Lambda.UpdateEventSourceMapping(m)
	return accepted(m, state, err)
}

func deleteMapping(c *call, in mappingInput) (any, error) {
	m, err := c.Lambda.DeleteEventSourceMapping(in.UUID)
	return accepted(m, "Deleting", err)
}

type listMappingsInput struct {
	EventSourceARN string `query:"EventSourceArn"`
	FunctionName   string
	Marker         string
	MaxItems       *int
}

func allMappings(*call, listMappingsInput) (target, error) { return target{resource: "*"}, nil }

// https://docs.aws.amazon.com/lambda/latest/api/API_ListEventSourceMappings.html
func listMappings(c *call, in listMappingsInput) (any, error) {
	all, err := c.Lambda.EventSourceMappings(in.EventSourceARN, in.FunctionName)
	if err != nil {
		return nil, err
	}
	page, next, err := lambdaPage(all, in.Marker, in.MaxItems, func(m lambda.EventSourceMapping) string { return m.UUID })
	return struct {
		EventSourceMappings []mappingConfiguration
		NextMarker          string `json:",omitempty"`
	}{listOf(page, func(m lambda.EventSourceMapping) mappingConfiguration { return describeMapping(m, "") }), next}, err
}
