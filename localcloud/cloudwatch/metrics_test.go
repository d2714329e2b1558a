package cloudwatch

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"tally/localcloud/cloud"
)

func TestStatistics(t *testing.T) {
	m := newMetrics()
	s := m.series("n", "m", nil, "Count", 0)
	for v := 1.0; v <= 100; v++ {
		s.add(0, v, 1)
	}
	b := between([]*series{s}, 0, 60)
	for name, want := range map[string]float64{
		"SampleCount": 100, "Sum": 5050, "Average": 50.5, "Minimum": 1, "Maximum": 100,
		"p0": 1, "p50": 50, "p99": 99, "p99.5": 100, "p100": 100,
		"tm90": 45.5, "TM(10%:90%)": 50.5, "TM(20:40)": 30.5, "IQM": 50.5, "tc90": 90, "ts90": 4095,
		"TC(:10)": 10, "TS(90:)": 955, "PR(:30)": 30, "PR(30:40)": 10, "wm98": (98*99/2+2*98)/100.0 + 0, "WM(10:20)": 0,
	} {
		stat, ok := ParseStatistic(name)
		if !ok {
			t.Errorf("%s is refused", name)
			continue
		}
		if name == "WM(10:20)" {
			want = (10*10 + (11+12+13+14+15+16+17+18+19)*1 + 81*20) / 100.0
		}
		if got, ok := stat.of(b); !ok || math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	for _, name := range []string{"", "Median", "p", "p101", "p-1", "TM(90%:10%)", "TM(10%:90)", "TM(:)", "PR(10%:20%)", "tm(90)", "TM(a:b)"} {
		if _, ok := ParseStatistic(name); ok {
			t.Errorf("%q is accepted", name)
		}
	}
}

// TestPercentilesNeedValues checks the data for which AWS has no percentiles.
func TestPercentilesNeedValues(t *testing.T) {
	p50, _ := ParseStatistic("p50")
	for name, c := range map[string]struct {
		add func(*series)
		ok  bool
	}{
		"values":           {func(s *series) { s.add(0, 1, 1) }, true},
		"negative":         {func(s *series) { s.add(0, -1, 1) }, false},
		"statistics":       {func(s *series) { s.addStatistics(0, 1, 2, 3, 2) }, false},
		"equal statistics": {func(s *series) { s.addStatistics(0, 2, 2, 4, 2) }, true},
		"none":             {func(*series) {}, false},
	} {
		s := newMetrics().series("n", "m", nil, "Count", 0)
		c.add(s)
		if _, ok := p50.of(between([]*series{s}, 0, 1)); ok != c.ok {
			t.Errorf("%s: %t", name, ok)
		}
	}
}

// TestBounds checks that neither time nor traffic makes the data grow without bounds.
func TestBounds(t *testing.T) {
	m := newMetrics()
	s := m.series("n", "m", nil, "Count", 0)
	for at := int64(0); at < 6*60*60; at++ { // a value each second
		s.add(at, float64(at), 1)
	}
	if n := len(s.buckets); n > 40*60+6*60 || n < 30*60 {
		t.Errorf("%d buckets for six hours", n)
	}
	if b := between([]*series{s}, 0, 60); b.count != 60 || b.maximum != 59 {
		t.Errorf("the first minute is %+v", b)
	}
	for day := int64(1); day < 30; day++ {
		s.add(day*86400, 1, 1)
	}
	if first := s.first(); first < 13*86400 {
		t.Errorf("data of day %d is kept", first/86400)
	}
	for i := range 2 * maxValues {
		s.add(30*86400, float64(1000+i), 1)
	}
	last := s.buckets[len(s.buckets)-1]
	if len(last.values) > maxValues+100 || last.count != 2*maxValues || last.maximum != 1000+2*maxValues-1 {
		t.Errorf("%d values of %v", len(last.values), last.count)
	}

	for i := range maxMetrics + 1 {
		m.series("n", fmt.Sprint(i), nil, "Count", int64(i)).add(int64(i), 1, 1)
		m.bound(int64(i))
	}
	if len(m.byKey) > maxMetrics || m.find("n", "0", nil) != nil || m.find("n", fmt.Sprint(maxMetrics), nil) == nil {
		t.Errorf("%d metrics", len(m.byKey))
	}
	for i := int64(0); i < maxBuckets+100; i++ {
		m.series("n", fmt.Sprint(i%100), nil, "Count", i).add(i*60/100, 1, 1)
		m.bound(i * 60 / 100)
	}
	n := 0
	m.each(func(s *series) { n += len(s.buckets) })
	if n != m.buckets || n > maxBuckets {
		t.Errorf("%d buckets, counted as %d", n, m.buckets)
	}
}

// TestPastSeconds proves that a second with many values needs little memory once it is
// over, that its statistics stay exact, and its percentiles within 5%.
func TestPastSeconds(t *testing.T) {
	s := newMetrics().series("AWS/ApiGateway", "Latency", nil, "Milliseconds", 0)
	for second := range int64(3) {
		for i := 1; i <= 1000; i++ {
			s.add(second, float64(i)/100, 2) // 0.01 to 10 ms
		}
	}
	for v := range 5 {
		s.add(3, 1.25*float64(v), 1)
	}
	s.add(4, 1, 1)

	for i, want := range []int{80, 80, 80, 5, 1} {
		if got := cap(s.buckets[i].values); got > want {
			t.Errorf("second %d keeps %d values, want at most %d", i, got, want)
		}
	}
	if got := s.buckets[3].values; got[0].value != 0 || got[4].value != 5 {
		t.Errorf("the values of a second with few are %v", got)
	}
	sum := between([]*series{s}, 0, 3)
	for name, want := range map[string]float64{"SampleCount": 6000, "Sum": 6 * 5005, "Minimum": 0.01, "Maximum": 10, "p1": 0.1, "p50": 5, "p90": 9, "p99": 9.9, "p100": 10, "tm50": 2.5, "PR(:5)": 50} {
		stat, _ := ParseStatistic(name)
		if got, ok := stat.of(sum); !ok || math.Abs(got-want) > 0.05*want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func TestMetricData(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // starts at midnight
		k := newKit(t, Options{})
		start := time.Now()
		for range 3 {
			k.fail("f")
			k.fail("f")
			time.Sleep(time.Minute)
		}
		k.fail("f") // in the minute that has not ended
		time.Sleep(time.Second)
		stat := errorsOf("f").MetricStat
		request := DataRequest{Start: start.Add(30 * time.Second), End: time.Now(), Queries: []Query{{ID: "m", Stat: &stat, ReturnData: true}}}
		values := func() []float64 {
			var all []float64
			for {
				data, next, err := k.MetricData(request)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range data {
					for _, p := range d.Points {
						all = append(all, p.Value)
					}
				}
				if request.Token = next; next == "" {
					return all
				}
			}
		}
		if got := values(); !slices.Equal(got, []float64{1, 2, 2, 2}) {
			t.Errorf("newest first: %v", got)
		}
		request.Ascending, request.MaxDatapoints = true, 3
		if got := values(); !slices.Equal(got, []float64{2, 2, 2, 1}) {
			t.Errorf("oldest first, in pages: %v", got)
		}
		stat.Period = 120
		if got := values(); !slices.Equal(got, []float64{4, 3}) {
			t.Errorf("two minutes: %v", got)
		}
		stat.Unit = "Bytes"
		if got := values(); len(got) != 0 {
			t.Errorf("another unit: %v", got)
		}
	})
}

func TestExpressions(t *testing.T) {
	series := map[string]values{"a": {0: 1, 60: 2, 120: 4}, "b": {0: 10, 120: 0}}
	for expression, want := range map[string]values{
		"a": series["a"], "a + b": {0: 11, 120: 4}, "a / b": {0: 0.1}, "-a * 2 ^ 2": {0: -4, 60: -8, 120: -16},
		"(a + 1) / 2": {0: 1, 60: 1.5, 120: 2.5}, "a > 1 && a < 4": {0: 0, 60: 1, 120: 0}, "a == 1 OR a >= 4": {0: 1, 60: 0, 120: 1},
		"SUM(a)": {0: 7, 60: 7, 120: 7}, "SUM(METRICS())": {0: 11, 60: 2, 120: 4}, "AVG([a, b])": {0: 5.5, 60: 2, 120: 2},
		"MAX(METRICS(\"a\"))": {0: 1, 60: 2, 120: 4}, "FILL(b, 5)": {0: 10, 60: 5, 120: 0}, "FILL(b, REPEAT)": {0: 10, 60: 10, 120: 0}, "FILL(b, a)": {0: 10, 60: 2, 120: 0},
		"RATE(a)": {60: 1.0 / 60, 120: 2.0 / 60}, "DIFF(a)": {60: 1, 120: 2}, "PERIOD(a)": {0: 60, 60: 60, 120: 60}, "METRIC_COUNT(METRICS())": {0: 2, 60: 2, 120: 2},
		"IF(a > 1, a, 0)": {0: 0, 60: 2, 120: 4}, "IF(a > 1, b)": {120: 0}, "CEIL(a / 3)": {0: 1, 60: 1, 120: 2}, "100 * (b / SUM([a, b]))": {0: 1000.0 / 11, 120: 0}, "1 / 0": {},
	} {
		got, err := compute(series, expression)
		if err != nil || !slices.Equal(got.sorted(), want.sorted()) {
			t.Errorf("%s: %v, %v", expression, got, err)
			continue
		}
		for at, v := range want {
			if math.Abs(got[at]-v) > 1e-9 {
				t.Errorf("%s: %v, want %v", expression, got, want)
			}
		}
	}
	for expression, want := range map[string]string{
		"c": "unknown identifier c", "a +": "unexpected end", "a b": `unexpected "b"`, "(a": `expected ")", got ""`, "e": "the expression of e refers to itself",
		"SEARCH('{n}', 'Sum')": "SEARCH is not supported on Metric Alarms", "METRICS() + METRICS()": "both operands are lists", "ABS(a, b)": "ABS takes 1 arguments, got 2",
	} {
		if _, err := compute(series, expression); err == nil || err.Error()[len("Error in expression 'e': "):] != want && err.Error()[2*len("Error in expression 'e': "):] != want {
			t.Errorf("%s: %v, want %s", expression, err, want)
		}
	}
}

// compute computes an expression over series with a period of a minute.
func compute(series map[string]values, text string) (values, error) {
	e := &evaluation{to: 180, read: func(m MetricStat) values { return series[m.Name] }}
	for _, id := range []string{"a", "b"} {
		e.queries = append(e.queries, Query{ID: id, Stat: &MetricStat{Metric: Metric{Name: id}, Period: 60}})
	}
	q := Query{ID: "e", Expression: text}
	e.queries = append(e.queries, q)
	r, err := e.query("e")
	return r.overTime(e.grid(q)), err
}

func TestPutMetricsIsChecked(t *testing.T) {
	k := newKit(t, Options{})
	one := 1.0
	valid := Datum{Name: "m", Value: &one}
	with := func(change func(*Datum)) []Datum {
		d := valid
		change(&d)
		return []Datum{d}
	}
	for _, c := range []struct {
		namespace string
		data      []Datum
		want      string
	}{
		{"n", []Datum{valid}, "<nil>"},
		{"", []Datum{valid}, "MissingParameter: The parameter Namespace is required."},
		{"AWS/Lambda", []Datum{valid}, "InvalidParameterValue: The value AWS/ for parameter Namespace is invalid."},
		{"n", nil, "MissingParameter: The parameter MetricData is required."},
		{"n", with(func(d *Datum) { d.Value = nil }), "MissingParameter: At least one of the parameters MetricData.member.1.Value, MetricData.member.1.Values and MetricData.member.1.StatisticValues must be specified."},
		{"n", with(func(d *Datum) { d.Values = []float64{1} }), "InvalidParameterCombination: The parameters MetricData.member.1.Value, MetricData.member.1.Values and MetricData.member.1.StatisticValues are mutually exclusive and you have specified more than one."},
		{"n", with(func(d *Datum) { d.Resolution = 300 }), "InvalidParameterValue: The parameter MetricData.member.1.StorageResolution must be a value in the set [ 1, 60 ]."},
		{"n", with(func(d *Datum) { d.Time = time.Now().Add(-15 * 24 * time.Hour) }), "InvalidParameterValue: The parameter MetricData.member.1.Timestamp must be a time from two weeks ago to two hours from now."},
		{"n", with(func(d *Datum) { d.Dimensions = []cloud.Dimension{{Name: "a"}} }), "InvalidParameterValue: The parameter MetricData.member.1.Dimensions.member.1.Value is required."},
		{"n", with(func(d *Datum) { d.Dimensions = []cloud.Dimension{{Name: "a", Value: "é"}} }), "InvalidParameterValue: The value for parameter MetricData.member.1.Dimensions.member.1.Value must contain only ASCII characters, and no control characters."},
	} {
		if err := k.PutMetrics(c.namespace, c.data); fmt.Sprint(err) != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

func TestMetricStatisticsIsChecked(t *testing.T) {
	k := newKit(t, Options{})
	now := time.Now()
	valid := StatisticsRequest{Metric: Metric{Namespace: "n", Name: "m"}, Start: now.Add(-time.Hour), End: now, Period: 60, Statistics: []string{"Sum"}}
	for _, c := range []struct {
		change func(*StatisticsRequest)
		want   string
	}{
		{func(*StatisticsRequest) {}, "<nil>"},
		{func(r *StatisticsRequest) { r.Period = 0 }, "MissingParameter: The parameter Period is required."},
		{func(r *StatisticsRequest) { r.Period = 90 }, "InvalidParameterValue: The parameter Period must be 1, 5, 10, 20, 30, or a multiple of 60."},
		{func(r *StatisticsRequest) { r.End = r.Start }, "InvalidParameterValue: The parameter StartTime must not equal parameter EndTime."},
		{func(r *StatisticsRequest) { r.Statistics = []string{"p99"} }, "InvalidParameterValue: The parameter Statistics.member.1 must be a value in the set [SampleCount Average Sum Minimum Maximum]."},
		{func(r *StatisticsRequest) { r.Extended = []string{"p99"} }, "InvalidParameterCombination: The parameters Statistics and ExtendedStatistics are mutually exclusive and you have specified both."},
		{func(r *StatisticsRequest) { r.Statistics = nil }, "InvalidParameterCombination: At least one of the parameters Statistics and ExtendedStatistics must be specified."},
		{func(r *StatisticsRequest) { r.Start = now.Add(-48 * time.Hour) }, "InvalidParameterCombination: You have requested up to 2,880 datapoints, which exceeds the limit of 1,440. You may reduce the datapoints requested by increasing Period, or decreasing the time range."},
	} {
		r := valid
		c.change(&r)
		if _, err := k.MetricStatistics(r); fmt.Sprint(err) != c.want {
			t.Errorf("%v\nwant %s", err, c.want)
		}
	}
}

func BenchmarkReport(b *testing.B) {
	k := newKit(b, Options{})
	name, resource, version := cloud.Dimension{Name: "FunctionName", Value: "add-numbers"}, cloud.Dimension{Name: "Resource", Value: "add-numbers:live"}, cloud.Dimension{Name: "ExecutedVersion", Value: "7"}
	sets := [][]cloud.Dimension{nil, {name}, {name, resource}, {version, name, resource}}
	values := []cloud.MetricValue{{Name: "Invocations", Unit: "Count", Value: 1}, {Name: "Errors", Unit: "Count"}, {Name: "Throttles", Unit: "Count"}, {Name: "Duration", Unit: "Milliseconds", Value: 1.25}}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		values[3].Value = float64(i % 100)
		k.Report("AWS/Lambda", time.Now(), sets, values)
	}
}
