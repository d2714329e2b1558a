package sum

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/url"
	"slices"
	"unicode/utf8"
)

// maxErrors is the maximum number of errors reported for one input. It bounds
// the response to a malicious input.
const maxErrors = 10

// Parse parses a JSON object with exactly the fields num1 and num2. Each is a
// JSON integer or a string in the syntax that ParseQuery accepts. A non-nil
// error is InputErrors.
func Parse(data []byte) (Numbers, error) {
	members, err := decode(data)
	if err != nil {
		return Numbers{}, InputErrors{err}
	}
	return collect(members)
}

// ParseQuery parses the URL query parameters num1 and num2. Each must be given
// exactly once, in the base-10 syntax of Python's int(): decimal digits of any
// script, with optional single underscores between them, preceded by an optional
// sign and surrounded by optional white space. A non-nil error is InputErrors.
func ParseQuery(query url.Values) (Numbers, error) {
	var members []member
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, value := range query[name] {
			members = append(members, member{name, value})
		}
	}
	return collect(members)
}

// member is one name and value of an input. The value has one of the types that
// encoding/json stores in an any, with json.Number for numbers.
type member struct {
	name  string
	value any
}

// decode returns the members of a JSON object in order. Unlike json.Unmarshal,
// it does not fold the case of names and keeps duplicates.
func decode(data []byte) ([]member, *InputError) {
	const want = `must be one JSON object such as {"num1": 3, "num2": 4}`
	if !utf8.Valid(data) {
		return nil, &InputError{Reason: "the input must be encoded in UTF-8"}
	}
	var whole json.RawMessage // rejects invalid syntax and trailing data with encoding/json's message
	if err := json.Unmarshal(data, &whole); err != nil {
		return nil, &InputError{Reason: fmt.Sprintf("the input %s: %v", want, err)}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return nil, &InputError{Reason: "the input " + want + ", not " + describe(start)}
	}
	var members []member
	for dec.More() {
		name, err := dec.Token()
		if err != nil {
			return nil, &InputError{Reason: err.Error()}
		}
		m := member{name: name.(string)} // cannot fail: the syntax was checked above
		if err := dec.Decode(&m.value); err != nil {
			return nil, &InputError{Field: m.name, Reason: err.Error()}
		}
		members = append(members, m)
	}
	return members, nil
}

// collect returns the numbers in the members num1 and num2. It refuses unknown,
// repeated and missing members.
func collect(members []member) (Numbers, error) {
	var n Numbers
	var errs InputErrors
	fail := func(field, reason string) {
		if len(errs) < maxErrors {
			errs = append(errs, &InputError{field, reason})
		}
	}
	fields := map[string]**big.Int{"num1": &n.Num1, "num2": &n.Num2}
	count := map[string]int{}
	for _, m := range members {
		field, known := fields[m.name]
		count[m.name]++
		switch {
		case !known:
			fail(shorten(m.name), "is unknown; the fields are num1 and num2, in lowercase")
		case count[m.name] == 2:
			fail(m.name, "is given more than once; give it once")
		case count[m.name] == 1:
			value, err := integer(m.value)
			if err != nil {
				fail(m.name, err.Error())
			}
			*field = value
		}
	}
	for _, name := range []string{"num1", "num2"} {
		if count[name] == 0 {
			fail(name, "is missing; it "+allowed)
		}
	}
	if errs != nil {
		return Numbers{}, errs
	}
	return n, nil
}
