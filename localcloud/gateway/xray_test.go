package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssns "github.com/aws/aws-sdk-go-v2/service/sns"
	awsxray "github.com/aws/aws-sdk-go-v2/service/xray"
	"github.com/aws/aws-sdk-go-v2/service/xray/types"

	"tally/localcloud/cloud"
	"tally/localcloud/lambda"
	"tally/localcloud/sns"
)

func TestXRay(t *testing.T) {
	k := newKit(t)
	client := awsxray.NewFromConfig(k.config(developer))
	const id = "1-581cf771-a006649127e371903a2de979"
	now := time.Now()
	document := fmt.Sprintf(`{"name":"f","id":"00000000000000ab","trace_id":%q,"start_time":%d,"end_time":%d,"fault":true}`, id, now.Unix(), now.Unix()+1)
	put := must(client.PutTraceSegments(t.Context(), &awsxray.PutTraceSegmentsInput{TraceSegmentDocuments: []string{document, `{}`}}))(t)
	if len(put.UnprocessedTraceSegments) != 1 || *put.UnprocessedTraceSegments[0].ErrorCode != "MissingId" || put.UnprocessedTraceSegments[0].Id != nil {
		t.Errorf("unprocessed %+v", put.UnprocessedTraceSegments)
	}
	got := must(client.BatchGetTraces(t.Context(), &awsxray.BatchGetTracesInput{TraceIds: []string{id, "1-0-0"}}))(t)
	if len(got.Traces) != 1 || *got.Traces[0].Id != id || *got.Traces[0].Duration != 1 || *got.Traces[0].LimitExceeded ||
		len(got.Traces[0].Segments) != 1 || *got.Traces[0].Segments[0].Id != "00000000000000ab" || !strings.Contains(*got.Traces[0].Segments[0].Document, `"fault":true`) ||
		len(got.UnprocessedTraceIds) != 1 {
		t.Errorf("traces %+v, unprocessed %v", got.Traces, got.UnprocessedTraceIds)
	}
	summaries := must(client.GetTraceSummaries(t.Context(), &awsxray.GetTraceSummariesInput{
		StartTime: aws.Time(now.Add(-time.Minute)), EndTime: aws.Time(now.Add(time.Minute))}))(t).TraceSummaries
	if len(summaries) != 1 || *summaries[0].Id != id || !*summaries[0].HasFault || *summaries[0].ResponseTime != 1 {
		t.Errorf("summaries %+v", summaries)
	}
	for want, err := range map[string]error{
		"TraceIds must have at most 5 items, not 6": second(client.BatchGetTraces(t.Context(), &awsxray.BatchGetTracesInput{TraceIds: make([]string, 6)})),
		"at most 24 hours": second(client.GetTraceSummaries(t.Context(), &awsxray.GetTraceSummariesInput{
			StartTime: aws.Time(now.Add(-25 * time.Hour)), EndTime: &now})),
		"FilterExpression": second(client.GetTraceSummaries(t.Context(), &awsxray.GetTraceSummariesInput{
			StartTime: &now, EndTime: &now, FilterExpression: aws.String("fault")})),
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func second[T any](_ T, err error) error { return err }

// A trace begins with the sender of a request, and continues over topics to functions
// with active tracing. A topic with active tracing is part of it if X-Ray's resource
// policy allows SNS to write traces.
func TestTraceAcrossServices(t *testing.T) {
	const allowed = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},` +
		`"Action":["xray:PutTraceSegments","xray:GetSamplingRules","xray:GetSamplingTargets"],"Resource":"*",` +
		`"Condition":{"StringEquals":{"aws:SourceAccount":"000000000000"},"StringLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:000000000000:num*"}}}]}`
	for name, test := range map[string]struct {
		mode, policy, header string
		want                 string // the origins of the segments, each with that of its parent
	}{
		"pass through":  {"", allowed, ";Sampled=1", "AWS::Lambda < sender, AWS::Lambda::Function < AWS::Lambda"},
		"no policy":     {"Active", "", ";Sampled=1", "AWS::Lambda < sender, AWS::Lambda::Function < AWS::Lambda"},
		"another topic": {"Active", strings.Replace(allowed, "num*", "sums", 1), ";Sampled=1", "AWS::Lambda < sender, AWS::Lambda::Function < AWS::Lambda"},
		"active":        {"Active", allowed, ";Sampled=1", "AWS::SNS < sender, AWS::Lambda < AWS::SNS, AWS::Lambda::Function < AWS::Lambda"},
		"to decide":     {"Active", allowed, "", "AWS::Lambda < sender, AWS::Lambda::Function < AWS::Lambda"},
	} {
		t.Run(name, func(t *testing.T) {
			k := newKit(t)
			k.role(t, everything)
			f := k.function(t, lambda.Config{Name: "handle", TracingMode: "Active"})
			topic := must(k.SNS.CreateTopic(sns.Topic{Name: "numbers", TracingConfig: test.mode}))(t)
			must(k.SNS.Subscribe(sns.Subscription{TopicARN: topic.ARN, Protocol: "lambda", Endpoint: f.ARN}))(t)
			if err := k.Lambda.AddPermission("handle", lambda.Permission{StatementID: "sns", Action: "lambda:InvokeFunction", Principal: "sns.amazonaws.com"}); err != nil {
				t.Fatal(err)
			}
			client := awsxray.NewFromConfig(k.config(developer))
			if test.policy != "" {
				must(client.PutResourcePolicy(t.Context(), &awsxray.PutResourcePolicyInput{PolicyName: aws.String("sns"), PolicyDocument: &test.policy}))(t)
			}
			const trace, sender = "1-581cf771-a006649127e371903a2de979", "00000000000000ab"
			t.Setenv("AWS_LAMBDA_FUNCTION_NAME", "sender")
			t.Setenv("_X_AMZN_TRACE_ID", "Root="+trace+";Parent="+sender+test.header)
			must(awssns.NewFromConfig(k.config(developer)).Publish(t.Context(), &awssns.PublishInput{TopicArn: &topic.ARN, Message: aws.String("1")}))(t)
			if got := k.originsOf(t, client, trace, sender, strings.Count(test.want, "<")); got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
			if lost := k.count(cloud.Info, "the topic is missing from traces: AccessDeniedException") == 1; lost != (test.mode == "Active" && test.policy != allowed) {
				t.Errorf("noted: %t", lost)
			}
		})
	}
}

// originsOf waits until a trace has a number of segments, and returns the origins of
// all segments, each with that of its parent.
func (k *kit) originsOf(t *testing.T, client *awsxray.Client, trace, sender string, count int) string {
	t.Helper()
	for start := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		got := must(client.BatchGetTraces(t.Context(), &awsxray.BatchGetTracesInput{TraceIds: []string{trace}}))(t)
		origins, list := map[string]string{sender: "sender"}, []string{}
		for _, trace := range got.Traces {
			for _, s := range trace.Segments {
				var document struct{ ID, Parent, Origin string }
				if err := json.Unmarshal([]byte(strings.Replace(*s.Document, "parent_id", "parent", 1)), &document); err != nil {
					t.Fatal(err)
				}
				origins[document.ID] = document.Origin
				list = append(list, document.Origin+" < "+origins[document.Parent])
			}
		}
		if len(list) >= count {
			return strings.Join(list, ", ")
		}
		if time.Since(start) > 10*time.Second {
			t.Fatalf("the trace has %v", list)
		}
	}
}

func TestXRayPolicies(t *testing.T) {
	k := newKit(t)
	client := awsxray.NewFromConfig(k.config(developer))
	name, document := aws.String("sns"), `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"xray:PutTraceSegments","Resource":"*"}]}`
	put := must(client.PutResourcePolicy(t.Context(), &awsxray.PutResourcePolicyInput{PolicyName: name, PolicyDocument: &document, PolicyRevisionId: aws.String("0")}))(t)
	list := must(client.ListResourcePolicies(t.Context(), nil))(t).ResourcePolicies
	if len(list) != 1 || *list[0].PolicyName != "sns" || *list[0].PolicyDocument != document || *list[0].PolicyRevisionId != *put.ResourcePolicy.PolicyRevisionId ||
		time.Since(*list[0].LastUpdatedTime).Abs() > time.Minute {
		t.Errorf("policies %+v", list)
	}
	_, err := client.PutResourcePolicy(t.Context(), &awsxray.PutResourcePolicyInput{PolicyName: name, PolicyDocument: aws.String(`{"Statement":[]}`)})
	if _, ok := errors.AsType[*types.MalformedPolicyDocumentException](err); !ok {
		t.Errorf("a policy without statements: %v", err)
	}
	must(client.DeleteResourcePolicy(t.Context(), &awsxray.DeleteResourcePolicyInput{PolicyName: name}))(t)
	if list := must(client.ListResourcePolicies(t.Context(), nil))(t).ResourcePolicies; len(list) != 0 {
		t.Errorf("policies %+v", list)
	}
}
