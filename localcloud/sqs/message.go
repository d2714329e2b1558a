package sqs

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"maps"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// system returns the attributes that SQS itself adds to a message.
func system(m message, c content) map[string]string {
	a := map[string]string{
		"SenderId":                         c.Sender,
		"SentTimestamp":                    strconv.FormatInt(m.sentAt, 10),
		"ApproximateReceiveCount":          strconv.Itoa(int(m.receives)),
		"ApproximateFirstReceiveTimestamp": strconv.FormatInt(m.receivedAt, 10),
	}
	if c.GroupID != "" {
		a["MessageGroupId"] = c.GroupID
	}
	if c.TraceHeader != "" {
		a[traceHeader] = c.TraceHeader
	}
	if c.Source != "" {
		a["DeadLetterQueueSourceArn"] = c.Source
	}
	return a
}

// size returns the number of bytes that count against the limits.
func size(m cloud.QueueMessage) int {
	n := len(m.Body)
	for name, a := range m.Attributes {
		n += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return n
}

// groupID is the pattern of a message's group. On AWS, groups make a standard queue
// fair: a group with many messages delays those of the other groups less.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessage.html
var groupID = regexp.MustCompile(`^[!-~]+$`) // up to 128 characters

// check applies the rules of SendMessage to a message of at most limit bytes.
func check(m cloud.QueueMessage, limit int) error {
	if m.Body == "" {
		return missing("MessageBody")
	}
	if err := checkText("message body", m.Body); err != nil {
		return err
	}
	if m.GroupID != "" && (len(m.GroupID) > 128 || !groupID.MatchString(m.GroupID)) {
		return invalid(m.GroupID, "MessageGroupId", "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.")
	}
	if len(m.Attributes) > 10 {
		return refusal("InvalidParameterValue", "Number of message attributes [%d] exceeds the allowed maximum [10].", len(m.Attributes))
	}
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		if err := checkAttribute(name, m.Attributes[name]); err != nil {
			return err
		}
	}
	if size(m) > limit {
		return refusal("InvalidParameterValue", "One or more parameters are invalid. Reason: Message must be shorter than %d bytes.", limit)
	}
	return nil
}

// checkText refuses characters that XML cannot represent. The argument part is the
// part of the message that s is in, for the error.
func checkText(part, s string) error {
	for i, r := range s {
		invalidUTF8 := r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD")
		if invalidUTF8 {
			r = rune(s[i])
		}
		if invalidUTF8 || r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return refusal("InvalidMessageContents", "Invalid binary character '#x%X' was found in the %s, the set of allowed characters is "+
				"#x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF", r, part)
		}
	}
	return nil
}

var attributeName = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// checkAttribute applies the rules for one attribute of a message.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html
func checkAttribute(name string, a cloud.MessageAttribute) error {
	fail := func(format string, args ...any) error { return refusal("InvalidParameterValue", format, args...) }
	lower := strings.ToLower(name)
	kind, _, _ := strings.Cut(a.DataType, ".")
	switch {
	case len(name) > 256 || !attributeName.MatchString(name) || strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return fail("The message attribute name '%s' is invalid: it must consist of up to 256 letters, digits, '_', '-' and single '.' between them, "+
			"and must not begin with 'AWS.' or 'Amazon.'.", name)
	case a.DataType == "":
		return fail("The message attribute '%s' must contain non-empty message attribute type.", name)
	case kind != "String" && kind != "Number" && kind != "Binary":
		return fail("The message attribute '%s' has an invalid message attribute type, the set of supported type prefixes is Binary, Number, and String.", name)
	case kind == "Binary" && len(a.BinaryValue) == 0, kind != "Binary" && a.StringValue == "":
		return fail("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.DataType)
	case kind == "Binary" && a.StringValue != "", kind != "Binary" && len(a.BinaryValue) > 0:
		return fail("The message attribute '%s' with type '%s' must use field '%s'.", name, a.DataType, map[bool]string{true: "Binary", false: "String"}[kind == "Binary"])
	case kind == "Number" && !isNumber(a.StringValue):
		return fail("Can't cast the value of message (user) attribute '%s' to a number.", name)
	}
	return checkText(fmt.Sprintf("value of the message attribute '%s'", name), a.StringValue)
}

var number = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

// isNumber reports whether s is a decimal number that is 0 or whose absolute value is
// from 10^-128 to 10^126, as the page above has it.
func isNumber(s string) bool {
	n, err := strconv.ParseFloat(s, 64)
	mantissa, _, _ := strings.Cut(strings.ToLower(s), "e")
	zero := !strings.ContainsAny(mantissa, "123456789")
	return err == nil && number.MatchString(s) && (zero || math.Abs(n) >= 1e-128 && math.Abs(n) <= 1e126)
}

// MD5OfBody returns the checksum of a body in hex, which clients verify.
func MD5OfBody(body string) string { return sum([]byte(body)) }

// MD5OfAttributes returns the checksum of message attributes, in hex, or "" if
// there are none.
//
// https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-message-metadata.html#sqs-attributes-md5-message-digest-calculation
func MD5OfAttributes(attributes map[string]cloud.MessageAttribute) string {
	if len(attributes) == 0 {
		return ""
	}
	const stringValue, binaryValue = 1, 2
	var b []byte
	add := func(value []byte) { b = append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...) }
	for _, name := range slices.Sorted(maps.Keys(attributes)) {
		a := attributes[name]
		add([]byte(name))
		add([]byte(a.DataType))
		if strings.HasPrefix(a.DataType, "Binary") {
			b = append(b, binaryValue)
			add(a.BinaryValue)
			continue
		}
		b = append(b, stringValue)
		add([]byte(a.StringValue))
	}
	return sum(b)
}

func sum(b []byte) string {
	h := md5.Sum(b)
	return hex.EncodeToString(h[:])
}
