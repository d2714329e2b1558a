package gateway

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awslambda "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"tally/localcloud/lambda"
	"tally/localcloud/lambda/runtimeapi"
	"tally/localcloud/sqs"
)

// TestEventSourceMappings uses a mapping as an integration test does: it is created, invokes
// the function, is changed, listed and deleted.
func TestEventSourceMappings(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "handle"})
	q := must(k.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30}))(t)
	events := make(chan runtimeapi.Event, 10)
	k.handled = func(e runtimeapi.Event) { events <- e }
	client, queues := awslambda.NewFromConfig(k.config(developer)), awssqs.NewFromConfig(k.config(developer))

	made := must(client.CreateEventSourceMapping(t.Context(), &awslambda.CreateEventSourceMappingInput{
		EventSourceArn: &q.ARN, FunctionName: aws.String("handle"), FunctionResponseTypes: []types.FunctionResponseType{"ReportBatchItemFailures"},
		ScalingConfig: &types.ScalingConfig{MaximumConcurrency: aws.Int32(2)}, MetricsConfig: &types.EventSourceMappingMetricsConfig{Metrics: []types.EventSourceMappingMetric{"EventCount"}},
		Tags: map[string]string{"a": "1"},
	}))(t)
	if *made.State != "Creating" || *made.StateTransitionReason != "USER_INITIATED" || *made.FunctionArn != f.ARN || *made.EventSourceArn != q.ARN ||
		*made.BatchSize != 10 || *made.MaximumBatchingWindowInSeconds != 0 || *made.ScalingConfig.MaximumConcurrency != 2 ||
		made.MetricsConfig.Metrics[0] != "EventCount" || time.Since(*made.LastModified) > time.Minute ||
		*made.EventSourceMappingArn != "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:"+*made.UUID {
		t.Errorf("%+v", made)
	}
	must(queues.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: aws.String("hello")}))(t)
	if e := <-events; !strings.Contains(string(e.Payload), `"body":"hello"`) {
		t.Errorf("%s", e.Payload)
	}

	one := &awslambda.GetEventSourceMappingInput{UUID: made.UUID}
	if got := must(client.GetEventSourceMapping(t.Context(), one))(t); *got.State != "Enabled" || got.FunctionResponseTypes[0] != "ReportBatchItemFailures" {
		t.Errorf("%+v", got)
	}
	update := func(in awslambda.UpdateEventSourceMappingInput) *awslambda.UpdateEventSourceMappingOutput {
		t.Helper()
		in.UUID = made.UUID
		return must(client.UpdateEventSourceMapping(t.Context(), &in))(t)
	}
	if out := update(awslambda.UpdateEventSourceMappingInput{Enabled: aws.Bool(false)}); *out.State != "Disabling" || *out.BatchSize != 10 || *out.ScalingConfig.MaximumConcurrency != 2 {
		t.Errorf("%+v", out)
	}
	if out := update(awslambda.UpdateEventSourceMappingInput{BatchSize: aws.Int32(1), ScalingConfig: &types.ScalingConfig{}}); *out.State != "Updating" || *out.BatchSize != 1 || out.ScalingConfig != nil {
		t.Errorf("%+v", out)
	}
	if got := must(client.GetEventSourceMapping(t.Context(), one))(t); *got.State != "Disabled" {
		t.Errorf("%+v", got)
	}
	if out := update(awslambda.UpdateEventSourceMappingInput{Enabled: aws.Bool(true), FunctionResponseTypes: []types.FunctionResponseType{}}); *out.State != "Enabling" || len(out.FunctionResponseTypes) != 0 {
		t.Errorf("%+v", out)
	}
	if out := must(client.DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: made.UUID}))(t); *out.State != "Deleting" {
		t.Errorf("%+v", out)
	}
	if _, err := client.GetEventSourceMapping(t.Context(), one); code(err) != "ResourceNotFoundException: The resource you requested does not exist." {
		t.Error(code(err))
	}
}

func TestListEventSourceMappings(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	k.function(t, lambda.Config{Name: "handle"})
	k.function(t, lambda.Config{Name: "other"})
	for i := range 7 {
		q := must(k.SQS.CreateQueue(sqs.Queue{Name: fmt.Sprintf("q%d", i), VisibilityTimeoutSeconds: 30}))(t)
		must(k.Lambda.CreateEventSourceMapping(lambda.EventSourceMapping{EventSourceARN: q.ARN, Function: "handle", BatchSize: 10}))(t)
		must(k.Lambda.CreateEventSourceMapping(lambda.EventSourceMapping{EventSourceARN: q.ARN, Function: "other", BatchSize: 10}))(t)
	}
	client := awslambda.NewFromConfig(k.config(developer))
	for name, tt := range map[string]struct {
		in   awslambda.ListEventSourceMappingsInput
		want int
	}{
		"all":      {awslambda.ListEventSourceMappingsInput{MaxItems: aws.Int32(4)}, 14},
		"function": {awslambda.ListEventSourceMappingsInput{FunctionName: aws.String("other"), MaxItems: aws.Int32(4)}, 7},
		"queue":    {awslambda.ListEventSourceMappingsInput{EventSourceArn: aws.String(here.ARN("sqs", "q3").String())}, 2},
		"both":     {awslambda.ListEventSourceMappingsInput{EventSourceArn: aws.String(here.ARN("sqs", "q3").String()), FunctionName: aws.String("handle")}, 1},
	} {
		seen := map[string]bool{}
		for pages := awslambda.NewListEventSourceMappingsPaginator(client, &tt.in); pages.HasMorePages(); {
			for _, m := range must(pages.NextPage(t.Context()))(t).EventSourceMappings {
				seen[*m.UUID] = true
			}
		}
		if len(seen) != tt.want {
			t.Errorf("%s: %d mappings, want %d", name, len(seen), tt.want)
		}
	}
}

// A policy can limit a caller to the mappings of one function, and to tags.
func TestAuthorizationOfEventSourceMappings(t *testing.T) {
	k := newKit(t)
	session := k.role(t, everything)
	f := k.function(t, lambda.Config{Name: "handle"})
	k.function(t, lambda.Config{Name: "other"})
	q := must(k.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30}))(t)
	other := must(k.Lambda.CreateEventSourceMapping(lambda.EventSourceMapping{EventSourceARN: q.ARN, Function: "other", BatchSize: 10}))(t)
	policy := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sqs:*","Resource":"*"},{"Effect":"Allow","Action":"lambda:*","Resource":"*",
		"Condition":{"ArnEquals":{"lambda:FunctionArn":"` + f.ARN + `"},"StringEqualsIfExists":{"aws:RequestTag/team":"a"}}},
		{"Effect":"Allow","Action":"lambda:TagResource","Resource":"arn:aws:lambda:*:*:event-source-mapping:*"}]}`
	if err := k.IAM.PutRolePolicy("worker", "all", policy); err != nil {
		t.Fatal(err)
	}
	client := awslambda.NewFromConfig(k.config(session))
	create := func(function, team string) error {
		_, err := client.CreateEventSourceMapping(t.Context(), &awslambda.CreateEventSourceMappingInput{
			EventSourceArn: &q.ARN, FunctionName: &function, Tags: map[string]string{"team": team}, Enabled: aws.Bool(false)})
		return err
	}
	for _, tt := range []struct {
		function, team string
		allowed        bool
	}{{"other", "a", false}, {"handle", "b", false}, {"handle", "a", true}} {
		if err := create(tt.function, tt.team); (err == nil) != tt.allowed || err != nil && !strings.HasPrefix(code(err), "AccessDeniedException: ") {
			t.Errorf("%s for %s: %v", tt.function, tt.team, err)
		}
	}
	mine := must(k.Lambda.EventSourceMappings("", "handle"))(t)[0]
	for function, allowed := range map[string]bool{"other": false, "handle": true} {
		_, err := client.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: &mine.UUID, FunctionName: &function})
		if (err == nil) != allowed || err != nil && !strings.HasPrefix(code(err), "AccessDeniedException: ") {
			t.Errorf("moved to %s: %v", function, err)
		}
	}
	_, err := client.DeleteEventSourceMapping(t.Context(), &awslambda.DeleteEventSourceMappingInput{UUID: &other.UUID})
	if want := "is not authorized to perform: lambda:DeleteEventSourceMapping on resource: " + other.ARN; !strings.Contains(code(err), want) {
		t.Errorf("%s, want %s", code(err), want)
	}
}

func TestEventSourceMappingRefusals(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	k.function(t, lambda.Config{Name: "handle"})
	q := must(k.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30}))(t)
	client := awslambda.NewFromConfig(k.config(developer))
	for want, in := range map[string]awslambda.CreateEventSourceMappingInput{
		"ValidationException: 1 validation error detected: Value '0' at 'scalingConfig.maximumConcurrency'":                         {ScalingConfig: &types.ScalingConfig{MaximumConcurrency: aws.Int32(0)}},
		"ValidationException: 1 validation error detected: Value '0' at 'batchSize'":                                                {BatchSize: aws.Int32(0)},
		"ValidationException: 1 validation error detected: CreateEventSourceMapping does not take the parameter 'StartingPosition'": {StartingPosition: types.EventSourcePositionLatest},
		"InvalidParameterValueException: Invalid filter pattern definition. \"eventSource\" must be an object or an array":          {FilterCriteria: criteria(`{"eventSource":"aws:sqs"}`)},
		"InvalidParameterValueException: Invalid filter pattern definition. failed to parse JSON.":                                  {FilterCriteria: criteria("simple string")},
		"InvalidParameterValueException: The event source mapping has 6 filters, and at most 5 are allowed.":                        {FilterCriteria: criteria("{}", "{}", "{}", "{}", "{}", "{}")},
		"ValidationException: 1 validation error detected: Value at 'filterCriteria.filters.member.pattern'":                        {FilterCriteria: criteria(`{"body":["` + strings.Repeat("a", 4096) + `"]}`)},
	} {
		in.EventSourceArn, in.FunctionName = &q.ARN, aws.String("handle")
		if _, err := client.CreateEventSourceMapping(t.Context(), &in); !strings.HasPrefix(code(err), want) {
			t.Errorf("got %s, want %s", code(err), want)
		}
	}
}

func criteria(patterns ...string) *types.FilterCriteria {
	out := &types.FilterCriteria{}
	for _, p := range patterns {
		out.Filters = append(out.Filters, types.Filter{Pattern: &p})
	}
	return out
}

// TestFilterCriteria filters the messages that a function receives, and removes the filter
// with an empty object.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
func TestFilterCriteria(t *testing.T) {
	k := newKit(t)
	k.role(t, everything)
	k.function(t, lambda.Config{Name: "handle"})
	q := must(k.SQS.CreateQueue(sqs.Queue{Name: "work", VisibilityTimeoutSeconds: 30}))(t)
	events := make(chan runtimeapi.Event, 10)
	k.handled = func(e runtimeapi.Event) { events <- e }
	client, queues := awslambda.NewFromConfig(k.config(developer)), awssqs.NewFromConfig(k.config(developer))
	pattern := `{"body":{"RequestCode":["BBBB"]}}`
	made := must(client.CreateEventSourceMapping(t.Context(), &awslambda.CreateEventSourceMappingInput{
		EventSourceArn: &q.ARN, FunctionName: aws.String("handle"), FilterCriteria: criteria(pattern), BatchSize: aws.Int32(1)}))(t)
	if made.FilterCriteria == nil || *made.FilterCriteria.Filters[0].Pattern != pattern {
		t.Errorf("%+v", made.FilterCriteria)
	}
	send := func(bodies ...string) {
		for _, body := range bodies {
			must(queues.SendMessage(t.Context(), &awssqs.SendMessageInput{QueueUrl: &q.URL, MessageBody: &body}))(t)
		}
	}
	received := func(want string) {
		t.Helper()
		if e := <-events; !strings.Contains(string(e.Payload), want) {
			t.Errorf("received %s, want %s", e.Payload, want)
		}
	}
	send(`{"RequestCode":"AAAA"}`, `plain`, `{"RequestCode":"BBBB"}`)
	received("BBBB")
	out := must(client.UpdateEventSourceMapping(t.Context(), &awslambda.UpdateEventSourceMappingInput{UUID: made.UUID, FilterCriteria: &types.FilterCriteria{}}))(t)
	if out.FilterCriteria != nil {
		t.Errorf("%+v", out.FilterCriteria)
	}
	send(`plain`)
	received("plain")
}
