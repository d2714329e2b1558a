package sum

import (
	"encoding/json"
	"errors"
	"math/big"
	"net/url"
	"strings"
	"testing"
	"unicode"
)

func TestParse(t *testing.T) {
	long := strings.Repeat("9", MaxDigits)
	tests := []struct{ name, input, want string }{
		{"integers", `{"num1":3,"num2":4}`, "3 + 4 = 7"},
		{"white space around", " {\"num2\" : 4 ,\n\t\"num1\" : 3 }\r\n", "3 + 4 = 7"},
		{"negative", `{"num1":-3,"num2":-4}`, "-3 + -4 = -7"},
		{"negative zero", `{"num1":-0,"num2":"-0"}`, "0 + 0 = 0"},
		{"beyond 53 bits", `{"num1":9007199254740993,"num2":0}`, "9007199254740993 + 0 = 9007199254740993"},
		{"beyond 64 bits", `{"num1":18446744073709551616,"num2":-1}`, "18446744073709551616 + -1 = 18446744073709551615"},
		{"the maximum number of digits", `{"num1":` + long + `,"num2":1}`, long + " + 1 = 1" + strings.Repeat("0", MaxDigits)},
		{"the maximum number of digits with sign and underscores", `{"num1":"-` + strings.Join(strings.Split(long, ""), "_") + `","num2":0}`, "-" + long + " + 0 = -" + long},
		{"strings", `{"num1":"3","num2":"4"}`, "3 + 4 = 7"},
		{"signs", `{"num1":"+3","num2":"-4"}`, "3 + -4 = -1"},
		{"leading zeros", `{"num1":"007","num2":"-00"}`, "7 + 0 = 7"},
		{"underscores", `{"num1":"1_000_000","num2":"0_0"}`, "1000000 + 0 = 1000000"},
		{"Unicode white space", `{"num1":"\u2009\t3\u00a0","num2":"\u20284\u3000"}`, "3 + 4 = 7"},
		{"Arabic digits", `{"num1":"٣٥","num2":"-١_0"}`, "35 + -10 = 25"},
		{"full-width digits", `{"num1":"1９","num2":"०"}`, "19 + 0 = 19"},
		{"adjoining runs of mathematical digits", `{"num1":"𝟗𝟘𝟡","num2":"𝟶𝟿"}`, "909 + 9 = 918"},
		{"escaped", `{"\u006eum1":"\u0033","num2":4}`, "3 + 4 = 7"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, err := Parse([]byte(test.input))
			if err != nil {
				t.Fatal(err)
			}
			if got := n.Num1.String() + " + " + n.Num2.String() + " = " + n.Sum().String(); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	const (
		number  = `must be an integer of at most 4300 digits, such as 3 or "3"`
		object  = `the input must be one JSON object such as {"num1": 3, "num2": 4}`
		twice   = "is given more than once; give it once"
		unknown = "is unknown; the fields are num1 and num2, in lowercase"
	)
	// num1 returns an object with the given JSON for num1 and a valid num2.
	num1 := func(json string) string { return `{"num1":` + json + `,"num2":4}` }
	tests := []struct{ name, input, want string }{
		{"nothing", ``, object + ": unexpected end of JSON input"},
		{"only white space", "\n", object + ": unexpected end of JSON input"},
		{"null", `null`, object + ", not null"},
		{"a number", `3`, object + ", not 3"},
		{"a string", `"3"`, object + `, not "3"`},
		{"a boolean", `false`, object + ", not false"},
		{"an array", `[3,4]`, object + ", not an array"},
		{"truncated", `{"num1":3`, object + ": unexpected end of JSON input"},
		{"trailing text", `{"num1":3,"num2":4} x`, object + ": invalid character 'x' after top-level value"},
		{"trailing object", `{"num1":3,"num2":4}{}`, object + ": invalid character '{' after top-level value"},
		{"trailing comma", `{"num1":3,"num2":4,}`, object + ": invalid character '}' looking for beginning of object key string"},
		{"no comma", `{"num1":3 "num2":4}`, object + ": invalid character '\"' after object key:value pair"},
		{"single quotes", `{'num1':3}`, object + `: invalid character '\'' looking for beginning of object key string`},
		{"a comment", `{"num1":3,/**/"num2":4}`, object + ": invalid character '/' looking for beginning of object key string"},
		{"a byte order mark", "\ufeff{}", object + ": invalid character 'ï' looking for beginning of value"},
		{"invalid UTF-8", "{\"num1\":\"\xff\"}", "the input must be encoded in UTF-8"},
		{"JSON leading zero", num1(`03`), object + ": invalid character '3' after object key:value pair"},
		{"JSON plus sign", num1(`+3`), object + ": invalid character '+' looking for beginning of value"},
		{"JSON hexadecimal", num1(`0x3`), object + ": invalid character 'x' after object key:value pair"},
		{"JSON NaN", num1(`NaN`), object + ": invalid character 'N' looking for beginning of value"},
		{"JSON underscore", num1(`1_0`), object + ": invalid character '_' after object key:value pair"},

		{"empty object", `{}`, "num1: is missing; it " + number + "\nnum2: is missing; it " + number},
		{"one missing", `{"num1":3}`, "num2: is missing; it " + number},
		{"given twice", `{"num1":3,"num1":3,"num2":4}`, "num1: " + twice},
		{"given three times", `{"num1":3,"num1":4,"num2":4,"num1":5}`, "num1: " + twice},
		{"given twice by escape", `{"num1":3,"num\u0031":3,"num2":4}`, "num1: " + twice},
		{"unknown", `{"num1":3,"num2":4,"num3":5}`, "num3: " + unknown},
		{"upper case", `{"Num1":3,"num2":4}`, "Num1: " + unknown + "\nnum1: is missing; it " + number},
		{"long name", `{"num1":3,"num2":4,"` + strings.Repeat("é", 41) + `":5}`, strings.Repeat("é", 40) + "…: " + unknown},
		{"all at once", `{"num1":1.5,"num2":true,"x":0}`, "num1: " + number + ", not 1.5\nnum2: " + number + ", not true\nx: " + unknown},
		{"no more than ten", `{` + strings.Repeat(`"x":0,`, 20) + `"num1":3,"num2":4}`, strings.TrimSuffix(strings.Repeat("x: "+unknown+"\n", 10), "\n")},

		{"null value", num1(`null`), "num1: " + number + ", not null"},
		{"true value", num1(`true`), "num1: " + number + ", not true"},
		{"array value", num1(`[3]`), "num1: " + number + ", not an array"},
		{"object value", num1(`{"n":3}`), "num1: " + number + ", not an object"},
		{"fraction", num1(`1.5`), "num1: " + number + ", not 1.5"},
		{"zero fraction", num1(`3.0`), "num1: " + number + ", not 3.0"},
		{"exponent", num1(`1e3`), "num1: " + number + ", not 1e3"},
		{"huge exponent", num1(`1E999999999`), "num1: " + number + ", not 1E999999999"},
		{"too many digits", num1(strings.Repeat("1", MaxDigits+1)), "num1: " + number + ", not one of 4301 digits"},
		{"too many zeros", num1(`"` + strings.Repeat("0", MaxDigits+1) + `"`), "num1: " + number + ", not one of 4301 digits"},

		{"empty string", num1(`""`), "num1: " + number + ", not an empty string"},
		{"blank string", num1(`" "`), "num1: " + number + `, not " "`},
		{"word", num1(`"three"`), "num1: " + number + `, not "three"`},
		{"long word", num1(`"` + strings.Repeat("x", 41) + `"`), "num1: " + number + `, not "` + strings.Repeat("x", 40) + `…"`},
		{"lone minus", num1(`"-"`), "num1: " + number + `, not "-"`},
		{"lone plus", num1(`"+"`), "num1: " + number + `, not "+"`},
		{"two signs", num1(`"--3"`), "num1: " + number + `, not "--3"`},
		{"sign and space", num1(`"- 3"`), "num1: " + number + `, not "- 3"`},
		{"sign after", num1(`"3-"`), "num1: " + number + `, not "3-"`},
		{"leading underscore", num1(`"_3"`), "num1: " + number + `, not "_3"`},
		{"trailing underscore", num1(`"3_"`), "num1: " + number + `, not "3_"`},
		{"double underscore", num1(`"3__0"`), "num1: " + number + `, not "3__0"`},
		{"underscore after sign", num1(`"-_3"`), "num1: " + number + `, not "-_3"`},
		{"inner space", num1(`"3 0"`), "num1: " + number + `, not "3 0"`},
		{"thousands comma", num1(`"3,000"`), "num1: " + number + `, not "3,000"`},
		{"string fraction", num1(`"1.5"`), "num1: " + number + `, not "1.5"`},
		{"string exponent", num1(`"1e3"`), "num1: " + number + `, not "1e3"`},
		{"string hexadecimal", num1(`"0x3"`), "num1: " + number + `, not "0x3"`},
		{"string binary", num1(`"0b1"`), "num1: " + number + `, not "0b1"`},
		{"string infinity", num1(`"Infinity"`), "num1: " + number + `, not "Infinity"`},
		{"superscript digit", num1(`"²"`), "num1: " + number + `, not "²"`},
		{"Roman numeral", num1(`"Ⅷ"`), "num1: " + number + `, not "Ⅷ"`},
		{"mathematical minus", num1(`"−3"`), "num1: " + number + `, not "−3"`},
		{"zero-width space", num1(`"\u200b3"`), "num1: " + number + `, not "\u200b3"`},
		{"ASCII separator", num1(`"\u001c3"`), "num1: " + number + `, not "\x1c3"`},
		{"NUL", num1(`"3\u0000"`), "num1: " + number + `, not "3\x00"`},
		{"lone surrogate", num1(`"\ud800"`), "num1: " + number + `, not "�"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, err := Parse([]byte(test.input))
			if err == nil {
				t.Fatalf("got %v, want an error", n)
			}
			if err.Error() != test.want {
				t.Errorf("got:\n%s\nwant:\n%s", err, test.want)
			}
			if _, ok := errors.AsType[InputErrors](err); !ok {
				t.Errorf("got %T, want InputErrors", err)
			}
		})
	}
}

func TestParseQuery(t *testing.T) {
	const number = `must be an integer of at most 4300 digits, such as 3 or "3"`
	tests := []struct{ query, want string }{
		{"num1=3&num2=4", "7"},
		{"num1=+3&num2=%2B4", "7"}, // a plus is a space in a query
		{"num1=1_000&num2=-%D9%A3", "997"},
		{"num1=3&num2=4&num1=3", "num1: is given more than once; give it once"},
		{"num1=3&num2=4&b=1&a=2", "a: is unknown; the fields are num1 and num2, in lowercase\nb: is unknown; the fields are num1 and num2, in lowercase"},
		{"num1=&num2=4", "num1: " + number + ", not an empty string"},
		{"num1=%FF&num2=4.0", "num1: " + number + ", not \"\\xff\"\nnum2: " + number + `, not "4.0"`},
		{"", "num1: is missing; it " + number + "\nnum2: is missing; it " + number},
	}
	for _, test := range tests {
		values, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		var got string
		if n, err := ParseQuery(values); err != nil {
			got = err.Error()
		} else {
			got = n.Sum().String()
		}
		if got != test.want {
			t.Errorf("%s\ngot:\n%s\nwant:\n%s", test.query, got, test.want)
		}
	}
}

func TestNumbersMarshalExactly(t *testing.T) {
	const want = `{"num1":-9007199254740993,"num2":18446744073709551616}`
	n, err := Parse([]byte(want))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := json.Marshal(n); err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
}

// TestDigit compares digit with package unicode for every code point and proves
// what digit relies on: decimal digits occur in runs of ten, from 0 to 9.
func TestDigit(t *testing.T) {
	run := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		value, ok := digit(r)
		if ok != unicode.Is(unicode.Nd, r) {
			t.Fatalf("%U: got %v", r, ok)
		}
		if !ok {
			if run%10 != 0 {
				t.Fatalf("%U ends a run of %d digits", r, run)
			}
			run = 0
			continue
		}
		if int(value) != run%10 {
			t.Fatalf("%U: got %d, want %d", r, value, run%10)
		}
		run++
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`{"num1":3,"num2":4}`)
	f.Add(`{"num1":"+1_0","num2":" -٣ "}`)
	f.Add(`{"num1":1e3,"num1":null,"x":[{}]}`)
	f.Fuzz(func(t *testing.T, input string) {
		n, err := Parse([]byte(input))
		if err != nil {
			errs, ok := errors.AsType[InputErrors](err)
			if !ok || len(errs) == 0 || len(errs) > maxErrors {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		// encoding/json accepts every accepted input, and Numbers survive a round trip.
		var raw map[string]any
		if err := json.Unmarshal([]byte(input), &raw); err != nil || len(raw) != 2 {
			t.Fatalf("accepted %q: %v", input, err)
		}
		again, err := json.Marshal(n)
		if err != nil {
			t.Fatal(err)
		}
		m, err := Parse(again)
		if err != nil || m.Num1.Cmp(n.Num1) != 0 || m.Num2.Cmp(n.Num2) != 0 {
			t.Fatalf("%s: %v", again, err)
		}
	})
}

// FuzzInteger compares integer with math/big, whose base-10 syntax differs from
// ours only in white space, underscores, digits of other scripts and the limit.
func FuzzInteger(f *testing.F) {
	for _, s := range []string{"3", "-007", "+1", "1_0", " 5\u00a0", "٣", "1.5", "", "-", "0x10"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got, err := integer(s)
		plain := strings.TrimSpace(s)
		want, ok := new(big.Int).SetString(plain, 10)
		ok = ok && len(strings.TrimLeft(plain, "+-")) <= MaxDigits
		switch {
		case ok && (err != nil || got.Cmp(want) != 0):
			t.Fatalf("%q: got %v, %v, want %v", s, got, err, want)
		case !ok && err == nil && !strings.ContainsFunc(plain, func(r rune) bool { return r == '_' || r > unicode.MaxASCII }):
			t.Fatalf("%q: got %v, want an error", s, got)
		}
	})
}
