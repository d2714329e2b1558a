package filter

import (
	"encoding/json"
	"math"
)

// isOperator reports whether name is the name of a match expression.
func isOperator(name string) bool {
	switch name {
	case "prefix", "suffix", "equals-ignore-case", "wildcard", "cidr", "anything-but", "numeric", "exists":
		return true
	}
	return false
}

// expression parses a match expression such as {"prefix": "a"}; the current token
// is its opening brace.
func (p *parser) expression() (pattern, error) {
	if p.next(); p.at('}') {
		return nil, p.errorf("Match expression name not found")
	}
	name := p.text()
	p.next()
	m, err := p.operand(name)
	if err != nil {
		return nil, err
	}
	return m, p.endExpression()
}

func (p *parser) endExpression() error {
	if p.next(); !p.at('}') {
		return p.errorf("Only one key allowed in match expression")
	}
	return nil
}

// operand parses the value of the match expression with that name.
func (p *parser) operand(name string) (pattern, error) {
	if p.messages && (name == "wildcard" || name == "cidr") {
		return nil, p.errorf("Unrecognized match type %s", name)
	}
	switch name {
	case "prefix", "suffix", "equals-ignore-case", "wildcard", "cidr":
		return p.textual(name)
	case "anything-but":
		return p.anythingBut()
	case "numeric":
		return p.numeric()
	case "exists":
		wanted, ok := p.token.(bool)
		if !ok {
			return nil, p.errorf("exists match pattern must be either true or false.")
		}
		return exists(wanted), nil
	}
	return nil, p.errorf("Unrecognized match type %s", name)
}

// textual parses the operand of a match expression that takes a string.
func (p *parser) textual(name string) (pattern, error) {
	if _, ok := p.token.(string); !ok {
		return nil, p.errorf("%s match pattern must be a string", name)
	}
	text := p.text()
	switch name {
	case "prefix":
		return prefix(text), nil
	case "suffix":
		return suffix(text), nil
	case "equals-ignore-case":
		return equalsFold(text), nil
	case "cidr":
		return p.withPosition(cidr(text))
	}
	m, wildcards, err := wildcard(text)
	p.pattern.addWildcards(wildcards)
	return p.withPosition(m, err)
}

// withPosition adds the position to err unless it is nil.
func (p *parser) withPosition(m pattern, err error) (pattern, error) {
	if err != nil {
		return nil, p.errorf("%v", err)
	}
	return m, nil
}

// anythingBut parses a string, a number, a list of strings, a list of numbers, or a
// match expression. SNS refuses the expression suffix, which other AWS services
// accept.
func (p *parser) anythingBut() (pattern, error) {
	p.pattern.points = onePoint
	switch v := p.token.(type) {
	case string:
		return not(equals(p.text())), nil
	case json.Number:
		m, err := p.exactNumber()
		return not(m), err
	case json.Delim:
		switch {
		case v == '[':
			return p.anythingButList()
		case !p.messages:
			return p.anythingButExpression()
		}
	}
	return nil, p.errorf("Value of anything-but must be an array or single string/number value.")
}

func (p *parser) anythingButExpression() (pattern, error) {
	if p.next(); p.at('}') {
		return nil, p.errorf("Empty objects are not allowed")
	}
	name := p.text()
	if name != "prefix" && name != "wildcard" {
		return nil, p.errorf("Unsupported anything-but pattern: %s", name)
	}
	p.next()
	m, err := p.textual(name)
	if err != nil {
		return nil, err
	}
	return not(m), p.endExpression()
}

func (p *parser) anythingButList() (pattern, error) {
	var list []pattern
	texts := 0
	for p.next(); !p.at(']'); p.next() {
		switch p.token.(type) {
		case string:
			texts++
			list = append(list, equals(p.text()))
		case json.Number:
			m, err := p.exactNumber()
			if err != nil {
				return nil, err
			}
			list = append(list, m)
		default:
			return nil, p.errorf("Inside anything-but list, start|null|boolean is not supported.")
		}
	}
	switch texts {
	case 0, len(list):
	default:
		return nil, p.errorf("Inside anything-but list, either all values are number or string, mixed type is not supported")
	}
	if len(list) == 0 {
		return nil, p.errorf("Empty arrays are not allowed")
	}
	return not(list...), nil
}

// numeric parses a list: ["=", 1], ["<", 1], [">", 1] or [">", 1, "<", 2], with
// <= and >= in place of < and > if the range includes its ends.
func (p *parser) numeric() (pattern, error) {
	if !p.at('[') {
		return nil, p.errorf("Value of numeric must be an array.")
	}
	p.next()
	if _, ok := p.token.(string); !ok {
		return nil, p.errorf("Invalid member in numeric match: %s", p.text())
	}
	switch operator := p.text(); operator {
	case "=":
		n, err := p.operandOf("equals")
		if err != nil {
			return nil, err
		}
		return equalsNumber(n), p.endNumeric()
	case "<", "<=":
		top, err := p.operandOf("<")
		if err != nil {
			return nil, err
		}
		return between(math.Inf(-1), top, true, operator == "<="), p.endNumeric()
	case ">", ">=":
		return p.numericRange(operator == ">=")
	default:
		p.next()
		return nil, p.errorf("Unrecognized numeric range operator: %s", operator)
	}
}

func (p *parser) numericRange(withBottom bool) (pattern, error) {
	bottom, err := p.operandOf(">")
	if err != nil {
		return nil, err
	}
	if p.next(); p.at(']') {
		return between(bottom, math.Inf(1), withBottom, true), nil
	}
	if _, ok := p.token.(string); !ok {
		return nil, p.errorf("Bad value in numeric range: %s", p.text())
	}
	operator := p.text()
	if operator != "<" && operator != "<=" {
		return nil, p.errorf("Bad numeric range operator: %s", operator)
	}
	top, err := p.operandOf("<")
	if err != nil {
		return nil, err
	}
	if p.next(); !p.at(']') {
		return nil, p.errorf("Too many terms in numeric range expression")
	}
	if bottom >= top {
		return nil, p.errorf("Bottom must be less than top")
	}
	return between(bottom, top, withBottom, operator == "<="), nil
}

// operandOf parses the number that follows an operator.
func (p *parser) operandOf(operator string) (float64, error) {
	p.next()
	if _, ok := p.token.(json.Number); !ok {
		return 0, p.errorf("Value of %s must be numeric", operator)
	}
	return p.number()
}

func (p *parser) endNumeric() error {
	if p.next(); !p.at(']') {
		return p.errorf("Too many elements in numeric expression")
	}
	return nil
}

// maxNumber is the maximum magnitude of a number in a policy, and maxMessageNumber that of
// an operand of numeric in a filter for messages.
const (
	maxNumber        = 1e9
	maxMessageNumber = 5e9
)

func (p *parser) number() (float64, error) {
	n, err := p.token.(json.Number).Float64()
	switch {
	case p.messages && (err != nil || math.Abs(n) > maxMessageNumber):
		return 0, p.errorf("Value must be between -5.0E9 and 5.0E9, inclusive")
	case !p.messages && (err != nil || math.Abs(n) > maxNumber):
		return 0, p.errorf("Match value %s must be smaller than 1E9", p.text())
	}
	return n, nil
}

// exactNumber returns the pattern for a number that is not an operand of numeric. A filter
// for messages compares such numbers as they are written: 300 is not 3.0e2.
func (p *parser) exactNumber() (pattern, error) {
	if p.messages {
		return equals(p.token), nil
	}
	n, err := p.number()
	return equalsNumber(n), err
}
