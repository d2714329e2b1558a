package console

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
)

func number(n float64) string { return strconv.FormatFloat(n, 'g', -1, 64) }

// A dashboard is a dashboard of CloudWatch with the figures of the local cloud.
type dashboard struct {
	Name    string       `json:"name"`
	Widgets []widgetView `json:"widgets"`
}

// A widgetView is a graph. Its place is in the 24 columns of a dashboard.
type widgetView struct {
	Title  string       `json:"title"`
	X      int          `json:"x"`
	Y      int          `json:"y"`
	Width  int          `json:"width"`
	Height int          `json:"height"`
	Series []seriesView `json:"series"`
	// Omitted says what of the widget is not shown, and why.
	Omitted []string `json:"omitted,omitempty"`
}

type seriesView struct {
	Label  string    `json:"label"`
	Times  []int64   `json:"times"` // Unix time in seconds
	Values []float64 `json:"values"`
}

// shown is how much of the past a dashboard shows.
const shown = time.Hour

// dashboards returns the dashboards that programs have created.
func (c *Console) dashboards() (any, error) {
	all := []dashboard{}
	for _, r := range c.Services.Recorded.Resources() {
		if r.Type != "aws:cloudwatch/dashboard:Dashboard" {
			continue
		}
		body, _ := r.Inputs["dashboardBody"].(string)
		var document struct{ Widgets []widget }
		if err := json.Unmarshal([]byte(body), &document); err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", r.Name, err)
		}
		d := dashboard{Name: r.ID, Widgets: []widgetView{}}
		for _, w := range document.Widgets {
			d.Widgets = append(d.Widgets, c.widget(w))
		}
		all = append(all, d)
	}
	return all, nil
}

// widget is a widget as the body of a dashboard has it.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
type widget struct {
	Type                string
	X, Y, Width, Height int
	Properties          struct {
		Title, Stat string
		Period      int
		Metrics     [][]any
	}
}

func (c *Console) widget(w widget) widgetView {
	v := widgetView{Title: w.Properties.Title, X: w.X, Y: w.Y, Width: w.Width, Height: w.Height, Series: []seriesView{}}
	if w.Type != "metric" {
		v.Omitted = append(v.Omitted, "widgets of type "+w.Type+" are not shown")
		return v
	}
	stat, period := w.Properties.Stat, w.Properties.Period
	if stat == "" {
		stat = "Average"
	}
	if period == 0 {
		period = 300
	}
	var last []string // to which "." refers
	for _, line := range w.Properties.Metrics {
		options := metricOptions{Stat: stat, Period: period}
		var texts []string
		for _, part := range line {
			switch part := part.(type) {
			case string:
				texts = append(texts, part)
			case map[string]any:
				raw, _ := json.Marshal(part) // was JSON
				_ = json.Unmarshal(raw, &options)
			}
		}
		texts = repeated(texts, last)
		if len(texts) > 0 {
			last = texts
		}
		series, err := c.series(texts, options)
		if err != nil {
			v.Omitted = append(v.Omitted, err.Error())
		}
		v.Series = append(v.Series, series...)
	}
	return v
}

type metricOptions struct {
	Stat, Label, Expression string
	Period                  int
	Visible                 *bool
}

// repeated replaces "." by the text at the same place in the line before, and "..." by all
// of that line that the texts after it leave.
func repeated(texts, last []string) []string {
	if len(texts) > 0 && texts[0] == "..." && len(last) >= len(texts)-1 {
		return append(slices.Clone(last[:len(last)-len(texts)+1]), texts[1:]...)
	}
	for i, text := range texts {
		if text == "." && i < len(last) {
			texts[i] = last[i]
		}
	}
	return texts
}

// searchExpression is the form of SEARCH that names a schema and values of dimensions.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
var (
	searchExpression = regexp.MustCompile(`^SEARCH\('\{([^}]+)\}\s*([^']*)', *'([^']+)'(?:, *(\d+))?\)$`)
	searchTerm       = regexp.MustCompile(`^(?:([\w-]+)=)?"([^"]*)"$`)
)

// series returns the series of a line of a widget, one for each metric.
func (c *Console) series(texts []string, o metricOptions) ([]seriesView, error) {
	if o.Visible != nil && !*o.Visible {
		return nil, nil
	}
	if o.Expression != "" {
		return c.search(o)
	}
	if len(texts) < 2 || len(texts)%2 != 0 {
		return nil, fmt.Errorf("a metric needs a namespace, a name, and names and values of dimensions: %q", texts)
	}
	m := cloudwatch.Metric{Namespace: texts[0], Name: texts[1]}
	for i := 2; i < len(texts); i += 2 {
		m.Dimensions = append(m.Dimensions, cloud.Dimension{Name: texts[i], Value: texts[i+1]})
	}
	return c.metric(m.Sorted(), o)
}

// search returns the series of the metrics that a SEARCH expression finds.
func (c *Console) search(o metricOptions) (all []seriesView, err error) {
	parts := searchExpression.FindStringSubmatch(o.Expression)
	if parts == nil {
		return nil, fmt.Errorf("expressions other than SEARCH('{namespace,dimensions} name=\"value\"', 'statistic', period) are not shown: %s", o.Expression)
	}
	schema := strings.Split(parts[1], ",")
	names := slices.Sorted(slices.Values(schema[1:]))
	filter := cloudwatch.MetricFilter{Namespace: strings.Trim(schema[0], `"`)}
	for term := range strings.FieldsSeq(parts[2]) {
		t := searchTerm.FindStringSubmatch(term)
		switch {
		case t == nil || t[1] == "":
			return nil, fmt.Errorf("the search term %s is not shown", term)
		case t[1] == "MetricName":
			filter.Name = t[2]
		default:
			filter.Dimensions = append(filter.Dimensions, cloud.Dimension{Name: t[1], Value: t[2]})
		}
	}
	o.Stat = parts[3]
	if period, err := strconv.Atoi(parts[4]); err == nil {
		o.Period = period
	}
	for _, m := range c.Services.CloudWatch.Metrics(filter) {
		var has []string
		for _, d := range m.Dimensions {
			has = append(has, d.Name)
		}
		if !slices.Equal(has, names) {
			continue
		}
		found, err := c.metric(m, o)
		if err != nil {
			return all, err
		}
		all = append(all, found...)
	}
	return all, nil
}

func (c *Console) metric(m cloudwatch.Metric, o metricOptions) ([]seriesView, error) {
	end := time.Now().Add(time.Minute)
	data, _, err := c.Services.CloudWatch.MetricData(cloudwatch.DataRequest{
		Queries: []cloudwatch.Query{{ID: "m", Stat: &cloudwatch.MetricStat{Metric: m, Period: o.Period, Stat: o.Stat}, ReturnData: true}},
		Start:   end.Add(-shown).Truncate(time.Minute), End: end.Truncate(time.Minute), Ascending: true,
	})
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", m.Namespace, m.Name, err)
	}
	s := seriesView{Label: o.Label, Times: []int64{}, Values: []float64{}}
	if s.Label == "" {
		s.Label = label(m)
	}
	for _, d := range data {
		for _, p := range d.Points {
			s.Times, s.Values = append(s.Times, p.Time.Unix()), append(s.Values, p.Value)
		}
	}
	return []seriesView{s}, nil
}

// label returns the name of a metric with the values of its dimensions, without what
// Pulumi appends to names.
func label(m cloudwatch.Metric) string {
	parts := []string{m.Name}
	for _, d := range m.Dimensions {
		parts = append(parts, cloud.Stem(d.Value))
	}
	return strings.Join(parts, " ")
}
