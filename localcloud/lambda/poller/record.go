package poller

import (
	"encoding/json"
	"strings"

	"tally/localcloud/cloud"
)

// record is a message as a function receives it.
type record struct {
	id, handle string
	trace      string // the message's trace header, or ""
	json       []byte
}

// A message in an event. The order of the members is AWS's.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event
type message struct {
	MessageID              string               `json:"messageId"`
	ReceiptHandle          string               `json:"receiptHandle"`
	Body                   string               `json:"body"`
	Attributes             map[string]string    `json:"attributes"`
	MessageAttributes      map[string]attribute `json:"messageAttributes"`
	MD5OfMessageAttributes string               `json:"md5OfMessageAttributes,omitempty"`
	MD5OfBody              string               `json:"md5OfBody"`
	EventSource            string               `json:"eventSource"`
	EventSourceARN         string               `json:"eventSourceARN"`
	AWSRegion              string               `json:"awsRegion"`
}

type attribute struct {
	StringValue      string   `json:"stringValue,omitempty"`
	BinaryValue      []byte   `json:"binaryValue,omitempty"` // base64
	StringListValues []string `json:"stringListValues"`      // always empty
	BinaryListValues []string `json:"binaryListValues"`      // always empty
	DataType         string   `json:"dataType"`
}

func newRecord(m cloud.ReceivedMessage, queueARN, region string) record {
	attributes := map[string]attribute{}
	for name, a := range m.Attributes {
		attributes[name] = attribute{a.StringValue, a.BinaryValue, []string{}, []string{}, a.DataType}
	}
	trace := m.System["AWSTraceHeader"]
	if trace == "" && m.Trace != "" {
		trace = "Root=" + m.Trace // without a lineage, it is only a link
	}
	return record{m.ID, m.ReceiptHandle, trace, []byte(cloud.EncodeJSON(message{
		MessageID: m.ID, ReceiptHandle: m.ReceiptHandle, Body: m.Body, Attributes: m.System, MessageAttributes: attributes,
		MD5OfMessageAttributes: m.MD5OfAttributes, MD5OfBody: m.MD5OfBody,
		EventSource: "aws:sqs", EventSourceARN: queueARN, AWSRegion: region,
	}))}
}

const (
	eventStart = `{"Records":[`
	eventEnd   = `]}`
)

// split splits records into events that are not too large.
func split(records []record) (parts [][]record) {
	first, size := 0, len(eventStart+eventEnd)
	for i, r := range records {
		if size+len(r.json)+1 > maxPayload && i > first {
			parts = append(parts, records[first:i])
			first, size = i, len(eventStart+eventEnd)
		}
		size += len(r.json) + 1
	}
	return append(parts, records[first:])
}

// event returns the event with the records, and their trace headers.
func event(records []record) (payload []byte, traces []string) {
	payload = []byte(eventStart)
	for i, r := range records {
		if i > 0 {
			payload = append(payload, ',')
		}
		payload = append(payload, r.json...)
		if r.trace != "" {
			traces = append(traces, r.trace)
		}
	}
	return append(payload, eventEnd...), traces
}

// successes returns the records that the function's response does not report as failed:
// none if the response is invalid or names an unknown message. A response without a list
// reports none as failed, whatever else it contains. Names are case-sensitive.
//
// https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html#sqs-batchfailurereporting-conditions
func successes(records []record, response []byte) []record {
	failed := map[string]bool{}
	for _, r := range records {
		failed[r.id] = false
	}
	items, ok := failures(response)
	for _, item := range items {
		var id string
		if json.Unmarshal(item["itemIdentifier"], &id) != nil {
			return nil
		}
		if _, known := failed[id]; !known {
			return nil
		}
		failed[id] = true
	}
	var done []record
	for _, r := range records {
		if ok && !failed[r.id] {
			done = append(done, r)
		}
	}
	return done
}

// failures returns the items of the response, and whether the response is valid.
func failures(response []byte) (items []map[string]json.RawMessage, ok bool) {
	switch text := strings.TrimSpace(string(response)); text {
	case "", `""`, "[]", "null": // empty
		return nil, true
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(response, &members) != nil {
		return nil, false
	}
	list := members["batchItemFailures"]
	if list == nil {
		return nil, true
	}
	return items, json.Unmarshal(list, &items) == nil
}
