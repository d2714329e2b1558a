package expression_test

import (
	"fmt"
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
		if got := condition.Match(item(t, bicycle)); got != c.want {
			t.Errorf("%s with %s is %t", c.text, c.placeholders, got)
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
		if got := condition.Match(nil); got != want {
			t.Errorf("%s is %t", text, got)
		}
	}
	if !(*expression.Condition)(nil).Match(attribute.Item{}) {
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
