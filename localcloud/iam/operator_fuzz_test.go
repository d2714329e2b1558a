package iam

import (
	"math/big"
	"net"
	"net/netip"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"
)

// FuzzNumber compares the operators of numbers with exact arithmetic.
func FuzzNumber(f *testing.F) {
	for _, s := range []string{"1", "-1.5", "1e3", "0x10", "NaN", "inf", "1_000", "", " 1", "1e999", ".5", "+7", "0b1", "1p4"} {
		f.Add(s, "10")
		f.Add("10", s)
	}
	form := regexp.MustCompile(`^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?$`)
	f.Fuzz(func(t *testing.T, operand, value string) {
		right, err := number(operand)
		if err == nil && !form.MatchString(operand) && !strings.ContainsAny(operand, "eE") {
			t.Errorf("%q is the number %g", operand, right)
		}
		if !form.MatchString(operand) || !form.MatchString(value) || err != nil {
			return
		}
		left, err := number(value)
		if err != nil {
			return
		}
		a, _ := new(big.Rat).SetString(value)
		b, _ := new(big.Rat).SetString(operand)
		exact := a.Cmp(b)
		if order := compareFloat(left, right); order != exact && order != 0 { // different numbers may be too close
			t.Errorf("%q and %q: %d", value, operand, order)
		}
		for name, want := range map[string]bool{"NumericEquals": left == right, "NumericLessThan": left < right, "NumericLessThanEquals": left <= right,
			"NumericGreaterThan": left > right, "NumericGreaterThanEquals": left >= right, "NumericNotEquals": left == right} {
			test, err := operators[name].compile(operand, false)
			if err != nil || test(value, nil) != want {
				t.Errorf("%q %s %q: %v, want %t", value, name, operand, err, want)
			}
		}
	})
}

func compareFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// FuzzDate reads dates in all their forms, and any text.
func FuzzDate(f *testing.F) {
	f.Add(int64(1_764_470_405), "2026-01-31T12:00:00Z")
	f.Add(int64(0), "2026-01")
	f.Add(int64(2026), "2026")
	f.Add(int64(-1), "2026-01-31T12:00+01:00")
	f.Fuzz(func(t *testing.T, seconds int64, text string) {
		if got, err := date(text); err == nil {
			again, err := date(got.Format(time.RFC3339Nano))
			if year := got.UTC().Year(); 0 < year && year < 9999 && (err != nil || !again.Equal(got)) {
				t.Errorf("%q is %v, and that is %v, %v", text, got, again, err)
			}
			test, err := operators["DateEquals"].compile(text, false)
			if err != nil || !test(text, nil) {
				t.Errorf("%q is not equal to itself: %v", text, err)
			}
		}
		at := time.Unix(seconds%(1<<36), 0).UTC()
		if at.Year() < 1 || at.Year() > 9999 {
			return
		}
		for layout, unit := range map[string]time.Duration{time.RFC3339: time.Second, "2006-01-02T15:04Z07:00": time.Minute, time.DateOnly: 24 * time.Hour} {
			got, err := date(at.Format(layout))
			if apart := at.Sub(got); err != nil || apart < 0 || apart >= unit {
				t.Errorf("%s is %v, %v", at.Format(layout), got, err)
			}
		}
	})
}

// FuzzAddress compares the operators of addresses with package net.
func FuzzAddress(f *testing.F) {
	for _, operand := range []string{"203.0.113.0/24", "203.0.113.7", "::1/128", "2001:db8::/32", "::ffff:203.0.113.0/120", "0.0.0.0/0", "::/0", "203.0.113.0/33", "01.2.3.4", "fe80::1%eth0"} {
		f.Add(operand, "203.0.113.7")
		f.Add(operand, "2001:db8::7")
		f.Add(operand, "::ffff:203.0.113.7")
	}
	f.Fuzz(func(t *testing.T, operand, value string) {
		test, err := address(operand, false)
		if strings.Contains(operand+value, "%") {
			return // package net knows no zones
		}
		if p, err := netip.ParsePrefix(operand); err == nil && p.Addr().Is4In6() && p.Bits() < 96 {
			return // a range of both kinds
		}
		_, network, errNet := net.ParseCIDR(operand)
		if errNet != nil {
			ip := net.ParseIP(operand)
			if (ip == nil) != (err != nil) {
				t.Fatalf("%q: %v", operand, err)
			}
			if ip == nil {
				return
			}
			network = &net.IPNet{IP: ip, Mask: net.CIDRMask(128, 128)}
			if four := ip.To4(); four != nil {
				network = &net.IPNet{IP: four, Mask: net.CIDRMask(32, 32)}
			}
		} else if err != nil {
			t.Fatalf("%q: %v", operand, err)
		}
		ip := net.ParseIP(value)
		if got, want := test(value, nil), ip != nil && network.Contains(ip); got != want {
			t.Errorf("%q in %q: %t, want %t", value, operand, got, want)
		}
	})
}

// FuzzARNPattern compares the operators of ARNs with patterns of paths, part by part.
func FuzzARNPattern(f *testing.F) {
	for _, operand := range []string{"*", "arn:aws:sns:*:*:numbers", "arn:aws:sns:us-east-1:000000000000:*", "arn:*", "arn:aws:s?s:*:*:a:*", "a"} {
		f.Add(operand, "arn:aws:sns:us-east-1:000000000000:numbers")
		f.Add(operand, "arn:aws:sqs:us-east-1:000000000000:a:b")
		f.Add(operand, "a")
	}
	f.Fuzz(func(t *testing.T, operand, value string) {
		test, err := arn(operand, false)
		patterns, parts := strings.SplitN(operand, ":", 6), strings.SplitN(value, ":", 6)
		if valid := operand == "*" || len(patterns) == 6 && patterns[0] == "arn"; (err == nil) != valid {
			t.Fatalf("%q: %v", operand, err)
		}
		if err != nil || strings.ContainsAny(operand+value, "/[]\\^") || operand+value != strings.ToValidUTF8(operand+value, "") {
			return // package path gives them a meaning
		}
		want := operand == "*" || len(patterns) == len(parts)
		for i := 0; operand != "*" && want && i < len(parts); i++ {
			if want, err = path.Match(patterns[i], parts[i]); err != nil {
				return
			}
		}
		if got := test(value, nil); got != want {
			t.Errorf("%q like %q: %t, want %t", value, operand, got, want)
		}
	})
}
