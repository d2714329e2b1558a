package filter

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Parse parses and validates a filter policy with the given scope, Attributes or
// Body. The error has AWS's wording, which usually ends with the position at which
// AWS's parser stopped.
func Parse(scope, document string) (*Policy, error) {
	if len(document) > maxBytes {
		return nil, refusal(fmt.Sprintf("Filter policy must not be larger than %d bytes", maxBytes))
	}
	if !json.Valid([]byte(document)) {
		return nil, refusal("failed to parse JSON.")
	}
	p := newParser(document)
	if p.next(); p.token != json.Delim('{') {
		return nil, p.errorf("Filter is not an object")
	}
	root, err := p.object()
	if err == nil {
		err = root.check(scope)
	}
	if err != nil {
		return nil, err
	}
	return &Policy{root}, nil
}

// refusal is an error in AWS's words, which do not follow Go's style for errors.
type refusal string

func (r refusal) Error() string { return string(r) }

// parser reads valid JSON token by token, in the same order as AWS's parser,
// because error messages contain the position at which parsing stopped.
type parser struct {
	source string
	dec    *json.Decoder
	token  json.Token
	end    int // offset of the end of token, in bytes
	// read is the offset up to which AWS's parser has read. It reads only the opening
	// quote of a string until text is called.
	read int

	pattern complexity // of the current pattern

	// messages is set for the filter of a MessageFilter, whose syntax differs in details.
	messages bool
}

func newParser(source string) *parser {
	p := &parser{source: source, dec: json.NewDecoder(strings.NewReader(source))}
	p.dec.UseNumber()
	return p
}

// next advances to the next token. It ignores the error, because the parser never
// reads past the end of valid JSON.
func (p *parser) next() {
	before := p.end
	p.token, _ = p.dec.Token()
	p.end = int(p.dec.InputOffset())
	p.read = p.end
	if _, ok := p.token.(string); ok {
		p.read = before + strings.Index(p.source[before:], `"`) + 1
	}
}

// text returns the token as written, or the value of a string.
func (p *parser) text() string {
	p.read = p.end
	if p.token == nil {
		return "null"
	}
	return fmt.Sprint(p.token)
}

// at reports whether the token is the delimiter d.
func (p *parser) at(d json.Delim) bool { return p.token == d }

// maxQuoted is the maximum length of the policy quoted in an error, in characters.
const maxQuoted = 500

// errorf returns an error with the position at which AWS's parser stopped, as AWS
// writes it.
func (p *parser) errorf(format string, args ...any) error {
	line := strings.Count(p.source[:p.read], "\n") + 1
	column := utf8.RuneCountInString(p.source[strings.LastIndex(p.source[:p.read], "\n")+1:p.read]) + 1
	source := `"` + p.source + `"`
	if all := []rune(p.source); len(all) > maxQuoted {
		source = fmt.Sprintf(`"%s"[truncated %d chars]`, string(all[:maxQuoted]), len(all)-maxQuoted)
	}
	return fmt.Errorf("%s\n at [Source: (String)%s; line: %d, column: %d]", fmt.Sprintf(format, args...), source, line, column)
}

// object parses an object; the current token is its opening brace. Only the
// outermost object of a Policy may be empty.
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
	if len(o.fields)+len(o.either) == 0 && (p.messages || !outermost) {
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
		f.patterns, f.complexity, err = p.patterns()
	default:
		err = p.errorf(`"%s" must be an object or an array`, name)
	}
	return f, err
}

// startsAlternatives looks ahead and reports whether the current token, "$or", is
// an operator. It is an ordinary key unless its value is an array of at least two
// objects, none of which has a key that names a match expression.
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

// patterns parses an array, and returns the complexity of all its patterns; the
// current token is its opening bracket.
func (p *parser) patterns() (list []pattern, all complexity, err error) {
	for p.next(); !p.at(']'); p.next() {
		var m pattern
		p.pattern = complexity{}
		switch v := p.token.(type) {
		case json.Delim:
			if v == '[' {
				return nil, all, p.errorf("Match value must be String, number, true, false, or null")
			}
			m, err = p.expression()
		case json.Number:
			m, err = p.exactNumber()
		default:
			m = equals(v)
		}
		if err != nil {
			return nil, all, err
		}
		list = append(list, m)
		all = all.plus(p.pattern)
	}
	if len(list) == 0 {
		return nil, all, p.errorf("Empty arrays are not allowed")
	}
	return list, all, nil
}
