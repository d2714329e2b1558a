package expression

import "tally/localcloud/dynamodb/attribute"

// updateKeywords are the words that are no names in updates.
const updateKeywords = " SET REMOVE ADD DELETE "

// parse parses and checks an update. The order of the checks is DynamoDB's.
func (u *Update) parse(text string, scope *Scope) error {
	var clauses []string
	err := parse(text, updateKeywords, func(p *parser) bool { return p.clauses(u, &clauses) })
	if err != nil {
		return err
	}
	all := &node{}
	for _, a := range u.actions {
		all.args = append(all.args, a.node())
	}
	for _, check := range []func(*node) error{checkReserved, checkFunctions, checkUpdateUse} {
		if err := check(all); err != nil {
			return err
		}
	}
	if err := checkClauses(clauses); err != nil {
		return err
	}
	// Names are looked up before values.
	if err := all.walk(func(n *node) error { return resolvePath(n, scope) }); err != nil {
		return err
	}
	if err := all.walk(func(n *node) error { return resolveValue(n, scope) }); err != nil {
		return err
	}
	return u.check(all)
}

// clauses parses all clauses of an update.
func (p *parser) clauses(u *Update, clauses *[]string) bool {
	for {
		clause, ok := p.clause()
		if !ok {
			return len(*clauses) > 0
		}
		*clauses = append(*clauses, clause)
		ok = p.list(func() bool {
			a, ok := p.action(clause)
			u.actions = append(u.actions, a)
			return ok
		})
		if !ok {
			return false
		}
	}
}

func (p *parser) clause() (string, bool) {
	for _, clause := range []string{"SET", "REMOVE", "ADD", "DELETE"} {
		if p.acceptKeyword(clause) {
			return clause, true
		}
	}
	return "", false
}

func (p *parser) action(clause string) (a action, ok bool) {
	a.clause = clause
	if a.target, ok = p.path(); !ok {
		return a, false
	}
	switch clause {
	case "REMOVE":
		return a, true
	case "SET":
		if !p.accept("=") {
			return a, false
		}
		a.value, ok = p.assigned()
		return a, ok
	}
	t, ok := p.acceptKind(valueToken)
	a.value = &node{kind: valueNode, name: t.text}
	return a, ok
}

// assigned parses the right side of SET, which may be in parentheses.
func (p *parser) assigned() (n *node, ok bool) {
	if p.attempt(func() bool { n, ok = p.sum(); return ok }) {
		return n, true
	}
	if !p.accept("(") {
		return nil, false
	}
	n, ok = p.sum()
	return n, ok && p.accept(")")
}

// sum parses an operand, or two with + or -.
func (p *parser) sum() (*node, bool) {
	first, ok := p.operand(false)
	for _, operator := range []string{"+", "-"} {
		if ok && p.accept(operator) {
			second, ok := p.operand(false)
			return p.operator(operator, first, second), ok
		}
	}
	return first, ok
}

// checkUpdateUse refuses functions of conditions, and functions whose operand is another
// function than if_not_exists.
func checkUpdateUse(n *node) error {
	return n.walk(func(n *node) error {
		if n.kind == callNode && !functions[n.name].update {
			return invalid("The function is not allowed in an update expression; function: %s", n.name)
		}
		for _, arg := range n.args {
			if n.kind == callNode && arg.kind == callNode && arg.name != "if_not_exists" {
				return errMisused(arg.name)
			}
		}
		return nil
	})
}

// checkClauses refuses a clause that occurs twice.
func checkClauses(clauses []string) error {
	seen := map[string]bool{}
	for _, clause := range clauses {
		if seen[clause] {
			return invalid(`The "%s" section can only be used once in an update expression;`, clause)
		}
		seen[clause] = true
	}
	return nil
}

// check checks the paths and operands of an update, and sets its paths.
func (u *Update) check(all *node) error {
	for _, a := range u.actions {
		u.paths = append(u.paths, a.target.path)
	}
	if err := checkOverlap(u.paths); err != nil {
		return err
	}
	for _, a := range u.actions {
		if err := a.checkOperand(); err != nil {
			return err
		}
	}
	return all.walk(func(n *node) error {
		if err := checkOperandsOf(n); err != nil {
			return err
		}
		switch n.name {
		case "if_not_exists":
			return checkPathOperand(n)
		case "list_append":
			return checkStaticTypes(n, n.args, attribute.L)
		case "+", "-":
			return checkStaticTypes(n, n.args, attribute.N)
		}
		return nil
	})
}

// typeNames are the names of types in errors about ADD and DELETE.
var typeNames = map[attribute.Type]string{
	attribute.S: "STRING", attribute.N: "NUMBER", attribute.B: "BINARY", attribute.BOOL: "BOOLEAN",
	attribute.NULL: "NULL", attribute.M: "MAP", attribute.L: "LIST",
}

// checkOperand checks the type of the operand of ADD or DELETE.
func (a action) checkOperand() error {
	if a.clause != "ADD" && a.clause != "DELETE" {
		return nil
	}
	t := a.value.value.Type()
	name, wrong := typeNames[t]
	if !wrong || a.clause == "ADD" && t == attribute.N {
		return nil
	}
	return invalid("Incorrect operand type for operator or function; operator: %s, operand type: %s", a.clause, name)
}
