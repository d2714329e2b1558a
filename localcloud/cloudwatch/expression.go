package cloudwatch

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// An evaluation computes queries, which may refer to each other.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html
type evaluation struct {
	queries  []Query
	from, to int64 // in seconds
	read     func(MetricStat) values
	list     func(MetricFilter) []Metric // nil if metrics cannot be searched
	open     []string                    // the IDs of the queries being computed, to find cycles
}

// result is a number, a time series or a list of time series.
type result struct {
	number *float64
	series []values
	labels []string // of the series of a list; nil if they have none of their own
	list   bool
}

// line is a time series with its label.
type line struct {
	label  string
	values values
}

// lines returns the time series of a result, each with the label of the query and its own.
func (r result) lines(q Query, g grid) (all []line) {
	if r.labels == nil {
		return []line{{q.label(), r.overTime(g)}}
	}
	for i, label := range r.labels {
		all = append(all, line{strings.TrimSpace(q.Label + " " + label), r.series[i]})
	}
	return all
}

func number(n float64) result { return result{number: &n} }
func single(v values) result  { return result{series: []values{v}} }

// overTime returns the values of a result. A number has the same value in each period
// of the grid, none if it is not finite, and a list those of its first series.
func (r result) overTime(g grid) values {
	switch {
	case r.number != nil:
		all := values{}
		for at := g.from; at < g.to; at += g.step {
			all.set(at, *r.number)
		}
		return all
	case len(r.series) > 0:
		return r.series[0]
	}
	return nil
}

// grid returns the periods of a query.
func (e *evaluation) grid(q Query) grid { return grid{e.from, e.to, int64(e.period(q))} }

// period returns the period of a query in seconds: that of its metric or, for an
// expression, the one it has or the longest of all metrics.
func (e *evaluation) period(q Query) int {
	if q.Stat != nil {
		return q.Stat.Period
	}
	longest := q.Period
	for _, other := range e.queries {
		if other.Stat != nil && q.Period == 0 {
			longest = max(longest, other.Stat.Period)
		}
	}
	return cmp.Or(longest, 60)
}

func (e *evaluation) find(id string) (Query, bool) {
	i := slices.IndexFunc(e.queries, func(q Query) bool { return q.ID == id })
	if i < 0 {
		return Query{}, false
	}
	return e.queries[i], true
}

// query computes the query with that ID.
func (e *evaluation) query(id string) (result, error) {
	q, ok := e.find(id)
	if !ok {
		return result{}, fmt.Errorf("unknown identifier %s", id)
	}
	if q.Stat != nil {
		return single(e.read(*q.Stat)), nil
	}
	if slices.Contains(e.open, id) {
		return result{}, fmt.Errorf("the expression of %s refers to itself", id)
	}
	e.open = append(e.open, id)
	defer func() { e.open = e.open[:len(e.open)-1] }()
	p := &expression{evaluation: e, query: q, rest: q.Expression}
	r, err := p.binary(0)
	if err == nil && p.peek() != "" {
		err = fmt.Errorf("unexpected %q", p.peek())
	}
	if err != nil {
		//lint:ignore ST1005 AWS's own wording
		return result{}, fmt.Errorf("Error in expression '%s': %w", q.ID, err)
	}
	return r, nil
}

// expression parses and computes an expression in one pass.
type expression struct {
	*evaluation
	query Query
	rest  string
}

// operators are the binary operators by increasing precedence.
var operators = [][]string{{"||", "OR"}, {"&&", "AND"}, {"==", "!=", "<=", ">=", "<", ">"}, {"+", "-"}, {"*", "/"}, {"^"}}

// peek returns the next token, or "" at the end.
func (p *expression) peek() string {
	p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace)
	if p.rest == "" {
		return ""
	}
	separates := func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '.' }
	if n := strings.IndexFunc(p.rest, separates); n != 0 {
		if n < 0 {
			return p.rest
		}
		return p.rest[:n]
	}
	for _, level := range operators {
		for _, op := range level {
			if len(op) == 2 && strings.HasPrefix(p.rest, op) {
				return op
			}
		}
	}
	if p.rest[0] == '"' {
		if n := strings.IndexByte(p.rest[1:], '"'); n >= 0 {
			return p.rest[:n+2]
		}
	}
	return p.rest[:1]
}

func (p *expression) take() string {
	token := p.peek()
	p.rest = p.rest[len(token):]
	return token
}

func (p *expression) expect(token string) error {
	if got := p.take(); got != token {
		return fmt.Errorf("expected %q, got %q", token, got)
	}
	return nil
}

// binary computes operators of that precedence and above.
func (p *expression) binary(level int) (result, error) {
	if level == len(operators) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	for err == nil && slices.Contains(operators[level], p.peek()) {
		op := p.take()
		var right result
		if right, err = p.binary(level + 1); err == nil {
			left, err = combine(left, right, func(a, b float64) float64 { return apply(op, a, b) })
		}
	}
	return left, err
}

func (p *expression) unary() (result, error) {
	token := p.take()
	switch {
	case token == "-":
		r, err := p.unary()
		return r.each(func(v float64) float64 { return -v }), err
	case token == "(":
		r, err := p.binary(0)
		if err != nil {
			return r, err
		}
		return r, p.expect(")")
	case token == "[":
		return p.array()
	case token == "":
		return result{}, fmt.Errorf("unexpected end")
	}
	if n, err := strconv.ParseFloat(token, 64); err == nil {
		return number(n), nil
	}
	if p.peek() == "(" {
		return p.call(token)
	}
	if !queryID.MatchString(token) {
		return result{}, fmt.Errorf("the local cloud does not evaluate %q", token)
	}
	return p.evaluation.query(token)
}

// array computes "[m1, m2]".
func (p *expression) array() (result, error) {
	all := result{list: true}
	items, err := p.arguments("]")
	for _, item := range items {
		all.series = append(all.series, item.series...)
	}
	return all, err
}

// arguments computes expressions up to the closing token.
func (p *expression) arguments(closing string) (all []result, err error) {
	for p.peek() != closing {
		r, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		all = append(all, r)
		if p.peek() != "," {
			break
		}
		p.take()
	}
	return all, p.expect(closing)
}

func apply(op string, a, b float64) float64 {
	truth := func(b bool) float64 {
		if b {
			return 1
		}
		return 0
	}
	switch op {
	case "+":
		return a + b
	case "-":
		return a - b
	case "*":
		return a * b
	case "/":
		return a / b
	case "^":
		return math.Pow(a, b)
	case "==":
		return truth(a == b)
	case "!=":
		return truth(a != b)
	case "<":
		return truth(a < b)
	case ">":
		return truth(a > b)
	case "<=":
		return truth(a <= b)
	case ">=":
		return truth(a >= b)
	case "&&", "AND":
		return truth(a != 0 && b != 0)
	}
	return truth(a != 0 || b != 0)
}

// combine applies a function to two results. Two series are combined in the periods in
// which both have a value. Values of a series that are not finite, as after a division
// by zero, are missing.
func combine(a, b result, f func(a, b float64) float64) (result, error) {
	switch {
	case a.list && b.list:
		return result{}, fmt.Errorf("both operands are lists")
	case a.number != nil && b.number != nil:
		return number(f(*a.number, *b.number)), nil
	case a.number != nil:
		return b.each(func(v float64) float64 { return f(*a.number, v) }), nil
	case b.number != nil:
		return a.each(func(v float64) float64 { return f(v, *b.number) }), nil
	}
	all := result{list: a.list || b.list}
	for _, left := range a.series {
		for _, right := range b.series {
			both := values{}
			for at, v := range left {
				if w, ok := right[at]; ok {
					both.set(at, f(v, w))
				}
			}
			all.series = append(all.series, both)
		}
	}
	return all, nil
}

// each applies a function to every value.
func (r result) each(f func(float64) float64) result {
	if r.number != nil {
		return number(f(*r.number))
	}
	all := result{list: r.list, labels: r.labels}
	for _, s := range r.series {
		mapped := values{}
		for at, v := range s {
			mapped.set(at, f(v))
		}
		all.series = append(all.series, mapped)
	}
	return all
}

func (v values) set(at int64, value float64) {
	if !math.IsNaN(value) && !math.IsInf(value, 0) {
		v[at] = value
	}
}

func (v values) sorted() []int64 { return slices.Sorted(maps.Keys(v)) }
