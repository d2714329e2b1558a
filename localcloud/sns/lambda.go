package sns

import (
	"context"
	"net/http"

	"tally/localcloud/cloud"
)

// LambdaTarget returns a target that invokes a function asynchronously for each
// message, with an event of one record. The function's policy must let
// sns.amazonaws.com invoke it.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
func LambdaTarget(invoker cloud.Invoker) Target { return lambdaTarget{invoker} }

type lambdaTarget struct{ invoker cloud.Invoker }

func (t lambdaTarget) Deliver(ctx context.Context, d Delivery) (Receipt, error) {
	topic, err := cloud.ParseARN(d.Subscription.TopicARN)
	if err != nil {
		return Receipt{}, err
	}
	payload := lambdaEvent(d.Subscription.ARN, notify(d, topic.Region))
	id, err := t.invoker.InvokeAsync(ctx, cloud.Invocation{
		Caller:      cloud.Caller{Service: principal, SourceARN: topic},
		Function:    d.Subscription.Endpoint,
		Payload:     []byte(payload),
		TraceHeader: d.TraceHeader, // without one, the trace of ctx is that of the event
	})
	if err != nil {
		return Receipt{}, err
	}
	return Receipt{cloud.EncodeJSON(map[string]string{"lambdaRequestId": id}), http.StatusAccepted}, nil // an asynchronous invocation
}

// The event, with the names and order of members that AWS uses.
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
	// lambdaNotification is a notification as functions receive it. Unlike in
	// notification, two names end in "Url", and no member is ever omitted.
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
