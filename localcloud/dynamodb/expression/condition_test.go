package expression_test

import (
	"fmt"
	"strings"
	"testing"

	"tally/localcloud/dynamodb/attribute"
	"tally/localcloud/dynamodb/expression"
)

// bicycle is an item like that of the developer guide, of all types.
const bicycle = `{
	"Id": 123, "Title": "Bicycle 123", "Brand": "Brand-Company C", "Price": 500, "Discount": 12.5, "InStock": true, "Remark": null,
	"Color": {"SS": ["Red", "Black"]}, "Sizes": {"NS": [52, 54.0, 56]}, "Codes": {"BS": ["ab", "cd"]}, "Barcode": {"B": "abcdef"},
	"RelatedItems": [341, 472, "649"], "Blank": "", "Nothing": [],
	"Pictures": {"FrontView": "front.jpg", "RearView": "rear.jpg", "SideView": "side.jpg"},
	"ProductReviews": {"FiveStar": ["Excellent!", "Do yourself a favor and buy this"], "OneStar": ["Terrible", {"author": "Max", "tags": {"SS": ["x"]}}]},
	"Safety.Warning": "Always wear a helmet", "name": "reserved", "Flag": "𝒳é"
}`

func TestConditions(t *testing.T) {
	for _, c := range []struct {
		text         string
		placeholders string
		want         bool
	}{
		// Comparators, by type.
		{"Price = :v", `{":v": 500}`, true},
		{"Price = :v", `{":v": 5e2}`, true},
		{"Price = :v", `{":v": "500"}`, false},
		{"Price <> :v", `{":v": "500"}`, true},
		{"Price <> :v", `{":v": 500.0}`, false},
		{"Price < :v", `{":v": 500.01}`, true},
		{"Price < :v", `{":v": 500}`, false},
		{"Price <= :v", `{":v": 500}`, true},
		{"Price > :v", `{":v": 499.9}`, true},
		{"Price > :v", `{":v": 1000}`, false},
		{"Price >= :v", `{":v": 500}`, true},
		{":v > Price", `{":v": 501}`, true},
		{":v < Price", `{":v": 501}`, false},
		{"Price > Discount", ``, true},
		{"Price < Discount", ``, false},
		{"Price > Title", ``, false},
		{"Price < Title", ``, false},
		{"Price >= :v", `{":v": "1"}`, false},
		{"Title < :v", `{":v": "Bicycle 124"}`, true},
		{"Title < :v", `{":v": "Bicycle"}`, false},
		{"Title < :v", `{":v": "bicycle"}`, true},
		{"Blank < Title", ``, true},
		{"Barcode > :v", `{":v": {"B": "abc"}}`, true},
		{"Barcode > :v", `{":v": {"B": "b"}}`, false},
		{"Barcode = :v", `{":v": {"B": "abcdef"}}`, true},
		{"Barcode = :v", `{":v": "abcdef"}`, false},
		{"InStock = :v", `{":v": true}`, true},
		{"InStock = :v", `{":v": false}`, false},
		{"Remark = :v", `{":v": null}`, true},
		{"Color = :v", `{":v": {"SS": ["Black", "Red"]}}`, true},
		{"Color = :v", `{":v": {"SS": ["Black"]}}`, false},
		{"Color <> :v", `{":v": {"SS": ["Black", "Red"]}}`, false},
		{"Sizes = :v", `{":v": {"NS": [56.0, 54, 52]}}`, true},
		{"Sizes = :v", `{":v": {"SS": ["56", "54", "52"]}}`, false},
		{"Codes = :v", `{":v": {"BS": ["cd", "ab"]}}`, true},
		{"RelatedItems = :v", `{":v": [341, 472, "649"]}`, true},
		{"RelatedItems = :v", `{":v": [472, 341, "649"]}`, false},
		{"Pictures = :v", `{":v": {"SideView": "side.jpg", "RearView": "rear.jpg", "FrontView": "front.jpg"}}`, true},
		{"ProductReviews.OneStar[1] = :v", `{":v": {"author": "Max", "tags": {"SS": ["x"]}}}`, true},
		{"Color < Title", ``, false},
		{":v = :w", `{":v": 1, ":w": 1.0}`, true},
		{":v = :v", `{":v": 1}`, true},

		// Attributes that do not exist equal nothing, not even each other.
		{"Nowhere = :v", `{":v": 1}`, false},
		{"Nowhere <> :v", `{":v": 1}`, true},
		{"Nowhere < :v", `{":v": 1}`, false},
		{":v >= Nowhere", `{":v": 1}`, false},
		{"Nowhere = Absent", ``, false},
		{"Nowhere <> Absent", ``, true},
		{"Nowhere <= Absent", ``, false},
		{"Nowhere BETWEEN Absent AND Price", ``, false},
		{"Nowhere IN (Absent, :v)", `{":v": 1}`, false},
		{"NOT Nowhere = :v", `{":v": 1}`, true},

		// Document paths.
		{"Pictures.RearView = :v", `{":v": "rear.jpg"}`, true},
		{"Pictures . RearView = :v", `{":v": "rear.jpg"}`, true},
		{"#p.#r = :v", `{"#p": "Pictures", "#r": "RearView", ":v": "rear.jpg"}`, true},
		{"RelatedItems[0] = :v", `{":v": 341}`, true},
		{"RelatedItems[ 2 ] = :v", `{":v": "649"}`, true},
		{"RelatedItems[3] = :v", `{":v": "649"}`, false},
		{"RelatedItems[00] = :v", `{":v": 341}`, true},
		{"ProductReviews.OneStar[1].author = :v", `{":v": "Max"}`, true},
		{"(ProductReviews.OneStar)[1].author = :v", `{":v": "Max"}`, true},
		{"(ProductReviews).OneStar[1].author = :v", `{":v": "Max"}`, true},
		{"ProductReviews[0] = :v", `{":v": "Max"}`, false},
		{"RelatedItems.a = :v", `{":v": "Max"}`, false},
		{"Price.a = :v", `{":v": 500}`, false},
		{"#sw = :v", `{"#sw": "Safety.Warning", ":v": "Always wear a helmet"}`, true},
		{"Safety.Warning = :v", `{":v": "Always wear a helmet"}`, false},
		{"#n = :v", `{"#n": "name", ":v": "reserved"}`, true},

		// BETWEEN and IN.
		{"Price BETWEEN :lo AND :hi", `{":lo": 500, ":hi": 600}`, true},
		{"Price BETWEEN :lo AND :hi", `{":lo": 400, ":hi": 500}`, true},
		{"Price BETWEEN :lo AND :hi", `{":lo": 501, ":hi": 600}`, false},
		{"Price between :lo and :hi", `{":lo": 1, ":hi": 1000}`, true},
		{"Price BETWEEN Discount AND Id", ``, false},
		{"Id BETWEEN Discount AND Price", ``, true},
		{"Title BETWEEN :lo AND :hi", `{":lo": "A", ":hi": "C"}`, true},
		{"Barcode BETWEEN :lo AND :hi", `{":lo": {"B": "a"}, ":hi": {"B": "b"}}`, true},
		{"Title BETWEEN :lo AND :hi", `{":lo": 1, ":hi": 2}`, false},
		{"Price BETWEEN Id AND :hi", `{":hi": 1}`, false},
		{":v BETWEEN Discount AND Price", `{":v": 13}`, true},
		{"Price BETWEEN :lo AND :hi AND InStock = :t", `{":lo": 1, ":hi": 1000, ":t": true}`, true},
		{"(Price)BETWEEN(:lo)AND(:hi)", `{":lo": 1, ":hi": 1000}`, true},
		{"Price IN (:a)", `{":a": 500}`, true},
		{"Price IN (:a, :b, :c)", `{":a": 1, ":b": "500", ":c": 500.0}`, true},
		{"Price in(:a,:b)", `{":a": 1, ":b": "500"}`, false},
		{"Color IN (:a)", `{":a": {"SS": ["Black", "Red"]}}`, true},
		{"Price IN (Id, Discount, :a)", `{":a": 500}`, true},
		{":a IN (Id, Price)", `{":a": 123}`, true},

		// Functions.
		{"attribute_exists(Price)", ``, true},
		{"attribute_exists (Remark)", ``, true},
		{"attribute_exists(Nowhere)", ``, false},
		{"attribute_exists(Pictures.RearView)", ``, true},
		{"attribute_exists(Pictures.BottomView)", ``, false},
		{"attribute_exists(RelatedItems[2])", ``, true},
		{"attribute_exists(RelatedItems[3])", ``, false},
		{"attribute_exists((Price))", ``, true},
		{"attribute_not_exists(Nowhere)", ``, true},
		{"attribute_not_exists(Price)", ``, false},
		{"attribute_not_exists(Price.Net)", ``, true},
		{"attribute_type(Title, :t)", `{":t": "S"}`, true},
		{"attribute_type(Price, :t)", `{":t": "N"}`, true},
		{"attribute_type(Barcode, :t)", `{":t": "B"}`, true},
		{"attribute_type(InStock, :t)", `{":t": "BOOL"}`, true},
		{"attribute_type(Remark, :t)", `{":t": "NULL"}`, true},
		{"attribute_type(Pictures, :t)", `{":t": "M"}`, true},
		{"attribute_type(RelatedItems, :t)", `{":t": "L"}`, true},
		{"attribute_type(Color, :t)", `{":t": "SS"}`, true},
		{"attribute_type(Sizes, :t)", `{":t": "NS"}`, true},
		{"attribute_type(Codes, :t)", `{":t": "BS"}`, true},
		{"attribute_type(Codes, :t)", `{":t": "SS"}`, false},
		{"attribute_type(Nowhere, :t)", `{":t": "S"}`, false},
		{"attribute_type(ProductReviews.FiveStar, :t)", `{":t": "L"}`, true},
		{"attribute_type(:v, :t)", `{":v": 1, ":t": "N"}`, true},
		{"begins_with(Pictures.FrontView, :p)", `{":p": "front"}`, true},
		{"begins_with(Title, :p)", `{":p": ""}`, true},
		{"begins_with(Title, :p)", `{":p": "icycle"}`, false},
		{"begins_with(Barcode, :p)", `{":p": {"B": "abc"}}`, true},
		{"begins_with(Barcode, :p)", `{":p": "abc"}`, false},
		{"begins_with(Price, :p)", `{":p": "5"}`, false},
		{"begins_with(Nowhere, :p)", `{":p": ""}`, false},
		{"begins_with(:s, Brand)", `{":s": "Brand-Company Can"}`, true},
		{"contains(Brand, :v)", `{":v": "Company"}`, true},
		{"contains(Brand, :v)", `{":v": "company"}`, false},
		{"contains(Color, :v)", `{":v": "Red"}`, true},
		{"contains(Color, :v)", `{":v": "Re"}`, false},
		{"contains(Sizes, :v)", `{":v": 54}`, true},
		{"contains(Sizes, :v)", `{":v": "54"}`, false},
		{"contains(Codes, :v)", `{":v": {"B": "cd"}}`, true},
		{"contains(Codes, :v)", `{":v": {"B": "c"}}`, false},
		{"contains(Barcode, :v)", `{":v": {"B": "cd"}}`, true},
		{"contains(RelatedItems, :v)", `{":v": 472}`, true},
		{"contains(RelatedItems, :v)", `{":v": 649}`, false},
		{"contains(ProductReviews.OneStar, :v)", `{":v": {"author": "Max", "tags": {"SS": ["x"]}}}`, true},
		{"contains(Pictures, :v)", `{":v": "FrontView"}`, false},
		{"contains(Price, :v)", `{":v": 5}`, false},
		{"contains(Nowhere, :v)", `{":v": "a"}`, false},
		{"contains(:v, Brand)", `{":v": "the Brand-Company C"}`, true},
		{"size(Brand) <= :v", `{":v": 15}`, true},
		{"size(Brand) < :v", `{":v": 15}`, false},
		{"size(Flag) = :v", `{":v": 3}`, true},
		{"size(Blank) = :v", `{":v": 0}`, true},
		{"size(Barcode) = :v", `{":v": 6}`, true},
		{"size(Color) = :v", `{":v": 2}`, true},
		{"size(Sizes) = :v", `{":v": 3}`, true},
		{"size(Codes) = :v", `{":v": 2}`, true},
		{"size(RelatedItems) = :v", `{":v": 3}`, true},
		{"size(Nothing) = :v", `{":v": 0}`, true},
		{"size(Pictures) = :v", `{":v": 3}`, true},
		{"size(Price) = :v", `{":v": 3}`, false},
		{"size(InStock) >= :v", `{":v": 0}`, false},
		{"size(Remark) <> :v", `{":v": 0}`, true},
		{"size(Brand) = :v", `{":v": "15"}`, false},
		{":v > size(Brand)", `{":v": 16}`, true},
		{"size(Brand) > size(Color)", ``, true},
		{"size(Brand) BETWEEN size(Color) AND :v", `{":v": 20}`, true},
		{"size(Color) IN (:v, Id)", `{":v": 2}`, true},
		{"size(:v) = size(Color)", `{":v": "ab"}`, true},

		// Precedence: comparisons, NOT, AND, OR.
		{"Price < :v AND InStock = :t", `{":v": 1000, ":t": true}`, true},
		{"Price < :v and InStock = :t", `{":v": 100, ":t": true}`, false},
		{"Price < :v OR InStock = :t", `{":v": 100, ":t": true}`, true},
		{"InStock = :t OR Price < :v AND Price > :v", `{":v": 100, ":t": true}`, true},
		{"(InStock = :t OR Price < :v) AND Price < :v", `{":v": 100, ":t": true}`, false},
		{"NOT Price < :v AND Price < :v", `{":v": 100}`, false},
		{"NOT (Price < :v AND Price < :v)", `{":v": 100}`, true},
		{"NOT NOT NOT NOT Price > :v", `{":v": 100}`, true},
		{"nOt contains(Color, :v)", `{":v": "Blue"}`, true},
		{"(NOT (attribute_exists(Price)) OR (attribute_exists(Title)))", ``, true},
		{"(attribute_not_exists(Id)) AND (attribute_not_exists(Price))", ``, false},
		{"((Price) > (:v) AND (InStock = :t))", `{":v": 1, ":t": true}`, true},
		{"Price>:v AND\n\tInStock=:t", `{":v": 1, ":t": true}`, true},
	} {
		s := scope(t, c.placeholders)
		condition, err := expression.ParseCondition(expression.ConditionExpression, c.text, s)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		if got, err := condition.Match(item(t, bicycle)); err != nil || got != c.want {
			t.Errorf("%s with %s is %t, %v", c.text, c.placeholders, got, err)
		}
		if err := s.Unused(); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

// TestConditionOnNoItem evaluates conditions of writes that create an item.
func TestConditionOnNoItem(t *testing.T) {
	for text, want := range map[string]bool{
		"attribute_not_exists(id)": true, "attribute_exists(id)": false, "id = :v": false, "id <> :v": true, "size(id) > :v": false,
	} {
		condition, err := expression.ParseCondition(expression.ConditionExpression, text, scope(t, `{":v": 1}`))
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := condition.Match(nil); got != want {
			t.Errorf("%s is %t", text, got)
		}
	}
	if got, err := (*expression.Condition)(nil).Match(attribute.Item{}); !got || err != nil {
		t.Error("no condition is not satisfied")
	}
}

func TestConditionAttributes(t *testing.T) {
	condition, err := expression.ParseCondition(expression.FilterExpression, "b.x > :v AND (NOT a[0] IN (#c, :v) OR size(b.y) BETWEEN d AND :v) AND contains(a, :v)", scope(t, `{"#c": "c", ":v": "x"}`))
	if err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(condition.Attributes()); got != "[a b c d]" {
		t.Errorf("the condition refers to %s", got)
	}
}

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
