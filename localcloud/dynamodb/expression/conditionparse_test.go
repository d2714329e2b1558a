package expression_test

import (
	"strings"
	"testing"

	"tally/localcloud/dynamodb/expression"
)

func TestConditionSyntaxErrors(t *testing.T) {
	for text, want := range map[string]string{
		"things are not gonna be ok":           `token: "are", near: "things are not"`,
		"a > 4":                                `token: "4", near: "> 4"`,
		"a":                                    `token: "<EOF>", near: "a"`,
		":a":                                   `token: "<EOF>", near: ":a"`,
		" ":                                    `token: "<EOF>", near: ""`,
		"a >":                                  `token: "<EOF>", near: ">"`,
		"a = = :v":                             `token: "=", near: "= = :v"`,
		"a != :v":                              `token: "!", near: "a !="`,
		"a == :v":                              `token: "=", near: "== :v"`,
		"_hidden = :v":                         `token: "_", near: "_hidden"`,
		"attribute_type()":                     `token: ")", near: "()"`,
		"attribute_exists(Pictures-RearView)":  `token: "-", near: "Pictures-RearView"`,
		`attribute_exists("Pictures")`:         `token: """, near: "("Pictures"`,
		"attribute_exists(Pictures..RearView)": `token: ".", near: "..RearView"`,
		"attribute_exists(Pi#ctures.RearView)": `token: "#ctures", near: "Pi#ctures."`,
		"attribute_exists(asdf[a])":            `token: "a", near: "[a]"`,
		"attribute_exists([1])":                `token: "[", near: "([1"`,
		"a in b, c":                            `token: "b", near: "in b,"`,
		"a > between":                          `token: "between", near: "> between"`,
		"a in ()":                              `token: ")", near: "()"`,
		"a in (b,c,)":                          `token: ")", near: ",)"`,
		"(a)between(b.(c.d))and(c)":            `token: "(", near: ".(c"`,
		"(a)between(b.c.d)and((c)":             `token: "<EOF>", near: ")"`,
		"#$.b > a":                             `token: "#", near: "#$"`,
		": > a":                                `token: ":", near: ": >"`,
		"a > :things.stuff":                    `token: ".", near: ":things.stuff"`,
		"b[:a] > a":                            `token: ":a", near: "[:a]"`,
		"b[#_] > a":                            `token: "#_", near: "[#_]"`,
		"b[] > a":                              `token: "]", near: "[] >"`,
		"b[1 > a":                              `token: ">", near: "1 > a"`,
		"ü > a":                                `token: "ü", near: "ü >"`,
		"(a)between(b.c[4.5].#d)and(:a)":       `token: ".", near: "4.5"`,
		"size(a).b > a":                        `token: ".", near: ").b"`,
		"(size(a)).b > a":                      `token: ".", near: ").b"`,
		"size(a)[0] > a":                       `token: "[", near: ")[0"`,
		"(size(a))[0] > a":                     `token: "[", near: ")[0"`,
		"a = :v AND":                           `token: "<EOF>", near: "AND"`,
		"a = :v AND OR b = :v":                 `token: "OR", near: "AND OR b"`,
		"a = :v b = :v":                        `token: "b", near: ":v b ="`,
		"(a = :v":                              `token: "<EOF>", near: ":v"`,
		"a = :v)":                              `token: ")", near: ":v)"`,
		"a BETWEEN :v":                         `token: "<EOF>", near: ":v"`,
		"a BETWEEN :v OR :v":                   `token: "OR", near: ":v OR :v"`,
		"NOT":                                  `token: "<EOF>", near: "NOT"`,
		"a NOT IN (:v)":                        `token: "NOT", near: "a NOT IN"`,
		"a = (b = c)":                          `token: "=", near: "b = c"`,
		"size(a = b) > :v":                     `token: "=", near: "a = b"`,
		strings.Repeat("(", 4000):              `token: "<EOF>", near: "("`,
	} {
		_, err := expression.ParseCondition(expression.FilterExpression, text, scope(t, ""))
		checkError(t, text, err, "Invalid FilterExpression: Syntax error; "+want)
	}
}

// TestConditionErrors has the other refusals, one by one and in the order of the checks.
func TestConditionErrors(t *testing.T) {
	const (
		redundant = "The expression has redundant parentheses;"
		unknown   = "Invalid function name; function: "
		misused   = "The function is not allowed to be used this way in an expression; function: "
		reserved  = "Attribute name is a reserved keyword; reserved keyword: "
		noName    = "An expression attribute name used in the document path is not defined; attribute name: "
		noValue   = "An expression attribute value used in expression is not defined; attribute value: "
		count     = "Incorrect number of operands for operator or function; operator or function: "
		operand   = "Incorrect operand type for operator or function; operator or function: "
		path      = "Operator or function requires a document path; operator or function: "
		distinct  = "The first operand must be distinct from the remaining operands for this operator or function; operator: "
		sameType  = "The BETWEEN operator requires same data type for lower and upper bounds; lower bound operand: AttributeValue: "
		order     = "The BETWEEN operator requires upper bound to be greater than or equal to lower bound; lower bound operand: AttributeValue: "
	)
	for _, c := range []struct{ text, placeholders, want string }{
		{"", ``, "The expression can not be empty;"},
		{"a = :" + strings.Repeat("v", 4092), ``, "Expression size has exceeded the maximum allowed size; expression size: 4097"},

		{"a=a and a > ((views))", ``, redundant},
		{"(a)between(((b.c)).d)and(c)", ``, redundant},
		{"a > whatever((:things), ((a)))", ``, redundant},
		{"a=a AND ((a=a AND a=a)) AND a=a", ``, redundant},
		{"a=a OR ((a=a OR a=a)) OR a=a", ``, redundant},
		{"a=a AND ((a=a AND (a=a AND a=a)))", ``, redundant},
		{"((attribute_exists(a)))", ``, redundant},
		{"NOT ((a = b))", ``, redundant},

		{"a=a and whatever((:things)) > a", ``, unknown + "whatever"},
		{"attRIbute_exIsts((views), #a)", ``, unknown + "attRIbute_exIsts"},
		{"dog(a) = :v AND cat(b)", ``, unknown + "dog"},

		{"a=a and attribute_exists((views), (#a)) > b", ``, misused + "attribute_exists"},
		{"attribute_not_exists(things) > b", ``, misused + "attribute_not_exists"},
		{"attribute_type(things, :a) > b", ``, misused + "attribute_type"},
		{"begins_with(things, a) > b", ``, misused + "begins_with"},
		{"contains(:things, c) > b", ``, misused + "contains"},
		{"size(contains(a, b)) > a", ``, misused + "contains"},
		{"size(things)", ``, misused + "size"},
		{"NOT size(things)", ``, misused + "size"},
		{"a > b AND size(things)", ``, misused + "size"},
		{"a between b and attribute_exists(things)", ``, misused + "attribute_exists"},
		{"a in (b, attribute_exists(things))", ``, misused + "attribute_exists"},
		{"if_not_exists(a, b) = :v", ``, "The function is not allowed in a condition expression; function: if_not_exists"},
		{"list_append(a, b)", ``, "The function is not allowed in a condition expression; function: list_append"},

		{"attribute_exists(views, #a)", ``, reserved + "views"},
		{":a < abOrT", ``, reserved + "abOrT"},
		{"x.y[0].Status = :a", ``, reserved + "Status"},
		{"attribute_exists(size)", ``, reserved + "size"},

		{"attribute_exists(#Pictures.RearView, :a) and a=a", ``, noName + "#Pictures"},
		{"begins_with(Pictures.#RearView)", ``, noName + "#RearView"},
		{"(#P between :lo and :hi) and (#PC in (:cat1, :cat2))", ``, noName + "#P"},
		{"#4g > a", ``, noName + "#4g"},
		{"#_ > a", ``, noName + "#_"},
		{"#e > a", `{"#e": ""}`, noName + "#e"},
		{"(a)between(b.c[45].#d)and(:a)", ``, noName + "#d"},
		{"begins_with(:hello, #a, #b)", ``, noValue + ":hello"},
		{":a < :b", ``, noValue + ":a"},
		{":_ > a", ``, noValue + ":_"},
		{"a = :A", `{":a": 1}`, noValue + ":A"},
		{"a" + strings.Repeat(".b", 32) + " = :v", `{":v": 1}`, "The document path has too many nesting levels; nesting levels: 33"},
		{"a[2147483648] = :v", `{":v": 1}`, "List index is not within the allowable range; index: [2147483648]"},

		{"attribute_exists(things, a) and a=a", ``, count + "attribute_exists, number of operands: 2"},
		{"attribute_not_exists(things, b)", ``, count + "attribute_not_exists, number of operands: 2"},
		{"attribute_type(things)", ``, count + "attribute_type, number of operands: 1"},
		{"begins_with(things)", ``, count + "begins_with, number of operands: 1"},
		{"begins_with(things, size(a), b)", ``, count + "begins_with, number of operands: 3"},
		{"contains(things)", ``, count + "contains, number of operands: 1"},
		{"size(things, a) > b", ``, count + "size, number of operands: 2"},

		{"a = a AND #a = b AND :views > a", `{"#a": "a"}`, distinct + "=, first operand: [a]"},
		{"#a <> a", `{"#a": "a"}`, distinct + "<>, first operand: [a]"},
		{"a > #a", `{"#a": "a"}`, distinct + ">, first operand: [a]"},
		{"((a=a) OR (a=a))", ``, distinct + "=, first operand: [a]"},
		{"contains(ab.bc[1].a, ab.bc[1].#a)", `{"#a": "a"}`, distinct + "contains, first operand: [ab, bc, [1], a]"},
		{"attribute_type(ab.bc[1].#a, ab.bc[1].a)", `{"#a": "a"}`, distinct + "attribute_type, first operand: [ab, bc, [1], a]"},
		{"begins_with(ab.bc[1].a, ab.bc[1].#a)", `{"#a": "a"}`, distinct + "begins_with, first operand: [ab, bc, [1], a]"},
		{"a BETWEEN b AND a", ``, distinct + "BETWEEN, first operand: [a]"},
		{"a IN (b, a)", ``, distinct + "IN, first operand: [a]"},

		{"attribute_type(ab.bc[1].a, SS)", ``, operand + "attribute_type, operand type: {NS,SS,L,BS,N,M,B,BOOL,NULL,S}"},
		{"attribute_type(a, size(b)) and a=a", ``, operand + "attribute_type, operand type: N"},
		{"attribute_type(a, :a)", `{":a": 1}`, operand + "attribute_type, operand type: N"},
		{"attribute_type(a, :a)", `{":a": {"SS": ["1"]}}`, operand + "attribute_type, operand type: SS"},
		{"attribute_type(a, :a)", `{":a": "1"}`, "Invalid attribute type name found; type: 1, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
		{"attribute_type(a, :a)", `{":a": "S,M"}`, "Invalid attribute type name found; type: S,M, valid types: {B,NULL,SS,BOOL,L,BS,N,NS,S,M}"},
		{"begins_with(a, size(b)) and a=:a", ``, operand + "begins_with, operand type: N"},
		{"begins_with(a, :a)", `{":a": 1}`, operand + "begins_with, operand type: N"},
		{"begins_with(a, :a)", `{":a": true}`, operand + "begins_with, operand type: BOOL"},
		{"begins_with(a, :a)", `{":a": null}`, operand + "begins_with, operand type: NULL"},
		{"begins_with(a, :a)", `{":a": []}`, operand + "begins_with, operand type: L"},
		{"begins_with(:a, a)", `{":a": {}}`, operand + "begins_with, operand type: M"},
		{"begins_with(:a, a)", `{":a": {"BS": ["1"]}}`, operand + "begins_with, operand type: BS"},
		{"size(size(a)) > :a", `{":a": 1}`, operand + "size, operand type: N"},
		{"attribute_not_exists(size(:a))", `{":a": 1}`, operand + "size, operand type: N"},
		{"size(:a) > a", `{":a": true}`, operand + "size, operand type: BOOL"},
		{"size(:a) > a", `{":a": null}`, operand + "size, operand type: NULL"},
		{"attribute_exists(:a) and a=a", `{":a": "1"}`, path + "attribute_exists"},
		{"attribute_not_exists(size(:a))", `{":a": "1"}`, path + "attribute_not_exists"},
		{"a < :a", `{":a": [1, 2]}`, operand + "<, operand type: L"},
		{":a <= a", `{":a": {"SS": ["1"]}}`, operand + "<=, operand type: SS"},
		{"a > :a", `{":a": true}`, operand + ">, operand type: BOOL"},
		{"a >= :a", `{":a": null}`, operand + ">=, operand type: NULL"},
		{"a BETWEEN :a AND b", `{":a": {}}`, operand + "BETWEEN, operand type: M"},
		{"a between :b and :a", `{":a": "a", ":b": 1}`, sameType + "{N:1}, upper bound operand: AttributeValue: {S:a}"},
		{"a between :b and :a", `{":a": "a", ":b": "b"}`, order + "{S:b}, upper bound operand: AttributeValue: {S:a}"},
		{"a between :b and :a", `{":a": 1, ":b": 2}`, order + "{N:2}, upper bound operand: AttributeValue: {N:1}"},
	} {
		_, err := expression.ParseCondition(expression.ConditionExpression, c.text, scope(t, c.placeholders))
		checkError(t, c.text, err, "Invalid ConditionExpression: "+c.want)
	}
}

func TestConditionLimits(t *testing.T) {
	list := func(n int) string { return strings.TrimSuffix(strings.Repeat(":v,", n), ",") }
	chain := func(n int) string { return "a<:v" + strings.Repeat(" OR a<:v", n-1) }
	for _, c := range []struct{ text, want string }{
		{"a IN (" + list(100) + ")", ""},
		{"a IN (" + list(101) + ")", "The IN operator is provided with too many operands; number of operands: 101"},
		{chain(150), ""}, // 150 comparators, 149 OR
		{"NOT " + chain(150), ""},
		{"NOT NOT " + chain(150), "The expression contains too many operators; operator count: 301"},
		{strings.Repeat("NOT ", 300) + "a<:v", "The expression contains too many operators; operator count: 301"},
		{"attribute_exists(a)" + strings.Repeat(" OR size(a)<:v", 100), "The expression contains too many operators; operator count: 301"},
		{"a" + strings.Repeat(".b", 31) + " < :v", ""},
		{"a = :v" + strings.Repeat(" ", 4090), ""},
	} {
		_, err := expression.ParseCondition(expression.ConditionExpression, c.text, scope(t, `{":v": 1}`))
		if c.want == "" && err != nil {
			t.Errorf("%.60s: %v", c.text, err)
		} else if c.want != "" {
			checkError(t, c.text[:20], err, "Invalid ConditionExpression: "+c.want)
		}
	}
}
