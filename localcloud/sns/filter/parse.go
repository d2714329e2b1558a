package filter

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Parse checks a filter policy of a scope, Attributes or Body. The error is the
// reason AWS gives, which for most policies ends in where AWS stopped reading.
func Parse(scope, document string) (*Policy, error) {
	if !json.Valid([]byte(document)) {
		return nil, refusal("failed to parse JSON.")
	}
	p := newParser(document)
	if p.next(); p.token != json.Delim('{') {
		return nil, p.errorf("Filter is not an object")
	}
	root, err := p.object()
	switch {
	case err != nil:
		return nil, err
	case scope != Body && root.nests():
		return nil, refusal("Filter policy scope " + Attributes + " does not support nested filter policy")
	case root.keys() > maxKeys:
		return nil, refusal(fmt.Sprintf("Filter policy can not have more than %d keys", maxKeys))
	case root.combinations(1) > maxCombinations:
		return nil, refusal("Filter policy is too complex")
	}
	return &Policy{root}, nil
}

// refusal is an error in AWS's words, which are sentences.
type refusal string

func (r refusal) Error() string { return string(r) }

// parser reads valid JSON token by token, in the order in which AWS's does:
// where it stops is part of the error.
type parser struct {
	source string
	dec    *json.Decoder
	token  json.Token
	end    int // of the token, in bytes
	// read is how far AWS's parser has read. It leaves a string unread but for
	// its first quote until the text is asked for.
	read int
}

func newParser(source string) *parser {
	p := &parser{source: source, dec: json.NewDecoder(strings.NewReader(source))}
	p.dec.UseNumber()
	return p
}

// next goes to the next token. A valid document has one wherever it is called.
func (p *parser) next() {
	before := p.end
	p.token, _ = p.dec.Token()
	p.end = int(p.dec.InputOffset())
	p.read = p.end
	if _, ok := p.token.(string); ok {
		p.read = before + strings.Index(p.source[before:], `"`) + 1
	}
}

// text is the token as it is written, or what a string says.
func (p *parser) text() string {
	p.read = p.end
	if p.token == nil {
		return "null"
	}
	return fmt.Sprint(p.token)
}

// at tells whether the token is that delimiter.
func (p *parser) at(d json.Delim) bool { return p.token == d }

// shown is how much of a policy an error repeats, in characters.
const shown = 500

func (p *parser) errorf(format string, args ...any) error {
	line := strings.Count(p.source[:p.read], "\n") + 1
	column := utf8.RuneCountInString(p.source[strings.LastIndex(p.source[:p.read], "\n")+1:p.read]) + 1
	source := `"` + p.source + `"`
	if all := []rune(p.source); len(all) > shown {
		source = fmt.Sprintf(`"%s"[truncated %d chars]`, string(all[:shown]), len(all)-shown)
	}
	return fmt.Errorf("%s\n at [Source: (String)%s; line: %d, column: %d]", fmt.Sprintf(format, args...), source, line, column)
}

// object reads the members of an object whose brace is the token. Only the
// whole policy may have none.
func (p *parser) object() (object, error) {
	o := object{fields: map[string]field{}}
	outermost := p.end == len("{")+strings.Index(p.source, "{")
	for p.next(); !p.at('}'); p.next() {
		name := p.text()
		if name == "$or" && p.startsAlternatives() {
			list, err := p.alternatives()
			if err != nil {
				return o, err
			}
			o.either = append(o.either, list)
			continue
		}
		f, err := p.field(name)
		if err != nil {
			return o, err
		}
		o.fields[name] = f
	}
	if o.keys() == 0 && !outermost {
		return o, p.errorf("Empty objects are not allowed")
	}
	return o, nil
}

func (p *parser) field(name string) (f field, err error) {
	switch p.next(); p.token {
	case json.Delim('{'):
		var nested object
		nested, err = p.object()
		f.nested = &nested
	case json.Delim('['):
		f.patterns, err = p.patterns()
	default:
		err = p.errorf(`"%s" must be an object or an array`, name)
	}
	return f, err
}

// startsAlternatives looks ahead: "$or" is an ordinary key unless it holds two
// or more objects without the names of match expressions.
func (p *parser) startsAlternatives() bool {
	var list []map[string]json.RawMessage
	rest := strings.TrimLeft(p.source[p.end:], " \t\r\n:")
	if json.NewDecoder(strings.NewReader(rest)).Decode(&list) != nil || len(list) < 2 {
		return false
	}
	for _, o := range list {
		if o == nil {
			return false
		}
		for name := range o {
			if isOperator(name) {
				return false
			}
		}
	}
	return true
}

func (p *parser) alternatives() (list []object, err error) {
	p.next()
	for p.next(); !p.at(']'); p.next() {
		o, err := p.object()
		if err != nil {
			return nil, err
		}
		list = append(list, o)
	}
	return list, nil
}

// patterns reads an array whose bracket is the token.
func (p *parser) patterns() (list []pattern, err error) {
	for p.next(); !p.at(']'); p.next() {
		var m pattern
		switch v := p.token.(type) {
		case json.Delim:
			if v == '[' {
				return nil, p.errorf("Match value must be String, number, true, false, or null")
			}
			m, err = p.expression()
		case json.Number:
			var n float64
			n, err = p.number()
			m = equalsNumber(n)
		default:
			m = equals(v)
		}
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	if len(list) == 0 {
		return nil, p.errorf("Empty arrays are not allowed")
	}
	return list, nil
}
