package expression_test

import (
	"testing"

	"tally/localcloud/dynamodb/expression"
)

// BenchmarkCondition parses a condition as in a write, and evaluates it.
func BenchmarkCondition(b *testing.B) {
	i := item(b, bicycle)
	s := scope(b, `{"#p": "Pictures", ":lo": 100, ":hi": 600, ":s": "Bicycle", ":c": "Red"}`)
	const text = "attribute_exists(Id) AND Price BETWEEN :lo AND :hi AND (begins_with(Title, :s) OR attribute_not_exists(#p.RearView)) AND contains(Color, :c)"
	condition, err := expression.ParseCondition(expression.ConditionExpression, text, s)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := expression.ParseCondition(expression.ConditionExpression, text, s); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Match", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if !condition.Match(i) {
				b.Fatal("the condition is not satisfied")
			}
		}
	})
}

// BenchmarkUpdate parses an update that counts, and applies it.
func BenchmarkUpdate(b *testing.B) {
	old := item(b, bicycle)
	s := scope(b, `{":one": 1, ":zero": 0, ":s": "new", ":t": {"SS": ["Blue"]}}`)
	const text = "SET Hits = if_not_exists(Hits, :zero) + :one, Pictures.RearView = :s ADD Color :t REMOVE RelatedItems[1]"
	update, err := expression.ParseUpdate(text, s)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("Parse", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := expression.ParseUpdate(text, s); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Apply", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := update.Apply(old); err != nil {
				b.Fatal(err)
			}
		}
	})
}
