package iam

import (
	"encoding/json"
	"testing"

	"tally/localcloud/cloud"
)

func TestConditions(t *testing.T) {
	type context = map[string][]string
	const key = "aws:SourceArn"
	one := func(value string) context { return context{key: {value}} }
	many := func(values ...string) context { return context{key: values} }
	missing := context{}

	for _, tt := range []struct {
		operator string
		operand  any
		context  context
		want     bool
	}{
		{"StringEquals", "a", one("a"), true},
		{"StringEquals", "a", one("A"), false},
		{"StringEquals", "a*", one("ab"), false},
		{"StringEquals", "a*", one("a*"), true},
		{"StringEquals", []any{"a", "b"}, one("b"), true},
		{"StringEquals", 10, one("10"), true},
		{"StringEquals", "a", missing, false},
		{"StringEquals", "a", context{"AWS:sourceARN": {"a"}}, true}, // the case of keys is ignored
		{"StringEquals", "${aws:username}", context{key: {"x"}, "aws:username": {"x"}}, true},
		{"StringEquals", "${aws:username}", one("x"), false},
		{"StringNotEquals", "a", one("b"), true},
		{"StringNotEquals", []any{"a", "b"}, one("b"), false},
		{"StringNotEquals", "a", missing, true},
		{"StringEqualsIgnoreCase", "Straße", one("sTRAßE"), true},
		{"StringEqualsIgnoreCase", "${aws:username}", context{key: {"x"}, "aws:username": {"X"}}, true},
		{"StringNotEqualsIgnoreCase", "a", one("A"), false},
		{"StringLike", "a?c*", one("abc"), true},
		{"StringLike", "a?c*", one("ac"), false},
		{"StringNotLike", "a*", one("abc"), false},
		{"StringNotLike", "a*", one("bc"), true},

		{"NumericEquals", 10, one("10.0"), true},
		{"NumericEquals", "10", one("ten"), false},
		{"NumericEquals", "1000", one("1_000"), false},
		{"NumericNotEquals", 10, one("11"), true},
		{"NumericLessThan", 10, one("9.9"), true},
		{"NumericLessThan", 10, one("10"), false},
		{"NumericLessThanEquals", 10, one("10"), true},
		{"NumericGreaterThan", -1, one("0"), true},
		{"NumericGreaterThan", 10, one("10"), false},
		{"NumericGreaterThanEquals", 10, one("10"), true},

		{"DateEquals", "2026-01-01T00:00:00Z", one("2026-01-01T01:00:00+01:00"), true},
		{"DateNotEquals", "2026-01-01", one("2026-01-02T00:00:00Z"), true},
		{"DateLessThan", "2026-01-01T10:00Z", one("2026-01-01T09:59:59Z"), true},
		{"DateLessThan", "2026-01-01", one("2026-01-01T00:00:00Z"), false},
		{"DateLessThanEquals", "2026-01", one("2026-01-01T00:00:00Z"), true},
		{"DateGreaterThan", 1767225600, one("2026-01-01T00:00:01Z"), true}, // the first second of 2026
		{"DateGreaterThan", "1767225600", one("1767225600"), false},
		{"DateGreaterThanEquals", "2026", one("1767225600"), true},

		{"Bool", true, one("TRUE"), true},
		{"Bool", "true", one("false"), false},
		{"Bool", "false", missing, false},
		{"BoolIfExists", "false", missing, true},
		{"BinaryEquals", "AAE=", one("AAE="), true},
		{"BinaryEquals", "AAE=", one("AAI="), false},

		{"IpAddress", "203.0.113.0/24", one("203.0.113.9"), true},
		{"IpAddress", "203.0.113.0/24", one("203.0.114.9"), false},
		{"IpAddress", "203.0.113.9", one("203.0.113.9"), true},
		{"IpAddress", "203.0.113.9", one("::ffff:203.0.113.9"), true},
		{"IpAddress", "::ffff:203.0.113.0/120", one("203.0.113.9"), true},
		{"IpAddress", "::ffff:203.0.113.9", one("203.0.113.9"), true},
		{"IpAddress", "2001:db8::/32", one("2001:db8::1"), true},
		{"IpAddress", "203.0.113.0/24", one("nonsense"), false},
		{"NotIpAddress", "203.0.113.0/24", one("203.0.114.9"), true},

		{"ArnEquals", "arn:aws:sns:*:*:numbers", one("arn:aws:sns:us-east-1:000000000000:numbers"), true},
		{"ArnLike", "arn:aws:*:numbers:*:*", one("arn:aws:sns:eu:numbers:1:1"), false}, // a wildcard does not match a colon
		{"ArnLike", "arn:aws:logs:*:*:log-group:*", one("arn:aws:logs:eu:1:log-group:/aws:x"), true},
		{"ArnLike", "arn:aws:sns:*:${aws:username}:*", context{key: {"arn:aws:sns:eu:1:t"}, "aws:username": {"1"}}, true},
		{"ArnLike", "${aws:username}", context{key: {"arn:aws:sns:eu:1:t"}, "aws:username": {"arn:aws:sns:eu:1:t"}}, true},
		{"ArnLike", "${aws:username}", one("arn:aws:sns:eu:1:t"), false},
		{"ArnLike", "*", one("arn:aws:sns:eu:1:t"), true},
		{"ArnLike", "arn:aws:sns:*:*:*", one("numbers"), false},
		{"ArnNotEquals", "arn:aws:sns:*:*:a", one("arn:aws:sns:eu:1:b"), true},
		{"ArnNotLike", "arn:aws:sns:*:*:a", one("arn:aws:sns:eu:1:a"), false},
		{"ArnNotLike", "arn:aws:sns:*:*:a", missing, true},

		{"Null", true, missing, true},
		{"Null", "false", missing, false},
		{"Null", "false", one("x"), true},
		{"Null", "true", one("x"), false},
		{"Null", "true", many(), true},

		{"StringEqualsIfExists", "a", missing, true},
		{"StringEqualsIfExists", "a", one("b"), false},
		{"StringNotEqualsIfExists", "a", missing, true},

		{"ForAnyValue:StringEquals", []any{"a", "b"}, many("x", "b"), true},
		{"ForAnyValue:StringEquals", []any{"a", "b"}, many("x", "y"), false},
		{"ForAnyValue:StringEquals", "a", missing, false},
		{"ForAnyValue:StringEqualsIfExists", "a", missing, true},
		{"ForAnyValue:StringNotEquals", "a", many("a", "b"), true},
		{"ForAnyValue:StringNotEquals", "a", many("a"), false},
		{"ForAnyValue:StringNotEquals", "a", missing, false},
		{"ForAllValues:StringEquals", []any{"a", "b"}, many("b", "a"), true},
		{"ForAllValues:StringEquals", []any{"a", "b"}, many("b", "c"), false},
		{"ForAllValues:StringEquals", "a", missing, true},
		{"ForAllValues:StringNotLike", "a*", many("b", "ab"), false},
		{"ForAllValues:StringNotLike", "a*", many("b", "c"), true},
	} {
		conditions, err := json.Marshal(map[string]any{tt.operator: map[string]any{key: tt.operand}})
		if err != nil {
			t.Fatal(err)
		}
		p, err := ParsePolicy(IdentityPolicy, statement(`"Effect":"Allow","Action":"*","Resource":"*","Condition":`+string(conditions)))
		if err != nil {
			t.Errorf("%s: %v", conditions, err)
			continue
		}
		d := Evaluate(cloud.Request{Action: "sns:Publish", Resource: "*", Context: tt.context}, []*Policy{p})
		if got := d.Effect == Allow; got != tt.want {
			t.Errorf("%s holds for %v: %v, want %v", conditions, tt.context, got, tt.want)
		}
	}
}

func TestEveryConditionMustHold(t *testing.T) {
	p, err := ParsePolicy(IdentityPolicy, statement(`"Effect":"Allow","Action":"*","Resource":"*",
		"Condition":{"StringEquals":{"aws:PrincipalTag/a":"1","aws:PrincipalTag/b":"2"},"Bool":{"aws:PrincipalTag/c":"true"}}`))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{"aws:PrincipalTag/a": {"1"}, "aws:PrincipalTag/b": {"2"}, "aws:PrincipalTag/c": {"true"}}
	if d := Evaluate(cloud.Request{Context: all}, []*Policy{p}); d.Effect != Allow {
		t.Error("denied although all conditions hold")
	}
	for key, values := range all {
		delete(all, key)
		if d := Evaluate(cloud.Request{Context: all}, []*Policy{p}); d.Effect != Deny {
			t.Errorf("allowed without %s", key)
		}
		all[key] = values
	}
}
