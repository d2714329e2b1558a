package attribute_test

import (
	"bytes"
	"slices"
	"testing"

	"tally/localcloud/dynamodb/attribute"
)

// TestKeyOrder compares the encodings of values with the values.
func TestKeyOrder(t *testing.T) {
	var values []attribute.Value
	for _, s := range []string{"", "\x00", "\x00\x00", "\x00\x01", "\x00\xff", "\x01", "a", "a\x00", "a\x00b", "a\x01", "ab", "b", "é", "日本", "\xff"} {
		values = append(values, attribute.String(s), attribute.Binary([]byte(s)))
	}
	for _, n := range []string{
		"-9.9999999999999999999999999999999999999e125", "-1e125", "-100.5", "-100", "-99", "-10", "-1.5", "-1", "-0.15", "-1e-129", "-1e-130", "0",
		"1e-130", "1.1e-130", "1e-129", "0.15", "1", "1.01", "1.5", "9", "10", "99", "100", "100.01", "100.5", "1e125", "9.9999999999999999999999999999999999999e125",
	} {
		values = append(values, attribute.Num(number(t, n)))
	}
	for _, a := range values {
		for _, b := range values {
			checkKeyOrder(t, a, b)
		}
	}
}

// checkKeyOrder checks everything that AppendKey promises about two values.
func checkKeyOrder(t *testing.T, a, b attribute.Value) {
	t.Helper()
	keyA, keyB := attribute.AppendKey(nil, a), attribute.AppendKey(nil, b)
	order, ok := a.Compare(b)
	if ok && bytes.Compare(keyA, keyB) != order {
		t.Errorf("%v and %v have order %d, and their keys %x and %x have not", a, b, order, keyA, keyB)
	}
	if bytes.HasPrefix(keyB, keyA) != a.Equal(b) {
		t.Errorf("the key of %v begins with that of %v", b, a)
	}
	decoded, rest, err := attribute.DecodeKey(slices.Concat(keyA, keyB))
	if err != nil || !decoded.Equal(a) || !bytes.Equal(rest, keyB) {
		t.Errorf("the key of %v is decoded as %v, rest %x, %v", a, decoded, rest, err)
	}
	if a.Type() == attribute.N || a.Type() != b.Type() {
		return
	}
	isPrefix := bytes.HasPrefix(append([]byte(b.S()), b.B()...), append([]byte(a.S()), a.B()...))
	if bytes.HasPrefix(keyB, attribute.AppendKeyPrefix(nil, a)) != isPrefix {
		t.Errorf("the key of %v does not begin with the prefix of %v as the value does", b, a)
	}
}

func TestDecodeKeyRefusesOthers(t *testing.T) {
	for _, src := range []string{"", "x", "N", "N\xc1", "N\xc1\x02", "N\x3e\x65", "S", "Sa", "Sa\x00", "Sa\x00\x02", "B\x00"} {
		if v, _, err := attribute.DecodeKey([]byte(src)); err == nil {
			t.Errorf("%q was decoded as %v", src, v)
		}
	}
}

func TestAppendKeyPanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a map was a key")
		}
	}()
	attribute.AppendKey(nil, attribute.Map(nil))
}
