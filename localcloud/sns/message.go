package sns

import (
	"encoding/json"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"tally/localcloud/cloud"
)

// maxSize is the maximum size of a message, or of all messages of a batch
// together, in bytes. It includes the names, types and values of attributes.
const maxSize = 262_144

// Message is a message to publish.
type Message struct {
	Body string // 1 to 262,144 bytes
	// Subject has up to 100 characters and no line breaks; "" means none.
	Subject string
	// Structure is "json" if Body is a JSON object with a body for each protocol
	// and a "default", else "".
	Structure  string
	Attributes map[string]Attribute
	// GroupID goes only to queues, which it makes fair: 1 to 128 letters, digits and
	// punctuation marks; "" means none.
	GroupID string
	// TraceHeader is the X-Ray trace of the publication, which SNS passes on to
	// functions and queues; "" means none.
	TraceHeader string
}

// Attribute is a message attribute. Its type is String, String.Array, Number or
// Binary, with an optional label ("Number.int").
type Attribute struct {
	DataType    string
	StringValue string
	BinaryValue []byte // for Binary
}

// bodies maps protocols to the bodies of a message.
type bodies map[string]string

func (b bodies) of(protocol string) string {
	if body, ok := b[protocol]; ok {
		return body
	}
	return b["default"]
}

var groupID = regexp.MustCompile(`^[!-~]+$`) // up to 128 characters

// check applies the rules of Publish for a single message, except the size limit.
func (m Message) check() error {
	if strings.ContainsFunc(m.Subject, unicode.IsControl) || utf8.RuneCountInString(m.Subject) > 100 || !utf8.ValidString(m.Subject) {
		return invalid("Subject")
	}
	if m.Body == "" {
		return invalid("Empty message")
	}
	if m.Structure != "" && m.Structure != "json" {
		return invalid("MessageStructure")
	}
	if m.GroupID != "" && (len(m.GroupID) > 128 || !groupID.MatchString(m.GroupID)) {
		return invalid("MessageGroupId Reason: it must consist of 1 to 128 letters, digits and punctuation marks, not %q", m.GroupID)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Attributes)) {
		if err := checkAttributeName(name); err != nil {
			return err
		}
		if err := m.Attributes[name].check(name); err != nil {
			return err
		}
	}
	return nil
}

func (m Message) size() int {
	size := len(m.Body)
	for name, a := range m.Attributes {
		size += len(name) + len(a.DataType) + len(a.StringValue) + len(a.BinaryValue)
	}
	return size
}

// bodies splits a "json" message by protocol. It ignores keys whose value is not
// a string.
func (m Message) bodies() (bodies, error) {
	if m.Structure != "json" {
		return bodies{"default": m.Body}, nil
	}
	var members map[string]any
	if err := json.Unmarshal([]byte(m.Body), &members); err != nil {
		return nil, invalid("Message Structure - JSON message body failed to parse")
	}
	b := bodies{}
	for protocol, body := range members {
		if text, ok := body.(string); ok {
			b[protocol] = text
		}
	}
	if _, ok := b["default"]; !ok {
		return nil, invalid("Message Structure - No default entry in JSON message body")
	}
	return b, nil
}

// valueInvalid returns SNS's InvalidParameterValueException, whose code on the wire
// is ParameterValueInvalid.
func valueInvalid(format string, args ...any) error {
	return cloud.Errorf(http.StatusBadRequest, "ParameterValueInvalid", format, args...)
}

// checkAttributeName applies AWS's rules for names.
//
// https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
func checkAttributeName(name string) error {
	lower := strings.ToLower(name)
	switch {
	case name == "":
		return valueInvalid("The request must contain non-empty message attribute name.")
	case len(name) > 256:
		return valueInvalid("Length of message attribute name must be less than 256 bytes.")
	case name[0] == '.':
		return valueInvalid("Invalid message attribute name starting with character '.' was found.")
	case name[len(name)-1] == '.':
		return valueInvalid("Invalid message attribute name ending with character '.' was found.")
	case strings.HasPrefix(lower, "aws.") || strings.HasPrefix(lower, "amazon."):
		return valueInvalid("Message attribute names starting with 'AWS.' or 'Amazon.' are reserved for use by Amazon.")
	}
	var last rune
	for _, r := range name {
		if r == '.' && last == '.' {
			return valueInvalid("Message attribute name can not have successive '.' character.")
		}
		if r >= utf8.RuneSelf || r != '_' && r != '-' && r != '.' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return valueInvalid("Invalid non-alphanumeric character '#x%X' was found in the message attribute name. "+
				"Can only include alphanumeric characters, hyphens, underscores, or dots.", r)
		}
		last = r
	}
	return nil
}

var number = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?$`)

var dataType = regexp.MustCompile(`^(String|Number|Binary)(\..+)?$`)

func (a Attribute) check(name string) error {
	kind := dataType.FindStringSubmatch(a.DataType)
	switch {
	case kind == nil:
		return valueInvalid("The message attribute '%s' has an invalid message attribute type, "+
			"the set of supported type prefixes is Binary, Number, and String.", name)
	case a.StringValue == "" && len(a.BinaryValue) == 0:
		return valueInvalid("The message attribute '%s' must contain non-empty message attribute value for message attribute type '%s'.", name, a.DataType)
	case kind[1] == "Binary" && len(a.BinaryValue) == 0:
		return valueInvalid("The message attribute '%s' with type '%s' must use field 'Binary'.", name, a.DataType)
	case kind[1] != "Binary" && a.StringValue == "":
		return valueInvalid("The message attribute '%s' with type '%s' must use field 'String'.", name, a.DataType)
	case kind[1] == "Number" && !number.MatchString(a.StringValue):
		return valueInvalid("Could not cast message attribute '%s' value to number.", name)
	}
	return nil
}
