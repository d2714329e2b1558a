package test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/aws-sdk-go-v2/service/xray"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// segment is a segment or subsegment of a trace.
type segment struct {
	ID, Name, Origin string
	Parent           string `json:"parent_id"`
	AWS              struct {
		Operation string
		RequestID string `json:"request_id"`
	}
	Subsegments []segment
}

// traces proves that one trace has what two functions and two topics did, from the
// route to the publication of the sum.
func (d deployed) traces(ctx context.Context) {
	name, policy := "topics", `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"xray:PutTraceSegments",`+
		`"Resource":"*","Condition":{"StringLike":{"aws:SourceArn":"arn:aws:sns:us-east-1:000000000000:tally-*"}}}]}`
	client := xray.NewFromConfig(d.cloud.AWSConfig())
	if _, err := client.PutResourcePolicy(ctx, &xray.PutResourcePolicyInput{PolicyName: &name, PolicyDocument: &policy}); err != nil {
		d.t.Fatal(err)
	}
	const sender = "00000000000000ab"
	root := fmt.Sprintf("1-%08x-a006649127e371903a2de979", time.Now().Unix())
	header := "Root=" + root + ";Parent=" + sender + ";Sampled=1"
	r := get(ctx, d.t, d.out["apiUrl"]+"add?num1=3&num2=4")
	r.Header.Set("X-Amzn-Trace-Id", header)
	d.responds(http.StatusOK, `{"num1":3,"num2":4,"sum":7}`, r)
	config, topic, message := d.cloud.AWSConfig(), d.out["numbersTopicArn"], `{"num1":3,"num2":4}`
	config.APIOptions = append(config.APIOptions, smithyhttp.AddHeaderValue("X-Amzn-Trace-Id", header))
	if _, err := sns.NewFromConfig(config).Publish(ctx, &sns.PublishInput{TopicArn: &topic, Message: &message}); err != nil {
		d.t.Fatal(err)
	}

	segments := d.waitForTrace(ctx, client, root, 6)
	numbers := segments["AWS::SNS "+topicName(d.out["numbersTopicArn"])]
	for function, parent := range map[string]string{d.out["addNumbersFunction"]: sender, d.out["handleMessageFunction"]: numbers.ID} {
		service, run := segments["AWS::Lambda "+function], segments["AWS::Lambda::Function "+function]
		if service.Parent != parent || run.Parent != service.ID {
			d.t.Errorf("the segments of %s are %+v and %+v", function, service, run)
		}
		d.cloud.WaitForLog(ctx, function, `"message":"sum"`, `"requestId":"`+run.AWS.RequestID+`"`)
	}
	requests := segments["AWS::Lambda::Function "+d.out["handleMessageFunction"]].Subsegments
	if len(requests) != 2 || requests[0].AWS.Operation != "UpdateItem" || requests[1].Name != "SNS" || requests[1].AWS.Operation != "Publish" {
		d.t.Fatalf("the function sent %+v", requests)
	}
	if sums := segments["AWS::SNS "+topicName(d.out["sumsTopicArn"])]; numbers.Parent != sender || sums.Parent != requests[1].ID {
		d.t.Errorf("the segments of the topics are %+v and %+v", numbers, sums)
	}
}

func topicName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

// waitForTrace waits until a trace has a number of segments and a subsegment, and
// returns the segments by origin and name. X-Ray has no operation that waits.
func (d deployed) waitForTrace(ctx context.Context, client *xray.Client, id string, count int) map[string]segment {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for poll := time.NewTicker(50 * time.Millisecond); ; {
		got, err := client.BatchGetTraces(ctx, &xray.BatchGetTracesInput{TraceIds: []string{id}})
		if err != nil {
			d.t.Fatalf("trace %s: %v", id, err)
		}
		segments, documents := map[string]segment{}, ""
		for _, trace := range got.Traces {
			for _, s := range trace.Segments {
				var parsed segment
				if err := json.Unmarshal([]byte(*s.Document), &parsed); err != nil {
					d.t.Fatal(err)
				}
				segments[parsed.Origin+" "+parsed.Name] = parsed
				documents += *s.Document
			}
		}
		if len(segments) == count && strings.Contains(documents, `"subsegments"`) {
			return segments
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			d.t.Fatalf("trace %s has only %s", id, documents)
		}
	}
}
