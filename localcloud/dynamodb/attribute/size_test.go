package attribute_test

import (
	"strings"
	"testing"

	"tally/localcloud/dynamodb/attribute"
)

// TestSizeOfNumbers has sizes that others measured on AWS, where an item of 400 KB is
// accepted and one that is a byte larger is not.
func TestSizeOfNumbers(t *testing.T) {
	for text, want := range map[string]int{
		"0": 1, "-0": 1, "1": 2, "9": 2, "10": 2, "12": 2, "15": 2, "99": 2, "100": 2, "1000": 2, "0042": 2, "100.00": 2,
		"123": 3, "1234": 3, "1010": 3, "123456": 4, "12345678901234567890": 11, "12345678901234567890123456789012345678": 20,
		"0.0001": 2, "0.0000001": 2, "1E125": 2, "1E-100": 2, "0.15": 2,
		"1.5": 3, "1.2": 3, "1.200": 3, "1.234": 4, "3.14159": 5, "100.5": 4, "-42": 3,
	} {
		if size := attribute.Num(number(t, text)).Size(); size != want {
			t.Errorf("the size of %s is %d, want %d", text, size, want)
		}
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]int{
		`{"S":""}`: 0, `{"S":"aé"}`: 3, `{"B":"YWI="}`: 2, `{"BOOL":true}`: 1, `{"NULL":true}`: 1,
		`{"L":[]}`: 3, `{"M":{}}`: 3,
		`{"L":[{"S":"xy"}]}`:                3 + 1 + 2,
		`{"L":[{"S":"xy"},{"BOOL":false}]}`: 3 + 1 + 2 + 1 + 1,
		`{"M":{"ab":{"S":"xy"}}}`:           3 + 1 + 2 + 2,
		`{"L":[{"L":[{"N":"1"}]}]}`:         3 + 1 + 3 + 1 + 2,
		`{"SS":["a","bc"]}`:                 3,
		`{"NS":["1","100","123"]}`:          2 + 2 + 3,
		`{"BS":["YQ==","YmM="]}`:            3,
	} {
		if size := value(t, text).Size(); size != want {
			t.Errorf("the size of %s is %d, want %d", text, size, want)
		}
	}
	item := attribute.Item{"id": attribute.String("abc"), "n": attribute.Int(12345), "é": attribute.Bool(true)}
	if size := item.Size(); size != 2+3+1+4+2+1 {
		t.Errorf("the size of the item is %d", size)
	}
	limit := attribute.Item{"id": attribute.String(strings.Repeat("x", 400<<10-2))}
	if size := limit.Size(); size != 400<<10 {
		t.Errorf("the size of the largest item is %d", size)
	}
}
