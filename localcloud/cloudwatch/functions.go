package cloudwatch

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
)

// aggregations reduce several values to one.
var aggregations = map[string]func([]float64) float64{
	"SUM": sum,
	"AVG": func(v []float64) float64 { return sum(v) / float64(len(v)) },
	"MIN": slices.Min[[]float64],
	"MAX": slices.Max[[]float64],
}

func sum(all []float64) (total float64) {
	for _, v := range all {
		total += v
	}
	return total
}

// conversions change each value.
var conversions = map[string]func(float64) float64{
	"ABS": math.Abs, "CEIL": math.Ceil, "FLOOR": math.Floor, "LOG": math.Log, "LOG10": math.Log10,
}

// call computes a function, whose opening parenthesis is next.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html#metric-math-syntax-functions-list
func (p *expression) call(name string) (result, error) {
	p.take()
	if name == "METRICS" {
		return p.metrics()
	}
	if name == "FILL" {
		return p.fill()
	}
	if name == "SEARCH" {
		return p.search()
	}
	if !p.knows(name) {
		return result{}, fmt.Errorf("the local cloud does not evaluate the function %s", name)
	}
	args, err := p.arguments(")")
	if err != nil {
		return result{}, err
	}
	want := 1
	if name == "IF" {
		want = max(2, min(len(args), 3))
	}
	if len(args) != want {
		return result{}, fmt.Errorf("%s takes %d arguments, got %d", name, want, len(args))
	}
	if f, ok := aggregations[name]; ok {
		return aggregate(args[0], f), nil
	}
	if f, ok := conversions[name]; ok {
		return args[0].each(f), nil
	}
	switch name {
	case "METRIC_COUNT":
		return number(float64(len(args[0].series))), nil
	case "PERIOD":
		return number(float64(p.period(p.query))), nil
	case "DIFF", "RATE":
		return changes(args[0], name == "RATE"), nil
	}
	return choose(args), nil
}

// knows reports whether there is a function with that name.
func (*expression) knows(name string) bool {
	return aggregations[name] != nil || conversions[name] != nil ||
		slices.Contains([]string{"METRIC_COUNT", "PERIOD", "DIFF", "RATE", "IF"}, name)
}

// metrics computes METRICS() and METRICS("text"): all metrics of the request whose
// labels contain the text.
func (p *expression) metrics() (result, error) {
	text := ""
	if p.peek() != ")" {
		text = strings.Trim(p.take(), `"`)
	}
	all := result{list: true, labels: []string{}}
	for _, q := range p.queries {
		if q.Stat != nil && strings.Contains(q.label(), text) {
			all.series, all.labels = append(all.series, p.read(*q.Stat)), append(all.labels, q.label())
		}
	}
	return all, p.expect(")")
}

// fill computes FILL(m1, 0), FILL(m1, m2) and FILL(m1, REPEAT).
func (p *expression) fill() (result, error) {
	in, err := p.binary(0)
	if err != nil {
		return result{}, err
	}
	if err := p.expect(","); err != nil {
		return result{}, err
	}
	repeat := p.peek() == "REPEAT"
	filler := result{}
	if repeat {
		p.take()
	} else if filler, err = p.binary(0); err != nil {
		return result{}, err
	}
	g := p.grid(p.query)
	all := result{list: in.list}
	for _, s := range in.series {
		filled := maps.Clone(s)
		last := math.NaN() // which set omits
		for at := g.from; at < g.to; at += g.step {
			if v, ok := filled[at]; ok {
				last = v
				continue
			}
			if repeat {
				filled.set(at, last)
			} else if v, ok := filler.at(at); ok {
				filled.set(at, v)
			}
		}
		all.series = append(all.series, filled)
	}
	return all, p.expect(")")
}

// at returns the value of a number or of a single series in a period.
func (r result) at(start int64) (float64, bool) {
	if r.number != nil {
		return *r.number, true
	}
	if len(r.series) == 0 {
		return 0, false
	}
	v, ok := r.series[0][start]
	return v, ok
}

// aggregate reduces a list to a series, and a series to a number.
func aggregate(in result, f func([]float64) float64) result {
	if in.number != nil {
		return in
	}
	byTime := map[int64][]float64{}
	var all []float64
	for _, s := range in.series {
		for _, at := range s.sorted() {
			byTime[at] = append(byTime[at], s[at])
			all = append(all, s[at])
		}
	}
	if !in.list {
		if len(all) == 0 {
			return single(nil)
		}
		return number(f(all))
	}
	out := values{}
	for at, vs := range byTime {
		out.set(at, f(vs))
	}
	return single(out)
}

// changes returns the differences between consecutive values, per second if rate.
func changes(in result, rate bool) result {
	all := result{list: in.list}
	for _, s := range in.series {
		out := values{}
		times := s.sorted()
		for i := 1; i < len(times); i++ {
			d := s[times[i]] - s[times[i-1]]
			if rate {
				d /= float64(times[i] - times[i-1])
			}
			out.set(times[i], d)
		}
		all.series = append(all.series, out)
	}
	return all
}

// choose computes IF(condition, then, else) in the periods of the condition.
func choose(args []result) result {
	pick := func(condition float64) result {
		switch {
		case condition != 0:
			return args[1]
		case len(args) == 3:
			return args[2]
		}
		return result{}
	}
	if args[0].number != nil {
		return pick(*args[0].number)
	}
	all := result{list: args[0].list}
	for _, s := range args[0].series {
		out := values{}
		for at, condition := range s {
			if v, ok := pick(condition).at(at); ok {
				out.set(at, v)
			}
		}
		all.series = append(all.series, out)
	}
	return all
}
