package settings

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// FuzzSetting gives one setting any value. One that is allowed has the same meaning each
// time, contains nothing that AWS cannot accept, and is a URL if it looks like one.
func FuzzSetting(f *testing.F) {
	for i, value := range []string{
		"", "0", "customer", "1e9", `["a"]`, "arn:aws:iam::1:policy/p", "https://example.com/\x00", "https://?", "https://example.com/%zz", "https://a:b@c/", "https://[::1",
		"http://localhost:8080/a?b", "a@b.c", "a\u200b@b.c", `["https://example.com", "*"]`, `["a\u0000"]`, "true", "canary-10-5m",
	} {
		for index := range all() {
			if i == 0 || strings.ContainsAny(value, ":@[") {
				f.Add(uint8(index), value)
			}
		}
		f.Add(uint8(i), value)
	}
	every := all()
	f.Fuzz(func(t *testing.T, index uint8, value string) {
		if !utf8.ValidString(value) {
			return // the engine passes JSON
		}
		one := every[int(index)%len(every)]
		var first, second Settings
		if !one.Field(&first, value) {
			return
		}
		if !one.Field(&second, value) || !reflect.DeepEqual(first, second) {
			t.Errorf("%s=%q: %+v, then %+v", one.Name, value, first, second)
		}
		values := []string{value}
		if strings.HasPrefix(one.Limits, "a list") {
			if err := json.Unmarshal([]byte(value), &values); err != nil {
				t.Errorf("%s=%q is allowed: %v", one.Name, value, err)
			}
		}
		for _, v := range values {
			if strings.ContainsFunc(v, func(r rune) bool { return unicode.Is(unicode.C, r) }) || strings.TrimSpace(v) != v || v == "" {
				t.Errorf("%s=%q is allowed", one.Name, v)
			}
			if strings.HasPrefix(v, "http") && strings.Contains(v, "://") && one.Name != "aws:profile" && !strings.Contains(one.Limits, "letters") {
				if u, err := url.Parse(v); err != nil || u.Hostname() == "" || u.User != nil && !strings.HasSuffix(one.Name, "Webhook") {
					t.Errorf("%s=%q is allowed: %v", one.Name, v, err)
				}
			}
		}
	})
}
