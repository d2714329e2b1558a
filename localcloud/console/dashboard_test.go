package console_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tally/localcloud/cloud"
	"tally/localcloud/cloudwatch"
	"tally/localcloud/recorded"
)

// TestDashboards shows a dashboard with the forms of metrics that CloudWatch has, and names
// what it does not show.
func TestDashboards(t *testing.T) {
	w := open(t)
	one := 1.0
	for _, service := range []string{"add", "get"} {
		err := w.CloudWatch.PutMetrics("tally", []cloudwatch.Datum{
			{Name: "Done", Value: &one, Dimensions: []cloud.Dimension{{Name: "environment", Value: "local"}, {Name: "service", Value: service}}},
			{Name: "Done", Value: &one, Dimensions: []cloud.Dimension{{Name: "environment", Value: "other"}, {Name: "service", Value: service}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Recorded.Create(recorded.Resource{Type: "aws:cloudwatch/dashboard:Dashboard", ID: "d", Inputs: map[string]any{"dashboardBody": `{"widgets":[
		{"type":"metric","width":12,"properties":{"title":"lines","period":60,"stat":"Sum","metrics":[
			["tally","Done","environment","local","service","add"],
			["...","get",{"label":"others"}],
			[".",".",".","other",".","."],
			["tally","Done","environment","local","service","add",{"visible":false}]]}},
		{"type":"metric","properties":{"title":"search","metrics":[
			[{"expression":"SEARCH('{tally,service,environment} environment=\"local\"', 'Sum', 60)"}],
			[{"expression":"SUM(METRICS())"}]]}},
		{"type":"text","properties":{}}]}`}})
	if err != nil {
		t.Fatal(err)
	}
	type widget struct {
		Title  string
		Width  int
		Series []struct {
			Label  string
			Values []float64
		}
		Omitted []string
	}
	var got []string
	for _, d := range get[[]struct {
		Name    string
		Widgets []widget
	}](t, w, "GET", "dashboards", "") {
		for _, w := range d.Widgets {
			got = append(got, d.Name+" "+w.Title)
			for _, s := range w.Series {
				if len(s.Values) != 1 || s.Values[0] != 1 {
					t.Errorf("%s: %s has %v", w.Title, s.Label, s.Values)
				}
				got = append(got, s.Label)
			}
			got = append(got, w.Omitted...)
		}
	}
	want := []string{
		"d lines", "Done local add", "others", "Done other get",
		"d search", "Done local add", "Done local get",
		`expressions other than SEARCH('{namespace,dimensions} name="value"', 'statistic', period) are not shown: SUM(METRICS())`,
		"d ", "widgets of type text are not shown",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dashboards (-want +got):\n%s", diff)
	}
}
