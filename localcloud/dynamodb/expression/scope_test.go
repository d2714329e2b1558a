package expression_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

// TestUnused parses several expressions of one request and reports the rest.
func TestUnused(t *testing.T) {
	s := scope(t, `{"#a": "a", "#b": "b", "#c": "c", ":a": 1, ":b": 2, ":c": 3}`)
	if _, err := expression.ParseUpdate("SET #a = :a", s); err != nil {
		t.Fatal(err)
	}
	checkError(t, "update", s.Unused(), "Value provided in ExpressionAttributeNames unused in expressions: keys: {#b, #c}")
	if _, err := expression.ParseCondition(expression.ConditionExpression, "#b > :a", s); err != nil {
		t.Fatal(err)
	}
	if _, err := expression.ParseProjection("x.#c", s); err != nil {
		t.Fatal(err)
	}
	checkError(t, "update, condition and projection", s.Unused(), "Value provided in ExpressionAttributeValues unused in expressions: keys: {:b, :c}")
	if _, err := expression.ParseKeyCondition("p = :b AND c = :c", s, "p", "c"); err != nil {
		t.Fatal(err)
	}
	if err := s.Unused(); err != nil {
		t.Errorf("all are used: %v", err)
	}
	if err := (&expression.Scope{}).Unused(); err != nil {
		t.Errorf("there are none: %v", err)
	}
}

func TestValidate(t *testing.T) {
	present := "x"
	write := func(update, condition *string) []expression.Parameter {
		return []expression.Parameter{{Kind: expression.UpdateExpression, Text: update}, {Kind: expression.ConditionExpression, Text: condition}}
	}
	read := []expression.Parameter{{Kind: expression.ProjectionExpression, Text: &present}}
	put := []expression.Parameter{{Kind: expression.ConditionExpression}}
	scan := []expression.Parameter{{Kind: expression.FilterExpression}, {Kind: expression.ProjectionExpression, Text: &present}}
	names, values := map[string]string{"#a": "a"}, expression.Values{":a": attribute.Int(1)}
	for _, c := range []struct {
		scope      expression.Scope
		parameters []expression.Parameter
		want       string
	}{
		{expression.Scope{}, write(nil, nil), ""},
		{expression.Scope{}, write(&present, nil), ""},
		{expression.Scope{Names: names, Values: values}, write(nil, &present), ""},
		{expression.Scope{Names: names}, read, ""},
		{expression.Scope{Names: map[string]string{"#1_aZ": "any text!"}, Values: expression.Values{":_": attribute.Int(1)}}, write(&present, nil), ""},
		{expression.Scope{Names: names}, write(nil, nil), "ExpressionAttributeNames can only be specified when using expressions"},
		{expression.Scope{Values: values}, write(nil, nil), "ExpressionAttributeValues can only be specified when using expressions: UpdateExpression and ConditionExpression are null"},
		{expression.Scope{Values: values}, put, "ExpressionAttributeValues can only be specified when using expressions: ConditionExpression is null"},
		{expression.Scope{Values: values}, scan, "ExpressionAttributeValues can only be specified when using expressions: FilterExpression is null"},
		{expression.Scope{Names: map[string]string{}}, write(&present, nil), "ExpressionAttributeNames must not be empty"},
		{expression.Scope{Values: expression.Values{}}, write(&present, nil), "ExpressionAttributeValues must not be empty"},
		{expression.Scope{Names: map[string]string{"a": "a"}}, read, `ExpressionAttributeNames contains invalid key: Syntax error; key: "a"`},
		{expression.Scope{Names: map[string]string{"#": "a"}}, read, `ExpressionAttributeNames contains invalid key: Syntax error; key: "#"`},
		{expression.Scope{Names: map[string]string{"#hi-there": "a"}}, read, `ExpressionAttributeNames contains invalid key: Syntax error; key: "#hi-there"`},
		{expression.Scope{Names: map[string]string{":a": "a"}}, read, `ExpressionAttributeNames contains invalid key: Syntax error; key: ":a"`},
		{expression.Scope{Values: expression.Values{":a b": attribute.Int(1)}}, write(&present, nil), `ExpressionAttributeValues contains invalid key: Syntax error; key: ":a b"`},
		{expression.Scope{Names: map[string]string{"#" + strings.Repeat("a", 254): "a"}}, read, ""},
		{expression.Scope{Names: map[string]string{"#" + strings.Repeat("a", 255): "a"}}, read, "ExpressionAttributeNames contains invalid key: The expression attribute map contains a key that is too long; size of key: 256"},
		{expression.Scope{Names: map[string]string{"#a": strings.Repeat("a", 65535)}}, read, ""},
		{expression.Scope{Names: map[string]string{"#a": strings.Repeat("a", 65536)}}, read, "ExpressionAttributeNames contains invalid value: Attribute name is too large, must be less than 65536 bytes for key #a"},
		{expression.Scope{Values: expression.Values{":a": attribute.String(strings.Repeat("a", 2<<20-2))}}, write(&present, nil), ""},
		{expression.Scope{Values: expression.Values{":a": attribute.String(strings.Repeat("a", 2<<20-1))}}, write(&present, nil), "ExpressionAttributeNames and ExpressionAttributeValues exceed the maximum size of 2 MB; size: 2097153"},
	} {
		err := c.scope.Validate(c.parameters...)
		if c.want != "" {
			checkError(t, c.want, err, c.want)
		} else if err != nil {
			t.Errorf("%v %v: %v", c.scope, c.parameters, err)
		}
	}
}

func TestValuesOfRequest(t *testing.T) {
	var request struct{ ExpressionAttributeValues, Null expression.Values }
	if err := json.Unmarshal([]byte(`{"ExpressionAttributeValues": {":a": {"N": "1"}, ":b": {"SS": ["x"]}}, "Null": null}`), &request); err != nil {
		t.Fatal(err)
	}
	if v := request.ExpressionAttributeValues; len(v) != 2 || v[":a"].N().String() != "1" || request.Null != nil {
		t.Errorf("decoded %v", request)
	}
	const prefix = "ExpressionAttributeValues contains invalid value: "
	for text, want := range map[string]string{
		`{":b": {}}`:                           prefix + "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes for key :b",
		`{":b": {"S": "a", "N": "1"}}`:         prefix + "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes for key :b",
		`{":a": {"S": "a"}, ":b": {"SS": []}}`: prefix + "One or more parameter values were invalid: An string set  may not be empty for key :b",
		`{":b": {"N": "b"}}`:                   prefix + "The parameter cannot be converted to a numeric value: b for key :b",
		`{":b": {"NS": ["1", "1"]}}`:           prefix + "Input collection contains duplicates for key :b",
	} {
		checkError(t, text, json.Unmarshal([]byte(text), &request.Null), want)
	}
	err := json.Unmarshal([]byte(`{":b": {"N": 1}}`), &request.Null)
	if cloud.ErrorCode(err) != "SerializationException" || strings.Contains(err.Error(), "contains invalid value") {
		t.Errorf("a number that is no string: %v", err)
	}
}

// TestReservedWords counts the words of AWS's page, and tries some of them.
func TestReservedWords(t *testing.T) {
	if count := len(expression.ReservedWords()); count != 573 {
		t.Errorf("there are %d reserved words", count)
	}
	for _, word := range []string{"abort", "Zone", "TTL", "status", "name", "hash", "range", "value", "count", "Flattern", "innter", "loged"} {
		_, err := expression.ParseProjection(word, scope(t, ""))
		checkError(t, word, err, "Invalid ProjectionExpression: Attribute name is a reserved keyword; reserved keyword: "+word)
	}
	free := []string{"id", "Price", "sums", "names_", "statuses", "zones", "ttl1"}
	if _, err := expression.ParseProjection(strings.Join(free, ", "), scope(t, "")); err != nil {
		t.Errorf("words that are not reserved: %v", err)
	}
}
