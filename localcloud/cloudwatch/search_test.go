package cloudwatch

import (
	"slices"
	"strings"
	"testing"
	"time"

	"tally/localcloud/cloud"
)

// TestSearch finds metrics as the dashboard of a stack does.
func TestSearch(t *testing.T) {
	k := newKit(t, Options{})
	start := time.Now().Truncate(time.Minute)
	put := func(name string, value float64, dimensions ...string) {
		var all []cloud.Dimension
		for i := 0; i < len(dimensions); i += 2 {
			all = append(all, cloud.Dimension{Name: dimensions[i], Value: dimensions[i+1]})
		}
		if err := k.PutMetrics("tally", []Datum{{Name: name, Value: &value, Dimensions: all}}); err != nil {
			t.Fatal(err)
		}
	}
	put("SumsComputed", 2, "environment", "prod-main", "service", "add-numbers")
	put("SumsComputed", 3, "environment", "prod-main", "service", "handle-message")
	put("SumsComputed", 5, "environment", "dev-main", "service", "add-numbers")
	put("Rejected", 7, "environment", "prod-main", "reason", "bad", "service", "add-numbers")
	for _, c := range []struct {
		expression, label string
		want              []string // "label: sum", or the error
	}{
		{`SEARCH('{tally,environment,service} environment="prod-main"', 'Sum', 60)`, "", []string{"SumsComputed prod-main add-numbers: 2", "SumsComputed prod-main handle-message: 3"}},
		{`SEARCH('{tally,environment,service} environment="prod-main"', 'Sum', 60) * 2`, "double", []string{"double SumsComputed prod-main add-numbers: 4", "double SumsComputed prod-main handle-message: 6"}},
		{`SEARCH('{tally, service, environment} MetricName="SumsComputed" AND service="add-numbers"', 'Maximum')`, "", []string{"SumsComputed dev-main add-numbers: 5", "SumsComputed prod-main add-numbers: 2"}},
		{`SEARCH('{tally} MetricName="Rejected"', 'Sum', 60)`, "", []string{"Rejected prod-main bad add-numbers: 7"}},
		{`SUM(SEARCH('{tally,environment,service}', 'Sum', 60))`, "", []string{"e: 10"}},
		{`SEARCH('{tally,service}', 'Sum', 60)`, "", nil},
		{`SEARCH('{tally,service} add', 'Sum', 60)`, "", []string{`ValidationError: Error in expression 'e': the local cloud evaluates only the search terms name="value", not add`}},
		{`SEARCH('tally', 'Sum', 60)`, "", []string{"ValidationError: Error in expression 'e': the local cloud evaluates only SEARCH("}},
		{`SEARCH('{tally}', 'Most', 60)`, "", []string{"ValidationError: Error in expression 'e': SEARCH: there is no statistic Most"}},
		{`SEARCH('{tally}', 'Sum', 90)`, "", []string{"ValidationError: Error in expression 'e': SEARCH: the period 90 is not a multiple of 60"}},
	} {
		q := Query{ID: "e", Expression: c.expression, Label: c.label, ReturnData: true}
		data, _, err := k.MetricData(DataRequest{Queries: []Query{q}, Start: start, End: start.Add(2 * time.Minute)})
		if err != nil {
			if len(c.want) != 1 || !strings.HasPrefix(err.Error(), c.want[0]) {
				t.Errorf("%s: %v, want %q", c.expression, err, c.want)
			}
			continue
		}
		var got []string
		for _, d := range data {
			got = append(got, d.Label+": "+strings.TrimSuffix(decimal(d.Points[0].Value), ".0"))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.expression, got, c.want)
		}
	}
}
