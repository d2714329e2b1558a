package filter_test

import (
	"encoding/json"
	"strings"
	"testing"

	"tally/localcloud/filter"
)

func TestMatch(t *testing.T) {
	for policy, c := range map[string]struct{ match, not []string }{
		`{}`:                    {[]string{`{}`, `{"k":1}`}, []string{`[]`, `1`, ``, `null`, `{`}},
		`{"k":["a","b"]}`:       {[]string{`{"k":"a"}`, `{"k":"b","x":1}`, `{"k":["x","b"]}`}, []string{`{}`, `{"k":"A"}`, `{"k":["x"]}`, `{"k":{"a":"a"}}`, `{"x":"a"}`}},
		`{"k":["a"],"l":["b"]}`: {[]string{`{"k":"a","l":"b"}`}, []string{`{"k":"a"}`, `{"l":"b"}`, `{"k":"b","l":"a"}`}},
		`{"k":[100]}`:           {[]string{`{"k":100}`, `{"k":1.0e2}`, `{"k":[1,100]}`}, []string{`{"k":"100"}`, `{"k":100.5}`, `{"k":1e999}`}},
		`{"k":["100"]}`:         {[]string{`{"k":"100"}`}, []string{`{"k":100}`}},
		`{"k":[true,null]}`:     {[]string{`{"k":true}`, `{"k":null}`, `{"k":[null]}`}, []string{`{"k":"true"}`, `{"k":false}`, `{}`, `{"k":[]}`}},

		`{"k":[{"prefix":"ab"}]}`:                           {[]string{`{"k":"abc"}`, `{"k":"ab"}`, `{"k":["x","ab"]}`}, []string{`{"k":"xab"}`, `{"k":1}`}},
		`{"k":[{"suffix":"ab"}]}`:                           {[]string{`{"k":"xab"}`}, []string{`{"k":"abx"}`}},
		`{"k":[{"equals-ignore-case":"Ab"}]}`:               {[]string{`{"k":"aB"}`}, []string{`{"k":"aBc"}`}},
		`{"k":[{"wildcard":"a*\\*ü*"}]}`:                    {[]string{`{"k":"a*ü"}`, `{"k":"axx*üyy\n"}`}, []string{`{"k":"axxü"}`, `{"k":"xa*ü"}`}},
		`{"k":[{"wildcard":"a.c"}]}`:                        {[]string{`{"k":"a.c"}`}, []string{`{"k":"abc"}`}},
		`{"k":[{"anything-but":"a"}]}`:                      {[]string{`{"k":"b"}`, `{"k":["a","b"]}`, `{"k":1}`, `{"k":null}`}, []string{`{"k":"a"}`, `{"k":["a"]}`, `{}`}},
		`{"k":[{"anything-but":["a","b"]}]}`:                {[]string{`{"k":"c"}`, `{"k":["a","c"]}`}, []string{`{"k":"a"}`, `{"k":["a","b"]}`}},
		`{"k":[{"anything-but":[1,2]}]}`:                    {[]string{`{"k":3}`}, []string{`{"k":1}`, `{"k":2.0}`}},
		`{"k":[{"anything-but":1}]}`:                        {[]string{`{"k":3}`}, []string{`{"k":1}`}},
		`{"k":[{"anything-but":{"prefix":"a"}}]}`:           {[]string{`{"k":"ba"}`}, []string{`{"k":"ab"}`}},
		`{"k":[{"anything-but":{"wildcard":"*a"}}]}`:        {[]string{`{"k":"ab"}`}, []string{`{"k":"ba"}`}},
		`{"k":[{"numeric":["=",0.30]}]}`:                    {[]string{`{"k":0.3}`}, []string{`{"k":0.31}`, `{"k":"0.3"}`}},
		`{"k":[{"numeric":[">",0,"<=",100]}]}`:              {[]string{`{"k":100}`, `{"k":0.00001}`}, []string{`{"k":0}`, `{"k":100.1}`}},
		`{"k":[{"numeric":[">=",0,"<",100]}]}`:              {[]string{`{"k":0}`}, []string{`{"k":100}`, `{"k":-1}`}},
		`{"k":[{"numeric":["<",-1]}]}`:                      {[]string{`{"k":-2}`}, []string{`{"k":-1}`}},
		`{"k":[{"numeric":[">",1]},{"numeric":["<=",-1]}]}`: {[]string{`{"k":2}`, `{"k":-1}`}, []string{`{"k":0}`}},
		`{"k":[{"cidr":"10.0.0.0/24"}]}`:                    {[]string{`{"k":"10.0.0.255"}`}, []string{`{"k":"10.0.1.0"}`, `{"k":"x"}`}},
		`{"k":[{"cidr":"fe80::/10"}]}`:                      {[]string{`{"k":"fe80::1"}`}, []string{`{"k":"::1"}`}},
		`{"k":[{"exists":true}]}`:                           {[]string{`{"k":null}`, `{"k":[0]}`}, []string{`{}`, `{"k":{"a":1}}`, `{"k":[]}`}},
		`{"k":[{"exists":false}]}`:                          {[]string{`{}`, `{"k":{"a":1}}`}, []string{`{"k":null}`, `{"k":["x",{}]}`}},
		`{"k":["a",{"exists":false}]}`:                      {[]string{`{}`, `{"k":"a"}`}, []string{`{"k":"b"}`}},

		`{"k":{"l":["a"],"m":[1]}}`:      {[]string{`{"k":{"l":"a","m":1}}`, `{"k":[{"l":"x"},{"l":"a","m":1}]}`}, []string{`{"k":{"l":"a"}}`, `{"k":[{"l":"a"},{"m":1}]}`, `{"k":"a"}`, `{"l":"a","m":1}`, `{"k":[]}`}},
		`{"k":{"l":[{"exists":false}]}}`: {[]string{`{}`, `{"k":1}`, `{"k":{}}`, `{"k":[]}`}, []string{`{"k":{"l":1}}`}},
		`{"a.b.c":["x"]}`: {
			[]string{`{"a":{"b":{"c":"x"}}}`, `{"a.b.c":"x"}`, `{"a.b":{"c":"x"}}`, `{"a":{"b.c":"x"}}`, `{"a":[{"b":{"c":["y"]}},{"b":{"c":"x"}}]}`, `{"a":{"b.c":"y"},"a.b":{"c":"x"}}`},
			[]string{`{"a":{"b":{"c":"y"}}}`, `{"a":{"b":"x"}}`, `{"c":"x"}`, `{"a":{"c":"x"}}`}},
		`{"a.b":[{"exists":false}]}`:                        {[]string{`{}`, `{"a":1}`, `{"a":{"c":1}}`}, []string{`{"a":{"b":1}}`, `{"a.b":null}`}},
		`{"a.b":{"c":["x"]}}`:                               {[]string{`{"a":{"b":{"c":"x"}}}`, `{"a.b":{"c":"x"}}`}, []string{`{"b":{"c":"x"}}`}},
		`{"$or":[{"a":["x"]},{"b":[1],"c":[2]}],"d":["y"]}`: {[]string{`{"a":"x","d":"y"}`, `{"b":1,"c":2,"d":"y"}`}, []string{`{"a":"x"}`, `{"b":1,"d":"y"}`, `{"d":"y"}`}},
		`{"k":{"$or":[{"a":[1]},{"b":[1]}]}}`:               {[]string{`{"k":{"b":1}}`}, []string{`{"b":1}`, `{"k":{}}`}},
		`{"$or":[{"prefix":"a"},{"suffix":"b"}]}`:           {[]string{`{"$or":"ax"}`, `{"$or":"xb"}`}, []string{`{"$or":"x"}`}},
		`{"k":["gone"],"k":["a"]}`:                          {[]string{`{"k":"a"}`}, []string{`{"k":"gone"}`}},
		`{"$or":[{"a":[1]},{"$or":[{"b":[1]},{"c":[1]}]}]}`: {[]string{`{"c":1}`, `{"a":1}`}, []string{`{}`}},
	} {
		p, err := filter.Parse(filter.Body, policy)
		if err != nil {
			t.Errorf("%s: %v", policy, err)
			continue
		}
		for _, body := range c.match {
			if !p.MatchBody(body) {
				t.Errorf("%s does not match %s", policy, body)
			}
		}
		for _, body := range c.not {
			if p.MatchBody(body) {
				t.Errorf("%s matches %s", policy, body)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, policy := range []string{`{"a":[1,"b",null,{"numeric":[">",1,"<",2]}]}`, `{"$or":[{"a":[1]},{"b":{"c":[{"wildcard":"*\\*"}]}}]}`,
		`{"a":[{"anything-but":{"prefix":"x"}},{"cidr":"::/1"}]}`, `{"a":"b"}`, `{"$or"`, `{"a":[{"numeric":[`, "{\"\xff\":1}"} {
		f.Add(policy, `{"a":1,"b":{"c":"x"}}`)
	}
	f.Fuzz(func(t *testing.T, policy, body string) {
		p, err := filter.Parse(filter.Body, policy)
		if err != nil {
			if strings.TrimSpace(err.Error()) == "" {
				t.Error("refused without a reason")
			}
			return
		}
		p.MatchBody(body)
	})
}

// FuzzMatch checks that every string matches the policies built from it, except
// anything-but.
func FuzzMatch(f *testing.F) {
	f.Add("a")
	f.Add("*\\ü\n")
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		raw, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		body := `{"k":` + string(raw) + `}`
		for policy, want := range map[string]bool{
			`[` + string(raw) + `]`: true, `[{"prefix":` + string(raw) + `}]`: true, `[{"suffix":` + string(raw) + `}]`: true,
			`[{"equals-ignore-case":` + string(raw) + `}]`: true, `[{"anything-but":` + string(raw) + `}]`: false,
		} {
			p, err := filter.Parse(filter.Attributes, `{"k":`+policy+`}`)
			if err != nil {
				t.Fatal(err)
			}
			if p.MatchBody(body) != want {
				t.Errorf("%s of %s: want %v", policy, body, want)
			}
		}
	})
}
