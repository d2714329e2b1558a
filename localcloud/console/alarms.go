package console

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"tally/localcloud/cloudwatch"
)

// An alarmView is an alarm with its history.
type alarmView struct {
	Name        string                   `json:"name"`
	Description string                   `json:"description,omitempty"`
	State       string                   `json:"state"` // "OK", "ALARM" or "INSUFFICIENT_DATA"
	Reason      string                   `json:"reason"`
	Since       time.Time                `json:"since"`
	Condition   string                   `json:"condition"`
	History     []cloudwatch.HistoryItem `json:"history"` // the newest first
}

const maxHistory = 20 // items of an alarm

// alarms returns the alarms, those that are raised first.
func (c *Console) alarms() (any, error) {
	found, err := c.Services.CloudWatch.Alarms(cloudwatch.AlarmFilter{})
	if err != nil {
		return nil, err
	}
	all := []alarmView{}
	for _, a := range found {
		history := c.Services.CloudWatch.History(cloudwatch.HistoryFilter{Alarm: a.Name})
		v := alarmView{
			Name: a.Name, Description: a.Description, State: a.State.Value, Reason: a.State.Reason, Since: a.State.Since,
			Condition: condition(a.Alarm), History: append([]cloudwatch.HistoryItem{}, history[:min(len(history), maxHistory)]...),
		}
		all = append(all, v)
	}
	raised := func(v alarmView) int {
		return slices.Index([]string{cloudwatch.StateAlarm, cloudwatch.StateInsufficient, cloudwatch.StateOK}, v.State)
	}
	slices.SortStableFunc(all, func(a, b alarmView) int { return cmp.Compare(raised(a), raised(b)) })
	return all, nil
}

// condition describes when an alarm is raised.
func condition(a cloudwatch.Alarm) string {
	what := a.MetricStat.Metric.Name
	if what == "" {
		what = "an expression"
	}
	limit := a.ThresholdID
	if limit == "" {
		threshold := 0.0
		if a.Threshold != nil {
			threshold = *a.Threshold
		}
		limit = number(threshold)
	}
	points := cmp.Or(a.DatapointsToAlarm, a.EvaluationPeriods)
	return what + " " + comparisons[a.Comparison] + " " + limit + " in " + strconv.Itoa(points) + " of " + strconv.Itoa(a.EvaluationPeriods) + " periods"
}

var comparisons = map[string]string{
	"GreaterThanOrEqualToThreshold": "≥", "GreaterThanThreshold": ">", "LessThanThreshold": "<", "LessThanOrEqualToThreshold": "≤",
	"LessThanLowerOrGreaterThanUpperThreshold": "outside of", "LessThanLowerThreshold": "below", "GreaterThanUpperThreshold": "above",
}
