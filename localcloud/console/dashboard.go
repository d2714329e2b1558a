package console

import (
	"cmp"
	"encoding/json"
	"fmt"
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

// series returns the series of a line of a widget, one for each metric.
func (c *Console) series(texts []string, o metricOptions) ([]seriesView, error) {
	switch {
	case o.Visible != nil && !*o.Visible:
		return nil, nil
	case strings.HasPrefix(o.Expression, "SEARCH("):
		all, err := c.data(cloudwatch.Query{Expression: o.Expression, Period: o.Period}, o.Label)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", o.Expression, err)
		}
		return all, nil
	case o.Expression != "":
		return nil, fmt.Errorf("expressions other than SEARCH('{namespace,dimensions} name=\"value\"', 'statistic', period) are not shown: %s", o.Expression)
	case len(texts) < 2 || len(texts)%2 != 0:
		return nil, fmt.Errorf("a metric needs a namespace, a name, and names and values of dimensions: %q", texts)
	}
	m := cloudwatch.Metric{Namespace: texts[0], Name: texts[1]}
	for i := 2; i < len(texts); i += 2 {
		m.Dimensions = append(m.Dimensions, cloud.Dimension{Name: texts[i], Value: texts[i+1]})
	}
	m = m.Sorted()
	all, err := c.data(cloudwatch.Query{Stat: &cloudwatch.MetricStat{Metric: m, Period: o.Period, Stat: o.Stat}}, cmp.Or(o.Label, label(m)))
	if err != nil {
		return nil, fmt.Errorf("%s %s: %w", m.Namespace, m.Name, err)
	}
	return all, nil
}

// data returns the series of a query with that label or, without one, those that they have.
func (c *Console) data(q cloudwatch.Query, label string) (all []seriesView, err error) {
	q.ID, q.ReturnData = "m", true
	end := time.Now().Add(time.Minute)
	data, _, err := c.Services.CloudWatch.MetricData(cloudwatch.DataRequest{
		Queries: []cloudwatch.Query{q}, Start: end.Add(-shown).Truncate(time.Minute), End: end.Truncate(time.Minute), Ascending: true,
	})
	for _, d := range data {
		s := seriesView{Label: cmp.Or(label, bare(d.Label)), Times: []int64{}, Values: []float64{}}
		for _, p := range d.Points {
			s.Times, s.Values = append(s.Times, p.Time.Unix()), append(s.Values, p.Value)
		}
		all = append(all, s)
	}
	return all, err
}

// label returns the name of a metric with the values of its dimensions, as a search labels
// it, without what Pulumi appends to names.
func label(m cloudwatch.Metric) string {
	parts := []string{m.Name}
	for _, d := range m.Dimensions {
		parts = append(parts, d.Value)
	}
	return bare(strings.Join(parts, " "))
}

// bare returns a label without what Pulumi appends to names.
func bare(label string) string {
	words := strings.Split(label, " ")
	for i, word := range words {
		words[i] = cloud.Stem(word)
	}
	return strings.Join(words, " ")
}
