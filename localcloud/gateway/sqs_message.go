package gateway

import (
	"cmp"
	"encoding/json"
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strings"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

// messageAttributes is an object in JSON, and elements with Name and Value in XML.
type (
	messageAttributes []namedAttribute
	namedAttribute    struct {
		Name  string
		Value messageAttribute
	}
)

func (a messageAttributes) MarshalJSON() ([]byte, error) {
	m := map[string]messageAttribute{}
	for _, e := range a {
		m[e.Name] = e.Value
	}
	return json.Marshal(m)
}

type sendInput struct {
	URL        string                      `json:"QueueUrl"`
	Body       string                      `json:"MessageBody"`
	Delay      *int                        `json:"DelaySeconds"`
	GroupID    string                      `json:"MessageGroupId"`
	Attributes map[string]messageAttribute `json:"MessageAttributes" query:"MessageAttribute"`
	System     map[string]messageAttribute `json:"MessageSystemAttributes" query:"MessageSystemAttribute"`
}

// sent is the result of sending a message: its ID, and the checksums with which
// the client verifies what arrived.
type sent struct {
	MD5OfMessageBody             string
	MD5OfMessageAttributes       string `json:",omitempty" xml:",omitempty"`
	MD5OfMessageSystemAttributes string `json:",omitempty" xml:",omitempty"`
	MessageID                    string `json:"MessageId" xml:"MessageId"`
}

func sentAs(id string, e sqs.Entry) sent {
	return sent{
		MD5OfMessageBody:             sqs.MD5OfBody(e.Body),
		MD5OfMessageAttributes:       sqs.MD5OfAttributes(e.Attributes),
		MD5OfMessageSystemAttributes: sqs.MD5OfAttributes(e.System),
		MessageID:                    id,
	}
}

func sendMessage(c *call, in sendInput) (any, error) {
	e := messageEntry(c, in.Body, in.GroupID, in.Delay, in.Attributes, in.System)
	id, err := c.SQS.Send(c.Context(), c.caller, in.URL, e)
	return sentAs(id, e), err
}

func messageEntry(c *call, body, group string, delay *int, attributes, system map[string]messageAttribute) sqs.Entry {
	return sqs.Entry{
		QueueMessage: cloud.QueueMessage{Body: body, Attributes: attributesIn(attributes), GroupID: group, TraceHeader: c.Header.Get(traceHeader)},
		DelaySeconds: delay,
		System:       attributesIn(system),
	}
}

func attributesIn(attributes map[string]messageAttribute) map[string]cloud.MessageAttribute {
	if attributes == nil {
		return nil
	}
	in := map[string]cloud.MessageAttribute{}
	for name, a := range attributes {
		in[name] = cloud.MessageAttribute{DataType: a.DataType, StringValue: a.StringValue, BinaryValue: a.BinaryValue}
	}
	return in
}

type receiveInput struct {
	URL        string   `json:"QueueUrl"`
	Attributes []string `json:"MessageAttributeNames" query:"MessageAttributeName"`
	System     []string `json:"MessageSystemAttributeNames" query:"MessageSystemAttributeName"`
	OldSystem  []string `json:"AttributeNames" query:"AttributeName"` // the older name of the same list
	Max        *int     `json:"MaxNumberOfMessages"`
	Visibility *int     `json:"VisibilityTimeout"`
	Wait       *int     `json:"WaitTimeSeconds"`
}

func receiveMessage(c *call, in receiveInput) (any, error) {
	type received struct {
		MessageID              string `json:"MessageId" xml:"MessageId"`
		ReceiptHandle          string
		MD5OfBody              string
		Body                   string
		Attributes             pairs             `json:",omitempty" xml:"Attribute"`
		MD5OfMessageAttributes string            `json:",omitempty" xml:",omitempty"`
		MessageAttributes      messageAttributes `json:",omitempty" xml:"MessageAttribute"`
	}
	r := sqs.ReceiveRequest{MaxMessages: 1, VisibilityTimeoutSeconds: in.Visibility, WaitSeconds: in.Wait}
	if in.Max != nil {
		r.MaxMessages = *in.Max
	}
	messages, err := c.SQS.Receive(c.Context(), c.caller, in.URL, r)
	var out struct {
		Messages []received `json:",omitempty" xml:"Message"`
	}
	for _, m := range messages {
		attributes := maps.Clone(m.Attributes)
		maps.DeleteFunc(attributes, func(name string, _ cloud.MessageAttribute) bool { return !requested(in.Attributes, name) })
		out.Messages = append(out.Messages, received{
			MessageID: m.ID, ReceiptHandle: m.ReceiptHandle, MD5OfBody: sqs.MD5OfBody(m.Body), Body: m.Body,
			Attributes:             selected(m.System, slices.Concat(in.System, in.OldSystem)),
			MD5OfMessageAttributes: sqs.MD5OfAttributes(attributes),
			MessageAttributes:      attributesOut(attributes),
		})
	}
	return out, err
}

// requested reports whether an attribute is among the names, which may be All, .*
// or a prefix before .*. Although it does not document this, AWS also accepts *.
//
// https://github.com/localstack/localstack/issues/8566
func requested(names []string, attribute string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		prefix, many := strings.CutSuffix(name, ".*")
		return name == "All" || name == "*" || name == attribute || many && strings.HasPrefix(attribute, prefix)
	})
}

func attributesOut(attributes map[string]cloud.MessageAttribute) (out messageAttributes) {
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		out = append(out, namedAttribute{name, messageAttribute{a.StringValue, a.BinaryValue, a.DataType}})
	}
	return out
}

type deleteInput struct {
	URL    string `json:"QueueUrl"`
	Handle string `json:"ReceiptHandle"`
}

func deleteMessage(c *call, in deleteInput) (any, error) {
	return struct{}{}, c.SQS.Delete(c.Context(), c.caller, in.URL, in.Handle)
}

type visibilityInput struct {
	URL     string `json:"QueueUrl"`
	Handle  string `json:"ReceiptHandle"`
	Timeout *int   `json:"VisibilityTimeout"`
}

func changeVisibility(c *call, in visibilityInput) (any, error) {
	if in.Timeout == nil {
		return nil, cloud.Errorf(http.StatusBadRequest, "MissingParameter", "The request must contain the parameter VisibilityTimeout.")
	}
	return struct{}{}, c.SQS.ChangeVisibility(c.Context(), c.caller, in.URL, in.Handle, *in.Timeout)
}

type sendBatchInput struct {
	URL     string      `json:"QueueUrl"`
	Entries []sendEntry `json:"Entries" query:"SendMessageBatchRequestEntry"`
}

type sendEntry struct {
	ID         string                      `json:"Id"`
	Body       string                      `json:"MessageBody"`
	Delay      *int                        `json:"DelaySeconds"`
	GroupID    string                      `json:"MessageGroupId"`
	Attributes map[string]messageAttribute `json:"MessageAttributes" query:"MessageAttribute"`
	System     map[string]messageAttribute `json:"MessageSystemAttributes" query:"MessageSystemAttribute"`
}

func sendMessageBatch(c *call, in sendBatchInput) (any, error) {
	var entries []sqs.BatchEntry[sqs.Entry]
	byID := map[string]sqs.Entry{}
	for _, entry := range in.Entries {
		e := messageEntry(c, entry.Body, entry.GroupID, entry.Delay, entry.Attributes, entry.System)
		entries = append(entries, sqs.BatchEntry[sqs.Entry]{ID: entry.ID, Request: e})
		byID[entry.ID] = e
	}
	results, err := c.SQS.SendBatch(c.Context(), c.caller, in.URL, entries)
	return batchResponse("SendMessageBatchResultEntry", results, func(r sqs.BatchResult) *sent {
		s := sentAs(r.MessageID, byID[r.ID])
		return &s
	}), err
}

type deleteBatchInput struct {
	URL     string        `json:"QueueUrl"`
	Entries []deleteEntry `json:"Entries" query:"DeleteMessageBatchRequestEntry"`
}

type deleteEntry struct {
	ID     string `json:"Id"`
	Handle string `json:"ReceiptHandle"`
}

func deleteMessageBatch(c *call, in deleteBatchInput) (any, error) {
	var entries []sqs.BatchEntry[string]
	for _, e := range in.Entries {
		entries = append(entries, sqs.BatchEntry[string]{ID: e.ID, Request: e.Handle})
	}
	results, err := c.SQS.DeleteBatch(c.Context(), c.caller, in.URL, entries)
	return batchResponse("DeleteMessageBatchResultEntry", results, nothingMore), err
}

type visibilityBatchInput struct {
	URL     string            `json:"QueueUrl"`
	Entries []visibilityEntry `json:"Entries" query:"ChangeMessageVisibilityBatchRequestEntry"`
}

type visibilityEntry struct {
	ID      string `json:"Id"`
	Handle  string `json:"ReceiptHandle"`
	Timeout *int   `json:"VisibilityTimeout"`
}

func changeVisibilityBatch(c *call, in visibilityBatchInput) (any, error) {
	var entries []sqs.BatchEntry[sqs.Visibility]
	for _, e := range in.Entries {
		v := sqs.Visibility{ReceiptHandle: e.Handle, Seconds: *cmp.Or(e.Timeout, new(int))} // 0 by default, as on AWS
		entries = append(entries, sqs.BatchEntry[sqs.Visibility]{ID: e.ID, Request: v})
	}
	results, err := c.SQS.ChangeVisibilityBatch(c.Context(), c.caller, in.URL, entries)
	return batchResponse("ChangeMessageVisibilityBatchResultEntry", results, nothingMore), err
}

func nothingMore(sqs.BatchResult) *sent { return nil }

type batchSuccess struct {
	XMLName xml.Name `json:"-"`
	ID      string   `json:"Id" xml:"Id"`
	*sent
}

type batchFailure struct {
	ID          string `json:"Id" xml:"Id"`
	SenderFault bool
	Code        string
	Message     string
}

type batchResults struct {
	Successful []batchSuccess `json:",omitempty"`
	Failed     []batchFailure `json:",omitempty" xml:"BatchResultErrorEntry"`
}

// batchResponse returns the outcome of each entry. more returns what is added to
// the result of an entry that succeeded.
func batchResponse(element string, results []sqs.BatchResult, more func(sqs.BatchResult) *sent) batchResults {
	var out batchResults
	for _, r := range results {
		if r.Err != nil {
			out.Failed = append(out.Failed, batchFailure{r.ID, r.Err.HTTPStatus() < http.StatusInternalServerError, r.Err.Code, r.Err.Message})
			continue
		}
		out.Successful = append(out.Successful, batchSuccess{xml.Name{Local: element}, r.ID, more(r)})
	}
	return out
}
