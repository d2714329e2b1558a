package sqs_test

import (
	"fmt"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/sqs"
)

// The queue's policy allows the service and the source that it names, although it
// denies plain HTTP.
func TestQueuePolicyAllows(t *testing.T) {
	const topic = "arn:aws:sns:us-east-1:000000000000:numbers"
	s := withQueue(t, sqs.Queue{Policy: `{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Principal":{"Service":"sns.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"` + workARN + `",
			"Condition":{"ArnEquals":{"aws:SourceArn":"` + topic + `"}}},
		{"Effect":"Deny","Principal":"*","Action":"sqs:*","Resource":"` + workARN + `","Condition":{"Bool":{"aws:SecureTransport":"false"}}}]}`})
	for principal, sources := range map[string]map[string]bool{
		"sns.amazonaws.com":    {"numbers": true, "sums": false},
		"events.amazonaws.com": {"numbers": false},
	} {
		for source, allowed := range sources {
			caller := cloud.Caller{Service: principal, SourceARN: place.ARN("sns", source)}
			_, err := s.SendMessage(t.Context(), caller, workARN, cloud.QueueMessage{Body: source})
			if allowed {
				must("", err)(t)
				continue
			}
			wantError(t, err, "AccessDenied: User: "+principal+" is not authorized to perform: sqs:sendmessage on resource: "+workARN+
				" because no resource-based policy allows the sqs:sendmessage action")
		}
	}
	got := receive(t, s, work, 0) // the developer may
	if bodies(got) != "numbers" || got[0].System["SenderId"] != "sns.amazonaws.com" {
		t.Errorf("received %+v", got)
	}
	_, err := s.SendMessage(t.Context(), developer, workARN+"2", cloud.QueueMessage{Body: "m"})
	wantError(t, err, "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.")
}

// A caller without permissions may perform no operation.
func TestEachOperationIsAuthorized(t *testing.T) {
	s := withQueue(t, sqs.Queue{})
	send(t, s, work, "m")
	handle := receive(t, s, work, 0)[0].ReceiptHandle
	stranger := cloud.Caller{ARN: place.GlobalARN("sts", "assumed-role/worker/s"), UserID: "AROA:s", Role: "worker"}
	_, sendErr := s.Send(t.Context(), stranger, work, entry("m"))
	_, sendBatchErr := s.SendBatch(t.Context(), stranger, work, []sqs.BatchEntry[sqs.Entry]{{ID: "a", Request: entry("m")}})
	_, receiveErr := s.Receive(t.Context(), stranger, work, sqs.ReceiveRequest{MaxMessages: 1})
	_, deleteBatchErr := s.DeleteBatch(t.Context(), stranger, work, []sqs.BatchEntry[string]{{ID: "a", Request: handle}})
	_, changeBatchErr := s.ChangeVisibilityBatch(t.Context(), stranger, work, []sqs.BatchEntry[sqs.Visibility]{{ID: "a", Request: sqs.Visibility{ReceiptHandle: handle}}})
	for _, c := range []struct {
		action string
		err    error
	}{
		{"sendmessage", sendErr}, {"sendmessage", sendBatchErr}, {"receivemessage", receiveErr},
		{"deletemessage", s.Delete(t.Context(), stranger, work, handle)}, {"deletemessage", deleteBatchErr},
		{"changemessagevisibility", s.ChangeVisibility(t.Context(), stranger, work, handle, 0)}, {"changemessagevisibility", changeBatchErr},
		{"purgequeue", s.Purge(t.Context(), stranger, work)},
	} {
		wantError(t, c.err, fmt.Sprintf("AccessDenied: User: %s is not authorized to perform: sqs:%s on resource: %s because no identity-based policy allows the sqs:%[2]s action",
			stranger.ARN, c.action, workARN))
	}
	wantCounts(t, s, work, sqs.Counts{InFlight: 1})
}

func TestRefusedMessages(t *testing.T) {
	s := withQueue(t, sqs.Queue{MaxMessageBytes: 1024})
	attribute := func(name string, a cloud.MessageAttribute) sqs.Entry {
		return sqs.Entry{QueueMessage: cloud.QueueMessage{Body: "m", Attributes: map[string]cloud.MessageAttribute{name: a}}}
	}
	many := sqs.Entry{QueueMessage: cloud.QueueMessage{Body: "m", Attributes: map[string]cloud.MessageAttribute{}}}
	for i := range 11 {
		many.Attributes[fmt.Sprint("a", i)] = cloud.MessageAttribute{DataType: "String", StringValue: "v"}
	}
	group := func(id string) sqs.Entry { return sqs.Entry{QueueMessage: cloud.QueueMessage{Body: "m", GroupID: id}} }
	long := 901
	const bad = "InvalidParameterValue: "
	for name, c := range map[string]struct {
		entry sqs.Entry
		want  string
	}{
		"empty":             {entry(""), "MissingParameter: The request must contain the parameter MessageBody."},
		"large":             {entry(strings.Repeat("x", 1025)), bad + "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."},
		"large with values": {attribute("a", cloud.MessageAttribute{DataType: "String", StringValue: strings.Repeat("x", 1017)}), bad + "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."},
		"delay":             {sqs.Entry{QueueMessage: cloud.QueueMessage{Body: "m"}, DelaySeconds: &long}, bad + "Value 901 for parameter DelaySeconds is invalid. Reason: DelaySeconds must be >= 0 and <= 900."},
		"group, character":  {group("a b"), bad + "Value a b for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."},
		"group, length": {group(strings.Repeat("1", 129)), bad + "Value " + strings.Repeat("1", 129) +
			" for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."},
		"many attributes": {many, bad + "Number of message attributes [11] exceeds the allowed maximum [10]."},
		"no type":         {attribute("a", cloud.MessageAttribute{StringValue: "v"}), bad + "The message attribute 'a' must contain non-empty message attribute type."},
		"unknown type":    {attribute("a", cloud.MessageAttribute{DataType: "Strings", StringValue: "v"}), bad + "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
		"no value":        {attribute("a", cloud.MessageAttribute{DataType: "Binary.x", StringValue: "v"}), bad + "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'Binary.x'."},
		"two values":      {attribute("a", cloud.MessageAttribute{DataType: "String", StringValue: "v", BinaryValue: []byte{1}}), bad + "The message attribute 'a' with type 'String' must use field 'String'."},
		"no number":       {attribute("a", cloud.MessageAttribute{DataType: "Number", StringValue: "v"}), bad + "Can't cast the value of message (user) attribute 'a' to a number."},
		"NaN":             {attribute("a", cloud.MessageAttribute{DataType: "Number", StringValue: "NaN"}), bad + "Can't cast the value of message (user) attribute 'a' to a number."},
		"infinity":        {attribute("a", cloud.MessageAttribute{DataType: "Number", StringValue: "-Inf"}), bad + "Can't cast the value of message (user) attribute 'a' to a number."},
		"too large":       {attribute("a", cloud.MessageAttribute{DataType: "Number", StringValue: "1.1e126"}), bad + "Can't cast the value of message (user) attribute 'a' to a number."},
		"too small":       {attribute("a", cloud.MessageAttribute{DataType: "Number", StringValue: "1e-400"}), bad + "Can't cast the value of message (user) attribute 'a' to a number."},
		"attribute's text": {attribute("a", cloud.MessageAttribute{DataType: "String", StringValue: "a\x00"}), "InvalidMessageContents: Invalid binary character '#x0' was found in the value of the message attribute 'a', " +
			"the set of allowed characters is #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"},
		"hexadecimal": {attribute("a", cloud.MessageAttribute{DataType: "Number", StringValue: "0x10p0"}), bad + "Can't cast the value of message (user) attribute 'a' to a number."},
		"reserved name": {attribute("AWS.a", cloud.MessageAttribute{DataType: "String", StringValue: "v"}), bad +
			"The message attribute name 'AWS.a' is invalid: it must consist of up to 256 letters, digits, '_', '-' and single '.' between them, and must not begin with 'AWS.' or 'Amazon.'."},
		"control character": {entry("a\x00"), "InvalidMessageContents: Invalid binary character '#x0' was found in the message body, the set of allowed characters is " +
			"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"},
		"noncharacter": {entry("a\uFFFE"), "InvalidMessageContents: Invalid binary character '#xFFFE' was found in the message body, the set of allowed characters is " +
			"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"},
		"not UTF-8": {entry("a\xC3"), "InvalidMessageContents: Invalid binary character '#xC3' was found in the message body, the set of allowed characters is " +
			"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.Send(t.Context(), developer, work, c.entry)
			wantError(t, err, c.want)
		})
	}
	for _, good := range []sqs.Entry{entry(strings.Repeat("x", 1024)), entry("\t\r\n \uFFFD 🙂"), group(strings.Repeat("~", 128)),
		attribute("a.b", cloud.MessageAttribute{DataType: "Number.int", StringValue: "-1e3"})} {
		must(s.Send(t.Context(), developer, work, good))(t)
	}
}

func TestBatches(t *testing.T) {
	s := withQueue(t, sqs.Queue{})
	sendBatch := func(entries ...sqs.BatchEntry[sqs.Entry]) ([]sqs.BatchResult, error) {
		return s.SendBatch(t.Context(), developer, work, entries)
	}
	of := func(id, body string) sqs.BatchEntry[sqs.Entry] {
		return sqs.BatchEntry[sqs.Entry]{ID: id, Request: entry(body)}
	}
	const code = "AWS.SimpleQueueService."
	half := strings.Repeat("x", 1<<19)
	for want, entries := range map[string][]sqs.BatchEntry[sqs.Entry]{
		code + "EmptyBatchRequest: There should be at least one SendMessageBatchRequestEntry in the request.":                                                nil,
		code + "TooManyEntriesInBatchRequest: Maximum number of entries per request are 10. You have sent 20.":                                               make([]sqs.BatchEntry[sqs.Entry], 20),
		code + "InvalidBatchEntryId: A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.": {of("a b", "m")},
		code + "BatchEntryIdsNotDistinct: Id a repeated.":                                                                                                    {of("a", "m"), of("a", "m")},
		code + "BatchRequestTooLong: Batch requests cannot be longer than 1048576 bytes. You have sent 1048577 bytes.":                                       {of("a", half), of("b", half+"x")},
	} {
		_, err := sendBatch(entries...)
		wantError(t, err, want)
	}
	if _, err := sendBatch(of(strings.Repeat("a", 81), "m")); cloud.ErrorCode(err) != code+"InvalidBatchEntryId" {
		t.Errorf("a long ID: %v", err)
	}
	must(sendBatch(of(strings.Repeat("a", 80), "")))(t)
	results := must(sendBatch(of("a", "one"), of("b", ""), of("c", "three")))(t)
	if len(results) != 3 || results[0].Err != nil || results[1].Err == nil || results[1].Err.Code != "MissingParameter" || results[2].MessageID == "" {
		t.Errorf("results %+v", results)
	}
	got := receive(t, s, work, 0)
	if bodies(got) != "one three" {
		t.Errorf("received %s", bodies(got))
	}
	changed := must(s.ChangeVisibilityBatch(t.Context(), developer, work, []sqs.BatchEntry[sqs.Visibility]{
		{ID: "a", Request: sqs.Visibility{ReceiptHandle: got[0].ReceiptHandle}}, {ID: "b", Request: sqs.Visibility{ReceiptHandle: "x"}}}))(t)
	if changed[0].Err != nil || changed[1].Err == nil || changed[1].Err.Code != "ReceiptHandleIsInvalid" {
		t.Errorf("changed %+v", changed)
	}
	wantCounts(t, s, work, sqs.Counts{Available: 1, InFlight: 1})
	must(s.DeleteBatch(t.Context(), developer, work, []sqs.BatchEntry[string]{{ID: "a", Request: got[0].ReceiptHandle}, {ID: "b", Request: got[1].ReceiptHandle}}))(t)
	wantCounts(t, s, work, sqs.Counts{})
}

func TestRefusedQueues(t *testing.T) {
	s := withQueue(t, sqs.Queue{})
	for want, q := range map[string]sqs.Queue{
		"QueueAlreadyExists: A queue named work already exists; choose another name, or import it":                                   {Name: "work"},
		"InvalidParameterValue: Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length":                {Name: "a.b"},
		"InvalidParameterValue: FIFO queues are not emulated; use a standard queue instead of a.fifo":                                {Name: "a.fifo"},
		"InvalidAttributeValue: Invalid value for the parameter DelaySeconds. Reason: Must be from 0 to 900, not 901.":               {Name: "a", DelaySeconds: 901},
		"InvalidAttributeValue: Invalid value for the parameter VisibilityTimeout. Reason: Must be from 0 to 43200, not -1.":         {Name: "a", VisibilityTimeoutSeconds: -1},
		"InvalidAttributeValue: Invalid value for the parameter MessageRetentionPeriod. Reason: Must be from 60 to 1209600, not 59.": {Name: "a", RetentionSeconds: 59},
		"InvalidAttributeValue: Invalid value for the parameter KmsMasterKeyId. Reason: You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.": {
			Name: "a", SSE: true, KMSMasterKeyID: "k"},
		"InvalidAttributeValue: Invalid value for the parameter Policy. Reason: It is not valid JSON.": {Name: "a", Policy: "{"},
	} {
		_, err := s.CreateQueue(q)
		wantError(t, err, want)
	}
	for url, want := range map[string]string{
		"":                                   "MissingParameter: The request must contain the parameter QueueUrl.",
		"work":                               "InvalidAddress: The address work is not valid for this endpoint.",
		"http://localhost/000000000000/":     "InvalidAddress: The address http://localhost/000000000000/ is not valid for this endpoint.",
		"http://localhost/123456789012/work": "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.",
		work + "2":                           "AWS.SimpleQueueService.NonExistentQueue: The specified queue does not exist.",
	} {
		_, err := s.Queue(url)
		wantError(t, err, want)
		wantError(t, s.DeleteQueue(url), want)
	}
	if q := must(s.Queue("https://localhost:1/000000000000/work"))(t); q.URL != work {
		t.Errorf("by another name of this machine: %+v", q)
	}
}

func TestRefusedReceives(t *testing.T) {
	s := withQueue(t, sqs.Queue{})
	wait, hidden, overflow := 21, 43201, 18446744074 // in nanoseconds, the last one overflows to 0.3 s
	for want, r := range map[string]sqs.ReceiveRequest{
		"Value 0 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.":          {},
		"Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided.":         {MaxMessages: 11},
		"Value 21 for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided.":               {MaxMessages: 1, WaitSeconds: &wait},
		"Value 43201 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.":       {MaxMessages: 1, VisibilityTimeoutSeconds: &hidden},
		"Value 18446744074 for parameter VisibilityTimeout is invalid. Reason: Must be >= 0 and <= 43200, if provided.": {MaxMessages: 1, VisibilityTimeoutSeconds: &overflow},
	} {
		_, err := s.Receive(t.Context(), developer, work, r)
		wantError(t, err, "InvalidParameterValue: "+want)
	}
}

// The expected checksums were computed by AWS.
func TestChecksums(t *testing.T) {
	if got := sqs.MD5OfBody("message-1"); got != "3d6b824fd8c1520e9a047d21fee6fb1f" {
		t.Errorf("of the body: %s", got)
	}
	type attributes = map[string]cloud.MessageAttribute
	for want, a := range map[string]attributes{
		"":                                 nil,
		"adb59cd4678ea5a855436b949cd07ab6": {"MyAttribute": {DataType: "String", StringValue: "foobar"}},
		"ae7155c6026991b6d54b11589678bf9c": {"Foo": {DataType: "String", StringValue: "Bar"}},
		"d302007e9aa062660afc85fd0a482472": {"attr1": {DataType: "Number", StringValue: "99.12"}},
		"9b720b3af309c1c4b0d395c53b08c502": {"attr1": {DataType: "Number", StringValue: "99.12"}, "attr2": {DataType: "Number", StringValue: "109.12"}},
	} {
		if got := sqs.MD5OfAttributes(a); got != want {
			t.Errorf("of %v: %s, want %s", a, got, want)
		}
	}
}
