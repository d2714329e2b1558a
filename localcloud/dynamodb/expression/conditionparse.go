package expression

// conditionKeywords are the words that are no names in conditions.
const conditionKeywords = " AND OR NOT BETWEEN IN "

// parseCondition parses and checks a condition. The order of the checks is DynamoDB's.
func parseCondition(text string, scope *Scope) (*node, error) {
	var root *node
	err := parse(text, conditionKeywords, func(p *parser) (ok bool) {
		root, ok = p.or()
		return ok
	})
	if err != nil {
		return nil, err
	}
	for _, check := range []func(*node) error{checkFunctions, checkConditionUse, checkReserved} {
		if err := check(root); err != nil {
			return nil, err
		}
	}
	return root, root.eachCondition(func(n *node) error { return checkSimple(n, scope) })
}

// checkSimple checks a condition without AND, OR and NOT.
func checkSimple(n *node, scope *Scope) error {
	if err := resolve(n, scope); err != nil {
		return err
	}
	for _, check := range []func(*node) error{checkOperands, checkDistinct, checkTypes} {
		if err := check(n); err != nil {
			return err
		}
	}
	return nil
}

// eachCondition calls f for each condition in n that has no AND, OR and NOT. It stops at
// the first error.
func (n *node) eachCondition(f func(*node) error) error {
	if !n.isLogical() {
		return f(n)
	}
	for _, arg := range n.args {
		if err := arg.eachCondition(f); err != nil {
			return err
		}
	}
	return nil
}

func (n *node) isLogical() bool {
	return n.kind == operatorNode && (n.name == "AND" || n.name == "OR" || n.name == "NOT")
}

// checkConditionUse refuses functions in n that are no conditions where one is expected,
// that are conditions where a value is expected, and those of updates.
func checkConditionUse(n *node) error { return checkUse(n, true) }

func checkUse(n *node, condition bool) error {
	for _, arg := range n.args {
		if err := checkUse(arg, n.isLogical()); err != nil {
			return err
		}
	}
	switch f := functions[n.name]; {
	case n.kind != callNode:
		return nil
	case f.update:
		return invalid("The function is not allowed in a condition expression; function: %s", n.name)
	case f.condition != condition:
		return errMisused(n.name)
	}
	return nil
}

// or parses a condition.
func (p *parser) or() (*node, bool) { return p.binary("OR", p.and) }

func (p *parser) and() (*node, bool) { return p.binary("AND", p.not) }

// binary parses operands that the keyword separates.
func (p *parser) binary(keyword string, operand func() (*node, bool)) (*node, bool) {
	left, ok := operand()
	for ok && p.acceptKeyword(keyword) {
		var right *node
		right, ok = operand()
		left = p.operator(keyword, left, right)
	}
	return left, ok
}

// operator returns the node of an operator.
func (p *parser) operator(name string, args ...*node) *node {
	p.operators++
	return &node{kind: operatorNode, name: name, args: args}
}

func (p *parser) not() (*node, bool) {
	if !p.acceptKeyword("NOT") {
		return p.simple()
	}
	n, ok := p.not()
	return p.operator("NOT", n), ok
}

// simple parses a comparison, a condition in parentheses or a function. A parenthesis may
// begin any of them, as in (a) = b.
func (p *parser) simple() (n *node, ok bool) {
	if p.attempt(func() bool { n, ok = p.comparison(); return ok }) {
		return n, true
	}
	if !p.accept("(") {
		return p.call(true)
	}
	n, ok = p.or()
	if !ok || !p.accept(")") {
		return nil, false
	}
	p.close(n)
	return n, true
}

// comparison parses the comparison of operands.
func (p *parser) comparison() (*node, bool) {
	first, ok := p.operand(true)
	if !ok {
		return nil, false
	}
	for _, comparator := range []string{"=", "<>", "<", "<=", ">", ">="} {
		if p.accept(comparator) {
			second, ok := p.operand(true)
			return p.operator(comparator, first, second), ok
		}
	}
	if p.acceptKeyword("BETWEEN") {
		lower, ok := p.operand(true)
		if !ok || !p.acceptKeyword("AND") {
			return nil, false
		}
		upper, ok := p.operand(true)
		return p.operator("BETWEEN", first, lower, upper), ok
	}
	return p.in(first)
}

// in parses IN and what follows it.
func (p *parser) in(first *node) (*node, bool) {
	if !p.acceptKeyword("IN") || !p.accept("(") {
		return nil, false
	}
	n := p.operator("IN", first)
	ok := p.list(func() bool {
		arg, ok := p.operand(true)
		n.args = append(n.args, arg)
		return ok
	})
	return n, ok && p.accept(")")
}
