package filter

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// MessageFilter is a parsed filter of an event source mapping for the messages of a queue.
type MessageFilter struct{ root object }

// ParseMessageFilter parses the pattern of a filter. Its syntax is that of a policy with
// these differences, as Lambda's page documents no other operators: there is no wildcard,
// no cidr, and no match expression in anything-but; numbers are compared as they are
// written, except by numeric; and there is no limit for the number of keys and values.
//
// The only key is body, as Lambda filters the messages of a queue by nothing else. The error
// is what is wrong with the pattern, without a position.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
func ParseMessageFilter(pattern string) (*MessageFilter, error) {
	if !json.Valid([]byte(pattern)) {
		return nil, refusal("failed to parse JSON.")
	}
	p := newParser(pattern)
	p.messages = true
	if p.next(); p.token != json.Delim('{') {
		return nil, refusal("Filter is not an object")
	}
	root, err := p.object()
	if err != nil {
		reason, _, _ := strings.Cut(err.Error(), "\n")
		return nil, refusal(reason)
	}
	return &MessageFilter{root}, root.onlyBody()
}

// bodyKey is the key of a filter that stands for the body of a message.
const bodyKey = "body"

// onlyBody refuses keys other than body.
func (o object) onlyBody() error {
	for _, name := range slices.Sorted(maps.Keys(o.fields)) {
		if name != bodyKey {
			return refusal(fmt.Sprintf("Lambda filters the messages of a queue only by their %s, and not by %q", bodyKey, name))
		}
	}
	for _, o := range slices.Concat(o.either...) {
		if err := o.onlyBody(); err != nil {
			return err
		}
	}
	return nil
}

// messageBody is the body of a message: its text, or the decoded value of valid JSON.
type messageBody struct {
	value any
	json  bool
}

// Match reports whether the message with that body matches the filter. If the filter is one
// for JSON, an object, a body that is not JSON does not match; if it is one for text, a list
// of patterns, a body that is JSON does not match.
//
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html#filtering-sqs-table
func (f *MessageFilter) Match(body string) bool {
	b := messageBody{value: body}
	var decoded any
	if decode(body, &decoded) {
		b = messageBody{decoded, true}
	}
	return f.root.match(map[string]any{bodyKey: b})
}
