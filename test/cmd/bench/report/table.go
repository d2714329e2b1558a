package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var headings = []string{"", "floor, 1 process", "floor, 4 processes", "here", "ratio", "goal", ""}

// Table returns the rows as a table in Markdown, with aligned columns.
func Table(rows []Row) string {
	cells := [][]string{headings}
	for _, r := range rows {
		cells = append(cells, []string{r.label(), figure(r.Floor1), figure(r.Floor4), figure(r.Here),
			number(r.ratio()), r.goal(), r.verdict()})
	}
	width := make([]int, len(headings))
	for _, line := range cells {
		for i, cell := range line {
			width[i] = max(width[i], len([]rune(cell)), 3)
		}
	}
	var b strings.Builder
	for n, line := range cells {
		for i, cell := range line {
			fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(" ", width[i]-len([]rune(cell))))
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, w := range width {
				b.WriteString("| " + strings.Repeat("-", w) + " ")
			}
			b.WriteString("|\n")
		}
	}
	return b.String()
}

// figure returns the median of a measurement, with its 99th percentile if there is one.
func figure(m Measurement) string {
	text := number(m.Median())
	if p99, ok := m.P99(); ok {
		text += ", p99 " + number(p99)
	}
	return text
}

// number returns a number with three significant digits, or "" for NaN.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return ""
	case v == 0:
		return "0"
	case math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func (r Row) goal() string {
	sign := "≤ "
	if r.Goal.AtLeast {
		sign = "≥ "
	}
	switch limit := number(r.Goal.Limit); {
	case r.Goal.Base == None:
		return ""
	case r.Goal.Text != "":
		return sign + r.Goal.Text + " = " + limit
	case r.Goal.Base == ToFloor1:
		return sign + limit + " × floor 1"
	case r.Goal.Base == ToFloor4:
		return sign + limit + " × floor 4"
	default:
		return sign + limit
	}
}

func (r Row) verdict() string {
	switch used := r.used(); {
	case math.IsNaN(used):
		return ""
	case used <= 1:
		return "met"
	default:
		return "missed"
	}
}
