package cloudwatch

import (
	"cmp"
	"encoding/base64"
	"slices"
	"strconv"
	"time"
)

// MetricStat is a metric and how to aggregate it.
type MetricStat struct {
	Metric
	Period int    // seconds
	Stat   string // see ParseStatistic
	Unit   string // "" for all
}

// Query is a metric or a math expression over other queries.
type Query struct {
	ID         string
	Stat       *MetricStat // nil for an expression
	Expression string
	Label      string // "" for the default
	AccountID  string // "" for this account
	Period     int    // of an expression, in seconds; 0 for that of its metrics
	ReturnData bool
}

// DataRequest holds the parameters of MetricData.
type DataRequest struct {
	Queries       []Query
	Start, End    time.Time
	Ascending     bool
	MaxDatapoints int    // on a page; 0 for 100,800
	Token         string // of the page; "" for the first
}

// Data is the result of one query.
type Data struct {
	ID, Label string
	Points    []Point
	Partial   bool // more points are on the next page
}

// Point is a value and the start of its period.
type Point struct {
	Time  time.Time
	Value float64
}

// maxDatapoints is the maximum number of data points on a page of GetMetricData.
const maxDatapoints = 100_800

// MetricData returns the data points of the queries that return data, and the token
// of the next page, or "". The current minute is included. A query that returns several time
// series, as METRICS and SEARCH do, has a result for each, and none if there are none. It fails with
// ValidationError and InvalidNextToken.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
func (s *Service) MetricData(r DataRequest) ([]Data, string, error) {
	if err := r.check(); err != nil {
		return nil, "", err
	}
	e := evaluation{queries: r.Queries, from: r.Start.Unix() - r.Start.Unix()%60, to: r.End.Unix()}
	e.read = func(m MetricStat) values { return s.read(m, grid{e.from, e.to, int64(m.Period)}) }
	e.list = s.Metrics
	var all []Data
	for _, q := range r.Queries {
		if !q.ReturnData {
			continue
		}
		result, err := e.query(q.ID)
		if err != nil {
			return nil, "", refusal(validation, "%v", err)
		}
		for _, l := range result.lines(q, e.grid(q)) {
			all = append(all, Data{ID: q.ID, Label: l.label, Points: r.points(l.values)})
		}
	}
	return r.page(all)
}

// points returns values in the order of the request.
func (r DataRequest) points(all values) (points []Point) {
	for at, v := range all {
		points = append(points, Point{time.Unix(at, 0).UTC(), v})
	}
	slices.SortFunc(points, func(a, b Point) int {
		if !r.Ascending {
			a, b = b, a
		}
		return a.Time.Compare(b.Time)
	})
	return points
}

// label returns the label of a query: its own or the default.
func (q Query) label() string {
	if q.Stat == nil {
		return cmp.Or(q.Label, q.ID)
	}
	return cmp.Or(q.Label, q.Stat.Name)
}

// page returns the data points on the page that the token refers to, in the order of
// the queries. A token holds the number of data points on the previous pages.
func (r DataRequest) page(all []Data) ([]Data, string, error) {
	skip, err := parseOffset(r.Token)
	if err != nil {
		return nil, "", err
	}
	size := cmp.Or(r.MaxDatapoints, maxDatapoints)
	next := skip + size
	left := size
	token := ""
	for i := range all {
		d := &all[i]
		skipped := min(skip, len(d.Points))
		skip -= skipped
		d.Points = d.Points[skipped:]
		if d.Partial = len(d.Points) > left; d.Partial {
			d.Points = d.Points[:left]
			token = offsetToken(next)
		}
		left -= len(d.Points)
	}
	return all, token, nil
}

func offsetToken(n int) string { return base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(n))) }

func parseOffset(token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(token)
	n, err2 := strconv.Atoi(string(raw))
	if err != nil || err2 != nil || n < 0 {
		return 0, refusal("InvalidNextToken", "The service cannot process the NextToken.")
	}
	return n, nil
}

// grid is a sequence of periods, in seconds since 1970. The last one may end after to.
type grid struct{ from, to, step int64 }

// values are the values of periods by their start.
type values map[int64]float64

// read returns the values of a metric in the periods of a grid.
func (s *Service) read(m MetricStat, g grid) values {
	stat, _ := ParseStatistic(m.Stat)
	found := values{}
	s.metricsMu.Lock()
	defer s.metricsMu.Unlock()
	all := s.metrics.in(m.Metric, m.Unit)
	g = g.of(all)
	for at := range g.starts(all) {
		if v, ok := stat.of(between(all, at, min(at+g.step, g.to))); ok {
			found[at] = v
		}
	}
	return found
}

// of returns the grid for the resolution of the series. Data of the standard resolution
// comes in whole minutes.
func (g grid) of(all []*series) grid {
	if !slices.ContainsFunc(all, func(s *series) bool { return s.fine }) {
		g.step = max(g.step, 60)
		g.to += (60 - g.to%60) % 60
	}
	return g
}

// starts returns the starts of the periods in which one of the series may have data.
func (g grid) starts(all []*series) func(yield func(int64) bool) {
	first := g.to
	for _, s := range all {
		first = min(first, s.first())
	}
	from := g.from
	if first > from {
		from += (first - from) / g.step * g.step
	}
	return func(yield func(int64) bool) {
		for at := from; at < g.to && len(all) > 0; at += g.step {
			if !yield(at) {
				return
			}
		}
	}
}
