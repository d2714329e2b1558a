package filter_test

import (
	"fmt"
	"strings"
	"testing"

	"tally/localcloud/filter"
)

// TestParseRefuses checks AWS's errors for invalid policies, without the position.
func TestParseRefuses(t *testing.T) {
	for policy, want := range map[string]string{
		`{"key":[["value"]]}`:                                                  `Match value must be String, number, true, false, or null`,
		`{"key":[{"suffix":"value","prefix":"value2"}]}`:                       `Only one key allowed in match expression`,
		`{"key":[{"suffix":100}]}`:                                             `suffix match pattern must be a string`,
		`{"key":[{"suffix":["test","test2"]}]}`:                                `suffix match pattern must be a string`,
		`{"key":{"suffix":"value"}}`:                                           `"suffix" must be an object or an array`,
		`{"key":{"not-an-operator":"value"}}`:                                  `"not-an-operator" must be an object or an array`,
		`{"key":"value"}`:                                                      `"key" must be an object or an array`,
		`{"key":[{"numeric":["operator"]}]}`:                                   `Unrecognized numeric range operator: operator`,
		`{"key":[{"numeric":["=","000"]}]}`:                                    `Value of equals must be numeric`,
		`{"key":[{"numeric":["<",100,">",10]}]}`:                               `Too many elements in numeric expression`,
		`{"key":[{"numeric":["=",1,2]}]}`:                                      `Too many elements in numeric expression`,
		`{"key":[{"numeric":[">",3,"<",1]}]}`:                                  `Bottom must be less than top`,
		`{"key":[{"numeric":[">",20,30]}]}`:                                    `Bad value in numeric range: 30`,
		`{"key":[{"numeric":[">",20,"="]}]}`:                                   `Bad numeric range operator: =`,
		`{"key":[{"numeric":[">","20","<","30"]}]}`:                            `Value of > must be numeric`,
		`{"key":[{"numeric":[">",20,"<","30"]}]}`:                              `Value of < must be numeric`,
		`{"key":[{"numeric":[">",20,"<",30,"<",50]}]}`:                         `Too many terms in numeric range expression`,
		`{"key":[{"numeric":3}]}`:                                              `Value of numeric must be an array.`,
		`{"key":[{"numeric":[]}]}`:                                             `Invalid member in numeric match: ]`,
		`{"key":[{"numeric":["<",1000000001]}]}`:                               `Match value 1000000001 must be smaller than 1E9`,
		`{"key":[{"exists":"no"}]}`:                                            `exists match pattern must be either true or false.`,
		`{"key":[{"anything-but":{"suffix":"test"}}]}`:                         `Unsupported anything-but pattern: suffix`,
		`{"key":[{"anything-but":{"prefix":false}}]}`:                          `prefix match pattern must be a string`,
		`{"key":[{"anything-but":{"prefix":"a","x":"b"}}]}`:                    `Only one key allowed in match expression`,
		`{"key":[{"anything-but":{}}]}`:                                        `Empty objects are not allowed`,
		`{"key":[{"anything-but":true}]}`:                                      `Value of anything-but must be an array or single string/number value.`,
		`{"key":[{"anything-but":[null]}]}`:                                    `Inside anything-but list, start|null|boolean is not supported.`,
		`{"key":[{"anything-but":["a",1]}]}`:                                   `Inside anything-but list, either all values are number or string, mixed type is not supported`,
		`{"key":[{"anything-but":[]}]}`:                                        `Empty arrays are not allowed`,
		`{"key":[{"near":"a"}]}`:                                               `Unrecognized match type near`,
		`{"key":[{}]}`:                                                         `Match expression name not found`,
		`{"key":[]}`:                                                           `Empty arrays are not allowed`,
		`{"key":{}}`:                                                           `Empty objects are not allowed`,
		`{"key":[{"cidr":"10.0.0.0"}]}`:                                        `Malformed CIDR, one '/' required`,
		`{"key":[{"wildcard":"a**"}]}`:                                         `Consecutive wildcard characters at pos 1`,
		`{"key":[{"wildcard":"\\a"}]}`:                                         `Invalid escape character at pos 0`,
		`{"key":[{"wildcard":"*a*b*c*"}]}`:                                     `A pattern can not have more than 3 wildcards`,
		`{"$or":[{"a":[]},{"b":[1]}]}`:                                         `Empty arrays are not allowed`,
		`{"$or":[{"a":[1]}]}`:                                                  `Unrecognized match type a`,
		`[]`:                                                                   `Filter is not an object`,
		`{"key":[1]`:                                                           `failed to parse JSON.`,
		`{"a":[1],"b":[1],"c":[1],"d":[1],"e":[1],"f":[1]}`:                    `Filter policy can not have more than 5 keys`,
		`{"a":` + many(151) + `}`:                                              `Filter policy is too complex`,
		`{"a":{"b":[1],"c":[1],"d":[1]},"e":{"b":[1],"c":[1],"d":[1]}}`:        `Filter policy can not have more than 5 keys`,
		`{"$or":[{"a":[1],"b":[1],"c":[1]},{"d":[1],"e":[1],"f":[1]}]}`:        `Filter policy can not have more than 5 keys`,
		`{"k":` + wildcards(11, "*a") + `}`:                                    tooManyPoints(121),
		`{"k":` + wildcards(6, "*a*") + `}`:                                    tooManyPoints(108),
		`{"k":` + wildcards(10, "*a") + `,"l":[{"wildcard":"*"}]}`:             tooManyPoints(101),
		`{"k":` + wildcards(10, "*a") + `,"l":{"m":[{"wildcard":"*"}]}}`:       tooManyPoints(101),
		`{"$or":[{"k":` + wildcards(10, "*a") + `},{"l":[{"wildcard":"*"}]}]}`: tooManyPoints(101),
		`{"k":[` + list(10, `{"anything-but":"a"}`) + `,{"wildcard":"a*"}]}`:   tooManyPoints(121),
		`{"k":[` + list(5, `{"anything-but":{"wildcard":"*a*"}}`) + `,{"wildcard":"a*a*"}]}`: tooManyPoints(108),
		`{"k":[` + list(100, "1") + `,{"wildcard":"*"}]}`:                                    tooManyPoints(101),
		`{"a":{"b":` + many(51) + `},"c":[1,2]}`:                                             `Filter policy is too complex`, // 2 × 51 × 2
		`{"$or":[{"a":` + many(100) + `},{"b":` + many(51) + `}]}`:                           `Filter policy is too complex`,
		`{"a":["` + strings.Repeat("x", 1<<18-9) + `"]}`:                                     `Filter policy must not be larger than 262144 bytes`,
	} {
		_, err := filter.Parse(filter.Body, policy)
		if got, _, _ := strings.Cut(fmt.Sprint(err), "\n"); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", policy, got, want)
		}
	}
	_, err := filter.Parse(filter.Attributes, `{"a":{"b":[1]}}`)
	if got := fmt.Sprint(err); got != "Filter policy scope MessageAttributes does not support nested filter policy" {
		t.Error(got)
	}
}

// wildcards returns n equal patterns for one key.
func wildcards(n int, pattern string) string {
	return "[" + list(n, `{"wildcard":"`+pattern+`"}`) + "]"
}

func list(n int, pattern string) string { return strings.Repeat(pattern+",", n-1) + pattern }

func tooManyPoints(n int) string {
	return fmt.Sprintf("Filter policy is too complex: its wildcard complexity is %d points, but at most 100 are allowed", n)
}

// TestComplexity checks the examples of AWS's page.
//
// https://docs.aws.amazon.com/sns/latest/dg/subscription-filter-policy-constraints.html
func TestComplexity(t *testing.T) {
	for policy, want := range map[string]struct{ keys, combinations, points int }{
		`{"key_a":["value_one","value_two","value_three"],"key_b":["value_one"],"key_c":["value_one","value_two"]}`: {3, 6, 0},
		`{"key_a":{"key_b":{"key_c":["value_one","value_two","value_three","value_four"]}},
		  "key_d":{"key_e":["value_one","value_two","value_three"]}}`: {2, 72, 0},
		`{"filename":[{"wildcard":"*.txt"},{"wildcard":"log*"}]}`:              {1, 2, 4},
		`{"greeting":[{"anything-but":{"prefix":"Hello"}},{"wildcard":"H*"}]}`: {1, 2, 4},
	} {
		keys, combinations, points, err := filter.Complexity(policy)
		if got := struct{ keys, combinations, points int }{keys, combinations, points}; got != want || err != nil {
			t.Errorf("%s: %v, error %v, want %v", policy, got, err, want)
		}
	}
}

func many(n int) string {
	return "[0" + strings.Repeat(",1", n-1) + "]"
}

func TestParseAccepts(t *testing.T) {
	for _, policy := range []string{
		`{}`,
		`{"a":` + many(150) + `}`,
		`{"a":{"b":` + many(50) + `},"c":[1]}`,
		`{"$or":[{"a":` + many(100) + `},{"b":` + many(50) + `}]}`,
		`{"a":["` + strings.Repeat("x", 1<<18-10) + `"]}`,
		`{"a":{"b":{"1":[1],"2":[1],"3":[1]}},"c":{"4":[1],"5":[1]}}`, // only leaf keys count
		`{"$or":[{"1":[1],"2":[1],"3":[1]},{"1":[2],"4":[1],"5":[1]}]}`,
		`{"k":` + wildcards(10, "*a") + `}`,                                // (10 × 1) × 10
		`{"k":` + wildcards(5, "*a*") + `,"l":` + wildcards(5, "a*") + `}`, // (5 × 3) × 5 + (5 × 1) × 5
		`{"k":` + wildcards(149, "a") + `}`,
		`{"k":[` + list(99, "1") + `,{"wildcard":"*"}]}`, // 1 × 100
		`{"k":[` + list(11, `{"anything-but":"a"}`) + `]}`,
	} {
		if _, err := filter.Parse(filter.Body, policy); err != nil {
			t.Errorf("%s: %v", policy, err)
		}
	}
}

// TestParseErrorPosition checks the position in an error: before the text of a
// string, or after any other token.
func TestParseErrorPosition(t *testing.T) {
	long := `{"` + strings.Repeat("k", 600) + `":1}`
	for policy, want := range map[string]string{
		`{"key_a":"value_one"}`:            `"key_a" must be an object or an array` + "\n" + ` at [Source: (String)"{"key_a":"value_one"}"; line: 1, column: 11]`,
		"{\n \"ä\" : 10 }":                 `"ä" must be an object or an array` + "\n" + " at [Source: (String)\"{\n \"ä\" : 10 }\"; line: 2, column: 10]",
		`{"key":[{"numeric":["almost"]}]}`: `Unrecognized numeric range operator: almost` + "\n" + ` at [Source: (String)"{"key":[{"numeric":["almost"]}]}"; line: 1, column: 30]`,
		long: `"` + strings.Repeat("k", 600) + `" must be an object or an array` + "\n" +
			` at [Source: (String)"{"` + strings.Repeat("k", 498) + `"[truncated 106 chars]; line: 1, column: 606]`,
	} {
		if _, err := filter.Parse(filter.Body, policy); fmt.Sprint(err) != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
	}
}
