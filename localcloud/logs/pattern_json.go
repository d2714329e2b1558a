package logs

import (
	"encoding/json"
	"io"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
)

// condition reports whether a JSON document, decoded with UseNumber, satisfies an
// expression.
type condition func(document any) bool

// parseJSONPattern parses { expression }, where
//
//	expression = term { "||" term }
//	term       = factor { "&&" factor }
//	factor     = "(" expression ")" | selector test
//	test       = ( "=" | "!=" ) value | ( "<" | "<=" | ">" | ">=" ) number
//	           | "IS" ( "NULL" | "TRUE" | "FALSE" ) | "NOT" "EXISTS"
//	selector   = "$" { "." name | "[" index "]" }
//	value      = number | "quoted string" | word
//
// In a quoted string or word, * is a wildcard. A field that is missing from the
// document satisfies only NOT EXISTS. A message that is not JSON does not match.
func parseJSONPattern(pattern string) (predicate, error) {
	p := &jsonParser{rest: pattern}
	p.take("{")
	satisfies, err := p.expression()
	if err != nil {
		return nil, err
	}
	if !p.take("}") {
		return nil, p.unexpected("&&, || or }")
	}
	if p.space(); p.rest != "" {
		return nil, p.unexpected("nothing after }")
	}
	return func(message string) bool {
		document, ok := decodeJSON(message)
		return ok && satisfies(document)
	}, nil
}

// decodeJSON returns false if message is not a single JSON value.
func decodeJSON(message string) (document any, ok bool) {
	d := json.NewDecoder(strings.NewReader(message))
	d.UseNumber()
	if d.Decode(&document) != nil {
		return nil, false
	}
	_, err := d.Token()
	return document, err == io.EOF
}

type jsonParser struct{ rest string }

func (p *jsonParser) expression() (condition, error) {
	left, err := p.term()
	for err == nil && p.take("||") {
		l := left
		var r condition
		r, err = p.term()
		left = func(d any) bool { return l(d) || r(d) }
	}
	return left, err
}

func (p *jsonParser) term() (condition, error) {
	left, err := p.factor()
	for err == nil && p.take("&&") {
		l := left
		var r condition
		r, err = p.factor()
		left = func(d any) bool { return l(d) && r(d) }
	}
	return left, err
}

func (p *jsonParser) factor() (condition, error) {
	if !p.take("(") {
		return p.test()
	}
	inner, err := p.expression()
	if err == nil && !p.take(")") {
		err = p.unexpected("&&, || or )")
	}
	return inner, err
}

func (p *jsonParser) test() (condition, error) {
	path, err := p.selector()
	if err != nil {
		return nil, err
	}
	field := func(meets func(value any) bool) condition {
		return func(d any) bool {
			value, ok := find(d, path)
			return ok && meets(value)
		}
	}
	switch {
	case p.keyword("IS"):
		for word, want := range map[string]any{"NULL": nil, "TRUE": true, "FALSE": false} {
			if p.keyword(word) {
				return field(func(value any) bool { return value == want }), nil
			}
		}
		return nil, p.unexpected("NULL, TRUE or FALSE after IS")
	case p.keyword("NOT"):
		if !p.keyword("EXISTS") {
			return nil, p.unexpected("EXISTS after NOT")
		}
		return func(d any) bool { _, ok := find(d, path); return !ok }, nil
	}
	for _, op := range []string{"!=", "<=", ">=", "=", "<", ">"} {
		if p.take(op) {
			meets, err := p.comparison(op)
			return field(meets), err
		}
	}
	return nil, p.unexpected("=, !=, <, <=, >, >=, IS or NOT EXISTS")
}

// step is one step of a selector: a name or, if the name is "", an index.
type step struct {
	name  string
	index int
}

var (
	nameStep  = regexp.MustCompile(`^\.([A-Za-z0-9_-]+)`)
	indexStep = regexp.MustCompile(`^\[([0-9]{1,6})\]`)
)

func (p *jsonParser) selector() ([]step, error) {
	if !p.take("$") {
		return nil, p.unexpected("a selector such as $.field")
	}
	var path []step
	for {
		if m := nameStep.FindStringSubmatch(p.rest); m != nil {
			path = append(path, step{name: m[1]})
			p.rest = p.rest[len(m[0]):]
		} else if m := indexStep.FindStringSubmatch(p.rest); m != nil {
			index, _ := strconv.Atoi(m[1]) // at most six digits
			path = append(path, step{index: index})
			p.rest = p.rest[len(m[0]):]
		} else if len(path) == 0 {
			return nil, p.unexpected(".name or [index] after $")
		} else {
			return path, nil
		}
	}
}

// find returns the value at the path. It returns false if there is none.
func find(value any, path []step) (any, bool) {
	for _, s := range path {
		switch v := value.(type) {
		case map[string]any:
			var ok bool
			if value, ok = v[s.name]; !ok || s.name == "" {
				return nil, false
			}
		case []any:
			if s.name != "" || s.index >= len(v) {
				return nil, false
			}
			value = v[s.index]
		default:
			return nil, false
		}
	}
	return value, true
}

var bareWord = regexp.MustCompile(`^[A-Za-z0-9_.*+:/-]+`)

// comparison parses the value after the operator op.
func (p *jsonParser) comparison(op string) (func(value any) bool, error) {
	p.space()
	var text string
	isString := strings.HasPrefix(p.rest, `"`)
	switch {
	case isString:
		var err error
		if text, p.rest, err = quoted(p.rest); err != nil {
			return nil, err
		}
	case strings.HasPrefix(p.rest, "%"):
		return nil, invalid("Invalid filter pattern: regular expressions (%%…%%) are not emulated")
	default:
		if text = bareWord.FindString(p.rest); text == "" {
			return nil, p.unexpected("a value after " + op)
		}
		p.rest = p.rest[len(text):]
	}
	if want, ok := number(text); ok && !isString {
		return compareNumber(op, want), nil
	}
	switch op {
	case "=":
		return matchString(text, true), nil
	case "!=":
		return matchString(text, false), nil
	}
	return nil, invalid("Invalid filter pattern: %s compares numbers, and %q is not a number", op, text)
}

func compareNumber(op string, want *big.Float) func(any) bool {
	accepts := map[string]func(order int) bool{
		"=":  func(order int) bool { return order == 0 },
		"!=": func(order int) bool { return order != 0 },
		"<":  func(order int) bool { return order < 0 },
		"<=": func(order int) bool { return order <= 0 },
		">":  func(order int) bool { return order > 0 },
		">=": func(order int) bool { return order >= 0 },
	}[op]
	return func(value any) bool {
		n, ok := value.(json.Number)
		if !ok {
			return op == "!="
		}
		got, ok := number(n.String())
		return ok && accepts(got.Cmp(want))
	}
}

// matchString returns a test for strings that match text, in which * stands for any
// number of characters, or, if equal is false, for values that do not match it.
func matchString(text string, equal bool) func(any) bool {
	parts := strings.Split(text, "*")
	for i := range parts {
		parts[i] = regexp.QuoteMeta(parts[i])
	}
	wild := regexp.MustCompile(`(?s)^` + strings.Join(parts, ".*") + `$`)
	return func(value any) bool {
		s, ok := value.(string)
		return (ok && wild.MatchString(s)) == equal
	}
}

// number parses a JSON number with 256 bits of precision, so that large integers
// remain distinct. It returns false if s is not a number.
func number(s string) (*big.Float, bool) {
	if s == "" || strings.Trim(s, "0123456789+-.eE") != "" {
		return nil, false
	}
	f, _, err := big.ParseFloat(s, 10, 256, big.ToNearestEven)
	return f, err == nil
}

func (p *jsonParser) space() { p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace) }

// take skips spaces and consumes symbol if it is next. It reports whether it was.
func (p *jsonParser) take(symbol string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, symbol)
	if ok {
		p.rest = rest
	}
	return ok
}

// keyword skips spaces and consumes word, an uppercase keyword, if it is next. It
// reports whether it was.
func (p *jsonParser) keyword(word string) bool {
	p.space()
	if bareWord.FindString(p.rest) != word {
		return false
	}
	p.rest = p.rest[len(word):]
	return true
}

// unexpected returns the error for a pattern whose rest is not what is expected, as
// described by want.
func (p *jsonParser) unexpected(want string) error {
	p.space()
	if p.rest == "" {
		return invalid("Invalid filter pattern: expected %s at the end", want)
	}
	return invalid("Invalid filter pattern: expected %s at %s", want, abbreviate(p.rest))
}
