package expression

import (
	"slices"
	"strings"

	"tally/localcloud/dynamodb/attribute"
)

// function is what the grammar knows about a function.
type function struct {
	operands  int
	update    bool // a function of update expressions, and otherwise of conditions
	condition bool // a condition; otherwise it returns a value
}

var functions = map[string]function{
	"attribute_exists":     {operands: 1, condition: true},
	"attribute_not_exists": {operands: 1, condition: true},
	"attribute_type":       {operands: 2, condition: true},
	"begins_with":          {operands: 2, condition: true},
	"contains":             {operands: 2, condition: true},
	"size":                 {operands: 1},
	"if_not_exists":        {operands: 2, update: true},
	"list_append":          {operands: 2, update: true},
}

// checkFunctions refuses functions in n that do not exist.
func checkFunctions(n *node) error {
	return n.walk(func(n *node) error {
		if _, ok := functions[n.name]; n.kind == callNode && !ok {
			return invalid("Invalid function name; function: %s", n.name)
		}
		return nil
	})
}

func errMisused(function string) error {
	return invalid("The function is not allowed to be used this way in an expression; function: %s", function)
}

// checkOperands refuses wrong numbers of operands in n.
func checkOperands(n *node) error { return n.walk(checkOperandsOf) }

// checkOperandsOf refuses a wrong number of operands of n itself.
func checkOperandsOf(n *node) error {
	switch count := len(n.args); {
	case n.kind == callNode && count != functions[n.name].operands:
		return invalid("Incorrect number of operands for operator or function; operator or function: %s, number of operands: %d", n.name, count)
	case n.name == "IN" && count-1 > maxOperands:
		return invalid("The IN operator is provided with too many operands; number of operands: %d", count-1)
	}
	return nil
}

// checkDistinct refuses operators and functions in n that compare a path with itself.
func checkDistinct(n *node) error {
	return n.walk(func(n *node) error {
		if len(n.args) < 2 || n.args[0].kind != pathNode {
			return nil
		}
		for _, arg := range n.args[1:] {
			if arg.kind == pathNode && arg.path.String() == n.args[0].path.String() {
				return invalid("The first operand must be distinct from the remaining operands for this operator or function; operator: %s, first operand: %s", n.name, arg.path)
			}
		}
		return nil
	})
}

// staticType returns the type of an operand if it does not depend on the item, or "".
func staticType(n *node) attribute.Type {
	switch {
	case n.kind == valueNode:
		return n.value.Type()
	case n.kind == callNode && n.name == "size":
		return attribute.N
	}
	return ""
}

// checkStaticTypes refuses n if the type of an operand is known and not one of types.
func checkStaticTypes(n *node, operands []*node, types ...attribute.Type) error {
	for _, operand := range operands {
		if t := staticType(operand); t != "" && !slices.Contains(types, t) {
			return errOperandType(n.name, string(t))
		}
	}
	return nil
}

func errOperandType(operator, operand string) error {
	return invalid("Incorrect operand type for operator or function; operator or function: %s, operand type: %s", operator, operand)
}

func checkPathOperand(n *node) error {
	if n.args[0].kind != pathNode {
		return invalid("Operator or function requires a document path; operator or function: %s", n.name)
	}
	return nil
}

// checkTypes refuses operands in a condition whose types are known and wrong.
func checkTypes(n *node) error {
	return n.walk(func(n *node) error {
		switch n.name {
		case "attribute_exists", "attribute_not_exists":
			return checkPathOperand(n)
		case "attribute_type":
			return checkTypeOperand(n)
		case "begins_with":
			return checkStaticTypes(n, n.args, attribute.S, attribute.B)
		case "size":
			return checkStaticTypes(n, n.args, attribute.S, attribute.B, attribute.M, attribute.L, attribute.SS, attribute.NS, attribute.BS)
		case "<", "<=", ">", ">=":
			return checkStaticTypes(n, n.args, attribute.S, attribute.N, attribute.B)
		case "BETWEEN":
			return checkBounds(n)
		}
		return nil
	})
}

// checkTypeOperand checks the second operand of attribute_type.
func checkTypeOperand(n *node) error {
	const all = "B,NULL,SS,BOOL,L,BS,N,NS,S,M"
	operand := n.args[1]
	switch t := staticType(operand); {
	case t == "":
		return errOperandType(n.name, "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}")
	case t != attribute.S:
		return errOperandType(n.name, string(t))
	case !slices.Contains(strings.Split(all, ","), operand.value.S()):
		return invalid("Invalid attribute type name found; type: %s, valid types: {%s}", operand.value.S(), all)
	}
	return nil
}

// checkBounds checks the operands of BETWEEN.
func checkBounds(n *node) error {
	lower, upper := n.args[1], n.args[2]
	problem := ""
	if lower.kind == valueNode && upper.kind == valueNode {
		if order, ok := lower.value.Compare(upper.value); lower.value.Type() != upper.value.Type() {
			problem = "same data type for lower and upper bounds"
		} else if ok && order > 0 {
			problem = "upper bound to be greater than or equal to lower bound"
		}
	}
	if problem != "" {
		return invalid("The BETWEEN operator requires %s; lower bound operand: AttributeValue: %s, upper bound operand: AttributeValue: %s", problem, describe(lower.value), describe(upper.value))
	}
	return checkStaticTypes(n, n.args, attribute.S, attribute.N, attribute.B)
}

// describe returns a value as in DynamoDB's messages, such as {S:a}.
func describe(v attribute.Value) string {
	data, err := v.MarshalJSON()
	if err != nil {
		return "{}"
	}
	return strings.ReplaceAll(string(data), `"`, "")
}
