// Package report computes statistics of measurements and prints them as a table
// and as a chart.
package report

import (
	"math"
	"slices"
)

// Measurement is what was measured in each round: many latencies, or one figure.
type Measurement [][]float64

// Add adds a round.
func (m *Measurement) Add(values ...float64) { *m = append(*m, values) }

// Median returns the median of all rounds, or NaN if nothing was measured.
func (m Measurement) Median() float64 { return quantile(slices.Concat(m...), 0.5) }

// P99 returns the 99th percentile of all rounds. It reports false if a round has a
// single figure, as a percentile of a few would be their maximum.
func (m Measurement) P99() (float64, bool) {
	all := slices.Concat(m...)
	return quantile(all, 0.99), len(all) >= 100
}

// ratio returns the median of the ratios of m to other, round by round. Noise that
// lasts longer than a round thus changes both.
func (m Measurement) ratio(other Measurement) float64 {
	var ratios []float64
	for i := range min(len(m), len(other)) {
		ratios = append(ratios, quantile(slices.Clone(m[i]), 0.5)/quantile(slices.Clone(other[i]), 0.5))
	}
	return quantile(ratios, 0.5)
}

// quantile returns the q-quantile of values, interpolated between the two nearest,
// or NaN if there are none. It sorts values.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	at := q * float64(len(values)-1)
	below := int(at)
	above := min(below+1, len(values)-1)
	return values[below] + (at-float64(below))*(values[above]-values[below])
}

// Row is one line of the table.
type Row struct {
	Name string
	Unit string // "ms", "/s", "MiB", …
	// Floor1 and Floor4 are the floor with one process and with four; Here is the
	// local cloud. Those that were not measured are nil.
	Floor1, Floor4, Here Measurement
	Goal                 Goal
}

// Base is what a goal is relative to.
type Base int

// The bases of goals.
const (
	None     Base = iota // there is no goal
	Absolute             // Limit is in the row's unit
	ToFloor1             // Limit is a multiple of Floor1
	ToFloor4             // Limit is a multiple of Floor4
)

// Goal is the limit of a row.
type Goal struct {
	Base    Base
	Limit   float64
	AtLeast bool   // Limit is the least, instead of the most
	Text    string // how it is written, if not as its limit
}

// ratio returns the ratio of the row to the floor of its goal, or to the floor with
// four processes if the goal is relative to neither. It is NaN without one.
func (r Row) ratio() float64 {
	if r.Goal.Base == ToFloor1 || r.Floor4 == nil {
		return r.Here.ratio(r.Floor1)
	}
	return r.Here.ratio(r.Floor4)
}

// used returns how much of what the goal allows the row uses: 1 is the goal itself
// and less is better. It is NaN if there is no goal or no measurement.
func (r Row) used() float64 {
	value := r.Here.Median()
	switch r.Goal.Base {
	case None:
		return math.NaN()
	case ToFloor1, ToFloor4:
		value = r.ratio()
	}
	if r.Goal.AtLeast {
		return r.Goal.Limit / value
	}
	if r.Goal.Limit == 0 && value > 0 {
		return 1 + value
	}
	if r.Goal.Limit == 0 {
		return 0
	}
	return value / r.Goal.Limit
}

func (r Row) label() string { return r.Name + " (" + r.Unit + ")" }
