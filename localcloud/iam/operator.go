package iam

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"math"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// operator compares the value of a key in the request with a value in the policy.
type operator struct {
	compile compile
	negated bool // the result is inverted, as in "StringNotEquals"
}

// compile returns the test for a value in a policy. The argument variables is set
// if the policy's version supports variables. It returns an error if the value
// does not have the operator's type.
type compile func(operand string, variables bool) (test, error)

// test reports whether a value in the request matches. A value that does not have
// the operator's type does not match.
type test func(value string, k *keys) bool

// operators contains all operators except Null, which tests the presence of the
// key and not its value.
var operators = map[string]operator{
	"StringEquals":              {compile: text(false, false)},
	"StringNotEquals":           {compile: text(false, false), negated: true},
	"StringEqualsIgnoreCase":    {compile: text(false, true)},
	"StringNotEqualsIgnoreCase": {compile: text(false, true), negated: true},
	"StringLike":                {compile: text(true, false)},
	"StringNotLike":             {compile: text(true, false), negated: true},
	"NumericEquals":             {compile: ordered(number, cmp.Compare, equal)},
	"NumericNotEquals":          {compile: ordered(number, cmp.Compare, equal), negated: true},
	"NumericLessThan":           {compile: ordered(number, cmp.Compare, less)},
	"NumericLessThanEquals":     {compile: ordered(number, cmp.Compare, lessOrEqual)},
	"NumericGreaterThan":        {compile: ordered(number, cmp.Compare, greater)},
	"NumericGreaterThanEquals":  {compile: ordered(number, cmp.Compare, greaterOrEqual)},
	"DateEquals":                {compile: ordered(date, time.Time.Compare, equal)},
	"DateNotEquals":             {compile: ordered(date, time.Time.Compare, equal), negated: true},
	"DateLessThan":              {compile: ordered(date, time.Time.Compare, less)},
	"DateLessThanEquals":        {compile: ordered(date, time.Time.Compare, lessOrEqual)},
	"DateGreaterThan":           {compile: ordered(date, time.Time.Compare, greater)},
	"DateGreaterThanEquals":     {compile: ordered(date, time.Time.Compare, greaterOrEqual)},
	"Bool":                      {compile: boolean},
	"BinaryEquals":              {compile: ordered(base64.StdEncoding.DecodeString, bytes.Compare, equal)},
	"IpAddress":                 {compile: address},
	"NotIpAddress":              {compile: address, negated: true},
	// AWS documents that ArnEquals and ArnLike behave identically.
	"ArnEquals":    {compile: arn},
	"ArnLike":      {compile: arn},
	"ArnNotEquals": {compile: arn, negated: true},
	"ArnNotLike":   {compile: arn, negated: true},
}

func equal(order int) bool          { return order == 0 }
func less(order int) bool           { return order < 0 }
func lessOrEqual(order int) bool    { return order <= 0 }
func greater(order int) bool        { return order > 0 }
func greaterOrEqual(order int) bool { return order >= 0 }

// ordered compares values of an ordered type. The value in the request is the left
// operand.
func ordered[T any](parse func(string) (T, error), compare func(a, b T) int, accept func(order int) bool) compile {
	return func(operand string, _ bool) (test, error) {
		right, err := parse(operand)
		if err != nil {
			return nil, err
		}
		return func(value string, _ *keys) bool {
			left, err := parse(value)
			return err == nil && accept(compare(left, right))
		}, nil
	}
}

// number parses a decimal number.
func number(s string) (float64, error) {
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsNaN(n) || math.IsInf(n, 0) || strings.ContainsAny(s, "xX_") {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return n, nil
}

// date parses a date in the W3C profile of ISO 8601, or in seconds since 1970.
func date(s string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00", time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, nil
		}
	}
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	return time.Time{}, fmt.Errorf("%q is not a date such as 2026-01-31T12:00:00Z", s)
}

func boolean(operand string, _ bool) (test, error) {
	if !strings.EqualFold(operand, "true") && !strings.EqualFold(operand, "false") {
		return nil, fmt.Errorf(`%q is neither "true" nor "false"`, operand)
	}
	return func(value string, _ *keys) bool { return strings.EqualFold(value, operand) }, nil
}

func address(operand string, _ bool) (test, error) {
	prefix, err := netip.ParsePrefix(operand)
	if err != nil {
		ip, err := netip.ParseAddr(operand)
		if err != nil {
			return nil, fmt.Errorf("%q is neither an IP address nor a range such as 203.0.113.0/24", operand)
		}
		prefix = netip.PrefixFrom(ip, ip.BitLen())
	}
	const mapped = 96 // bits before an IPv4 address in IPv6
	if prefix.Addr().Is4In6() && prefix.Bits() >= mapped {
		prefix = netip.PrefixFrom(prefix.Addr().Unmap(), prefix.Bits()-mapped) // like the value
	}
	return func(value string, _ *keys) bool {
		ip, err := netip.ParseAddr(value)
		return err == nil && prefix.Contains(ip.Unmap())
	}, nil
}

// text compares strings. If wildcards is set, "*" and "?" in the policy are
// wildcards.
func text(wildcards, ignoreCase bool) compile {
	return func(operand string, variables bool) (test, error) {
		t, err := syntax{wildcards: wildcards, variables: variables}.parse(operand)
		if err != nil {
			return nil, err
		}
		return func(value string, k *keys) bool {
			g, ok := t.expand(k)
			if ignoreCase {
				g, value = g.lower(), strings.ToLower(value)
			}
			return ok && g.match(value)
		}, nil
	}
}

// arn compares the six parts of ARNs one by one, so that a wildcard in one of the
// first five does not match a colon.
func arn(operand string, variables bool) (test, error) {
	t, err := syntax{wildcards: true, variables: variables}.parse(operand)
	if err != nil {
		return nil, err
	}
	// The form of an operand with variables is known only with their values.
	if len(t) == 1 && operand != "*" && (len(t[0].plain.split(6)) < 6 || !strings.HasPrefix(operand, "arn:")) {
		return nil, fmt.Errorf("%q is not an ARN such as arn:aws:sns:*:*:numbers", operand)
	}
	return func(value string, k *keys) bool {
		g, ok := t.expand(k)
		if !ok {
			return false
		}
		patterns, parts := g.split(6), strings.SplitN(value, ":", 6)
		if len(patterns) == 1 {
			return g.match(value) // "*"
		}
		if len(patterns) != len(parts) {
			return false
		}
		for i, p := range patterns {
			if !p.match(parts[i]) {
				return false
			}
		}
		return true
	}, nil
}
