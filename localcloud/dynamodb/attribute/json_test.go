package attribute_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tally/localcloud/dynamodb/attribute"
)

// value decodes a value in DynamoDB's JSON.
func value(t testing.TB, text string) attribute.Value {
	t.Helper()
	var v attribute.Value
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// TestJSON decodes and encodes values of all types.
func TestJSON(t *testing.T) {
	for text, want := range map[string]string{
		`{"S":"a"}`:                            "",
		`{"S":""}`:                             "",
		` { "S" : "é\n" } `:                    `{"S":"é\n"}`,
		`{"N":"0042.10"}`:                      `{"N":"42.1"}`,
		`{"B":"YQ=="}`:                         "",
		`{"B":""}`:                             "",
		`{"BOOL":true}`:                        "",
		`{"BOOL":false}`:                       "",
		`{"NULL":true}`:                        "",
		`{"NULL":false}`:                       `{"NULL":true}`,
		`{"M":{}}`:                             "",
		`{"M":{"b":{"N":"1"},"a":{"L":[]}}}`:   `{"M":{"a":{"L":[]},"b":{"N":"1"}}}`,
		`{"L":[{"S":"a"},{"NULL":true}]}`:      "",
		`{"SS":["b","a"]}`:                     "",
		`{"NS":["2","1.0"]}`:                   `{"NS":["2","1"]}`,
		`{"BS":["YQ==","Yg=="]}`:               "",
		`{"S":"a","N":null}`:                   `{"S":"a"}`,
		`{"S":"a","unknown":1}`:                `{"S":"a"}`,
		`{"L":[{"M":{"a":{"SS":["x","y"]}}}]}`: "",
	} {
		if want == "" {
			want = text
		}
		v := value(t, text)
		data, err := json.Marshal(v)
		if err != nil || string(data) != want {
			t.Errorf("%s is encoded as %s, %v, want %s", text, data, err, want)
		}
		if kind := string(v.Type()); !strings.Contains(text, `"`+kind+`"`) {
			t.Errorf("the type of %s is %s", text, kind)
		}
	}
}

func TestJSONOfItem(t *testing.T) {
	const text = `{"id":{"S":"<a>"},"tags":{"SS":["x"]}}`
	var i attribute.Item
	if err := json.Unmarshal([]byte(text), &i); err != nil {
		t.Fatal(err)
	}
	if i["id"].S() != "<a>" || i["tags"].SS()[0] != "x" {
		t.Errorf("decoded %v", i)
	}
	var request struct{ Item, Absent, Null attribute.Item }
	if err := json.Unmarshal([]byte(`{"Item":`+text+`,"Null":null}`), &request); err != nil || !request.Item.Equal(i) || request.Absent != nil || request.Null != nil {
		t.Errorf("decoded %v, %v", request, err)
	}
	data, err := json.Marshal(request)
	if err != nil || string(data) != strings.NewReplacer("<", `\u003c`, ">", `\u003e`).Replace(`{"Item":`+text+`,"Absent":null,"Null":null}`) {
		t.Errorf("encoded %s, %v", data, err)
	}
	if _, err := json.Marshal(attribute.Value{}); err == nil {
		t.Error("the zero Value was encoded")
	}
}

// nested returns a value with so many levels.
func nested(levels int, open, shut string) string {
	return strings.Repeat(open, levels-1) + `{"S":"a"}` + strings.Repeat(shut, levels-1)
}

func TestJSONRefusals(t *testing.T) {
	const (
		empty    = "ValidationException: Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
		several  = "ValidationException: Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
		numeric  = "ValidationException: The parameter cannot be converted to a numeric value"
		one      = "ValidationException: One or more parameter values were invalid: "
		levels   = "ValidationException: Nesting Levels have exceeded supported limits: Attributes in the item have nested levels beyond supported limit"
		expected = "SerializationException: "
	)
	for text, want := range map[string]string{
		`null`:                         empty,
		`{}`:                           empty,
		`{"a":""}`:                     empty,
		`{"S":null}`:                   empty,
		`{"M":{"a":{}}}`:               empty,
		`{"L":[{}]}`:                   empty,
		`{"L":[{"a":{}}]}`:             empty,
		`{"S":"a","N":"1"}`:            several,
		`{"S":"a","S":"b"}`:            several,
		`{"S":"","N":""}`:              numeric,
		`{"S":"a","N":"b"}`:            numeric + ": b",
		`{"NS":["1",""]}`:              numeric,
		`{"NS":["1","b"]}`:             numeric + ": b",
		`{"NS":["1","1.0"]}`:           "ValidationException: Input collection contains duplicates",
		`{"SS":[]}`:                    one + "An string set  may not be empty",
		`{"NS":[]}`:                    one + "An number set  may not be empty",
		`{"BS":[]}`:                    one + "Binary sets should not be empty",
		`{"SS":["a","a"]}`:             one + "Input collection [a, a] contains duplicates.",
		`{"BS":["Yg==","Yg=="]}`:       one + "Input collection [Yg==, Yg==]of type BS contains duplicates.",
		`{"SS":["a",""]}`:              one + "An string set may not have a empty string as a member",
		`{"BS":["Yg==",""]}`:           one + "Binary sets may not contain null or empty values",
		`{"N":"1e126"}`:                "ValidationException: Number overflow. Attempting to store a number with magnitude larger than supported range",
		nested(33, `{"L":[`, `]}`):     levels,
		nested(40, `{"M":{"a":`, `}}`): levels,
		`{"N":1}`:                      expected + "NUMBER_VALUE cannot be converted to String",
		`{"S":true}`:                   expected + "TRUE_VALUE cannot be converted to String",
		`{"SS":[-1]}`:                  expected + "NUMBER_VALUE cannot be converted to String",
		`{"SS":[null]}`:                expected + "NULL_VALUE cannot be converted to String",
		`{"S":[]}`:                     expected + "Start of list found where not expected",
		`{"S":{}}`:                     expected + "Start of structure or map found where not expected",
		`{"BOOL":"true"}`:              expected + "STRING_VALUE cannot be converted to Boolean",
		`{"NULL":0}`:                   expected + "NUMBER_VALUE cannot be converted to Boolean",
		`{"M":"a"}`:                    expected + "STRING_VALUE cannot be converted to Map",
		`{"L":{}}`:                     expected + "Start of structure or map found where not expected",
		`{"B":false}`:                  expected + "FALSE_VALUE cannot be converted to Blob",
		`{"B":"YQ="}`:                  expected + "Base64 encoded length is expected a multiple of 4 bytes but found: 3",
		`{"B":"Y*=="}`:                 expected + "Invalid Base64 character: '*'",
		`{"B":"YQ\n\n\n\n=="}`:         expected + "Invalid Base64 character: '\n'",
		`{"B":"YR=="}`:                 expected + "Invalid Base64 character: '='", // its last bits are not zero
		`"a"`:                          expected + "STRING_VALUE cannot be converted to Structure",
		`{"M":{"":{"S":"a"}}}`:         one + "Empty attribute name",
		`{"M":{"` + strings.Repeat("n", 65536) + `":{"S":"a"}}}`: one + "Attribute name is too large, must be less than 65536 bytes",
	} {
		var v attribute.Value
		if err := json.Unmarshal([]byte(text), &v); err == nil || err.Error() != want {
			t.Errorf("%.80s: %v, want %s", text, err, want)
		}
	}
	for _, text := range []string{nested(32, `{"L":[`, `]}`), nested(32, `{"M":{"a":`, `}}`)} {
		if depth := value(t, text).Depth(); depth != 32 {
			t.Errorf("the depth is %d", depth)
		}
	}
}

func TestEqual(t *testing.T) {
	different := []string{
		`{"S":"1"}`, `{"N":"1"}`, `{"B":"MQ=="}`, `{"BOOL":true}`, `{"BOOL":false}`, `{"NULL":true}`, `{"M":{}}`, `{"M":{"a":{"S":"1"}}}`, `{"M":{"b":{"S":"1"}}}`,
		`{"L":[]}`, `{"L":[{"S":"1"}]}`, `{"L":[{"S":"1"},{"S":"2"}]}`, `{"L":[{"S":"2"},{"S":"1"}]}`,
		`{"SS":["1"]}`, `{"SS":["1","2"]}`, `{"SS":["1","3"]}`, `{"NS":["1"]}`, `{"NS":["1","2"]}`, `{"BS":["MQ=="]}`, `{"BS":["MQ==","Mg=="]}`,
	}
	for i, a := range different {
		for j, b := range different {
			if value(t, a).Equal(value(t, b)) != (i == j) {
				t.Errorf("Equal(%s, %s) is wrong", a, b)
			}
		}
		if value(t, a).Equal(attribute.Value{}) || (attribute.Value{}).Equal(value(t, a)) {
			t.Errorf("%s equals no value", a)
		}
	}
	for a, b := range map[string]string{
		`{"N":"1.0"}`:                          `{"N":"1"}`,
		`{"SS":["a","b"]}`:                     `{"SS":["b","a"]}`,
		`{"NS":["1","2"]}`:                     `{"NS":["2.0","1"]}`,
		`{"BS":["MQ==","Mg=="]}`:               `{"BS":["Mg==","MQ=="]}`,
		`{"L":[{"M":{"a":{"SS":["a","b"]}}}]}`: `{"L":[{"M":{"a":{"SS":["b","a"]}}}]}`,
	} {
		if !value(t, a).Equal(value(t, b)) {
			t.Errorf("%s differs from %s", a, b)
		}
	}
}
