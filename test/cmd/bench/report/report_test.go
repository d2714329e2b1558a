package report

import (
	"encoding/xml"
	"io"
	"math"
	"os"
	"strings"
	"testing"
)

func TestMedianAndP99(t *testing.T) {
	var hundred []float64
	for i := range 101 {
		hundred = append(hundred, float64(100-i)) // 100 … 0
	}
	for _, test := range []struct {
		name        string
		m           Measurement
		median, p99 float64
		hasP99      bool
	}{
		{"one figure", Measurement{{7}}, 7, 7, false},
		{"an even number of figures", Measurement{{4, 1}, {2, 3}}, 2.5, 3.97, false},
		{"many latencies", Measurement{hundred}, 50, 99, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			p99, has := test.m.P99()
			if median := test.m.Median(); !near(median, test.median) || !near(p99, test.p99) || has != test.hasP99 {
				t.Errorf("median %v, p99 %v %v; want %v, %v %v", median, p99, has, test.median, test.p99, test.hasP99)
			}
		})
	}
	if m := Measurement(nil).Median(); !math.IsNaN(m) {
		t.Errorf("the median of nothing is %v", m)
	}
}

// TestRatioPairsRounds proves that a slow round, in which floor and local cloud both
// take ten times as long, changes no ratio.
func TestRatioPairsRounds(t *testing.T) {
	floor := Measurement{{1}, {10}, {1}}
	here := Measurement{{2}, {20}, {2}}
	if r := here.ratio(floor); r != 2 {
		t.Errorf("ratio %v, want 2", r)
	}
	if r := (Measurement{{2}, {20}}).ratio(floor); r != 2 {
		t.Errorf("with a round fewer: ratio %v, want 2", r)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

var examples = []Row{
	{Name: "latency", Unit: "ms", Floor1: Measurement{{1}}, Floor4: Measurement{{2}}, Here: Measurement{{1.2}},
		Goal: Goal{Base: ToFloor1, Limit: 1.25}},
	{Name: "rate", Unit: "/s", Floor1: Measurement{{900}}, Floor4: Measurement{{1000}}, Here: Measurement{{500}},
		Goal: Goal{Base: ToFloor4, Limit: 1, AtLeast: true}},
	{Name: "errors", Unit: "at all", Here: Measurement{{0}}, Goal: Goal{Base: Absolute}},
	{Name: "more errors", Unit: "at all", Here: Measurement{{3}}, Goal: Goal{Base: Absolute}},
	{Name: "start", Unit: "ms", Here: Measurement{{61}}, Goal: Goal{Base: Absolute, Limit: 60, Text: "50 + cold start"}},
	{Name: "without a goal", Unit: "ms", Floor4: Measurement{{4}}, Here: Measurement{{2}}},
	{Name: "not measured <yet>", Unit: "ms", Goal: Goal{Base: Absolute, Limit: 1}},
}

func TestTable(t *testing.T) {
	want := `|                         | floor, 1 process | floor, 4 processes | here | ratio | goal                     |        |
| ----------------------- | ---------------- | ------------------ | ---- | ----- | ------------------------ | ------ |
| latency (ms)            | 1.00             | 2.00               | 1.20 | 1.20  | ≤ 1.25 × floor 1         | met    |
| rate (/s)               | 900              | 1000               | 500  | 0.50  | ≥ 1.00 × floor 4         | missed |
| errors (at all)         |                  |                    | 0    |       | ≤ 0                      | met    |
| more errors (at all)    |                  |                    | 3.00 |       | ≤ 0                      | missed |
| start (ms)              |                  |                    | 61.0 |       | ≤ 50 + cold start = 60.0 | missed |
| without a goal (ms)     |                  | 4.00               | 2.00 | 0.50  |                          |        |
| not measured <yet> (ms) |                  |                    |      |       | ≤ 1.00                   |        |
`
	if got := Table(examples); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestChart(t *testing.T) {
	chart := Chart(examples)
	for dec := xml.NewDecoder(strings.NewReader(chart)); ; {
		if _, err := dec.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatalf("the chart is not XML: %v\n%s", err, chart)
		}
	}
	for _, want := range []string{
		`<rect x="420" y="28" width="192" height="16" fill="#2f8f5b"/>`, // 1.2 of 1.25
		`<rect x="420" y="52" width="400" height="16" fill="#c8553d"/>`, // half of the least rate
		`<text x="426" y="88">0 %</text>`,
		`<rect x="420" y="100" width="600" height="16" fill="#c8553d"/>`, // cut off
		`<text x="826" y="64">200 %</text>`,
	} {
		if !strings.Contains(chart, want) {
			t.Errorf("the chart lacks %s:\n%s", want, chart)
		}
	}
	if strings.Contains(chart, "without a goal") || strings.Contains(chart, "not measured") {
		t.Errorf("a row without a goal or a figure has a bar:\n%s", chart)
	}
}

func TestWrite(t *testing.T) {
	dir := t.TempDir()
	if err := Write(dir, "Measured here.", examples); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(dir + "/benchmarks.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"\nMeasured here.\n\n| ", Table(examples), "](benchmarks.svg)"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	if chart, err := os.ReadFile(dir + "/benchmarks.svg"); err != nil || string(chart) != Chart(examples) {
		t.Errorf("the chart: %v", err)
	}
}
