package expression_test

import (
	"fmt"
	"strings"
	"testing"

	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

func TestProjections(t *testing.T) {
	const document = `{"p": "1", "a": {"b": [2, 4, {"x": "hi", "y": "yo"}], "c": 5}, "b": "hello", "a.b": "dot", "l": ["l0", "l1", "l2"], "name": "n"}`
	for _, c := range []struct{ text, names, want string }{
		{"b", ``, `{"b": "hello"}`},
		{" p  ,\tb ", ``, `{"p": "1", "b": "hello"}`},
		{"#n", `{"#n": "name"}`, `{"name": "n"}`},
		{"#n", `{"#n": "a.b"}`, `{"a.b": "dot"}`},
		{"a", ``, `{"a": {"b": [2, 4, {"x": "hi", "y": "yo"}], "c": 5}}`},
		{"a.b", ``, `{"a": {"b": [2, 4, {"x": "hi", "y": "yo"}]}}`},
		{"#a.#b", `{"#a": "a", "#b": "b"}`, `{"a": {"b": [2, 4, {"x": "hi", "y": "yo"}]}}`},
		{"a.b[0]", ``, `{"a": {"b": [2]}}`},
		{"a.b[2]", ``, `{"a": {"b": [{"x": "hi", "y": "yo"}]}}`},
		{"a.b[2].y", ``, `{"a": {"b": [{"y": "yo"}]}}`},
		{"a.b[2].y, a.b[2].x", ``, `{"a": {"b": [{"x": "hi", "y": "yo"}]}}`},
		{"l[2], l[0]", ``, `{"l": ["l0", "l2"]}`},
		{"a.b[1], a.c", ``, `{"a": {"b": [4], "c": 5}}`},
		{"a.c,b", ``, `{"a": {"c": 5}, "b": "hello"}`},
		{"x", ``, `{}`},
		{"a.b[3]", ``, `{}`},
		{"a.x", ``, `{}`},
		{"a.x.y", ``, `{}`},
		{"a.b[3].x", ``, `{}`},
		{"a.b.x", ``, `{}`},
		{"a[0]", ``, `{}`},
		{"a.b[0].x", ``, `{}`},
		{"a.b[0][0]", ``, `{}`},
		{"a.x, a.b[0], x, a.b[3].x", ``, `{"a": {"b": [2]}}`},
		{"a.b[0], a.b[2].nothing", ``, `{"a": {"b": [2]}}`},
		{"a" + strings.Repeat(".b", 31), ``, `{}`},
	} {
		s := scope(t, c.names)
		projection, err := expression.ParseProjection(c.text, s)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got := projection.Project(item(t, document)); show(got) != show(item(t, c.want)) {
			t.Errorf("%s: got %s, want %s", c.text, show(got), c.want)
		}
		if err := s.Unused(); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
		if projection.Project(nil) != nil {
			t.Errorf("%s: something was selected of an item that does not exist", c.text)
		}
	}
}

func TestProjectionOfEverything(t *testing.T) {
	i := attribute.Item{"a": attribute.Int(1)}
	if got := (*expression.Projection)(nil).Project(i); !got.Equal(i) {
		t.Errorf("no projection selects %s", show(got))
	}
	if got := expression.NewProjection(nil).Project(i); got == nil || len(got) != 0 {
		t.Errorf("the projection of no paths selects %s", show(got))
	}
	projection, err := expression.ParseProjection("c.d, a[1], b, a[0], c.e", scope(t, ""))
	if got := fmt.Sprint(projection.Attributes()); err != nil || got != "[a b c]" {
		t.Errorf("the projection selects of %s, %v", got, err)
	}
}

func TestProjectionErrors(t *testing.T) {
	const (
		syntax   = "Syntax error; token: "
		overlap  = "Two document paths overlap with each other; must remove or rewrite one of these paths; path one: "
		conflict = "Two document paths conflict with each other; must remove or rewrite one of these paths; path one: "
	)
	for _, c := range []struct{ text, names, want string }{
		{"", ``, "The expression can not be empty;"},
		{"whatever(stuff)", ``, syntax + `"(", near: "whatever(stuff"`},
		{":a", ``, syntax + `":a", near: ":a"`},
		{"abort,", ``, syntax + `"<EOF>", near: ","`},
		{",a", ``, syntax + `",", near: ",a"`},
		{"a,,b", ``, syntax + `",", near: ",,b"`},
		{"a..b", ``, syntax + `".", near: "..b"`},
		{"a[b]", ``, syntax + `"b", near: "[b]"`},
		{"a b", ``, syntax + `"b", near: "a b"`},
		{"(a.b).c", ``, syntax + `"(", near: "(a"`},
		{"(a),(b)", ``, syntax + `"(", near: "(a"`},
		{"a-b", ``, syntax + `"-", near: "a-b"`},
		{"!!!", ``, syntax + `"!", near: "!!"`},
		{"a[-1]", ``, syntax + `"-", near: "[-1"`},
		{"a, #b, status", ``, "Attribute name is a reserved keyword; reserved keyword: status"},
		{"a, and", ``, "Attribute name is a reserved keyword; reserved keyword: and"},
		{"a, #b", `{"#a": "b"}`, "An expression attribute name used in the document path is not defined; attribute name: #b"},
		{"a" + strings.Repeat(".b", 32), ``, "The document path has too many nesting levels; nesting levels: 33"},
		{"a[99999999999999999999]", ``, "List index is not within the allowable range; index: [99999999999999999999]"},
		{"a, a", ``, overlap + "[a], path two: [a]"},
		{"a.b[0],a.b[0]", ``, overlap + "[a, b, [0]], path two: [a, b, [0]]"},
		{"a, a.b[2].c", ``, overlap + "[a], path two: [a, b, [2], c]"},
		{"a.b.d.e, a.b", ``, overlap + "[a, b, d, e], path two: [a, b]"},
		{"a, #a", `{"#a": "a"}`, overlap + "[a], path two: [a]"},
		{"a.b, a[1]", ``, conflict + "[a, b], path two: [a, [1]]"},
		{"a.b.c, a.b[1]", ``, conflict + "[a, b, c], path two: [a, b, [1]]"},
		{"a.b, a[1], a.b", ``, overlap + "[a, b], path two: [a, b]"},
	} {
		_, err := expression.ParseProjection(c.text, scope(t, c.names))
		checkError(t, c.text, err, "Invalid ProjectionExpression: "+c.want)
	}
}
