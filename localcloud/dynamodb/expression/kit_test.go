package expression_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

// of returns the value that plain JSON stands for: strings, numbers, booleans, null, lists
// and maps. {"B": "text"} is binary, and {"SS": […]}, {"NS": […]}, {"BS": […]} are sets.
func of(t testing.TB, text string) attribute.Value {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var plain any
	if err := d.Decode(&plain); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return convert(t, plain)
}

func convert(t testing.TB, plain any) attribute.Value {
	t.Helper()
	switch plain := plain.(type) {
	case string:
		return attribute.String(plain)
	case json.Number:
		n, err := attribute.ParseNumber(plain.String())
		if err != nil {
			t.Fatal(err)
		}
		return attribute.Num(n)
	case bool:
		return attribute.Bool(plain)
	case []any:
		var elements []attribute.Value
		for _, e := range plain {
			elements = append(elements, convert(t, e))
		}
		return attribute.List(elements...)
	case map[string]any:
		if set, ok := plain["SS"].([]any); ok {
			return convertSet(t, "SS", set)
		} else if set, ok := plain["NS"].([]any); ok {
			return convertSet(t, "NS", set)
		} else if set, ok := plain["BS"].([]any); ok {
			return convertSet(t, "BS", set)
		} else if text, ok := plain["B"].(string); ok {
			return attribute.Binary([]byte(text))
		}
		m := attribute.Item{}
		for name, e := range plain {
			m[name] = convert(t, e)
		}
		return attribute.Map(m)
	}
	return attribute.Null()
}

func convertSet(t testing.TB, kind string, set []any) attribute.Value {
	t.Helper()
	var texts []string
	var numbers []attribute.Number
	var binaries [][]byte
	for _, e := range set {
		v := convert(t, e)
		texts, numbers, binaries = append(texts, v.S()), append(numbers, v.N()), append(binaries, []byte(v.S()))
	}
	switch kind {
	case "SS":
		return attribute.Strings(texts...)
	case "NS":
		return attribute.Numbers(numbers...)
	}
	return attribute.Binaries(binaries...)
}

// item returns the item that a JSON object stands for, as of does. "" is nil.
func item(t testing.TB, text string) attribute.Item {
	t.Helper()
	if text == "" {
		return nil
	}
	return of(t, text).M()
}

// scope returns a scope with the placeholders in a JSON object: "#n" stands for a string,
// and ":v" for a value.
func scope(t testing.TB, placeholders string) *expression.Scope {
	t.Helper()
	s := &expression.Scope{}
	for key, v := range item(t, placeholders) {
		if key[0] == '#' {
			if s.Names == nil {
				s.Names = map[string]string{}
			}
			s.Names[key] = v.S()
			continue
		}
		if s.Values == nil {
			s.Values = expression.Values{}
		}
		s.Values[key] = v
	}
	return s
}

// show returns v in DynamoDB's JSON.
func show(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// checkError checks that err is a ValidationException with the message.
func checkError(t *testing.T, what string, err error, message string) {
	t.Helper()
	if err == nil || err.Error() != "ValidationException: "+message {
		t.Errorf("%s:\n got %v\nwant ValidationException: %s", what, err, message)
	}
}
