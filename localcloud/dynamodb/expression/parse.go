package expression

import (
	"strings"

	"tally/localcloud/cloud"
)

// The limits of an expression.
//
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html#limits-expression-parameters
const (
	maxLength    = 4096
	maxOperators = 300
	maxOperands  = 100 // of IN
	maxPath      = 32
)

// parser parses the tokens of one expression by recursive descent. Its methods return
// false at a syntax error.
type parser struct {
	text     string
	tokens   []token
	next     int
	furthest int // the token that no attempt got past: the one that is wrong
	// keywords are the words that are no names of attributes or functions.
	keywords string
	// redundant is whether a part of the expression is in two pairs of parentheses.
	redundant bool
	operators int
}

// parse parses a whole expression, which start parses. Its error lacks the name of the
// parameter.
func parse(text, keywords string, start func(*parser) bool) error {
	switch {
	case text == "":
		return invalid("The expression can not be empty;")
	case len(text) > maxLength:
		return invalid("Expression size has exceeded the maximum allowed size; expression size: %d", len(text))
	}
	p := &parser{text: text, tokens: lex(text), keywords: keywords}
	if !start(p) || !p.acceptEnd() {
		return p.syntaxError()
	}
	switch {
	case p.redundant:
		return invalid("The expression has redundant parentheses;")
	case p.operators > maxOperators:
		return invalid("The expression contains too many operators; operator count: %d", maxOperators+1)
	}
	return nil
}

// syntaxError returns the error for the token that is wrong. It is shown near the tokens
// before and after it.
func (p *parser) syntaxError() error {
	wrong := p.tokens[p.furthest]
	start, end := wrong.start, wrong.end
	if p.furthest > 0 {
		start = p.tokens[p.furthest-1].start
	}
	if p.furthest+1 < len(p.tokens) {
		end = max(end, p.tokens[p.furthest+1].end)
	}
	return invalid(`Syntax error; token: "%s", near: "%s"`, wrong.text, strings.TrimRight(p.text[start:end], " \t\r\n"))
}

func (p *parser) peek() token {
	p.furthest = max(p.furthest, p.next)
	return p.tokens[p.next]
}

func (p *parser) acceptEnd() bool { return p.peek().kind == endToken }

// accept consumes the next token if it is the symbol.
func (p *parser) accept(symbol string) bool {
	t := p.peek()
	if t.kind != symbolToken || t.text != symbol {
		return false
	}
	p.next++
	return true
}

// acceptKeyword consumes the next token if it is the keyword, in any case.
func (p *parser) acceptKeyword(keyword string) bool {
	t := p.peek()
	if t.kind != wordToken || !strings.EqualFold(t.text, keyword) {
		return false
	}
	p.next++
	return true
}

// acceptKind consumes the next token if it is of that kind, and no keyword.
func (p *parser) acceptKind(kind tokenKind) (token, bool) {
	t := p.peek()
	if t.kind != kind || kind == wordToken && p.isKeyword(t.text) {
		return token{}, false
	}
	p.next++
	return t, true
}

func (p *parser) isKeyword(word string) bool {
	return strings.Contains(p.keywords, " "+strings.ToUpper(word)+" ")
}

// attempt parses an alternative, and forgets about it if it fails.
func (p *parser) attempt(parse func() bool) bool {
	before := *p
	if parse() {
		return true
	}
	furthest := p.furthest
	*p = before
	p.furthest = furthest
	return false
}

// list parses one or more elements separated by commas.
func (p *parser) list(element func() bool) bool {
	for element() {
		if !p.accept(",") {
			return true
		}
	}
	return false
}

// operand parses a value, a document path or the call of a function. Conditions, where
// grouped is true, allow more parentheses than updates.
func (p *parser) operand(grouped bool) (*node, bool) {
	if p.accept("(") {
		return p.group(grouped)
	}
	if t, ok := p.acceptKind(valueToken); ok {
		return &node{kind: valueNode, name: t.text}, true
	}
	if call := (*node)(nil); p.attempt(func() (ok bool) { call, ok = p.call(grouped); return ok }) {
		return call, true
	}
	return p.path()
}

// group parses an operand in parentheses, of which the first is consumed.
func (p *parser) group(grouped bool) (*node, bool) {
	n, ok := p.operand(grouped)
	if !ok || !p.accept(")") {
		return nil, false
	}
	p.close(n)
	if n.kind != pathNode || !grouped {
		return n, true
	}
	length := len(n.steps)
	ok = p.steps(n)
	n.grouped = len(n.steps) == length // unlike in (a.b).c
	return n, ok
}

// close notes that n is in parentheses.
func (p *parser) close(n *node) {
	p.redundant = p.redundant || n.grouped
	n.grouped = true
}

// call parses the call of a function.
func (p *parser) call(grouped bool) (*node, bool) {
	t, ok := p.acceptKind(wordToken)
	if !ok || !p.accept("(") {
		return nil, false
	}
	n := &node{kind: callNode, name: t.text}
	p.operators++
	ok = p.list(func() bool {
		arg, ok := p.operand(grouped)
		n.args = append(n.args, arg)
		return ok
	})
	return n, ok && p.accept(")")
}

// path parses a document path.
func (p *parser) path() (*node, bool) {
	n := &node{kind: pathNode}
	return n, p.name(n) && p.steps(n)
}

// steps parses the rest of a document path, after the name that it begins with.
func (p *parser) steps(n *node) bool {
	for {
		switch {
		case p.accept("."):
			if !p.name(n) {
				return false
			}
		case p.accept("["):
			t, ok := p.acceptKind(indexToken)
			n.steps = append(n.steps, t)
			if !ok || !p.accept("]") {
				return false
			}
		default:
			return true
		}
	}
}

// name parses the name of an attribute and appends it to the path.
func (p *parser) name(n *node) bool {
	t, ok := p.acceptKind(wordToken)
	if !ok {
		t, ok = p.acceptKind(nameToken)
	}
	n.steps = append(n.steps, t)
	return ok
}

// invalid returns a ValidationException.
func invalid(format string, args ...any) error {
	return cloud.Errorf(0, "ValidationException", format, args...)
}
