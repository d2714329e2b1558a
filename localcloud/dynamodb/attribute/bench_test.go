package attribute_test

import (
	"encoding/json"
	"testing"

	"tally/localcloud/dynamodb/attribute"
)

// BenchmarkItem decodes, encodes and measures an item of a few hundred bytes.
func BenchmarkItem(b *testing.B) {
	text := []byte(`{"id":{"S":"3f6c1f5e-8a0e-4c55-9d8c-1a2b3c4d5e6f"},"sum":{"N":"42"},"at":{"N":"1764511200"},"tags":{"SS":["a","b"]},` +
		`"input":{"M":{"num1":{"N":"40"},"num2":{"N":"2"}}},"history":{"L":[{"S":"received"},{"S":"added"},{"S":"published"}]},"done":{"BOOL":true}}`)
	var item attribute.Item
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal(text, &item); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := item.MarshalJSON(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Size", func(b *testing.B) {
		for b.Loop() {
			if item.Size() == 0 {
				b.Fatal("no size")
			}
		}
	})
	key := attribute.AppendKey(nil, item["sum"])
	b.Run("AppendKey", func(b *testing.B) {
		for b.Loop() {
			key = attribute.AppendKey(attribute.AppendKey(key[:0], item["id"]), item["sum"])
		}
	})
}
