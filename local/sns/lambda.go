package sns

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"tally/local/cloud"
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

func (t lambdaTarget) Deliver(ctx context.Context, d Delivery) error {
	topic, err := cloud.ParseARN(d.Subscription.TopicARN)
	if err != nil {
		return err
	}
	event, err := lambdaEvent(d, topic.Region)
	if err != nil {
		return err
	}
	_, err = t.invoker.InvokeAsync(ctx, cloud.Invocation{
		Caller:   cloud.Caller{Service: "sns.amazonaws.com", SourceARN: topic},
		Function: d.Subscription.Endpoint,
		Payload:  event,
	})
	return err
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
		Sns                  notification
	}
	notification struct {
		Type              string
		MessageID         string `json:"MessageId"`
		TopicArn          string
		Subject           *string // null where there is none
		Message           string
		Timestamp         string
		SignatureVersion  string
		Signature         string
		SigningCertURL    string `json:"SigningCertUrl"`
		UnsubscribeURL    string `json:"UnsubscribeUrl"`
		MessageAttributes map[string]attributeValue
	}
	attributeValue struct {
		Type, Value string
	}
)

// lambdaEvent encodes a message for a function. Its Signature has the length
// of AWS's and is none: it could only be verified with a certificate from
// amazonaws.com, so a function that verifies it must fail here.
func lambdaEvent(d Delivery, region string) ([]byte, error) {
	host := fmt.Sprintf("https://sns.%s.amazonaws.com/", region)
	n := notification{
		Type:              "Notification",
		MessageID:         d.MessageID,
		TopicArn:          d.Subscription.TopicARN,
		Message:           d.Body,
		Timestamp:         d.Time.UTC().Format("2006-01-02T15:04:05.000Z"),
		SignatureVersion:  "1",
		Signature:         base64.StdEncoding.EncodeToString(make([]byte, 256)),
		SigningCertURL:    host + "SimpleNotificationService-00000000000000000000000000000000.pem",
		UnsubscribeURL:    host + "?Action=Unsubscribe&SubscriptionArn=" + d.Subscription.ARN,
		MessageAttributes: map[string]attributeValue{},
	}
	if d.Subject != "" {
		n.Subject = &d.Subject
	}
	for name, a := range d.Attributes {
		value := a.StringValue
		if len(a.BinaryValue) > 0 {
			value = base64.StdEncoding.EncodeToString(a.BinaryValue)
		}
		n.MessageAttributes[name] = attributeValue{a.DataType, value}
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // AWS leaves <, > and & alone
	err := e.Encode(event{[]record{{"aws:sns", "1.0", d.Subscription.ARN, n}}})
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), err
}
