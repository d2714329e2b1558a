package cloudwatch

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// extraPeriods is how many more periods than EvaluationPeriods an alarm looks at, in
// case data is missing. AWS does not document the number, but its examples look at 5
// periods to evaluate 3.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
const extraPeriods = 2

// datapoint is the value of a period of an alarm.
type datapoint struct {
	time    time.Time // the start of the period
	value   float64
	samples float64 // the number of values in the period; 0 for an expression
	missing bool
}

// toAlarm returns the number of datapoints that must be breaching.
func (a Alarm) toAlarm() int {
	if a.DatapointsToAlarm == 0 {
		return a.EvaluationPeriods
	}
	return a.DatapointsToAlarm
}

// breaches reports whether a value breaches the threshold.
func (a Alarm) breaches(v float64) bool {
	switch a.Comparison {
	case "GreaterThanOrEqualToThreshold":
		return v >= a.threshold()
	case "GreaterThanThreshold":
		return v > a.threshold()
	case "LessThanThreshold":
		return v < a.threshold()
	case "LessThanOrEqualToThreshold":
		return v <= a.threshold()
	}
	return false
}

// evaluate returns the new state of an alarm, given the datapoints of its evaluation
// range, oldest first. It returns false if the alarm keeps its state.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
func (a Alarm) evaluate(points []datapoint) (State, bool) {
	var present []datapoint
	breaching, oldest := 0, 0 // oldest is the age in periods of the oldest datapoint
	for i, p := range points {
		if !p.missing {
			if len(present) == 0 {
				oldest = len(points) - i
			}
			present = append(present, p)
		}
	}
	present = present[max(0, len(present)-a.EvaluationPeriods):]
	for _, p := range present {
		if a.breaches(p.value) {
			breaching++
		}
	}
	filled := a.EvaluationPeriods - len(present)
	switch {
	case breaching >= a.toAlarm():
		return a.state(StateAlarm, present, filled), true
	case filled == 0 || a.MissingData == "notBreaching":
		return a.state(StateOK, present, filled), true
	case a.MissingData == "breaching":
		if breaching+filled >= a.toAlarm() {
			return a.state(StateAlarm, present, filled), true
		}
		return a.state(StateOK, present, filled), true
	case breaching < len(present):
		return a.state(StateOK, present, filled), true
	case a.MissingData == "ignore":
		return State{}, false
	case breaching > 0 && oldest >= a.toAlarm():
		return a.state(StateAlarm, present, filled), true
	}
	return a.state(StateInsufficient, present, filled), true
}

// fewSamples reports whether the datapoints of a percentile come from too few values
// to be significant, and the alarm is to ignore them.
//
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/percentiles-with-low-samples.html
func (a Alarm) fewSamples(points []datapoint) bool {
	stat, _ := ParseStatistic(a.Stat)
	if a.LowSamples != "ignore" || stat.kind != "p" {
		return false
	}
	samples := 0.0
	for _, p := range points[max(0, len(points)-a.EvaluationPeriods):] {
		samples += p.samples
	}
	share := min(stat.high, 100-stat.high) / 100
	return samples*share < 10
}

// state returns a state with the reason for it in CloudWatch's words.
func (a Alarm) state(value string, present []datapoint, filled int) State {
	return State{Value: value, Reason: a.reason(value, present, filled), Data: a.reasonData(present)}
}

// comparisons are the comparison operators in words.
var comparisons = map[string]string{
	"GreaterThanOrEqualToThreshold": "greater than or equal to", "GreaterThanThreshold": "greater than",
	"LessThanThreshold": "less than", "LessThanOrEqualToThreshold": "less than or equal to",
}

func (a Alarm) reason(value string, present []datapoint, filled int) string {
	var b strings.Builder
	switch {
	case value == StateInsufficient:
		fmt.Fprintf(&b, "Insufficient Data: %s", plural(a.EvaluationPeriods, "datapoint was", "datapoints were"))
		return b.String() + " unknown."
	case len(present) == 0:
		fmt.Fprintf(&b, "Threshold Crossed: no datapoints were received for %s", plural(a.EvaluationPeriods, "period", "periods"))
	default:
		a.describe(&b, value, present)
	}
	if filled > 0 && (a.MissingData == "breaching" || a.MissingData == "notBreaching") {
		treated := map[string]string{"breaching": "Breaching", "notBreaching": "NonBreaching"}[a.MissingData]
		fmt.Fprintf(&b, " and %s treated as [%s]", plural(filled, "missing datapoint was", "missing datapoints were"), treated)
	}
	return b.String() + "."
}

// describe writes which datapoints crossed the threshold.
func (a Alarm) describe(b *strings.Builder, value string, present []datapoint) {
	var crossed []string
	for _, p := range slices.Backward(present) {
		if a.breaches(p.value) == (value == StateAlarm) {
			crossed = append(crossed, decimal(p.value)+p.time.UTC().Format(" (02/01/06 15:04:05)"))
		}
	}
	was, transition := "was", "OK -> ALARM"
	minimum := a.toAlarm()
	if len(crossed) > 1 {
		was = "were"
	}
	if value != StateAlarm {
		was += " not"
		transition = "ALARM -> OK"
		minimum = a.EvaluationPeriods - a.toAlarm() + 1
	}
	fmt.Fprintf(b, "Threshold Crossed: %d out of the last %s [%s] %s %s the threshold (%s) (minimum %s for %s transition)",
		len(crossed), plural(a.EvaluationPeriods, "datapoints", "datapoints"), strings.Join(crossed, ", "), was, comparisons[a.Comparison],
		decimal(a.threshold()), plural(minimum, "datapoint", "datapoints"), transition)
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}

// decimal formats a number as Java does: with a decimal point.
func decimal(v float64) string {
	s := strconv.FormatFloat(v, 'f', -1, 64)
	if !strings.Contains(s, ".") {
		s += ".0"
	}
	return s
}

// javaTime is the format of times in the data of a state's reason.
const javaTime = "2006-01-02T15:04:05.000-0700"

// reasonData returns the reason as JSON.
func (a Alarm) reasonData(present []datapoint) string {
	type evaluated struct {
		Time    string  `json:"timestamp"`
		Samples float64 `json:"sampleCount,omitempty"`
		Value   float64 `json:"value"`
	}
	data := struct {
		Version   string      `json:"version"`
		Queried   string      `json:"queryDate"`
		Start     string      `json:"startDate,omitempty"`
		Statistic string      `json:"statistic,omitempty"`
		Period    int         `json:"period"`
		Recent    []float64   `json:"recentDatapoints"`
		Threshold float64     `json:"threshold"`
		Evaluated []evaluated `json:"evaluatedDatapoints"`
	}{Version: "1.0", Queried: time.Now().UTC().Format(javaTime), Statistic: a.Stat, Period: a.Period, Recent: []float64{}, Threshold: a.threshold()}
	for _, p := range present {
		data.Recent = append(data.Recent, p.value)
		data.Evaluated = append(data.Evaluated, evaluated{p.time.UTC().Format(javaTime), p.samples, p.value})
	}
	if len(present) > 0 {
		data.Start = present[0].time.UTC().Format(javaTime)
	}
	raw, err := json.Marshal(data)
	if err != nil {
		return ""
	}
	return string(raw)
}
