package sns

import (
	"context"
	"strings"

	"tally/localcloud/cloud"
)

// LambdaTarget delivers each message as an asynchronous invocation with one
// record. The function's policy must let sns.amazonaws.com invoke it.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
func LambdaTarget(invoker cloud.Invoker) Target { return lambdaTarget{invoker} }

type lambdaTarget struct{ invoker cloud.Invoker }

// CheckEndpoint wants the ARN of a function, perhaps with a qualifier.
func (lambdaTarget) CheckEndpoint(endpoint string) error {
	arn, err := cloud.ParseARN(endpoint)
	if err != nil || arn.Service != "lambda" || !strings.HasPrefix(arn.Resource, "function:") {
		return invalid("Lambda endpoint ARN")
	}
	return nil
}

func (t lambdaTarget) Deliver(ctx context.Context, d Delivery) (string, error) {
	topic, err := cloud.ParseARN(d.Subscription.TopicARN)
	if err != nil {
		return "", err
	}
	payload, err := encode(event{[]record{{"aws:sns", "1.0", d.Subscription.ARN, lambdaNotification(notify(d, topic.Region))}}})
	if err != nil {
		return "", err
	}
	id, err := t.invoker.InvokeAsync(ctx, cloud.Invocation{
		Caller:   cloud.Caller{Service: principal, SourceARN: topic},
		Function: d.Subscription.Endpoint,
		Payload:  []byte(payload),
	})
	if err != nil {
		return "", err
	}
	return encode(map[string]string{"lambdaRequestId": id})
}

// The event, with its members named and ordered as AWS does.
type (
	event struct {
		Records []record
	}
	record struct {
		EventSource          string
		EventVersion         string
		EventSubscriptionArn string
		Sns                  lambdaNotification
	}
	// lambdaNotification is a notification in the words that functions get: two
	// names are written otherwise, and nothing is left out.
	lambdaNotification struct {
		Type              string
		MessageID         string `json:"MessageId"`
		TopicArn          string
		Subject           *string
		Message           string
		Timestamp         string
		SignatureVersion  string
		Signature         string
		SigningCertURL    string `json:"SigningCertUrl"`
		UnsubscribeURL    string `json:"UnsubscribeUrl"`
		MessageAttributes map[string]attributeValue
	}
)
