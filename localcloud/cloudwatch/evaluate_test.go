package cloudwatch

import (
	"strings"
	"testing"
	"time"
)

// pointsOf makes datapoints of "0 - X": not breaching, missing and breaching.
func pointsOf(pattern string) (all []datapoint) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	for i, p := range strings.Fields(pattern) {
		d := datapoint{time: at.Add(time.Duration(i) * time.Minute), samples: 1, missing: p == "-"}
		if p == "X" {
			d.value = 2
		}
		all = append(all, d)
	}
	return all
}

// TestMissingData holds the tables of the user guide. "" means that the alarm keeps its
// state.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func TestMissingData(t *testing.T) {
	const ok, alarm, none = StateOK, StateAlarm, StateInsufficient
	treatments := []string{"missing", "ignore", "breaching", "notBreaching"}
	for _, c := range []struct {
		toAlarm int // of 3 periods
		points  string
		want    [4]string
	}{
		{3, "0 - X - X", [4]string{ok, ok, ok, ok}},
		{3, "0 - - - -", [4]string{ok, ok, ok, ok}},
		{3, "- - - - -", [4]string{none, "", alarm, ok}},
		{3, "0 X X - X", [4]string{alarm, alarm, alarm, alarm}},
		{3, "- - X - -", [4]string{alarm, "", alarm, ok}},
		{3, "- - - X -", [4]string{none, "", alarm, ok}},
		{3, "- - - - X", [4]string{none, "", alarm, ok}},
		{2, "0 - X - X", [4]string{alarm, alarm, alarm, alarm}},
		{2, "0 0 X 0 X", [4]string{alarm, alarm, alarm, alarm}},
		{2, "0 - X - -", [4]string{ok, ok, alarm, ok}},
		{2, "- - - - 0", [4]string{ok, ok, alarm, ok}},
		{2, "- - - X -", [4]string{alarm, "", alarm, ok}},
		{2, "- X - - X", [4]string{alarm, alarm, alarm, alarm}},
		{0, "X X 0 X X", [4]string{ok, ok, ok, ok}},
	} {
		for i, treatment := range treatments {
			a := Alarm{EvaluationPeriods: 3, DatapointsToAlarm: c.toAlarm, MissingData: treatment, Comparison: "GreaterThanThreshold"}
			if got, _ := a.evaluate(pointsOf(c.points)); got.Value != c.want[i] {
				t.Errorf("%d of 3, %s, %s: %q, want %q", c.toAlarm, c.points, treatment, got.Value, c.want[i])
			}
		}
	}
}

func TestComparisons(t *testing.T) {
	threshold := 1.5
	for operator, want := range map[string][3]bool{ // of 1, 1.5 and 2
		"GreaterThanOrEqualToThreshold": {false, true, true},
		"GreaterThanThreshold":          {false, false, true},
		"LessThanThreshold":             {true, false, false},
		"LessThanOrEqualToThreshold":    {true, true, false},
	} {
		for i, v := range []float64{1, 1.5, 2} {
			if got := (Alarm{Comparison: operator, Threshold: &threshold}).breaches(v); got != want[i] {
				t.Errorf("%v %s %v: %t", v, operator, threshold, got)
			}
		}
	}
}

func TestReasons(t *testing.T) {
	for _, c := range []struct {
		periods         int
		points, missing string
		want            string
	}{
		{1, "- - X", "notBreaching", "Threshold Crossed: 1 out of the last 1 datapoints [2.0 (31/01/26 12:02:00)] was greater than the threshold (0.0) (minimum 1 datapoint for OK -> ALARM transition)."},
		{2, "X X 0 0", "missing", "Threshold Crossed: 2 out of the last 2 datapoints [0.0 (31/01/26 12:03:00), 0.0 (31/01/26 12:02:00)] were not greater than the threshold (0.0) (minimum 1 datapoint for ALARM -> OK transition)."},
		{1, "- - -", "notBreaching", "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint was treated as [NonBreaching]."},
		{2, "- - - -", "breaching", "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints were treated as [Breaching]."},
		{2, "- - - -", "missing", "Insufficient Data: 2 datapoints were unknown."},
	} {
		a := Alarm{EvaluationPeriods: c.periods, MissingData: c.missing, Comparison: "GreaterThanThreshold"}
		if got, _ := a.evaluate(pointsOf(c.points)); got.Reason != c.want {
			t.Errorf("%s:\n%s\n%s", c.points, got.Reason, c.want)
		}
	}
}

func TestFewSamples(t *testing.T) {
	for _, c := range []struct {
		stat, low string
		samples   float64
		want      bool
	}{
		{"p99", "ignore", 999, true}, {"p99", "ignore", 1000, false}, {"p99", "", 1, false}, {"p99", "evaluate", 1, false},
		{"p10", "ignore", 99, true}, {"p10", "ignore", 100, false}, {"Sum", "ignore", 1, false},
	} {
		a := Alarm{MetricStat: MetricStat{Stat: c.stat}, LowSamples: c.low, EvaluationPeriods: 1}
		if got := a.fewSamples([]datapoint{{samples: 1e6}, {samples: c.samples}}); got != c.want {
			t.Errorf("%+v: %t", c, got)
		}
	}
}
