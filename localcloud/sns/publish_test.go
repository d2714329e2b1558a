package sns_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/sns"
)

// collect returns a target and a channel of the deliveries that it receives.
func collect() (sns.Target, chan sns.Delivery) {
	deliveries := make(chan sns.Delivery, 100)
	return target(func(d sns.Delivery) error { deliveries <- d; return nil }), deliveries
}

func attribute(kind, value string) map[string]sns.Attribute {
	return map[string]sns.Attribute{"a": {DataType: kind, StringValue: value}}
}

func named(name string) map[string]sns.Attribute {
	return map[string]sns.Attribute{name: {DataType: "String", StringValue: "v"}}
}

func TestPublishErrors(t *testing.T) {
	const parameter, value = "InvalidParameter", "ParameterValueInvalid"
	full := strings.Repeat("x", 262_144)
	for what, c := range map[string]struct {
		topic         string // "" means numbers
		message       sns.Message
		code, wording string
	}{
		"empty":               {"", sns.Message{}, parameter, "Invalid parameter: Empty message"},
		"too long":            {"", sns.Message{Body: full + "x"}, parameter, "Invalid parameter: Message too long"},
		"too long, attribute": {"", sns.Message{Body: full, Attributes: attribute("String", "v")}, parameter, "Invalid parameter: Message too long"},
		"subject, line break": {"", sns.Message{Body: "1", Subject: "a\nb"}, parameter, "Invalid parameter: Subject"},
		"subject, too long":   {"", sns.Message{Body: "1", Subject: strings.Repeat("ä", 101)}, parameter, "Invalid parameter: Subject"},
		"subject first":       {"", sns.Message{Subject: "\x00"}, parameter, "Invalid parameter: Subject"},
		"structure":           {"", sns.Message{Body: "1", Structure: "xml"}, parameter, "Invalid parameter: MessageStructure"},
		"no JSON":             {"", sns.Message{Body: "{", Structure: "json"}, parameter, "Invalid parameter: Message Structure - JSON message body failed to parse"},
		"no JSON object":      {"", sns.Message{Body: `"x"`, Structure: "json"}, parameter, "Invalid parameter: Message Structure - JSON message body failed to parse"},
		"no default":          {"", sns.Message{Body: `{"lambda":"1"}`, Structure: "json"}, parameter, "Invalid parameter: Message Structure - No default entry in JSON message body"},
		"default no string":   {"", sns.Message{Body: `{"default":{"a":1}}`, Structure: "json"}, parameter, "Invalid parameter: Message Structure - No default entry in JSON message body"},

		"no topic":            {" ", sns.Message{Body: "1"}, parameter, "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"},
		"half a topic":        {"a:b", sns.Message{Body: "1"}, parameter, "Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 2"},
		"unknown topic":       {numbers + "2", sns.Message{Body: "1"}, "NotFound", "Topic does not exist"},
		"another region":      {"arn:aws:sns:eu-west-1:000000000000:numbers", sns.Message{Body: "1"}, parameter, "Invalid parameter: TopicArn"},
		"message, then topic": {"a:b", sns.Message{}, parameter, "Invalid parameter: Empty message"},

		"name, empty":      {"", sns.Message{Body: "1", Attributes: named("")}, value, "The request must contain non-empty message attribute name."},
		"name, long":       {"", sns.Message{Body: "1", Attributes: named(strings.Repeat("a", 257))}, value, "Length of message attribute name must be less than 256 bytes."},
		"name, first dot":  {"", sns.Message{Body: "1", Attributes: named(".a")}, value, "Invalid message attribute name starting with character '.' was found."},
		"name, last dot":   {"", sns.Message{Body: "1", Attributes: named("a.")}, value, "Invalid message attribute name ending with character '.' was found."},
		"group":            {"", sns.Message{Body: "1", GroupID: "a b"}, "InvalidParameter", "Invalid parameter: MessageGroupId Reason: it must consist of 1 to 128 letters, digits and punctuation marks, not \"a b\""},
		"name, dots":       {"", sns.Message{Body: "1", Attributes: named("a..b")}, value, "Message attribute name can not have successive '.' character."},
		"group, length":    {"", sns.Message{Body: "1", GroupID: strings.Repeat("1", 129)}, "InvalidParameter", "Invalid parameter: MessageGroupId Reason: it must consist of 1 to 128 letters, digits and punctuation marks, not \"" + strings.Repeat("1", 129) + "\""},
		"name, reserved":   {"", sns.Message{Body: "1", Attributes: named("Amazon.a")}, value, "Message attribute names starting with 'AWS.' or 'Amazon.' are reserved for use by Amazon."},
		"name, character":  {"", sns.Message{Body: "1", Attributes: named("a/b")}, value, "Invalid non-alphanumeric character '#x2F' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots."},
		"name, non-ASCII":  {"", sns.Message{Body: "1", Attributes: named("ä")}, value, "Invalid non-alphanumeric character '#xE4' was found in the message attribute name. Can only include alphanumeric characters, hyphens, underscores, or dots."},
		"type, none":       {"", sns.Message{Body: "1", Attributes: attribute("", "v")}, value, "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
		"type, unknown":    {"", sns.Message{Body: "1", Attributes: attribute("Strings", "v")}, value, "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
		"type, half":       {"", sns.Message{Body: "1", Attributes: attribute("String.", "v")}, value, "The message attribute 'a' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String."},
		"value, none":      {"", sns.Message{Body: "1", Attributes: attribute("String", "")}, value, "The message attribute 'a' must contain non-empty message attribute value for message attribute type 'String'."},
		"value, no binary": {"", sns.Message{Body: "1", Attributes: attribute("Binary.x", "v")}, value, "The message attribute 'a' with type 'Binary.x' must use field 'Binary'."},
		"value, no string": {"", sns.Message{Body: "1", Attributes: map[string]sns.Attribute{"a": {DataType: "String", BinaryValue: []byte{1}}}}, value, "The message attribute 'a' with type 'String' must use field 'String'."},
		"value, no number": {"", sns.Message{Body: "1", Attributes: attribute("Number", "one")}, value, "Could not cast message attribute 'a' value to number."},
	} {
		s, _ := subscribed(t, allow, &journal{}, target(func(d sns.Delivery) error {
			t.Errorf("%s: delivered %v", what, d)
			return nil
		}))
		topic := numbers
		if c.topic != "" {
			topic = strings.TrimSpace(c.topic)
		}
		status := 400
		if c.code == "NotFound" {
			status = 404
		}
		_, err := s.Publish(t.Context(), developer(), topic, c.message)
		wantError(t, what, err, status, c.code, c.wording)
		if strings.HasPrefix(what, "too long") { // a batch has another error for these
			continue
		}
		_, err = s.PublishBatch(t.Context(), developer(), topic, []sns.BatchEntry{{ID: "good", Message: sns.Message{Body: "1"}}, {ID: "bad", Message: c.message}})
		wantError(t, what+", in a batch", err, status, c.code, c.wording)
	}
}

func TestPublishIsAuthorized(t *testing.T) {
	refusal := &cloud.Error{Code: "AuthorizationError", Message: "no", Status: 403}
	var requests []cloud.Request
	s, _ := subscribed(t, func(r cloud.Request) error { requests = append(requests, r); return refusal },
		&journal{}, target(func(d sns.Delivery) error { t.Errorf("delivered %v", d); return nil }))
	topic, err := s.Topic(numbers)
	if err != nil {
		t.Fatal(err)
	}
	message := sns.Message{Body: "1"}
	if _, err := s.Publish(t.Context(), developer(), numbers, message); err != error(refusal) {
		t.Errorf("Publish: %v", err)
	}
	if _, err := s.PublishBatch(t.Context(), developer(), numbers, []sns.BatchEntry{{ID: "a", Message: message}, {ID: "b", Message: message}}); err != error(refusal) {
		t.Errorf("PublishBatch: %v", err)
	}
	// A caller that may not publish cannot find out that the topic does not exist.
	if _, err := s.Publish(t.Context(), developer(), numbers+"2", message); err != error(refusal) {
		t.Errorf("unknown topic: %v", err)
	}
	want := cloud.Request{Caller: developer(), Action: "SNS:Publish", Resource: numbers, ResourcePolicy: topic.Policy}
	unknown := cloud.Request{Caller: developer(), Action: "SNS:Publish", Resource: numbers + "2"}
	if diff := cmp.Diff([]cloud.Request{want, want, unknown}, requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestPublishReachesEverySubscriber(t *testing.T) {
	tg, deliveries := collect()
	s, first := subscribed(t, allow, &journal{}, tg)
	second, err := s.Subscribe(sns.Subscription{TopicARN: numbers, Protocol: "lambda", Endpoint: function + ":live"})
	if err != nil {
		t.Fatal(err)
	}
	m := sns.Message{Body: "1", Subject: "S", Attributes: map[string]sns.Attribute{
		"text": {DataType: "String", StringValue: "v"}, "list": {DataType: "String.Array", StringValue: `["v"]`},
		"number": {DataType: "Number.int", StringValue: "-1.5e3"}, "binary": {DataType: "Binary", BinaryValue: []byte{1}},
	}}
	id, err := s.Publish(t.Context(), developer(), numbers, m)
	if err != nil || len(id) != 36 {
		t.Fatalf("message %q, %v", id, err)
	}
	got := map[string]sns.Delivery{}
	for range 2 {
		d := <-deliveries
		got[d.Subscription.ARN] = d
	}
	for _, sub := range []sns.Subscription{first, second} {
		want := sns.Delivery{Subscription: sub, MessageID: id, Time: got[sub.ARN].Time, Subject: "S", Body: "1", Attributes: m.Attributes}
		if diff := cmp.Diff(want, got[sub.ARN]); diff != "" {
			t.Errorf("delivery (-want +got):\n%s", diff)
		}
	}
}

func TestMessageStructure(t *testing.T) {
	tg, deliveries := collect()
	s, _ := subscribed(t, allow, &journal{}, tg)
	for body, want := range map[string]string{
		`{"default":"d"}`:                             "d",
		`{"default":"d","sqs":"s"}`:                   "d",
		`{"default":"d","lambda":"l"}`:                "l",
		`{"default":"d","lambda":{"not":"a string"}}`: "d",
		`{"default":"1","default":"2"}`:               "2",
	} {
		if _, err := s.Publish(t.Context(), developer(), numbers, sns.Message{Body: body, Structure: "json"}); err != nil {
			t.Error(err)
			continue
		}
		if d := <-deliveries; d.Body != want {
			t.Errorf("%s delivers %q, want %q", body, d.Body, want)
		}
	}
}

func TestPublishBatch(t *testing.T) {
	tg, deliveries := collect()
	s, _ := subscribed(t, allow, &journal{}, tg)
	batch := func(ids ...string) (entries []sns.BatchEntry) {
		for _, id := range ids {
			entries = append(entries, sns.BatchEntry{ID: id, Message: sns.Message{Body: "body " + id}})
		}
		return entries
	}
	results, err := s.PublishBatch(t.Context(), developer(), numbers, batch("a", "b_2-C"))
	if err != nil || len(results) != 2 || results[0].ID != "a" || results[1].ID != "b_2-C" {
		t.Fatalf("results %v, %v", results, err)
	}
	delivered := map[string]string{}
	for range results {
		d := <-deliveries
		delivered[d.MessageID] = d.Body
	}
	for _, r := range results {
		if delivered[r.MessageID] != "body "+r.ID {
			t.Errorf("entry %s was delivered as %q", r.ID, delivered[r.MessageID])
		}
	}

	var eleven []string
	for n := range 11 {
		eleven = append(eleven, fmt.Sprint(n))
	}
	half := sns.Message{Body: strings.Repeat("x", 131_073)}
	const badID = "The Id of a batch entry in a batch request doesn't abide by the specification."
	for _, c := range []struct {
		entries       []sns.BatchEntry
		code, message string
	}{
		{nil, "EmptyBatchRequest", "The batch request doesn't contain any entries."},
		{batch(eleven...), "TooManyEntriesInBatchRequest", "The batch request contains more entries than permissible."},
		{batch("a", "a"), "BatchEntryIdsNotDistinct", "Two or more batch entries in the request have the same Id."},
		{batch("a", "b!"), "InvalidBatchEntryId", badID},
		{batch(""), "InvalidBatchEntryId", badID},
		{batch(strings.Repeat("a", 81)), "InvalidBatchEntryId", badID},
		{[]sns.BatchEntry{{ID: "a", Message: half}, {ID: "b", Message: half}}, "BatchRequestTooLong", "The length of all the messages put together is more than the limit."},
	} {
		_, err := s.PublishBatch(t.Context(), developer(), numbers, c.entries)
		wantError(t, c.code, err, 400, c.code, c.message)
	}
}

// FuzzPublish checks that every message is either delivered unchanged or refused
// with an error of SNS.
func FuzzPublish(f *testing.F) {
	f.Add(`{"default":"d","lambda":"l"}`, true, "S", "name", "Number", "1")
	f.Add(`{"default":1}`, true, "", "a..b", "String.Array", "[]")
	f.Add("text", false, "line\nbreak", "AWS.x", "Binary", "")
	validName := regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)
	f.Fuzz(func(t *testing.T, body string, structured bool, subject, name, kind, value string) {
		tg, deliveries := collect()
		s, _ := subscribed(t, allow, &journal{}, tg)
		m := sns.Message{Body: body, Subject: subject, Attributes: map[string]sns.Attribute{name: {DataType: kind, StringValue: value}}}
		if structured {
			m.Structure = "json"
		}
		_, err := s.Publish(t.Context(), developer(), numbers, m)
		if code := cloud.ErrorCode(err); err != nil {
			if code != "InvalidParameter" && code != "ParameterValueInvalid" {
				t.Fatalf("%#v: %v", m, err)
			}
			return
		}
		if !validName.MatchString(name) || kind == "" || value == "" {
			t.Fatalf("accepted: %#v", m)
		}
		want := body
		if structured {
			var members map[string]any
			if err := json.Unmarshal([]byte(body), &members); err != nil {
				t.Fatalf("accepted: %#v", m)
			}
			var ok bool
			if want, ok = members["lambda"].(string); !ok {
				want = members["default"].(string)
			}
		}
		if d := <-deliveries; d.Body != want {
			t.Fatalf("%q delivers %q, want %q", body, d.Body, want)
		}
	})
}
