package filter_test

import (
	"strings"
	"testing"

	"tally/localcloud/filter"
)

// TestMessageFilter has the operators of Lambda's page, and what its table says of bodies
// and patterns of different formats.
//
// https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html#filtering-syntax
// https://docs.aws.amazon.com/lambda/latest/dg/with-sqs-filtering.html
func TestMessageFilter(t *testing.T) {
	for pattern, c := range map[string]struct{ match, not []string }{
		`{"body":{"RequestCode":["BBBB"]}}`:                            {[]string{`{"RequestCode":"BBBB","RecordNumber":1}`}, []string{`{"RequestCode":"AAAA"}`, `{}`, `BBBB`, `"BBBB"`, ``, `null`, `[]`}},
		`{"body":{"RecordNumber":[{"numeric":[">",9999]}]}}`:           {[]string{`{"RecordNumber":10000}`}, []string{`{"RecordNumber":9999}`, `{"RecordNumber":"10000"}`}},
		`{"body":{"k":[{"numeric":["=",5000000000]}]}}`:                {[]string{`{"k":5e9}`}, []string{`{"k":5e8}`}},
		`{"body":{"k":[{"numeric":[">",10,"<=",20]}]}}`:                {[]string{`{"k":20}`, `{"k":10.5}`}, []string{`{"k":10}`, `{"k":21}`}},
		`{"body":{"k":[300]}}`:                                         {[]string{`{"k":300}`, `{"k":[1,300]}`}, []string{`{"k":300.0}`, `{"k":3.0e2}`, `{"k":"300"}`}},
		`{"body":{"k":[6000000000]}}`:                                  {[]string{`{"k":6000000000}`}, []string{`{"k":6e9}`}},
		`{"body":{"k":[null]}}`:                                        {[]string{`{"k":null}`}, []string{`{}`, `{"k":"null"}`}},
		`{"body":{"k":[""]}}`:                                          {[]string{`{"k":""}`}, []string{`{}`, `{"k":null}`}},
		`{"body":{"a":["x"],"b":["y"]}}`:                               {[]string{`{"a":"x","b":"y"}`}, []string{`{"a":"x"}`, `{"a":"x","b":"x"}`}},
		`{"body":{"$or":[{"a":["x"]},{"b":["y"]}]}}`:                   {[]string{`{"a":"x"}`, `{"b":"y"}`}, []string{`{"a":"y","b":"x"}`}},
		`{"body":{"k":[{"anything-but":["Raining"]}]}}`:                {[]string{`{"k":"Sunny"}`}, []string{`{"k":"Raining"}`, `{}`}},
		`{"body":{"k":[{"anything-but":[1,2]}]}}`:                      {[]string{`{"k":3}`, `{"k":1.0}`}, []string{`{"k":1}`}},
		`{"body":{"k":[{"anything-but":1}]}}`:                          {[]string{`{"k":3}`}, []string{`{"k":1}`}},
		`{"body":{"k":[{"exists":true}]}}`:                             {[]string{`{"k":1}`}, []string{`{}`, `k`}},
		`{"body":{"k":[{"exists":false}]}}`:                            {[]string{`{}`}, []string{`{"k":1}`, `no JSON`}},
		`{"body":{"k":[{"prefix":"us-"}]}}`:                            {[]string{`{"k":"us-east-1"}`}, []string{`{"k":"eu-west-1"}`}},
		`{"body":{"k":[{"suffix":".png"}]}}`:                           {[]string{`{"k":"a.png"}`}, []string{`{"k":"a.jpg"}`}},
		`{"body":{"k":[{"equals-ignore-case":"alice"}]}}`:              {[]string{`{"k":"Alice"}`}, []string{`{"k":"Bob"}`}},
		`{"body":{"a":{"b":{"c":["d"]}}}}`:                             {[]string{`{"a":{"b":{"c":"d"}}}`}, []string{`{"a":{"b":"d"}}`, `{"a":"{}"}`}},
		`{"body":["Hello","2"]}`:                                       {[]string{`Hello`}, []string{`hello`, `"Hello"`, `2`, `{"Hello":1}`, ``}},
		`{"body":[{"prefix":"Result: "}]}`:                             {[]string{`Result: 5`}, []string{`5`, `{"Result: ":1}`}},
		`{"body":[{"exists":true}]}`:                                   {[]string{`text`, ``}, []string{`{}`}},
		`{"$or":[{"body":["plain"]},{"body":{"k":["json"]}}]}`:         {[]string{`plain`, `{"k":"json"}`}, []string{`json`, `"plain"`, `{"k":"plain"}`}},
		`{"body":{"k":["a"]},"body":{"k":["b"]}}`:                      {[]string{`{"k":"b"}`}, []string{`{"k":"a"}`}},
		`{"body":{"a.b":["c"]}}`:                                       {[]string{`{"a.b":"c"}`, `{"a":{"b":"c"}}`}, nil},
		`{"body":{"k":` + "[" + strings.Repeat(`"a",`, 200) + `"b"]}}`: {[]string{`{"k":"b"}`}, nil},
	} {
		f, err := filter.ParseMessageFilter(pattern)
		if err != nil {
			t.Errorf("%s: %v", pattern, err)
			continue
		}
		for _, body := range c.match {
			if !f.Match(body) {
				t.Errorf("%s does not match %s", pattern, body)
			}
		}
		for _, body := range c.not {
			if f.Match(body) {
				t.Errorf("%s matches %s", pattern, body)
			}
		}
	}
}

func TestMessageFilterRefusals(t *testing.T) {
	for pattern, want := range map[string]string{
		``: "failed to parse JSON.", `simple string`: "failed to parse JSON.", `null`: "Filter is not an object", `[]`: "Filter is not an object",
		`{}`: "Empty objects are not allowed", `{"body":{}}`: "Empty objects are not allowed", `{"body":[]}`: "Empty arrays are not allowed",
		`{"body":"text"}`:    `"body" must be an object or an array`,
		`{"body":{"k":"v"}}`: `"k" must be an object or an array`,
		`{"messageAttributes":{"k":{"stringValue":["v"]}}}`:    `Lambda filters the messages of a queue only by their body, and not by "messageAttributes"`,
		`{"$or":[{"body":["a"]},{"eventSource":["aws:sqs"]}]}`: `Lambda filters the messages of a queue only by their body, and not by "eventSource"`,
		`{"body":{"k":[{"wildcard":"a*"}]}}`:                   "Unrecognized match type wildcard",
		`{"body":{"k":[{"cidr":"10.0.0.0/24"}]}}`:              "Unrecognized match type cidr",
		`{"body":{"k":[{"anything-but":{"prefix":"a"}}]}}`:     "Value of anything-but must be an array or single string/number value.",
		`{"body":{"k":[{"numeric":["=",5000000001]}]}}`:        "Value must be between -5.0E9 and 5.0E9, inclusive",
	} {
		_, err := filter.ParseMessageFilter(pattern)
		if err == nil {
			t.Errorf("%s is accepted", pattern)
		} else if err.Error() != want {
			t.Errorf("%s: %v, want %s", pattern, err, want)
		}
	}
}

// FuzzMessageFilter checks that parsing and matching terminate, and that an accepted filter
// never matches bodies of both formats unless it has alternatives.
func FuzzMessageFilter(f *testing.F) {
	f.Add(`{"body":{"k":["a",{"numeric":[">",1]}]}}`, `{"k":"a"}`)
	f.Add(`{"body":[{"prefix":"a"}]}`, `abc`)
	f.Add(`{"$or":[{"body":["a"]},{"body":{"k":[1]}}]}`, `a`)
	f.Fuzz(func(t *testing.T, pattern, body string) {
		parsed, err := filter.ParseMessageFilter(pattern)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("refused without a reason")
			}
			return
		}
		parsed.Match(body)
		if !strings.ContainsAny(pattern, `$\\`) && parsed.Match("text") && parsed.Match("{}") {
			t.Errorf("%q matches text and JSON", pattern)
		}
	})
}
