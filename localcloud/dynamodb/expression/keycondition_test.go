package expression_test

import (
	"testing"

	"tally/localcloud/dynamodb/expression"
)

func TestKeyConditions(t *testing.T) {
	const values = `{":p": "x", ":a": 3, ":b": 7, ":s": "Ab", ":y": {"B": "b"}}`
	for _, c := range []struct {
		text, op string
		values   string   // of the sort key's condition
		match    []string // values of the sort key
		differ   []string
	}{
		{"p = :p", "", ``, []string{`1`, `"a"`}, nil},
		{" p=:p ", "", ``, []string{`1`}, nil},
		{"(p = :p)", "", ``, []string{`1`}, nil},
		{":p = p", "", ``, []string{`1`}, nil},
		{"#p = :p", "", ``, []string{`1`}, nil},
		{"p = :p AND c = :a", "=", `[3]`, []string{`3`, `3.0`}, []string{`4`, `"3"`}},
		{"c = :a AND p = :p", "=", `[3]`, []string{`3`}, []string{`4`}},
		{"p = :p and #c = :a", "=", `[3]`, []string{`3`}, []string{`4`}},
		{"p = :p AND c < :a", "<", `[3]`, []string{`2.9`}, []string{`3`}},
		{"p = :p AND c <= :a", "<=", `[3]`, []string{`3`}, []string{`3.1`}},
		{"p = :p AND c > :a", ">", `[3]`, []string{`3.1`}, []string{`3`}},
		{"p = :p AND c >= :a", ">=", `[3]`, []string{`3`}, []string{`2.9`}},
		{":p = p AND :a < c", ">", `[3]`, []string{`4`}, []string{`3`}},
		{":p = p AND :a <= c", ">=", `[3]`, []string{`3`}, []string{`2`}},
		{":p = p AND :a > c", "<", `[3]`, []string{`2`}, []string{`3`}},
		{":p = p AND :a >= c", "<=", `[3]`, []string{`3`}, []string{`4`}},
		{"p = :p AnD c BeTwEeN :a aNd :b", "BETWEEN", `[3, 7]`, []string{`3`, `5`, `7`}, []string{`2`, `8`}},
		{"p = :p AND begins_with(c, :s)", "begins_with", `["Ab"]`, []string{`"Ab"`, `"Abc"`}, []string{`"ab"`, `"A"`, `1`}},
		{"p = :p AND begins_with(c, :y)", "begins_with", `[{"B": "b"}]`, []string{`{"B": "bc"}`}, []string{`"bc"`}},
		{"((c = :a) AND (p = :p))", "=", `[3]`, []string{`3`}, []string{`4`}},
		{"(p = :p) AND (begins_with((c), (:s)))", "begins_with", `["Ab"]`, []string{`"Ab"`}, []string{`"a"`}},
	} {
		s := scope(t, values)
		s.Names = map[string]string{"#p": "p", "#c": "c"}
		got, err := expression.ParseKeyCondition(c.text, s, "p", "c")
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got.Hash.S() != "x" {
			t.Errorf("%s: the partition key is %s", c.text, show(got.Hash))
		}
		if c.op == "" && got.Sort != nil {
			t.Errorf("%s restricts the sort key: %v", c.text, got.Sort)
		}
		if c.op != "" && (got.Sort == nil || got.Sort.Op != c.op || show(got.Sort.Values) != show(of(t, c.values).L())) {
			t.Errorf("%s: the condition on the sort key is %s", c.text, show(got.Sort))
		}
		for _, key := range c.match {
			if !got.Sort.Match(of(t, key)) {
				t.Errorf("%s does not match %s", c.text, key)
			}
		}
		for _, key := range c.differ {
			if got.Sort.Match(of(t, key)) {
				t.Errorf("%s matches %s", c.text, key)
			}
		}
	}
	if _, err := expression.ParseKeyCondition("id = :p", scope(t, values), "id", ""); err != nil {
		t.Errorf("a condition for a table without a sort key: %v", err)
	}
}

func TestKeyConditionErrors(t *testing.T) {
	const (
		invalid  = "Invalid KeyConditionExpression: "
		operator = "Invalid operator used in KeyConditionExpression: "
		first    = " operator must have the key attribute as its first operand"
		nested   = "KeyConditionExpressions cannot contain nested operations"
		multiple = "Invalid condition in KeyConditionExpression: Multiple attribute names used in one condition"
		deep     = "KeyConditionExpressions cannot have conditions on nested attributes"
		none     = "Invalid condition in KeyConditionExpression: No key attribute specified"
		one      = "KeyConditionExpressions must only contain one condition per key"
		length   = "Conditions can be of length 1 or 2 only"
		missed   = "Query condition missed key schema element: "
		notYet   = "Query key condition not supported"
	)
	for text, want := range map[string]string{
		"":                              invalid + "The expression can not be empty;",
		"a > 4":                         invalid + `Syntax error; token: "4", near: "> 4"`,
		"p=:n AND c!=:n":                invalid + `Syntax error; token: "!", near: "c!="`,
		"p":                             invalid + `Syntax error; token: "<EOF>", near: "p"`,
		"((p = :n))":                    invalid + "The expression has redundant parentheses;",
		"((c=:n) AND ((p=:n)))":         invalid + "The expression has redundant parentheses;",
		"p = :n AND dog(c, :n)":         invalid + "Invalid function name; function: dog",
		"p = :n AND BEGINS_WITH(c, :s)": invalid + "Invalid function name; function: BEGINS_WITH",
		"p = :n AND date = :n":          invalid + "Attribute name is a reserved keyword; reserved keyword: date",
		"p = :x":                        invalid + "An expression attribute value used in expression is not defined; attribute value: :x",
		"#x = :n":                       invalid + "An expression attribute name used in the document path is not defined; attribute name: #x",
		"p = :n AND begins_with(c, :n)": invalid + "Incorrect operand type for operator or function; operator or function: begins_with, operand type: N",
		"attribute_type(p, :n)":         invalid + "Incorrect operand type for operator or function; operator or function: attribute_type, operand type: N",
		"p = p":                         invalid + "The first operand must be distinct from the remaining operands for this operator or function; operator: =, first operand: [p]",
		"p between :n and :s":           invalid + "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: {N:1}, upper bound operand: AttributeValue: {S:a}",

		"p > b and size(b) > c or p > c": operator + "OR",
		"c=:n OR p=:n":                   operator + "OR",
		"NOT c=:n AND p=:n":              operator + "NOT",
		"p in (b, size(c), d)":           operator + "IN",
		"attribute_exists(p)":            operator + "attribute_exists",
		"attribute_not_exists(p)":        operator + "attribute_not_exists",
		"attribute_type(p, :t)":          operator + "attribute_type",
		"contains(p.d, b)":               operator + "contains",
		"not p > b":                      operator + "NOT",
		"p=:n AND c <> :n":               operator + "<>",

		":n between size(b) and size(p) and b > :n":   "Invalid condition in KeyConditionExpression: BETWEEN" + first,
		"begins_with(:s, b) and p > :n":               "Invalid condition in KeyConditionExpression: begins_with" + first,
		"size(b) > p AND p.b > b AND b > c":           nested,
		"p > size(b.d)":                               nested,
		"p between size(b) and size(c)":               nested,
		"b > p.b":                                     multiple,
		"b between c[1] and d":                        multiple,
		"p between b and size(c)":                     multiple,
		"begins_with(p, b)":                           multiple,
		"p=c":                                         multiple,
		"b.d > p AND c.d > e.f":                       deep,
		"p.d > c":                                     deep,
		"b[0] > p":                                    deep,
		"p=:n AND c.b < :n":                           deep,
		":n > :m AND p < :n":                          none,
		":n > b AND :n < :m":                          none,
		"b > :n AND b < :n and c = :n and d = :n":     one,
		"p=:n AND p=:n":                               one,
		"p=:n AND c>=:n AND c<=:m":                    one,
		"(p > :n and b > :n) and (b > :n and c > :n)": one,
		":n = p and b = :n and :n = c":                length,
		"p=:n AND c<:n AND x<:n":                      length,

		"c = :n":                        missed + "p",
		"x = :n":                        missed + "p",
		"x = :n AND c = :n":             missed + "p",
		"p = :n AND x = :n":             missed + "c",
		"p = :n AND begins_with(x, :s)": missed + "c",
		"p < :n":                        notYet,
		"p BETWEEN :n AND :m":           notYet,
		"begins_with(p, :s)":            notYet,
	} {
		_, err := expression.ParseKeyCondition(text, scope(t, `{":n": 1, ":m": 2, ":s": "a", ":t": "S"}`), "p", "c")
		checkError(t, text, err, want)
	}
	_, err := expression.ParseKeyCondition("p = :n AND c = :n", scope(t, `{":n": 1}`), "p", "")
	checkError(t, "a second condition for a table without a sort key", err, notYet)
}
