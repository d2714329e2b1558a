package control

import (
	"net/url"
	"testing"
)

// FuzzLogQuery checks that a query that is accepted has parameters that give it again.
func FuzzLogQuery(f *testing.F) {
	f.Add("function=a&follow=true&since=2026-01-02T03:04:05.6Z")
	f.Add("since=2026-01-02T03:04:05%2B01:00&follow=T")
	f.Fuzz(func(t *testing.T, raw string) {
		values, err := url.ParseQuery(raw)
		if err != nil {
			return
		}
		q, err := ParseLogQuery(values)
		if err != nil {
			return
		}
		again, err := ParseLogQuery(q.Values())
		if err != nil || again.Function != q.Function || again.Follow != q.Follow || !again.Since.Equal(q.Since) {
			t.Errorf("%q: %+v, then %+v %v", raw, q, again, err)
		}
	})
}
