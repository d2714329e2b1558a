package cloudwatch

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
)

// evaluate computes an expression without metrics.
func evaluate(expression string) (result, error) {
	e := &evaluation{queries: []Query{{ID: "e", Expression: expression}}, to: 60, read: func(MetricStat) values { return values{} }}
	return e.query("e")
}

// FuzzExpression evaluates any text, which must not panic, and an expression built from
// the bytes, whose value is known.
func FuzzExpression(f *testing.F) {
	f.Add("1 + 2 * -3", []byte{0, 1, 2, 3})
	f.Add("SUM([m1, METRICS()])/IF(a, 1, 2)", []byte{9, 200, 3, 44, 5})
	f.Add("((((", []byte{255, 0, 255, 128, 7, 6, 5})
	f.Fuzz(func(t *testing.T, text string, bytes []byte) {
		if len(text) > 2048 || len(bytes) > 64 {
			return // longer expressions are refused
		}
		_, _ = evaluate(text)
		expression, want := build(&bytes)
		got, err := evaluate(expression)
		if err != nil || got.number == nil {
			t.Fatalf("%s: %v %v", expression, got, err)
		}
		if *got.number != want && !(math.IsNaN(*got.number) && math.IsNaN(want)) {
			t.Errorf("%s = %v, want %v", expression, *got.number, want)
		}
	})
}

// build returns an expression and its value.
func build(bytes *[]byte) (string, float64) {
	next := func() int {
		if len(*bytes) == 0 {
			return 0
		}
		b := (*bytes)[0]
		*bytes = (*bytes)[1:]
		return int(b)
	}
	n := next()
	if n < 100 {
		return fmt.Sprint(n), float64(n)
	}
	if n < 130 {
		s, v := build(bytes)
		return "-(" + s + ")", -v
	}
	left, a := build(bytes)
	right, b := build(bytes)
	space := strings.Repeat(" ", n%3)
	switch n % 3 {
	case 0:
		return "(" + left + space + "+" + space + right + ")", a + b
	case 1:
		return "(" + left + space + "-" + space + right + ")", a - b
	}
	return "(" + left + space + "*" + space + right + ")", a * b
}

// FuzzStatistic checks that a name is accepted only if it is one of a kind.
func FuzzStatistic(f *testing.F) {
	for _, name := range []string{"Sum", "p99.9", "TM(10%:90%)", "PR(:300)", "tc90", "IQM", "WM(1:)"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		s, ok := ParseStatistic(name)
		if !ok {
			return
		}
		value, given := s.of(bucket{})
		if given && math.IsInf(value, 0) {
			t.Errorf("%s of nothing is %v", name, value)
		}
	})
}

// FuzzEmbedded checks that lines which are not JSON are no metrics.
func FuzzEmbedded(f *testing.F) {
	f.Add(`{"_aws":{"Timestamp":1,"CloudWatchMetrics":[{"Namespace":"n","Dimensions":[["d"]],"Metrics":[{"Name":"m","Unit":"Count"}]}]},"d":"x","m":[1,2]}`)
	f.Add(`{"_aws":{"CloudWatchMetrics":[{}]}}`)
	f.Add(`{"_aws":null}`)
	f.Fuzz(func(t *testing.T, line string) {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		if embedded, _ := s.Ingest(line); embedded && !json.Valid([]byte(line)) {
			t.Errorf("%q is not JSON", line)
		}
	})
}
