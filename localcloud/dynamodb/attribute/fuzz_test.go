package attribute_test

import (
	"encoding/json"
	"math/big"
	"testing"

	"tally/localcloud/cloud"
	"tally/localcloud/dynamodb/attribute"
)

// FuzzValue decodes values. What it accepts must be the same after it is encoded and
// decoded again.
func FuzzValue(f *testing.F) {
	for _, text := range []string{
		`{"S":"a"}`, `{"N":"-1.5e3"}`, `{"B":"YQ=="}`, `{"BOOL":true}`, `{"NULL":true}`, `{"M":{"a":{"L":[{"S":"b"}]}}}`,
		`{"SS":["a","b"]}`, `{"NS":["1","2"]}`, `{"BS":["YQ==","Yg=="]}`, `{"S":"a","N":"1"}`, `{}`, `{"N":"1e126"}`, `null`, `[]`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var v attribute.Value
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			if json.Valid([]byte(text)) && cloud.ErrorCode(err) == "" {
				t.Errorf("%q: %v is no error of AWS", text, err)
			}
			return
		}
		data, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var again attribute.Value
		if err := json.Unmarshal(data, &again); err != nil || !again.Equal(v) {
			t.Errorf("%q is encoded as %s, which is %v, %v", text, data, again, err)
		}
		if v.Depth() > 32 || v.Size() < 0 {
			t.Errorf("%q has depth %d and size %d", text, v.Depth(), v.Size())
		}
	})
}

// FuzzKeyOrder compares the order of keys with that of values, and numbers with exact
// fractions.
func FuzzKeyOrder(f *testing.F) {
	f.Add("a", "b", "1", "1.5")
	f.Add("a\x00", "a", "-1e-130", "0")
	f.Add("", "\xff", "-100.5", "-100")
	f.Fuzz(func(t *testing.T, s, u, m, n string) {
		checkKeyOrder(t, attribute.String(s), attribute.String(u))
		checkKeyOrder(t, attribute.Binary([]byte(s)), attribute.Binary([]byte(u)))
		a, errA := attribute.ParseNumber(m)
		b, errB := attribute.ParseNumber(n)
		if errA != nil || errB != nil {
			return
		}
		checkKeyOrder(t, attribute.Num(a), attribute.Num(b))
		exactA, exactB := rational(t, a), rational(t, b)
		if order := a.Compare(b); order != exactA.Cmp(exactB) {
			t.Errorf("Compare(%s, %s) = %d", a, b, order)
		}
		if sum, err := a.Add(b); err == nil && rational(t, sum).Cmp(new(big.Rat).Add(exactA, exactB)) != 0 {
			t.Errorf("%s + %s = %s", a, b, sum)
		}
		if difference, err := a.Sub(b); err == nil && rational(t, difference).Cmp(new(big.Rat).Sub(exactA, exactB)) != 0 {
			t.Errorf("%s - %s = %s", a, b, difference)
		}
	})
}

func rational(t *testing.T, n attribute.Number) *big.Rat {
	r, ok := new(big.Rat).SetString(n.String())
	if !ok {
		t.Fatalf("%s is no number", n)
	}
	return r
}
