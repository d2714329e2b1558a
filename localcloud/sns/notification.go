package sns

import (
	"encoding/base64"
	"fmt"
	"strconv"

	"tally/localcloud/cloud"
)

// notification is a message as queues receive it, with its members in AWS's order.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
type notification struct {
	Type              string
	MessageID         string `json:"MessageId"`
	TopicArn          string
	Subject           *string `json:",omitempty"`
	Message           string
	Timestamp         string
	SignatureVersion  string
	Signature         string
	SigningCertURL    string
	UnsubscribeURL    string
	MessageAttributes map[string]attributeValue `json:",omitempty"`
}

type attributeValue struct {
	Type, Value string
}

// notify returns the notification of a delivery to a function or a queue. Its Signature
// has the right length but signs nothing, because functions and queues know by their own
// policies who sends to them.
func notify(d Delivery, region string) notification {
	host := fmt.Sprintf("https://sns.%s.amazonaws.com/", region)
	n := notification{
		Type:              "Notification",
		MessageID:         d.MessageID,
		TopicArn:          d.Subscription.TopicARN,
		Message:           d.Body,
		Timestamp:         cloud.Timestamp(d.Time),
		SignatureVersion:  strconv.Itoa(max(1, d.SignatureVersion)),
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
	return n
}

// queueMessage returns a delivery as a queue receives it: the notification or,
// with raw delivery, the message's own body and attributes. The group of the message
// is only for queues that subscribe.
//
// https://docs.aws.amazon.com/sns/latest/api/API_Publish.html
func queueMessage(d Delivery, region string) (m cloud.QueueMessage) {
	m.TraceHeader = d.TraceHeader
	if d.Subscription.Protocol == "sqs" {
		m.GroupID = d.GroupID
	}
	if !d.Subscription.RawMessageDelivery {
		m.Body = cloud.EncodeJSON(notify(d, region))
		return m
	}
	m.Body = d.Body
	for name, a := range d.Attributes {
		if m.Attributes == nil {
			m.Attributes = map[string]cloud.MessageAttribute{}
		}
		m.Attributes[name] = cloud.MessageAttribute{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return m
}
