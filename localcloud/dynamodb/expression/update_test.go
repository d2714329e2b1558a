package expression_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

func TestUpdates(t *testing.T) {
	for _, c := range []struct{ text, placeholders, old, want string }{
		// SET.
		{"SET b = :v", `{":v": 4}`, `{"id": "1"}`, `{"id": "1", "b": 4}`},
		{"  set   b=:v  ", `{":v": 5}`, `{"b": 4}`, `{"b": 5}`},
		{"sEt #n = :v", `{"#n": "a.b", ":v": 3}`, `{"a": {"b": 1}}`, `{"a": {"b": 1}, "a.b": 3}`},
		{"SET x = :v, y = :v", `{":v": [1]}`, `{}`, `{"x": [1], "y": [1]}`},
		{"SET b = a", ``, `{"a": "hello"}`, `{"a": "hello", "b": "hello"}`},
		{"SET a = a", ``, `{"a": "hello"}`, `{"a": "hello"}`},
		{"SET a = b, b = a", ``, `{"a": 1, "b": 2}`, `{"a": 2, "b": 1}`},
		{"SET z = a.c.x", ``, `{"a": {"c": {"x": 7}}}`, `{"a": {"c": {"x": 7}}, "z": 7}`},
		{"SET z = (a.c[1])", ``, `{"a": {"c": [1, {"x": 7}]}}`, `{"a": {"c": [1, {"x": 7}]}, "z": {"x": 7}}`},
		{"SET d = :l, e = :m, f = :s, g = :b", `{":l": [], ":m": {}, ":s": "", ":b": {"B": ""}}`, `{}`, `{"d": [], "e": {}, "f": "", "g": {"B": ""}}`},
		{"SET a.c = :v", `{":v": 7}`, `{"a": {"b": 3, "c": {"one": 1}}, "d": 5}`, `{"a": {"b": 3, "c": 7}, "d": 5}`},
		{"SET a.d = :v", `{":v": 7}`, `{"a": {"b": 3}}`, `{"a": {"b": 3, "d": 7}}`},
		{"SET a.c[1].#x.y[1] = :v", `{"#x": "x", ":v": 9}`, `{"a": {"c": ["hi", {"x": {"y": [3, 5, 7]}}]}}`, `{"a": {"c": ["hi", {"x": {"y": [3, 9, 7]}}]}}`},
		{"SET a[1] = :v", `{":v": "x"}`, `{"a": [1, 2, 3]}`, `{"a": [1, "x", 3]}`},
		{"SET a[0] = :v", `{":v": "x"}`, `{"a": []}`, `{"a": ["x"]}`},
		{"SET a[7] = :v", `{":v": "x"}`, `{"a": [1, 2, 3]}`, `{"a": [1, 2, 3, "x"]}`},
		{"SET a[84] = :a, a[37] = :b, a[17] = :c, a[50] = :d", `{":a": "1", ":b": "2", ":c": "3", ":d": "4"}`, `{"a": [0]}`, `{"a": [0, "3", "2", "4", "1"]}`},
		{"SET a[0] = a[1], a[1] = a[0]", ``, `{"a": [1, 2]}`, `{"a": [2, 1]}`},
		{"SET a.b = :v, a.c.d = :v, b.x = :v REMOVE a.x, b.y", `{":v": 0}`, `{"a": {"x": 3, "y": 4, "c": {"y": 3}}, "b": {"x": 1, "y": 2}}`, `{"a": {"y": 4, "b": 0, "c": {"y": 3, "d": 0}}, "b": {"x": 0}}`},
		{"SET a = :v", `{":v": 1}`, ``, `{"a": 1}`},

		// + and -.
		{"SET Price = Price - :v", `{":v": 15}`, `{"Price": 52}`, `{"Price": 37}`},
		{"SET a = a + :v", `{":v": 0.2}`, `{"a": 0.1}`, `{"a": 0.3}`},
		{"SET a = :v+a", `{":v": -1}`, `{"a": 1}`, `{"a": 0}`},
		{"SET a = a + a", ``, `{"a": 7}`, `{"a": 14}`},
		{"SET a = b-:v", `{":v": 1}`, `{"b": 10000000000000000000000}`, `{"a": 9999999999999999999999, "b": 10000000000000000000000}`},
		{"SET a = (b + c)", ``, `{"b": 1, "c": 2}`, `{"a": 3, "b": 1, "c": 2}`},
		{"SET a = ((b.x)+(c))", ``, `{"b": {"x": 1}, "c": 2}`, `{"a": 3, "b": {"x": 1}, "c": 2}`},
		{"SET a = (b) + (c)", ``, `{"b": 1, "c": 2}`, `{"a": 3, "b": 1, "c": 2}`},
		{"SET m.n = m.n + :v", `{":v": 5}`, `{"m": {"n": 10}}`, `{"m": {"n": 15}}`},

		// if_not_exists and list_append.
		{"SET a = if_not_exists(a, :v)", `{":v": 2}`, `{}`, `{"a": 2}`},
		{"SET a = if_not_exists(a, :v)", `{":v": 2}`, `{"a": 1}`, `{"a": 1}`},
		{"SET a = if_not_exists(b.c, :v)", `{":v": 2}`, `{"b": {"c": 1}}`, `{"a": 1, "b": {"c": 1}}`},
		{"SET a = if_not_exists(a, b)", ``, `{"b": 1}`, `{"a": 1, "b": 1}`},
		{"SET a = if_not_exists(a, b)", ``, `{"a": 0}`, `{"a": 0}`},
		{"SET a = if_not_exists(a, if_not_exists(b, :v))", `{":v": 3}`, `{}`, `{"a": 3}`},
		{"SET a = if_not_exists(a, :zero) + :v", `{":zero": 0, ":v": 3}`, `{"a": 4}`, `{"a": 7}`},
		{"SET a = if_not_exists(a, :zero) + :v", `{":zero": 0, ":v": 3}`, ``, `{"a": 3}`},
		{"SET a = list_append(a, :v)", `{":v": [4, "x"]}`, `{"a": ["hi"]}`, `{"a": ["hi", 4, "x"]}`},
		{"SET a = list_append(:v, a)", `{":v": [4, "x"]}`, `{"a": ["hi"]}`, `{"a": [4, "x", "hi"]}`},
		{"SET c = list_append(a, b)", ``, `{"a": [1], "b": [2]}`, `{"a": [1], "b": [2], "c": [1, 2]}`},
		{"SET a = list_append(if_not_exists(a, :none), :v)", `{":none": [], ":v": [1]}`, ``, `{"a": [1]}`},

		// REMOVE.
		{"REMOVE a", ``, `{"a": 1, "b": 2}`, `{"b": 2}`},
		{"remove Brand, InStock, QuantityOnHand", ``, `{"Brand": 1, "InStock": true, "id": 2}`, `{"id": 2}`},
		{"REMOVE RelatedItems[1], RelatedItems[2]", ``, `{"RelatedItems": ["a", "b", "c", "d"]}`, `{"RelatedItems": ["a", "d"]}`},
		{"REMOVE a[17]", ``, `{"a": [4, 5, 6]}`, `{"a": [4, 5, 6]}`},
		{"REMOVE a[0]", ``, `{"a": [4]}`, `{"a": []}`},
		{"REMOVE a.b", ``, `{"a": {"b": 1}}`, `{"a": {}}`},
		{"REMOVE a.c", ``, `{"a": {"b": 1}}`, `{"a": {"b": 1}}`},
		{"REMOVE a.c[1].x.y[1], a.c[1].q", ``, `{"a": {"b": 3, "c": ["hi", {"x": {"y": [3, 5, 7]}, "q": 2}]}}`, `{"a": {"b": 3, "c": ["hi", {"x": {"y": [3, 7]}}]}}`},
		{"REMOVE a[1] SET a[3] = :v", `{":v": 17}`, `{"a": [2, 3, 4, 5, 6, 7]}`, `{"a": [2, 4, 17, 6, 7]}`},
		{"SET a[3] = :v REMOVE a[1]", `{":v": 17}`, `{"a": [2, 3, 4, 5, 6, 7]}`, `{"a": [2, 4, 17, 6, 7]}`},
		{"REMOVE a SET b = a", ``, `{"a": "hello"}`, `{"b": "hello"}`},
		{"REMOVE a", ``, ``, ``},
		{"REMOVE x.y, x[0]", ``, ``, "Invalid UpdateExpression: Two document paths conflict with each other; must remove or rewrite one of these paths; path one: [x, y], path two: [x, [0]]"},
		{"REMOVE x.y, z[0]", ``, ``, ``},

		// ADD.
		{"ADD QuantityOnHand :q", `{":q": 5}`, `{"QuantityOnHand": 2}`, `{"QuantityOnHand": 7}`},
		{"ADD QuantityOnHand :q", `{":q": -5}`, `{"id": 1}`, `{"id": 1, "QuantityOnHand": -5}`},
		{"ADD a :v", `{":v": 8}`, ``, `{"a": 8}`},
		{"ADD Color :c", `{":c": {"SS": ["Orange", "Purple"]}}`, `{"Color": {"SS": ["Red", "Purple"]}}`, `{"Color": {"SS": ["Red", "Purple", "Orange"]}}`},
		{"ADD Color :c", `{":c": {"SS": ["Orange"]}}`, `{}`, `{"Color": {"SS": ["Orange"]}}`},
		{"ADD a :n, b :b", `{":n": {"NS": [1, 3]}, ":b": {"BS": ["x", "y"]}}`, `{"a": {"NS": [1.0, 2]}, "b": {"BS": ["y"]}}`, `{"a": {"NS": [1, 2, 3]}, "b": {"BS": ["y", "x"]}}`},
		{"ADD a.b :v", `{":v": 1}`, `{"a": {"b": 1}}`, `{"a": {"b": 2}}`},
		{"ADD a.b :v", `{":v": 1}`, `{"a": {}}`, `{"a": {"b": 1}}`},
		{"ADD a[0] :v", `{":v": 1}`, `{"a": [1]}`, `{"a": [2]}`},

		// DELETE.
		{"DELETE Color :p", `{":p": {"SS": ["Yellow", "Purple"]}}`, `{"Color": {"SS": ["Orange", "Purple", "Yellow"]}}`, `{"Color": {"SS": ["Orange"]}}`},
		{"DELETE a :v", `{":v": {"NS": [1, 2]}}`, `{"a": {"NS": [2, 1.0]}, "b": 1}`, `{"b": 1}`},
		{"DELETE a :v", `{":v": {"BS": ["x", "z"]}}`, `{"a": {"BS": ["x", "y"]}}`, `{"a": {"BS": ["y"]}}`},
		{"DELETE a :v", `{":v": {"SS": ["pig"]}}`, `{"a": {"SS": ["dog"]}}`, `{"a": {"SS": ["dog"]}}`},
		{"DELETE a :v", `{":v": {"SS": ["pig"]}}`, `{"b": 1}`, `{"b": 1}`},
		{"DELETE a.b :v", `{":v": {"SS": ["x"]}}`, `{"a": {"b": {"SS": ["x"]}}}`, `{"a": {}}`},
		{"DELETE a :v", `{":v": {"SS": ["pig"]}}`, ``, ``},

		// All clauses.
		{"ADD n :n SET s = :s REMOVE r DELETE d :d", `{":n": 1, ":s": "x", ":d": {"SS": ["x"]}}`, `{"n": 1, "r": 1, "d": {"SS": ["x", "y"]}}`, `{"n": 2, "s": "x", "d": {"SS": ["y"]}}`},
	} {
		s := scope(t, c.placeholders)
		update, err := expression.ParseUpdate(c.text, s)
		if err != nil {
			if c.want == "" || c.want[0] == '{' {
				t.Errorf("%s: %v", c.text, err)
			} else {
				checkError(t, c.text, err, c.want)
			}
			continue
		}
		if err := s.Unused(); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		old := item(t, c.old)
		got, touched, err := update.Apply(old)
		if want := item(t, c.want); err != nil || show(got) != show(want) {
			t.Errorf("%s of %s:\n got %s, %v\nwant %s", c.text, c.old, show(got), err, show(want))
		}
		if !old.Equal(item(t, c.old)) {
			t.Errorf("%s changed the old item to %s", c.text, show(old))
		}
		if !slices.EqualFunc(touched, update.Paths(), slices.Equal[expression.Path]) {
			t.Errorf("%s touched %v", c.text, touched)
		}
	}
}

// TestUpdateFailures has updates that the item refuses.
func TestUpdateFailures(t *testing.T) {
	const (
		missing  = "The provided expression refers to an attribute that does not exist in the item"
		kind     = "An operand in the update expression has an incorrect data type"
		path     = "The document path provided in the update expression is invalid for update"
		overflow = "Number overflow. Attempting to store a number with magnitude larger than supported range"
	)
	for _, c := range []struct{ text, placeholders, old, want string }{
		{"SET c = z", ``, `{"a": 1}`, missing},
		{"SET x = :v, y = x", `{":v": 4}`, `{}`, missing},
		{"SET z = z", ``, `{}`, missing},
		{"SET a = a + :v", `{":v": 1}`, `{}`, missing},
		{"SET a = a + :v", `{":v": 1}`, ``, missing},
		{"SET a = list_append(a, :v)", `{":v": [1]}`, `{}`, missing},
		{"SET a = if_not_exists(a, b)", ``, `{}`, missing},
		{"SET a = b.c", ``, `{"b": [1]}`, missing},
		{"SET a = a + :v", `{":v": 1}`, `{"a": "1"}`, kind},
		{"SET a = :v - a", `{":v": 1}`, `{"a": null}`, kind},
		{"SET a = list_append(a, :v)", `{":v": [1]}`, `{"a": "1"}`, kind},
		{"SET a = list_append(:v, a)", `{":v": [1]}`, `{"a": {"SS": ["1"]}}`, kind},
		{"SET a = list_append(b, c) + :v", `{":v": 1}`, `{"b": [], "c": []}`, kind},
		{"ADD a :v", `{":v": 1}`, `{"a": "1"}`, kind},
		{"ADD a :v", `{":v": {"SS": ["x"]}}`, `{"a": 1}`, kind},
		{"ADD a :v", `{":v": {"SS": ["1"]}}`, `{"a": {"NS": [1]}}`, kind},
		{"DELETE a :v", `{":v": {"SS": ["x"]}}`, `{"a": "x"}`, kind},
		{"DELETE a :v", `{":v": {"SS": ["x"]}}`, `{"a": ["x"]}`, kind},
		{"SET a.c = :v", `{":v": 7}`, `{"a": "hello"}`, path},
		{"SET b.c = :v", `{":v": 7}`, `{"b": ["hi"]}`, path},
		{"SET c.c = :v", `{":v": 7}`, `{"b": ["hi"]}`, path},
		{"SET c.c = :v", `{":v": 7}`, ``, path},
		{"SET a[0] = :v", `{":v": 7}`, `{"a": {"0": 1}}`, path},
		{"SET a[0] = :v", `{":v": 7}`, `{}`, path},
		{"SET a[1].b = :v", `{":v": 7}`, `{"a": [{"b": 1}]}`, path},
		{"SET a.b.c = :v", `{":v": 7}`, `{"a": {}}`, path},
		{"REMOVE a.c", ``, `{"a": "hello"}`, path},
		{"REMOVE c.c", ``, `{"a": "hello"}`, path},
		{"REMOVE a[0]", ``, `{"a": {"SS": ["x"]}}`, path},
		{"REMOVE a[5].b", ``, `{"a": []}`, path},
		{"ADD a.b :v", `{":v": 7}`, `{}`, path},
		{"DELETE a.b :v", `{":v": {"SS": ["x"]}}`, `{}`, path},
		{"SET a = :v REMOVE b.c", `{":v": 7}`, ``, path},
		{"SET a = :v + :w", `{":v": 9e125, ":w": 9e125}`, `{}`, overflow},
		{"SET a = :v - :w", `{":v": 1e50, ":w": 1}`, `{}`, overflow},
		{"ADD a :v", `{":v": 9e125}`, `{"a": 9e125}`, overflow},
		{"SET a.b = :v", `{":v": ` + strings.Repeat("[", 32) + strings.Repeat("]", 32) + `}`, `{"a": {}}`, "Nesting Levels have exceeded supported limits"},
	} {
		update, err := expression.ParseUpdate(c.text, scope(t, c.placeholders))
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		updated, _, err := update.Apply(item(t, c.old))
		checkError(t, c.text+" of "+c.old, err, c.want)
		if err != nil && updated != nil {
			t.Errorf("%s: the failed update returned %s", c.text, show(updated))
		}
	}
}

// TestUpdatedValues projects the touched paths, for UPDATED_OLD and UPDATED_NEW.
func TestUpdatedValues(t *testing.T) {
	const old = `{"p": "1", "a": {"b": "dog", "c": [1, 2, 3]}, "d": "cat"}`
	for _, c := range []struct{ text, old, updated string }{
		{"SET d = :v, e = :v", `{"d": "cat"}`, `{"d": 0, "e": 0}`},
		{"REMOVE d", `{"d": "cat"}`, `{}`},
		{"SET a.b = :v", `{"a": {"b": "dog"}}`, `{"a": {"b": 0}}`},
		{"SET a.c[1] = :v, a.b = :v", `{"a": {"b": "dog", "c": [2]}}`, `{"a": {"b": 0, "c": [0]}}`},
		{"SET a.x = :v", `{}`, `{"a": {"x": 0}}`},
		{"SET a.c[100] = :v", `{}`, `{}`},
		{"REMOVE a.c[1], a.c[3]", `{"a": {"c": [2]}}`, `{"a": {"c": [3]}}`},
	} {
		update, err := expression.ParseUpdate(c.text, scope(t, `{":v": 0}`))
		if err != nil {
			t.Fatal(err)
		}
		updated, touched, err := update.Apply(item(t, old))
		projection := expression.NewProjection(touched)
		if got := show(projection.Project(item(t, old))); err != nil || got != show(item(t, c.old)) {
			t.Errorf("%s: UPDATED_OLD is %s, %v", c.text, got, err)
		}
		if got := show(projection.Project(updated)); got != show(item(t, c.updated)) {
			t.Errorf("%s: UPDATED_NEW is %s", c.text, got)
		}
	}
}

func TestUpdateAttributes(t *testing.T) {
	update, err := expression.ParseUpdate("SET a.b = c + if_not_exists(#d.x, e[0]) REMOVE f[1] ADD g :v DELETE h :s", scope(t, `{"#d": "d", ":v": 1, ":s": {"SS": ["x"]}}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(update.Attributes(), update.Paths()); got != "[a c d e f g h] [[a, b] [f, [1]] [g] [h]]" {
		t.Errorf("attributes and paths are %s", got)
	}
	var none *expression.Update
	old := attribute.Item{"a": attribute.Int(1)}
	if updated, touched, err := none.Apply(old); !updated.Equal(old) || touched != nil || err != nil || none.Paths() != nil || none.Attributes() != nil {
		t.Error("no update changed something")
	}
}

func TestUpdateSyntaxErrors(t *testing.T) {
	for text, want := range map[string]string{
		"whatever":                        `token: "whatever", near: "whatever"`,
		"INVALID SYNTAX HERE":             `token: "INVALID", near: "INVALID SYNTAX"`,
		"set":                             `token: "<EOF>", near: "set"`,
		"set a":                           `token: "<EOF>", near: "a"`,
		"set a = :v,":                     `token: "<EOF>", near: ","`,
		"add a":                           `token: "<EOF>", near: "a"`,
		"ADD hits : incr":                 `token: ":", near: "hits : incr"`,
		"set a = :v, #, b = :v":           `token: "#", near: ", #,"`,
		"SET a = :a, SET b = :b":          `token: "SET", near: ", SET b"`,
		"SET _123 = :val1":                `token: "_", near: "SET _123"`,
		"SET 123a = :val1":                `token: "123", near: "SET 123a"`,
		"SET hi-there = :val1":            `token: "-", near: "hi-there"`,
		"SET hi$there = :val1":            `token: "$", near: "hi$there"`,
		"SET :a = :b":                     `token: ":a", near: "SET :a ="`,
		"SET a = :":                       `token: ":", near: "= :"`,
		"SET a[:xyz] = :v":                `token: ":xyz", near: "[:xyz]"`,
		"set a=set":                       `token: "set", near: "=set"`,
		"remove a = b":                    `token: "=", near: "a = b"`,
		"add a = b":                       `token: "=", near: "a = b"`,
		"delete a b":                      `token: "b", near: "a b"`,
		"delete a if_not_exist(b)":        `token: "if_not_exist", near: "a if_not_exist("`,
		"add abort b":                     `token: "b", near: "abort b"`,
		"remove a b":                      `token: "b", near: "a b"`,
		"set a b":                         `token: "b", near: "a b"`,
		"delete :a b":                     `token: ":a", near: "delete :a b"`,
		"remove :a":                       `token: ":a", near: "remove :a"`,
		"set a = b / c":                   `token: "/", near: "b / c"`,
		"set a = b * c":                   `token: "*", near: "b * c"`,
		`set a[1] = "eight"`:              `token: """, near: "= "eight"`,
		"set a[1] = 1":                    `token: "1", near: "= 1"`,
		"SET a = if_not_exist(a, 100)":    `token: "100", near: ", 100)"`,
		"SET if_not_exist(a, b) = a":      `token: "(", near: "if_not_exist(a"`,
		"SET a = f()":                     `token: ")", near: "()"`,
		"set (a = (b + c))":               `token: "(", near: "set (a"`,
		"set a = (b.c).d + e":             `token: ".", near: ").d"`,
		"set a = (b.c)[0] + e":            `token: "[", near: ")[0"`,
		"set a = b + c + d":               `token: "+", near: "c + d"`,
		"SET c = if_not_exists(c, :a+:b)": `token: "+", near: ":a+:b"`,
		"REMOVE a,":                       `token: "<EOF>", near: ","`,
		"REMOVE":                          `token: "<EOF>", near: "REMOVE"`,
	} {
		_, err := expression.ParseUpdate(text, scope(t, ""))
		checkError(t, text, err, "Invalid UpdateExpression: Syntax error; "+want)
	}
}

// TestUpdateErrors has the other refusals, one by one and in the order of the checks.
func TestUpdateErrors(t *testing.T) {
	const (
		reserved = "Attribute name is a reserved keyword; reserved keyword: "
		unknown  = "Invalid function name; function: "
		misused  = "The function is not allowed to be used this way in an expression; function: "
		noName   = "An expression attribute name used in the document path is not defined; attribute name: "
		noValue  = "An expression attribute value used in expression is not defined; attribute value: "
		overlap  = "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: "
		conflict = "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: "
		count    = "Incorrect number of operands for operator or function; operator or function: "
		clause   = "Incorrect operand type for operator or function; operator: "
		operand  = "Incorrect operand type for operator or function; operator or function: "
		path     = "Operator or function requires a document path; operator or function: "
	)
	names := `{"#c": "c", "#d": "[3]", ":n": 1, ":s": "a"}`
	for _, c := range []struct{ text, placeholders, want string }{
		{"", ``, "The expression can not be empty;"},
		{"SET a = ((b))", ``, "The expression has redundant parentheses;"},
		{" set #c = :c set abOrt = true ", ``, reserved + "abOrt"},
		{" remove Absolute ", ``, reserved + "Absolute"},
		{"set #c = if_not_exist(:c) set c = d", ``, unknown + "if_not_exist"},
		{"SET a = LIST_APPEND(:v, :w)", ``, unknown + "LIST_APPEND"},
		{"SET a = f123_hi(b,c,d)", ``, unknown + "f123_hi"},
		{"SET a = size(b)", ``, "The function is not allowed in an update expression; function: size"},
		{"SET a = list_append(list_append(:v, :w), :x)", ``, misused + "list_append"},
		{"SET a = if_not_exists(a, list_append(:v, :w))", ``, misused + "list_append"},
		{"set a = #c set c = :d", ``, `The "SET" section can only be used once in an update expression;`},
		{"remove #d set a = b remove e", ``, `The "REMOVE" section can only be used once in an update expression;`},
		{"add #d :e set a = b add e :f", ``, `The "ADD" section can only be used once in an update expression;`},
		{"delete #d :e set a = b delete #e :f", ``, `The "DELETE" section can only be used once in an update expression;`},
		{"SET #x = if_not_exists(:c)", names, noName + "#x"},
		{"SET a = :v, #x = b", names, noName + "#x"},
		{"SET #c = if_not_exists(:c)", names, noValue + ":c"},
		{"ADD a :x", names, noValue + ":x"},
		{"REMOVE a" + strings.Repeat(".b", 32), ``, "The document path has too many nesting levels; nesting levels: 33"},

		{"SET a = :n, a = :n", names, overlap + "[a], path two: [a]"},
		{"SET a = :n REMOVE a", names, overlap + "[a], path two: [a]"},
		{"SET c = :n, #c = :n", names, overlap + "[c], path two: [c]"},
		{"SET a.b = :n, a = :n", names, overlap + "[a, b], path two: [a]"},
		{"SET a.b = :n, a.b.c.e = :n", names, overlap + "[a, b], path two: [a, b, c, e]"},
		{"SET a[1][1] = :n, a[1] = :n", names, overlap + "[a, [1], [1]], path two: [a, [1]]"},
		{"set d[1] = a, d.b = a, c[1].a = a, #c = if_not_exists(a)", names, overlap + "[c, [1], a], path two: [c]"},
		{"set #c[3].#d = a, #c[3] = a", names, overlap + "[c, [3], [3]], path two: [c, [3]]"},
		{"set #c[3].#d = a, #c.#d[3] = if_not_exists(a)", names, conflict + "[c, [3], [3]], path two: [c, [3], [3]]"},
		{"remove a.#c set a[1] = #d", names, conflict + "[a, c], path two: [a, [1]]"},

		{"set b = list_append(:s, a), c = if_not_exists(a) add a.b :s", names, clause + "ADD, operand type: STRING"},
		{"delete a.b :v", `{":v": "a"}`, clause + "DELETE, operand type: STRING"},
		{"add a.b :v", `{":v": null}`, clause + "ADD, operand type: NULL"},
		{"add a.b :v", `{":v": true}`, clause + "ADD, operand type: BOOLEAN"},
		{"add a.b :v", `{":v": {"B": "a"}}`, clause + "ADD, operand type: BINARY"},
		{"delete a.b :v", `{":v": {"a": [1]}}`, clause + "DELETE, operand type: MAP"},
		{"add a.b :v", `{":v": [1]}`, clause + "ADD, operand type: LIST"},
		{"delete a.b :v", `{":v": 1}`, clause + "DELETE, operand type: NUMBER"},

		{"set a = if_not_exists(c)", ``, count + "if_not_exists, number of operands: 1"},
		{"set a = list_append(c)", ``, count + "list_append, number of operands: 1"},
		{"set a = list_append(c, d, e)", ``, count + "list_append, number of operands: 3"},
		{"set a = if_not_exists(:n, c)", names, path + "if_not_exists"},
		{"set a = if_not_exists(if_not_exists(a, b), c)", ``, path + "if_not_exists"},
		{"set a = list_append(:v, a)", `{":v": "a"}`, operand + "list_append, operand type: S"},
		{"set a = list_append(a, :v)", `{":v": {"NS": [1]}}`, operand + "list_append, operand type: NS"},
		{"set a = a + :v", `{":v": "a"}`, operand + "+, operand type: S"},
		{"set a = :v + a", `{":v": {"B": "a"}}`, operand + "+, operand type: B"},
		{"set a = a - :v", `{":v": []}`, operand + "-, operand type: L"},
		{"set a = a + b, c = d - :v", `{":v": {"SS": ["a"]}}`, operand + "-, operand type: SS"},
		{"SET a = b + c" + strings.Repeat(", a = b + c", 300), ``, "The expression contains too many operators; operator count: 301"},
	} {
		_, err := expression.ParseUpdate(c.text, scope(t, c.placeholders))
		checkError(t, c.text, err, "Invalid UpdateExpression: "+c.want)
	}
}
